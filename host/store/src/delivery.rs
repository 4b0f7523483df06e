//! Messages of HR systems, each taken once.

use crate::row::{key, micros, text};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::id::SystemName;

impl Tx {
    /// Notes a message and the sync run that it led to. Where it was noted before, answers the run of then.
    pub async fn take_delivery(
        &mut self,
        system: &SystemName,
        id: &str,
        sync_run: &str,
        at: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let take = self.statement(
            "INSERT INTO webhook_delivery (system, id, received_at, sync_run) VALUES ($1, $2, $3, $4)
             ON CONFLICT (system, id) DO NOTHING",
        );
        let take = take.bind(system.as_str()).bind(key(id).into_owned()).bind(micros(at)).bind(sync_run.to_owned());
        if self.write(take).await? > 0 {
            return Ok(None);
        }
        self.delivery(system, id).await
    }

    /// The run that a message led to, if it was noted.
    pub async fn delivery(&mut self, system: &SystemName, id: &str) -> Result<Option<String>, StoreError> {
        let row = self.statement("SELECT sync_run FROM webhook_delivery WHERE system = $1 AND id = $2");
        let row = self.row(row.bind(key(system.as_str()).into_owned()).bind(key(id).into_owned())).await?;
        row.map(|row| text(&row, "sync_run")).transpose()
    }

    pub async fn forget_deliveries_before(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let forget = self.statement("DELETE FROM webhook_delivery WHERE received_at < $1");
        self.write(forget.bind(micros(before))).await
    }
}
