//! Reads that are due by the clock, each in a task of its own: one that takes hours delays no tick and no other system.
//!
//! When each was tried last is kept in the database, so that a server that is started anew goes on where it was.

use super::sync_one;
use crate::app::App;
use crate::cases;
use crate::error::{Error, Result};
use futures_util::FutureExt;
use reeve_core::Timestamp;
use reeve_core::id::SystemName;
use reeve_core::inventory::{Reading, System, SystemRole, due_reads};
use reeve_store::Tx;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The reads that are under way.
#[derive(Default)]
pub struct Schedule {
    running: BTreeMap<SystemName, Running>,
}

struct Running {
    since: Timestamp,
    task: JoinHandle<()>,
}

impl Schedule {
    /// Begins the reads that are due and for which there is room.
    pub async fn begin_due(&mut self, app: &Arc<App>) -> Result<()> {
        self.running.retain(|_, running| !running.task.is_finished());
        let now = app.now();
        let mut tx = app.store.read().await?;
        let systems = tx.systems().await?;
        let open = tx.open_cases().await?;
        let awaited: BTreeSet<&SystemName> = open.iter().flat_map(|case| case.open_systems()).collect();
        let mut all = Vec::with_capacity(systems.len());
        for system in &systems {
            all.push(Reading {
                name: &system.name,
                role: system.role,
                tried_at: tried_at(&mut tx, &system.name).await?,
                awaited: system.role == SystemRole::Target && awaited.contains(&system.name),
                since: self.running.get(&system.name).map(|running| running.since),
            });
        }
        drop(tx);
        let every = Duration::from_secs(u64::from(app.home.config.sync_every_minutes) * 60);
        let every = Some(every).filter(|every| !every.is_zero());
        for name in due_reads(&all, every, now) {
            let Some(system) = systems.iter().find(|system| system.name == *name) else { continue };
            let task = tokio::spawn(read(app.clone(), system.clone()));
            self.running.insert(name.clone(), Running { since: now, task });
        }
        Ok(())
    }

    /// Cuts off what is being read. It leaves nothing behind, and is due again at the next start.
    pub async fn stop(self) {
        for running in self.running.values() {
            running.task.abort();
        }
        for running in self.running.into_values() {
            // It ended either way.
            running.task.await.unwrap_or_default();
        }
    }
}

async fn read(app: Arc<App>, system: System) {
    let broke = |_| Err(Error::Input(format!("a part of the reading of {} broke", system.name)));
    let Err(error) = AssertUnwindSafe(sync_one(&app, &system, None)).catch_unwind().await.unwrap_or_else(broke) else {
        return;
    };
    tracing::warn!(system = %system.name, %error, "a system could not be read");
    if system.role == SystemRole::Target
        && let Err(error) = cases::note_unread(&app, &system.name, &error.to_string()).await
    {
        tracing::error!(system = %system.name, %error, "its leaver cases could not be told so");
    }
}

fn key(system: &SystemName) -> String {
    format!("tried-at/{system}")
}

/// When the last try to read a system ended.
async fn tried_at(tx: &mut Tx, system: &SystemName) -> Result<Option<Timestamp>> {
    // What can't be read as a time is as good as never.
    Ok(tx.meta(&key(system)).await?.and_then(|text| text.parse().ok()))
}

/// Notes that a try to read a system ended now, well or not.
pub(super) async fn tried(app: &App, system: &SystemName) -> Result<()> {
    let mut tx = app.write_when_free().await?;
    tx.set_meta(&key(system), &app.now().to_string()).await?;
    tx.commit().await?;
    Ok(())
}
