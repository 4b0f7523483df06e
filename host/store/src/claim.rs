//! Who works on which operation: leases with fencing numbers.
//!
//! A lease ends by time, because its holder may have died. A holder that comes back late finds that its fencing number is
//! not the latest one any more, and can save nothing.

use crate::operation::lane_rank;
use crate::row::{Rows, at_or_none, body, int, json, micros, text};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::id::SystemName;
use reeve_core::plan::Lane;
use reeve_core::run::Operation;
use std::time::Duration;

/// No operation rests for longer than this: a target may ask for an hour at most (`reeve_core::run::pace`). What seems to
/// lie further ahead was written before the machine's clock was set back, and is due.
const REST_MAX: Duration = Duration::from_secs(3_660);

/// An operation that a worker holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    pub operation: Operation,
    /// To be shown when the operation is saved.
    pub fence: i64,
}

impl Tx {
    /// Claims up to `limit` operations that are due: of an approved plan, not settled, not before their time, held by
    /// nobody (a lease twice as long as the wished one was given by a clock that has been set back, and holds nothing), in no
    /// system of `except`, and with the operation that they come after settled (verified or not: if not, it
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
        let lanes = match lane {
            Some(lane) => (lane_rank(lane), lane_rank(lane)),
            None => (lane_rank(Lane::Leaver), lane_rank(Lane::Standard)),
        };
        let claim = self.statement(
            "WITH picked AS (
                 SELECT due.id FROM operation AS due
                 JOIN plan ON plan.hash = due.plan AND plan.state = 'approved'
                 LEFT JOIN operation AS earlier ON earlier.plan = due.plan AND earlier.position = due.after_position
                 WHERE due.settled = 0 AND (due.not_before <= $2 OR due.not_before > $8)
                   AND (due.lease_until IS NULL OR due.lease_until <= $2 OR due.lease_until > $9)
                   AND (due.after_position IS NULL OR earlier.settled = 1)
                   AND due.lane >= $3 AND due.lane <= $4
                   AND due.system NOT IN (SELECT value ->> 0 FROM json_each($1))
                 ORDER BY due.lane, due.made_at, due.plan, due.position LIMIT $5 /* skip locked */
             )
             UPDATE operation SET lease_owner = $6, lease_until = $7, fence = fence + 1
             WHERE id IN (SELECT id FROM picked)
             RETURNING lane, made_at, plan, position, fence, body",
        );
        let claim = claim.bind(Rows::whole(except.iter().map(SystemName::as_str))?).bind(micros(now));
        let claim = claim.bind(lanes.0).bind(lanes.1).bind(i64::from(limit));
        let claim = claim.bind(owner.to_owned()).bind(micros(lease_until));
        let beyond_a_lease = lease_until.checked_add(lease_until.duration_since(now)).unwrap_or(Timestamp::MAX);
        let claim = claim.bind(micros(beyond_rest(now))).bind(micros(beyond_a_lease));
        let rows = self.write_rows(claim).await?;
        // Returned rows come in no order of their own.
        let mut claimed = Vec::with_capacity(rows.len());
        for row in &rows {
            let order = (int(row, "lane")?, int(row, "made_at")?, text(row, "plan")?, int(row, "position")?);
            claimed.push((order, Claimed { operation: body(row, "operations")?, fence: int(row, "fence")? }));
        }
        claimed.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(claimed.into_iter().map(|(_, claimed)| claimed).collect())
    }

    /// Saves an operation that the caller claimed; `keep` renews the lease until then, none lets it go.
    pub async fn save_claimed(
        &mut self,
        operation: &Operation,
        fence: i64,
        keep: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let save = self.statement(
            "UPDATE operation SET settled = $3, not_before = $4, body = $5, lease_until = $6
             WHERE id = $1 AND fence = $2",
        );
        let save = save.bind(operation.id.as_str()).bind(fence).bind(i64::from(operation.phase.is_settled()));
        let save = save.bind(micros(operation.not_before)).bind(json(operation)?).bind(keep.map(micros));
        match self.write(save).await? {
            0 => Err(StoreError::Fenced),
            _ => Ok(()),
        }
    }

    /// Saves an operation for a person who releases or cancels it. A conflict while a worker holds it; a worker whose lease
    /// has ended is fenced off.
    pub async fn save_unclaimed(&mut self, operation: &Operation, now: Timestamp) -> Result<(), StoreError> {
        let save = self.statement(
            "UPDATE operation SET settled = $3, not_before = $4, body = $5, lease_until = NULL, fence = fence + 1
             WHERE id = $1 AND (lease_until IS NULL OR lease_until <= $2)",
        );
        let save = save.bind(operation.id.as_str()).bind(micros(now)).bind(i64::from(operation.phase.is_settled()));
        match self.write(save.bind(micros(operation.not_before)).bind(json(operation)?)).await? {
            0 => Err(StoreError::conflict(format!(
                "a worker holds the operation {} at this moment; try again when it is done",
                operation.id
            ))),
            _ => Ok(()),
        }
    }

    /// When [`Tx::claim`] can find something, by time alone: `now` or later; none if nothing waits for time.
    pub async fn next_due(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let row = self.statement(
            "SELECT min(CASE WHEN due.lease_until > due.not_before THEN due.lease_until ELSE due.not_before END) AS due_at
             FROM operation AS due
             JOIN plan ON plan.hash = due.plan AND plan.state = 'approved'
             LEFT JOIN operation AS earlier ON earlier.plan = due.plan AND earlier.position = due.after_position
             WHERE due.settled = 0 AND (due.after_position IS NULL OR earlier.settled = 1)",
        );
        let Some(row) = self.row(row).await? else { return Ok(None) };
        let due = at_or_none(&row, "due_at")?;
        Ok(due.map(|due| if due > beyond_rest(now) { now } else { due.max(now) }))
    }
}

fn beyond_rest(now: Timestamp) -> Timestamp {
    now.checked_add(REST_MAX).unwrap_or(Timestamp::MAX)
}
