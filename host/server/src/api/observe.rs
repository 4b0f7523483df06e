//! Around every request: an id, a line in the log, a count for the metrics, headers that keep answers where they belong, and
//! an end to what takes too long. Paths are told by their pattern, so that no name and no secret gets into a log line.

use super::metrics::Metrics;
use super::problem::{Kind, Problem};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// The longest request. A check of a system waits for a call of its connector, which may take 60 s.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(90);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What the metrics call a path that no route has.
const NO_ROUTE: &str = "none";

pub async fn observe(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    // One of our own making: a caller's could forge lines of the log.
    let id = uuid::Uuid::now_v7().simple().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", id, %method, route);
    let began = Instant::now();
    let mut response = async {
        match tokio::time::timeout(REQUEST_TIME_MAX, next.run(request)).await {
            Ok(response) => response,
            Err(_) => {
                let detail = format!("the request took more than {} s and was given up", REQUEST_TIME_MAX.as_secs());
                Problem::new(Kind::TooLong, detail).into_response()
            }
        }
    }
    .instrument(span.clone())
    .await;
    let (took, status) = (began.elapsed(), response.status().as_u16());
    metrics.answered(method.as_str(), &route, status, took);
    span.in_scope(|| tracing::info!(status, ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), "answered"));
    let headers = response.headers_mut();
    headers.extend(HeaderValue::from_str(&id).map(|id| (REQUEST_ID, id)));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    response
}

/// A panic ends one request, and says nothing of itself to the caller.
pub fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a request panicked");
    Problem::new(Kind::Fault, "Something in Reeve failed; nothing was changed by halves.").into_response()
}
