//! Whose accounts are.

use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::access::Link;
use reeve_core::id::{NativeId, SystemName};
use std::collections::BTreeMap;

/// The account, its link before, and its link now.
pub type LinkChange = (NativeId, Option<Link>, Link);

impl Tx {
    /// The links of a system's accounts, also of accounts that are gone: one that comes back is still the same person's.
    pub async fn links(&mut self, system: &SystemName) -> Result<BTreeMap<NativeId, Link>, StoreError> {
        let _ = system;
        Err(crate::unbuilt())
    }

    /// Stores links and answers those that changed. Accounts that are not named keep theirs.
    pub async fn put_links(
        &mut self,
        system: &SystemName,
        links: &BTreeMap<NativeId, Link>,
        at: Timestamp,
    ) -> Result<Vec<LinkChange>, StoreError> {
        let _ = (system, links, at);
        Err(crate::unbuilt())
    }
}
