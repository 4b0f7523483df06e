//! Applies what a read showed.

use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::access::{AccountView, SystemRead};
use reeve_core::id::{NativeId, SystemName};

/// What a read changed in what is kept of its system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadChanges {
    pub accounts_new: u64,
    pub accounts_changed: u64,
    pub accounts_gone: u64,
    pub entitlements_new: u64,
    pub entitlements_changed: u64,
    pub entitlements_gone: u64,
    pub grants_new: u64,
    pub grants_gone: u64,
}

impl Tx {
    /// Takes over what a read that began at `read_at` showed, and writes differences only. A read that is not `whole` ends
    /// nothing. What a fresh read of one account showed since `read_at` stands. A read that began before the last one
    /// applied is a conflict.
    pub async fn apply_read(
        &mut self,
        system: &SystemName,
        read: &SystemRead,
        whole: bool,
        read_at: Timestamp,
    ) -> Result<ReadChanges, StoreError> {
        let _ = (system, read, whole, read_at);
        Err(crate::unbuilt())
    }

    /// The same for one account that was read alone; none is an account that is gone.
    pub async fn apply_account(
        &mut self,
        system: &SystemName,
        account: &NativeId,
        view: Option<&AccountView>,
        read_at: Timestamp,
    ) -> Result<ReadChanges, StoreError> {
        let _ = (system, account, view, read_at);
        Err(crate::unbuilt())
    }

    /// Ends all that a system showed.
    pub(crate) async fn end_spans(&mut self, system: &SystemName, at: Timestamp) -> Result<(), StoreError> {
        let _ = (system, at);
        Err(crate::unbuilt())
    }
}
