//! What happened in people's time with the company, in the order in which it was noticed.

use crate::row::{Rows, int, json, key};
use crate::{StoreError, Tx};
use reeve_core::id::IdentityId;
use reeve_core::identity::LifecycleEvent;

impl Tx {
    pub async fn add_events(&mut self, events: &[LifecycleEvent]) -> Result<(), StoreError> {
        let last = self.row(self.statement("SELECT coalesce(max(seq), 0) AS seq FROM lifecycle_event")).await?;
        let last = last.map_or(Ok(0), |row| int(&row, "seq"))?;
        let mut rows = Rows::default();
        for (seq, event) in (last.saturating_add(1)..).zip(events) {
            rows.push(&(seq, key(event.identity.as_str()), json(event)?))?;
        }
        self.write_bulk(
            "INSERT INTO lifecycle_event (seq, identity, body)
             SELECT CAST(value ->> 0 AS bigint), value ->> 1, value ->> 2 FROM json_each($1)",
            rows,
            &[],
        )
        .await?;
        Ok(())
    }

    /// A person's events, the first one first.
    pub async fn events_of(&mut self, identity: &IdentityId) -> Result<Vec<LifecycleEvent>, StoreError> {
        let rows = self.statement("SELECT body FROM lifecycle_event WHERE identity = $1 ORDER BY seq");
        self.bodies(rows.bind(key(identity.as_str()).into_owned()), "lifecycle events").await
    }

    /// Everybody's events, the last one first.
    pub async fn recent_events(&mut self, limit: u32) -> Result<Vec<LifecycleEvent>, StoreError> {
        let rows = self.statement("SELECT body FROM lifecycle_event ORDER BY seq DESC LIMIT $1");
        self.bodies(rows.bind(i64::from(limit)), "lifecycle events").await
    }
}
