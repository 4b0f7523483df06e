//! One read of a system: when, how whole, how much, and how each listing went.

use crate::row::{body, json, key, micros};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::access::{Description, ListingRecord};
use reeve_core::id::{SnapshotId, SystemName};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub id: SnapshotId,
    pub system: SystemName,
    /// When the read began.
    pub read_at: Timestamp,
    pub finished_at: Timestamp,
    /// Whether absence may be inferred from it.
    pub whole: bool,
    /// Why not.
    pub doubt: Option<String>,
    pub accounts: u64,
    pub entitlements: u64,
    pub grants: u64,
    pub description: Description,
    pub listings: Vec<ListingRecord>,
}

impl Tx {
    pub async fn put_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let put = self.statement("INSERT INTO snapshot (id, system, read_at, whole, body) VALUES ($1, $2, $3, $4, $5)");
        let put = put.bind(key(snapshot.id.as_str()).into_owned()).bind(snapshot.system.as_str());
        let put = put.bind(micros(snapshot.read_at)).bind(i64::from(snapshot.whole));
        self.write(put.bind(json(snapshot)?)).await?;
        Ok(())
    }

    pub async fn snapshot(&mut self, id: &SnapshotId) -> Result<Option<Snapshot>, StoreError> {
        let row = self.statement("SELECT body FROM snapshot WHERE id = $1").bind(key(id.as_str()).into_owned());
        self.row(row).await?.map(|row| body(&row, "snapshots")).transpose()
    }

    /// The latest read of a system, or the latest one that is whole.
    pub async fn last_snapshot(
        &mut self,
        system: &SystemName,
        whole_only: bool,
    ) -> Result<Option<Snapshot>, StoreError> {
        let row = self.statement(
            "SELECT body FROM snapshot WHERE system = $1 AND whole >= $2 ORDER BY read_at DESC, id DESC LIMIT 1",
        );
        let row = self.row(row.bind(system.as_str()).bind(i64::from(whole_only))).await?;
        row.map(|row| body(&row, "snapshots")).transpose()
    }

    /// The latest first, after this one.
    pub async fn snapshots(
        &mut self,
        system: &SystemName,
        after: Option<&SnapshotId>,
        limit: u32,
    ) -> Result<Vec<Snapshot>, StoreError> {
        let rows = self.statement(
            "SELECT body FROM snapshot
             WHERE system = $1 AND ($2 = '' OR (read_at, id) < (SELECT seen.read_at, seen.id FROM snapshot AS seen
                                                                WHERE seen.id = $2))
             ORDER BY read_at DESC, id DESC LIMIT $3",
        );
        let after = after.map(|id| key(id.as_str()).into_owned()).unwrap_or_default();
        self.bodies(rows.bind(system.as_str()).bind(after).bind(i64::from(limit)), "snapshots").await
    }
}
