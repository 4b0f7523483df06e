//! What the server does because time goes by: starts and exits that fall due, reads of systems, new heads of the log.

use crate::app::App;
use crate::error::Result;
use crate::stop::pause;
use crate::{cases, lifecycle, sync};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often time-driven changes are looked for, and new heads are signed.
const BEAT: Duration = Duration::from_secs(5);
/// How long after the last try the systems of open leaver cases are read again.
const PROOF_EVERY: Duration = Duration::from_secs(300);
/// The background work of one database is done by one process.
const LEADER: &str = "clock";
const LEADER_LEASE: Duration = Duration::from_secs(30);

/// Keeps time until the server is told to end. A step that fails is tried again at a later beat.
pub async fn keep_time(app: Arc<App>, stopped: watch::Receiver<bool>) -> Result<()> {
    let me = format!("{}-{}", std::process::id(), uuid::Uuid::now_v7().simple());
    let (mut last_sync, mut last_proof) = (tokio::time::Instant::now(), tokio::time::Instant::now());
    while !*stopped.borrow() {
        if let Err(error) = beat(&app, &me, &mut last_sync, &mut last_proof).await {
            tracing::error!(%error, "a scheduled step failed");
        }
        pause(BEAT, &stopped).await;
    }
    let mut tx = app.write().await?;
    tx.release(LEADER, &me).await?;
    tx.commit().await?;
    Ok(())
}

async fn beat(
    app: &App,
    me: &str,
    last_sync: &mut tokio::time::Instant,
    last_proof: &mut tokio::time::Instant,
) -> Result<()> {
    let now = app.now();
    let mut tx = app.write().await?;
    let until = now.checked_add(LEADER_LEASE).unwrap_or(now);
    let leads = tx.acquire(LEADER, me, now, until).await?;
    tx.commit().await?;
    if !leads {
        return Ok(());
    }
    lifecycle::tick(app).await?;
    let every = Duration::from_secs(u64::from(app.home.config.sync_every_minutes) * 60);
    if !every.is_zero() && last_sync.elapsed() >= every {
        *last_sync = tokio::time::Instant::now();
        let (_, failed) = sync::sync(app, &[], None).await?;
        failed.iter().for_each(|error| tracing::warn!(%error, "a system could not be read"));
    }
    if last_proof.elapsed() >= PROOF_EVERY {
        *last_proof = tokio::time::Instant::now();
        cases::prove(app).await?;
    }
    app.seal().await?;
    Ok(())
}
