//! Operations of approved plans, and what was said on the wire for them. Claiming them is `claim`'s.

use crate::row::{Rows, at, body, count, get, int, json, key, micros, text};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::id::{IdentityId, OperationId, PlanHash};
use reeve_core::plan::Lane;
use reeve_core::run::Operation;
use sqlx::any::AnyRow;
use std::collections::BTreeSet;

impl Tx {
    /// Adds the operations of a plan, which must be stored. An operation that is there already is a conflict, and so is one
    /// that comes after an operation which is not among these.
    pub async fn put_operations(&mut self, operations: &[Operation]) -> Result<(), StoreError> {
        let places: BTreeSet<(&PlanHash, usize)> = operations.iter().map(|o| (&o.plan, o.index)).collect();
        let mut rows = Rows::default();
        for operation in operations {
            let planned = &operation.planned;
            if let Some(after) = planned.after.filter(|after| !places.contains(&(&operation.plan, *after))) {
                return Err(StoreError::conflict(format!(
                    "operation {} comes after operation {after} of its plan, which is not there",
                    operation.id
                )));
            }
            rows.push(&(
                operation.id.as_str(),
                operation.plan.as_str(),
                operation.index,
                planned.after,
                planned.system.as_str(),
                key(planned.identity.as_str()),
                lane_rank(planned.lane),
                i64::from(operation.phase.is_settled()),
                micros(operation.not_before),
                json(operation)?,
            ))?;
        }
        self.write_bulk(
            "INSERT INTO operation (id, plan, position, after_position, system, identity, lane, settled, not_before,
                                    fence, body, made_at)
             SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS bigint), CAST(value ->> 3 AS bigint), value ->> 4,
                    value ->> 5, CAST(value ->> 6 AS bigint), CAST(value ->> 7 AS bigint), CAST(value ->> 8 AS bigint),
                    0, value ->> 9, (SELECT made_at FROM plan WHERE plan.hash = value ->> 1)
             FROM json_each($1)",
            rows,
            &[],
        )
        .await?;
        Ok(())
    }

    pub async fn operation(&mut self, id: &OperationId) -> Result<Option<Operation>, StoreError> {
        let row = self.statement("SELECT body FROM operation WHERE id = $1").bind(key(id.as_str()).into_owned());
        self.row(row).await?.map(|row| body(&row, "operations")).transpose()
    }

    /// A plan's operations in its order.
    pub async fn operations_of(&mut self, plan: &PlanHash) -> Result<Vec<Operation>, StoreError> {
        let rows = self.statement("SELECT body FROM operation WHERE plan = $1 ORDER BY position");
        self.bodies(rows.bind(key(plan.as_str()).into_owned()), "operations").await
    }

    /// Whether a plan has operations that are not settled.
    pub async fn has_unsettled(&mut self, plan: &PlanHash) -> Result<bool, StoreError> {
        let row = self.statement("SELECT id FROM operation WHERE plan = $1 AND settled = 0 LIMIT 1");
        Ok(self.row(row.bind(key(plan.as_str()).into_owned())).await?.is_some())
    }

    /// The operations that are not settled, of all plans.
    pub async fn underway(&mut self) -> Result<Vec<Operation>, StoreError> {
        let rows = self.statement("SELECT body FROM operation WHERE settled = 0 ORDER BY made_at, plan, position");
        self.bodies(rows, "operations").await
    }

    /// A person's operations, in the order of their plans.
    pub async fn operations_of_identity(&mut self, identity: &IdentityId) -> Result<Vec<Operation>, StoreError> {
        let rows = self.statement("SELECT body FROM operation WHERE identity = $1 ORDER BY made_at, plan, position");
        self.bodies(rows.bind(key(identity.as_str()).into_owned()), "operations").await
    }

    /// By id, after this one: of a plan, of a person, or of all; with those that are settled, or without.
    pub async fn operations_page(
        &mut self,
        plan: Option<&PlanHash>,
        identity: Option<&IdentityId>,
        unsettled_only: bool,
        after: Option<&OperationId>,
        limit: u32,
    ) -> Result<Vec<Operation>, StoreError> {
        let rows = self.statement(
            "SELECT body FROM operation
             WHERE id > $1 AND ($2 = '' OR plan = $2) AND ($3 = '' OR identity = $3) AND ($4 = 0 OR settled = 0)
             ORDER BY id LIMIT $5",
        );
        let rows = rows.bind(after.map(|id| key(id.as_str()).into_owned()).unwrap_or_default());
        let rows = rows.bind(plan.map(|hash| key(hash.as_str()).into_owned()).unwrap_or_default());
        let rows = rows.bind(identity.map(|id| key(id.as_str()).into_owned()).unwrap_or_default());
        let rows = rows.bind(i64::from(unsettled_only)).bind(i64::from(limit));
        self.bodies(rows, "operations").await
    }

    /// How many operations a plan has, and how many of them are settled.
    pub async fn operations_settled(&mut self, plan: &PlanHash) -> Result<(u64, u64), StoreError> {
        let row = self.statement(
            "SELECT count(*) AS operations, count(CASE WHEN settled = 1 THEN 1 END) AS settled FROM operation
             WHERE plan = $1",
        );
        let row = self.row(row.bind(key(plan.as_str()).into_owned())).await?;
        row.map_or(Ok((0, 0)), |row| Ok((count(&row, "operations")?, count(&row, "settled")?)))
    }

    /// The attempts of an operation that were recorded, in their order.
    pub async fn attempts(&mut self, operation: &OperationId) -> Result<Vec<(u32, Timestamp)>, StoreError> {
        let rows = self
            .statement("SELECT attempt, recorded_at FROM journal WHERE operation = $1 ORDER BY recorded_at, attempt");
        let attempt =
            |row: &AnyRow| Ok((u32::try_from(int(row, "attempt")?).unwrap_or(u32::MAX), at(row, "recorded_at")?));
        self.read(rows.bind(key(operation.as_str()).into_owned()), attempt).await
    }

    /// Keeps what was said on the wire during one attempt. An attempt number that comes again, because a person let the
    /// operation start anew, takes nothing away.
    pub async fn add_journal(
        &mut self,
        operation: &OperationId,
        attempt: u32,
        plugin_digest: &str,
        bytes: &[u8],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let add = self.statement(
            "INSERT INTO journal (operation, attempt, recorded_at, plugin_digest, bytes) VALUES ($1, $2, $3, $4, $5)",
        );
        let add = add.bind(operation.as_str()).bind(i64::from(attempt)).bind(micros(at));
        self.write(add.bind(plugin_digest.to_owned()).bind(bytes.to_vec())).await?;
        Ok(())
    }

    /// The plugin's digest and the latest journal of an attempt.
    pub async fn journal(
        &mut self,
        operation: &OperationId,
        attempt: u32,
    ) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        let row = self.statement(
            "SELECT plugin_digest, bytes FROM journal
             WHERE operation = $1 AND attempt = $2 ORDER BY recorded_at DESC LIMIT 1",
        );
        let row = self.row(row.bind(key(operation.as_str()).into_owned()).bind(i64::from(attempt))).await?;
        row.map(|row| Ok((text(&row, "plugin_digest")?, get(&row, "bytes")?))).transpose()
    }

    /// The latest attempt of an operation that has a journal.
    pub async fn latest_attempt(&mut self, operation: &OperationId) -> Result<Option<u32>, StoreError> {
        let row = self.statement(
            "SELECT attempt FROM journal WHERE operation = $1 ORDER BY recorded_at DESC, attempt DESC LIMIT 1",
        );
        let Some(row) = self.row(row.bind(key(operation.as_str()).into_owned())).await? else { return Ok(None) };
        let attempt = u32::try_from(count(&row, "attempt")?);
        attempt.map(Some).map_err(|_| StoreError::damaged(format!("an attempt of {operation} has no possible number")))
    }
}

pub(crate) fn lane_rank(lane: Lane) -> i64 {
    match lane {
        Lane::Leaver => 0,
        Lane::Standard => 1,
    }
}
