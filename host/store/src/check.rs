//! The check of the audit log's rows, which the server makes before it writes over them.

use crate::{Store, StoreError};
use reeve_core::audit::{Checkpoint, TreeHash, VerifierKey};

/// What a whole log says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogHealth {
    pub size: u64,
    pub root: TreeHash,
    /// The latest signed head.
    pub checkpoint: Option<Checkpoint>,
}

impl Store {
    /// Computes the log anew from its entries and compares what it finds with the stored leaf hashes, the head row and
    /// every stored checkpoint; the latest of those must be signed by a trusted key. The first thing that does not fit is
    /// [`StoreError::Damaged`], by name.
    pub async fn check_log(&self, trusted: &[VerifierKey]) -> Result<LogHealth, StoreError> {
        let _ = trusted;
        Err(crate::unbuilt())
    }
}
