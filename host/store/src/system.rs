//! The systems under governance.

use crate::row::{body, json, micros};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::id::SystemName;
use reeve_core::inventory::System;

impl Tx {
    /// Adds a system, or changes the one of that name. One that was removed comes back.
    pub async fn put_system(&mut self, system: &System, at: Timestamp) -> Result<(), StoreError> {
        let put = self.statement(
            "INSERT INTO governed_system (name, changed_at, body) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET changed_at = excluded.changed_at, removed_at = NULL, body = excluded.body",
        );
        self.write(put.bind(system.name.as_str()).bind(micros(at)).bind(json(system)?)).await?;
        Ok(())
    }

    pub async fn system(&mut self, name: &SystemName) -> Result<Option<System>, StoreError> {
        let row = self.statement("SELECT body FROM governed_system WHERE name = $1 AND removed_at IS NULL");
        self.row(row.bind(name.as_str())).await?.map(|row| body(&row, "systems")).transpose()
    }

    /// By name.
    pub async fn systems(&mut self) -> Result<Vec<System>, StoreError> {
        let rows = self.statement("SELECT body FROM governed_system WHERE removed_at IS NULL ORDER BY name");
        self.bodies(rows, "systems").await
    }

    /// Takes a system out of governance. What it showed ends at `at`, because nobody looks any more; its history stays.
    pub async fn remove_system(&mut self, name: &SystemName, at: Timestamp) -> Result<bool, StoreError> {
        let remove =
            self.statement("UPDATE governed_system SET removed_at = $2 WHERE name = $1 AND removed_at IS NULL");
        if self.write(remove.bind(name.as_str()).bind(micros(at))).await? == 0 {
            return Ok(false);
        }
        self.end_spans(name, at).await?;
        Ok(true)
    }
}
