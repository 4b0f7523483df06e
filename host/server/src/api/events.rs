//! Server-sent events: how far a long job is, until it is done. Each event is the whole state, so a reader that comes late
//! or comes again misses nothing.

use super::caller::Api;
use super::problem::{Kind, Problem};
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::Value;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::Instant;

/// How often the database is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long one stream lasts; a reader that wants more comes again.
const LASTS: Duration = Duration::from_secs(15 * 60);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Streams of one process at a time.
pub const STREAMS_MAX: usize = 64;
const RETRY_S: u64 = 5;

/// What a look showed, and whether it is the last word.
pub struct Seen {
    pub state: Value,
    pub ended: bool,
}

/// Streams what `look` shows, whenever it changed. The first look has been had: it says that there is something to follow.
pub fn follow<F, L>(api: &Api, first: Seen, look: L) -> Result<Response, Problem>
where
    F: Future<Output = Result<Seen, Problem>> + Send + 'static,
    L: Fn() -> F + Send + 'static,
{
    let place = api.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::new(Kind::Busy, format!("{STREAMS_MAX} streams are open already; ask for the state instead"))
            .with(header::RETRY_AFTER, RETRY_S)
    })?;
    let (until, stopped) = (Instant::now() + LASTS, api.stopped.clone());
    let begin = (Some(first), None::<Value>, look, place);
    let events = stream::unfold(begin, move |(mut first, mut told, look, place)| {
        let stopped = stopped.clone();
        async move {
            loop {
                // After the last word, the stream is over.
                if told.as_ref().is_some_and(Value::is_null) || Instant::now() >= until || *stopped.borrow() {
                    return None;
                }
                let seen = match first.take() {
                    Some(seen) => seen,
                    None => {
                        crate::stop::pause(LOOK_EVERY, &stopped).await;
                        look().await.ok()?
                    }
                };
                if told.as_ref() == Some(&seen.state) && !seen.ended {
                    continue;
                }
                let event = Event::default().event(if seen.ended { "ended" } else { "progress" });
                let event = event.data(seen.state.to_string());
                told = Some(if seen.ended { Value::Null } else { seen.state });
                return Some((Ok::<_, Infallible>(event), (first, told, look, place)));
            }
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}
