//! How the parts of the server learn that it is to end.

use std::time::Duration;
use tokio::sync::watch;

/// Resolves when the server is told to end, or when whoever would tell it is gone.
pub async fn ended(mut stopped: watch::Receiver<bool>) {
    stopped.wait_for(|stopped| *stopped).await.map(drop).unwrap_or_default();
}

/// Waits, but not beyond the end.
pub async fn pause(time: Duration, stopped: &watch::Receiver<bool>) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = ended(stopped.clone()) => {}
    }
}
