//! Findings: known by kind and subject, raised once, resolved when they are not found any more.

use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::finding::{Finding, FindingKind};
use reeve_core::id::{FindingId, SystemName};

/// A finding as it is kept. Its id is `F-` and its number, in the order of raising.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRow {
    pub id: FindingId,
    pub finding: Finding,
    pub raised_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub resolution: Option<String>,
}

impl Tx {
    /// Raises findings, and answers those that are new. One that is open already stays the same finding, with the new
    /// text; one that was resolved is raised anew.
    pub async fn raise(&mut self, found: &[Finding], at: Timestamp) -> Result<Vec<FindingRow>, StoreError> {
        let _ = (found, at);
        Err(crate::unbuilt())
    }

    /// After a look at everything that findings of these kinds could be about (in this system, if one is named): raises
    /// what was found, and resolves what is open and was not found. Answers those raised and those resolved.
    pub async fn settle(
        &mut self,
        kinds: &[FindingKind],
        system: Option<&SystemName>,
        found: &[Finding],
        at: Timestamp,
    ) -> Result<(Vec<FindingRow>, Vec<FindingRow>), StoreError> {
        let _ = (kinds, system, found, at);
        Err(crate::unbuilt())
    }

    /// Resolves one finding, if it is open.
    pub async fn resolve(
        &mut self,
        kind: FindingKind,
        subject: &str,
        resolution: &str,
        at: Timestamp,
    ) -> Result<Option<FindingRow>, StoreError> {
        let _ = (kind, subject, resolution, at);
        Err(crate::unbuilt())
    }

    /// In the order of raising, after this one.
    pub async fn findings(
        &mut self,
        open_only: bool,
        after: Option<&FindingId>,
        limit: u32,
    ) -> Result<Vec<FindingRow>, StoreError> {
        let _ = (open_only, after, limit);
        Err(crate::unbuilt())
    }
}
