//! The server: a worker, a clock, and an answer to "are you well?". The rest of the interface builds on it.

use crate::app::App;
use crate::error::{Error, Result};
use crate::worker::Worker;
use crate::{cases, lifecycle, sync};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use reeve_core::audit::Actor;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often time-driven changes are looked for, new heads are signed, and approved work is taken up.
const BEAT: Duration = Duration::from_secs(5);
/// How long after the last try the systems of open leaver cases are read again.
const PROOF_EVERY: Duration = Duration::from_secs(300);
/// The background work of one database is done by one process.
const LEADER: &str = "clock";
const LEADER_LEASE: Duration = Duration::from_secs(30);

/// Serves until the process is told to end. Work that is under way is finished or left for the next start to find out.
pub async fn serve(app: App, listen: SocketAddr) -> Result<()> {
    // What happens from here on is nobody's command.
    let app = Arc::new(app.acting_as(Actor::System));
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(Error::io(Path::new(&listen.to_string())))?;
    let address = listener.local_addr().map_err(Error::io(Path::new("the listener")))?;
    let (stop, stopped) = watch::channel(false);
    app.out
        .print(&json!({ "listening": address.to_string() }), || format!("Reeve answers on http://{address}/healthz"));

    let worker = tokio::spawn(work(app.clone(), stopped.clone()));
    let clock = tokio::spawn(keep_time(app.clone(), stopped.clone()));
    let router = Router::new().route("/healthz", get(healthz)).with_state(app.clone());
    let ending = ended(stopped);
    let server = tokio::spawn(axum::serve(listener, router).with_graceful_shutdown(ending).into_future());
    told_to_end().await;
    tracing::info!("ending: no new work is taken up");
    stop.send(true).unwrap_or_default();
    for task in [flatten(worker).await, flatten(clock).await] {
        task?;
    }
    server.await.map_err(|error| Error::Input(error.to_string()))?.map_err(Error::io(Path::new("the listener")))?;
    app.seal().await?;
    Ok(())
}

async fn flatten(task: tokio::task::JoinHandle<Result<()>>) -> Result<()> {
    task.await.map_err(|error| Error::Input(format!("a part of the server broke: {error}")))?
}

async fn ended(mut stopped: watch::Receiver<bool>) {
    stopped.wait_for(|stopped| *stopped).await.map(drop).unwrap_or_default();
}

async fn told_to_end() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Takes up approved work for as long as the server runs. A fault ends one round, not the server.
async fn work(app: Arc<App>, stopped: watch::Receiver<bool>) -> Result<()> {
    let worker = Worker::new(app);
    while !*stopped.borrow() {
        if let Err(error) = worker.run(BEAT, ended(stopped.clone()), &|_| {}).await {
            tracing::error!(%error, "the worker's round broke off");
        }
        pause(BEAT, &stopped).await;
    }
    Ok(())
}

async fn keep_time(app: Arc<App>, stopped: watch::Receiver<bool>) -> Result<()> {
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

async fn pause(time: Duration, stopped: &watch::Receiver<bool>) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = ended(stopped.clone()) => {}
    }
}

/// Whether the database answers and the log is sound. No detail: anybody may ask.
async fn healthz(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
    let answers = match app.store.read().await {
        Ok(mut tx) => tx.log_size().await.is_ok(),
        Err(_) => false,
    };
    match (answers, app.damage().is_none()) {
        (true, true) => (StatusCode::OK, Json(json!({ "status": "ok" }))),
        (true, false) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "log damaged, read-only" }))),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "database does not answer" }))),
    }
}
