//! The server: a worker, a clock, and an answer to "are you well?". The rest of the interface builds on it.

use crate::app::App;
use crate::clock::keep_time;
use crate::error::{Error, Result};
use crate::stop::{ended, pause};
use crate::worker::Worker;
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

/// How often approved work is looked for.
const WORK_EVERY: Duration = Duration::from_secs(5);

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
        if let Err(error) = worker.run(WORK_EVERY, ended(stopped.clone()), &|_| {}).await {
            tracing::error!(%error, "the worker's round broke off");
        }
        pause(WORK_EVERY, &stopped).await;
    }
    Ok(())
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
