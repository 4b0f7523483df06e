//! What the server does because time goes by: starts and exits that fall due, reads of systems, new heads of the log.

use crate::app::App;
use crate::error::Result;
use crate::lifecycle;
use crate::stop::pause;
use crate::sync::Schedule;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often time-driven changes are looked for, and new heads are signed.
const BEAT: Duration = Duration::from_secs(5);
/// The background work of one database is done by one process.
const LEADER: &str = "clock";
const LEADER_LEASE: Duration = Duration::from_secs(30);

/// Keeps time until the server is told to end. A step that fails is tried again at a later beat.
pub async fn keep_time(app: Arc<App>, stopped: watch::Receiver<bool>) -> Result<()> {
    let me = format!("{}-{}", std::process::id(), uuid::Uuid::now_v7().simple());
    let mut schedule = Schedule::default();
    while !*stopped.borrow() {
        if let Err(error) = beat(&app, &me, &mut schedule).await {
            tracing::error!(%error, "a scheduled step failed");
        }
        pause(BEAT, &stopped).await;
    }
    schedule.stop().await;
    let mut tx = app.write().await?;
    tx.release(LEADER, &me).await?;
    tx.commit().await?;
    Ok(())
}

async fn beat(app: &Arc<App>, me: &str, schedule: &mut Schedule) -> Result<()> {
    let now = app.now();
    let mut tx = app.write().await?;
    let until = now.checked_add(LEADER_LEASE).unwrap_or(now);
    let leads = tx.acquire(LEADER, me, now, until).await?;
    tx.commit().await?;
    if !leads {
        return Ok(());
    }
    lifecycle::tick(app).await?;
    schedule.begin_due(app).await?;
    app.seal().await?;
    Ok(())
}
