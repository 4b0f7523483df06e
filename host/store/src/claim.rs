//! Who works on which operation: leases with fencing numbers.
//!
//! A lease ends by time, because its holder may have died. A holder that comes back late finds that its fencing number is
//! not the latest one any more, and can save nothing.

use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::id::SystemName;
use reeve_core::plan::Lane;
use reeve_core::run::Operation;

/// An operation that a worker holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    pub operation: Operation,
    /// To be shown when the operation is saved.
    pub fence: i64,
}

impl Tx {
    /// Claims up to `limit` operations that are due: of an approved plan, not settled, not before their time, held by
    /// nobody, in no system of `except`, and with the operation that they come after settled (verified or not: if not, it
    /// is the worker that cancels them). Leavers' operations come first, then the order of plans and of each plan.
    pub async fn claim(
        &mut self,
        owner: &str,
        lane: Option<Lane>,
        except: &[SystemName],
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        let _ = (owner, lane, except, now, lease_until, limit);
        Err(crate::unbuilt())
    }

    /// Saves an operation that the caller claimed; `keep` renews the lease until then, none lets it go.
    pub async fn save_claimed(
        &mut self,
        operation: &Operation,
        fence: i64,
        keep: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let _ = (operation, fence, keep);
        Err(crate::unbuilt())
    }

    /// Saves an operation for a person who releases or cancels it. A conflict while a worker holds it.
    pub async fn save_unclaimed(&mut self, operation: &Operation, now: Timestamp) -> Result<(), StoreError> {
        let _ = (operation, now);
        Err(crate::unbuilt())
    }

    /// When [`Tx::claim`] can find something, by time alone: `now` or later; none if nothing waits for time.
    pub async fn next_due(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let _ = now;
        Err(crate::unbuilt())
    }
}
