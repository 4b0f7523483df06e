//! Reads of systems that somebody asked for through the interface. They go on after the request is answered; the row in
//! the database says how far one is, and a row that no process vouches for any more says that it was cut off.

use crate::app::App;
use crate::error::{Error, Result};
use crate::sync::{self, LossAccepted};
use crate::{actor, lifecycle};
use reeve_core::Timestamp;
use reeve_core::audit::Actor;
use reeve_core::id::SystemName;
use reeve_core::leaver::Case;
use reeve_store::{SyncRun, SyncRunState};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Runs that one process has waiting or under way, at most.
pub const RUNS_AT_ONCE_MAX: usize = 16;
/// How often a run's row is renewed while it is under way, and how long a row holds without.
const RENEWAL: Duration = Duration::from_secs(2);
const VOUCHED_FOR: Duration = Duration::from_secs(30);

/// What to read.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Empty for all systems.
    pub systems: Vec<String>,
    /// Of these, only those that some open leaver case waits for.
    pub open_cases: bool,
    pub accepted: Option<LossAccepted>,
}

/// Notes a run and begins it. Reads take turns within one process, so that two of them don't read the same system at once.
pub async fn start(app: &App, wish: Wish) -> Result<SyncRun> {
    sync::choose(app, &wish.systems).await?;
    let mut systems = wish.systems;
    if wish.open_cases {
        let mut waited = waited_for(app).await?;
        waited.retain(|name| systems.is_empty() || systems.contains(name));
        if waited.is_empty() {
            return Err(Error::Refused("no open leaver case waits for any of these systems".to_owned()));
        }
        systems = waited;
    }
    let now = app.now();
    let run = SyncRun {
        id: lifecycle::new_id("sync"),
        state: SyncRunState::Running,
        systems,
        requested_by: actor::name(&app.actor),
        requested_at: now,
        finished_at: None,
        progress: Some("waiting for its turn".to_owned()),
        read: Vec::new(),
        failed: Vec::new(),
    };
    let place = app.sync_runs.clone().try_acquire_owned().map_err(|_| {
        Error::Refused(format!("{RUNS_AT_ONCE_MAX} sync runs are waiting or under way already; wait for one to end"))
    })?;
    let mut tx = app.write().await?;
    tx.put_sync_run(&run, vouched_until(now)).await?;
    tx.commit().await?;
    let (app, mine) = (app.clone(), run.clone());
    tokio::spawn(async move {
        let id = mine.id.clone();
        if let Err(error) = carry_out(&app, mine, wish.accepted).await {
            tracing::error!(%error, run = id, "a sync run broke off");
        }
        drop(place);
    });
    Ok(run)
}

fn vouched_until(now: Timestamp) -> Timestamp {
    now.checked_add(VOUCHED_FOR).unwrap_or(Timestamp::MAX)
}

async fn waited_for(app: &App) -> Result<Vec<String>> {
    let open = app.store.read().await?.open_cases().await?;
    let waited: BTreeSet<&SystemName> = open.iter().flat_map(Case::open_systems).collect();
    Ok(waited.into_iter().map(ToString::to_string).collect())
}

async fn carry_out(app: &App, mut run: SyncRun, accepted: Option<LossAccepted>) -> Result<()> {
    let progress = Arc::new(Mutex::new(run.progress.clone()));
    let told = progress.clone();
    let watched = app.telling(Arc::new(move |text| {
        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }));
    let work = async {
        let _turn = app.sync_turn.lock().await;
        sync::sync(&watched, &run.systems, accepted.as_ref()).await
    };
    let mut work = std::pin::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            () = tokio::time::sleep(RENEWAL) => {}
        }
        let mut so_far = run.clone();
        so_far.progress = progress.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Err(error) = save(app, &so_far).await {
            tracing::warn!(%error, run = run.id, "the progress of a sync run could not be stored");
        }
    };
    let (read, failed) = match done {
        Ok((read, failed)) => (read, failed.iter().map(ToString::to_string).collect()),
        Err(error) => (Vec::new(), vec![error.to_string()]),
    };
    run.read = read.iter().map(serde_json::to_value).collect::<std::result::Result<_, _>>()?;
    run.failed = failed;
    run.state = if run.failed.is_empty() { SyncRunState::Done } else { SyncRunState::Failed };
    run.progress = None;
    run.finished_at = Some(app.now());
    save(app, &run).await
}

async fn save(app: &App, run: &SyncRun) -> Result<()> {
    let mut tx = app.write().await?;
    tx.put_sync_run(run, vouched_until(app.now())).await?;
    tx.commit().await?;
    Ok(())
}

/// Says of runs whose process ended that they were cut off.
pub async fn sweep(app: &App) -> Result<()> {
    let now = app.now();
    if app.store.read().await?.lost_sync_runs(now).await?.is_empty() {
        return Ok(());
    }
    let app = app.acting_as(Actor::System);
    let mut tx = app.write().await?;
    for mut run in tx.lost_sync_runs(now).await? {
        run.state = SyncRunState::Interrupted;
        run.progress = None;
        run.finished_at = Some(now);
        run.failed.push("the process that read ended before it was done; what it had stored by then holds".to_owned());
        tx.put_sync_run(&run, now).await?;
    }
    tx.commit().await?;
    Ok(())
}
