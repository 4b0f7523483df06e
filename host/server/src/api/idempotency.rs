//! A POST with an `Idempotency-Key` is done once: the same request with the same key gets the first answer again.
//!
//! What was refused or failed did nothing and is forgotten, so the key may be used again. An answer that holds a secret is
//! not kept: whoever repeats that request is told that it was done.

use super::caller::Caller;
use super::problem::{Kind, Problem};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use reeve_core::Timestamp;
use reeve_store::{KeptAnswer, Known};
use sha2::{Digest, Sha256};
use std::time::Duration;

pub const HEADER: &str = "idempotency-key";
const REPLAYED: &str = "idempotency-replayed";
/// What a client may call one request, in bytes.
pub const KEY_BYTES_MAX: usize = 255;
/// The longest answer that is kept, in bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// How long a key is remembered.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// Marks an answer that is shown once.
#[derive(Clone)]
pub struct ShownOnce;

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let wrong =
        || Problem::bad(format!("`Idempotency-Key` has 1 to {KEY_BYTES_MAX} visible ASCII characters, and comes once"));
    let mut sent = headers.get_all(HEADER).iter();
    let Some(value) = sent.next() else { return Ok(None) };
    let text = value.to_str().map_err(|_| wrong())?;
    let fits = !text.is_empty() && text.len() <= KEY_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    if sent.next().is_some() || !fits {
        return Err(wrong());
    }
    Ok(Some(text.to_owned()))
}

pub async fn once(caller: &Caller, body_max: usize, request: Request, next: Next) -> Response {
    match key(request.headers()) {
        Ok(None) => next.run(request).await,
        Ok(Some(key)) => with_key(caller, &key, body_max, request, next).await.unwrap_or_else(Problem::into_response),
        Err(problem) => problem.into_response(),
    }
}

async fn with_key(
    caller: &Caller,
    key: &str,
    body_max: usize,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, body_max)
        .await
        .map_err(|_| Problem::new(Kind::TooLarge, format!("the body may have {body_max} bytes")))?;
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let mut digest = Sha256::new();
    digest.update(format!("{} {target}\n", parts.method));
    digest.update(&body);
    let (app, owner, sha256) = (&caller.app, caller.token.id.as_str(), hex::encode(digest.finalize()));

    let mut tx = app.write().await?;
    let known = tx.begin_request(owner, key, &sha256, app.now()).await?;
    tx.commit().await?;
    match known {
        Known::Other => {
            return Err(Problem::new(
                Kind::KeyReused,
                format!("the key {key:?} was used for another request of this token"),
            ));
        }
        Known::Begun => {
            let detail = "the request with this key is under way, or was cut off. Read what it was to change before you send it \
                          with a new key";
            return Err(Problem::new(Kind::Refused, detail));
        }
        Known::Answered(kept) => return Ok(replay(kept)),
        Known::New => {}
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut tx = app.write().await?;
    if parts.status.is_success() {
        let text =
            |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
        let shown_once = parts.extensions.get::<ShownOnce>().is_some();
        let kept = if shown_once || bytes.len() > ANSWER_BYTES_MAX {
            let detail = "the first request with this key was done, and its answer was shown once; it is not kept";
            kept_problem(Problem::new(Kind::Refused, detail)).await
        } else {
            KeptAnswer {
                status: parts.status.as_u16(),
                location: text(header::LOCATION),
                content_type: text(header::CONTENT_TYPE),
                bytes: bytes.to_vec(),
            }
        };
        tx.answer_request(owner, key, &kept).await?;
    } else {
        tx.forget_request(owner, key).await?;
    }
    tx.commit().await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

async fn kept_problem(problem: Problem) -> KeptAnswer {
    let response = problem.into_response();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.unwrap_or_default().to_vec();
    KeptAnswer { status, location: None, content_type: Some("application/problem+json".to_owned()), bytes }
}

fn replay(kept: KeptAnswer) -> Response {
    let mut response = Response::new(Body::from(kept.bytes));
    *response.status_mut() = axum::http::StatusCode::from_u16(kept.status).unwrap_or_default();
    let headers = response.headers_mut();
    for (name, value) in [(header::LOCATION, kept.location), (header::CONTENT_TYPE, kept.content_type)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// What is older than this is forgotten.
pub fn horizon(now: Timestamp) -> Timestamp {
    now.checked_sub(KEPT_FOR).unwrap_or(Timestamp::MIN)
}
