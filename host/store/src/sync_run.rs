//! Reads of systems that were asked for through the interface: who asked, how far they are, and what came of them.

use crate::row::{body, json, key, micros};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncRunState {
    /// Asked for, or being read.
    Running,
    /// Every system was read whole.
    Done,
    /// At least one system could not be read, or not as a whole, or its read was refused.
    Failed,
    /// The process that read ended before it was done. What it had stored by then holds.
    Interrupted,
}

impl SyncRunState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SyncRun {
    pub id: String,
    pub state: SyncRunState,
    /// The systems that were asked for; empty for all.
    pub systems: Vec<String>,
    pub requested_by: String,
    pub requested_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// What is being read now, in words.
    pub progress: Option<String>,
    /// What was read, one part per system.
    pub read: Vec<Value>,
    /// What failed, one sentence each.
    pub failed: Vec<String>,
}

impl Tx {
    /// Stores it, with the time until which its process vouches for it.
    pub async fn put_sync_run(&mut self, run: &SyncRun, alive_until: Timestamp) -> Result<(), StoreError> {
        let put = self.statement(
            "INSERT INTO sync_run (id, requested_at, state, alive_until, body) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, alive_until = excluded.alive_until,
                 body = excluded.body",
        );
        let put = put.bind(run.id.clone()).bind(micros(run.requested_at)).bind(run.state.as_str());
        self.write(put.bind(micros(alive_until)).bind(json(run)?)).await?;
        Ok(())
    }

    pub async fn sync_run(&mut self, id: &str) -> Result<Option<SyncRun>, StoreError> {
        let row = self.statement("SELECT body FROM sync_run WHERE id = $1").bind(key(id).into_owned());
        self.row(row).await?.map(|row| body(&row, "sync runs")).transpose()
    }

    /// The newest first, after this one.
    pub async fn sync_runs(&mut self, after: Option<&str>, limit: u32) -> Result<Vec<SyncRun>, StoreError> {
        let rows = self.statement(
            "SELECT body FROM sync_run
             WHERE $1 = '' OR (requested_at, id) < (SELECT seen.requested_at, seen.id FROM sync_run AS seen
                                                    WHERE seen.id = $1)
             ORDER BY requested_at DESC, id DESC LIMIT $2",
        );
        let rows = rows.bind(after.map(|id| key(id).into_owned()).unwrap_or_default()).bind(i64::from(limit));
        self.bodies(rows, "sync runs").await
    }

    /// Those that are said to run and that no process vouches for any more.
    pub async fn lost_sync_runs(&mut self, now: Timestamp) -> Result<Vec<SyncRun>, StoreError> {
        let rows = self.statement("SELECT body FROM sync_run WHERE state = $1 AND alive_until <= $2 ORDER BY id");
        self.bodies(rows.bind(SyncRunState::Running.as_str()).bind(micros(now)), "sync runs").await
    }
}
