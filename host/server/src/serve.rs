//! The server: a worker, a clock, and the interface.

use crate::api;
use crate::app::App;
use crate::clock::keep_time;
use crate::error::{Error, Result};
use crate::stop::{ended, pause};
use crate::worker::Worker;
use reeve_core::audit::Actor;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How often approved work is looked for.
const WORK_EVERY: Duration = Duration::from_secs(5);
/// How often old rows of the interface are cleared away.
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// Serves until the process is told to end. Work that is under way is finished or left for the next start to find out.
pub async fn serve(app: App, listen: SocketAddr) -> Result<()> {
    // What happens from here on is nobody's command.
    let app = Arc::new(app.acting_as(Actor::System));
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(Error::io(Path::new(&listen.to_string())))?;
    let address = listener.local_addr().map_err(Error::io(Path::new("the listener")))?;
    let (stop, stopped) = watch::channel(false);
    app.out
        .print(&json!({ "listening": address.to_string() }), || format!("Reeve answers on http://{address}/healthz"));

    let work_to_do = Arc::new(Notify::new());
    let worker = tokio::spawn(work(app.clone(), work_to_do.clone(), stopped.clone()));
    let clock = tokio::spawn(keep_time(app.clone(), stopped.clone()));
    let tidy = tokio::spawn(tidy(app.clone(), stopped.clone()));
    let router = api::router(&app, stopped.clone(), work_to_do)?.into_make_service_with_connect_info::<SocketAddr>();
    let ending = ended(stopped);
    let server = tokio::spawn(axum::serve(listener, router).with_graceful_shutdown(ending).into_future());
    told_to_end().await;
    tracing::info!("ending: no new work is taken up");
    stop.send(true).unwrap_or_default();
    for task in [flatten(worker).await, flatten(clock).await, flatten(tidy).await] {
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

/// Takes up approved work for as long as the server runs, at once where somebody says that there is some. A fault ends one
/// round, not the server.
async fn work(app: Arc<App>, told: Arc<Notify>, stopped: watch::Receiver<bool>) -> Result<()> {
    let worker = Worker::new(app);
    while !*stopped.borrow() {
        if let Err(error) = worker.run(WORK_EVERY, ended(stopped.clone()), &|_| {}).await {
            tracing::error!(%error, "the worker's round broke off");
        }
        tokio::select! {
            () = pause(WORK_EVERY, &stopped) => {}
            () = told.notified() => {}
        }
    }
    Ok(())
}

/// Clears away what the interface keeps for a while only.
async fn tidy(app: Arc<App>, stopped: watch::Receiver<bool>) -> Result<()> {
    while !*stopped.borrow() {
        if let Err(error) = api::tidy(&app).await {
            tracing::warn!(%error, "old rows of the interface could not be cleared away");
        }
        pause(TIDY_EVERY, &stopped).await;
    }
    Ok(())
}
