//! How answers are spoilt on their way out. Whether the target did its work was settled before.

use crate::Answer;
use crate::gzip_bomb::gzip_bomb;
use crate::misbehaviour::{Act, RetryAfter};
use axum::body::{Body, Bytes};
use axum::http::HeaderName;
use axum::response::Response;
use futures_util::{Stream, StreamExt, stream};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimePrinter};
use std::io;
use std::time::Duration;

const JSON: &str = "application/json";
const WEB_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\
    <body><h1>The service is resting</h1><form method=\"post\"><input name=\"user\"></form></body></html>\n";

/// One piece of an endless body.
const ENDLESS_CHUNK_BYTES: usize = 64 * 1024;

/// Spoils an answer as `act` says. `own_error` makes an error in the target's own manner.
pub(crate) fn spoil(
    answer: Answer,
    act: &Act,
    now: Timestamp,
    own_error: impl FnOnce(u16, Option<&str>, &str) -> Answer,
) -> Response {
    match act {
        Act::Answer { status, retry_after, body, content_type, .. } => {
            let mut own = own_error(*status, None, "the stand-in was told to answer so");
            if let Some(body) = body {
                own = own.with_body(content_type.as_deref().unwrap_or(JSON), body.as_str());
            }
            whole(match retry_after {
                Some(value) => own.with("retry-after", spell(value, now)),
                None => own,
            })
        }
        Act::Refuse { status, code, detail } => whole(own_error(*status, code.as_deref(), detail)),
        Act::DropAuth | Act::EndToken => {
            let own = own_error(401, None, "the credential has expired or was revoked");
            whole(own.with("www-authenticate", "Bearer error=\"invalid_token\""))
        }
        Act::Html { status, .. } => whole(Answer::text(*status, "text/html; charset=utf-8", WEB_PAGE)),
        Act::InvalidJson => {
            let keep = answer.body.len() / 2;
            let half: Vec<u8> = answer.body.iter().take(keep).copied().chain(*b"\"").collect();
            whole(Answer { body: half, ..answer })
        }
        Act::InvalidUtf8 => whole(Answer { body: b"{\"detail\":\"\xff\xfe\xc3\x28\"}".to_vec(), ..answer }),
        Act::DeepJson { depth } => {
            let body = [b"[".repeat(*depth), b"]".repeat(*depth)].concat();
            whole(Answer { body, ..answer })
        }
        Act::ContentType { value } => whole(answer.with("content-type", value)),
        Act::Truncate { keep_bytes } => truncated(answer, *keep_bytes),
        Act::Slow { chunk_bytes, delay_ms } => slow(answer, *chunk_bytes, *delay_ms),
        Act::Endless => streamed(answer, endless_body()),
        Act::GzipBomb { bytes } => {
            streamed(answer.with("content-encoding", "gzip"), stream::iter(gzip_bomb(*bytes)).map(Ok))
        }
        // What the target did wrong by itself, and what never gets an answer.
        Act::Pretend
        | Act::RepeatPage
        | Act::LoopPages
        | Act::EmptyPage
        | Act::LieAboutTotal { .. }
        | Act::IgnoreFilters
        | Act::Close { .. }
        | Act::Hang { .. } => whole(answer),
    }
}

pub(crate) fn whole(mut answer: Answer) -> Response {
    let body = std::mem::take(&mut answer.body);
    respond(answer, body.into())
}

fn spell(retry_after: &RetryAfter, now: Timestamp) -> String {
    match retry_after {
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::DateInSeconds(seconds) => {
            let then = now.saturating_add(SignedDuration::from_secs(*seconds)).unwrap_or(now);
            DateTimePrinter::new().timestamp_to_rfc9110_string(&then).unwrap_or_default()
        }
        RetryAfter::Text(text) => text.clone(),
    }
}

fn truncated(answer: Answer, keep_bytes: Option<usize>) -> Response {
    let length = answer.body.len();
    let keep = keep_bytes.unwrap_or(length / 2).min(length);
    let kept: Bytes = answer.body.iter().take(keep).copied().collect();
    // A pause lets the server send what it has before it learns that there is no more.
    let end = stream::once(tokio::task::yield_now()).map(|()| Err(io::ErrorKind::ConnectionAborted.into()));
    let body = stream::iter([Ok(kept)]).chain(end);
    streamed(answer.with("content-length", length.to_string()), body)
}

fn slow(answer: Answer, chunk_bytes: usize, delay_ms: u64) -> Response {
    let length = answer.body.len().to_string();
    let chunks: Vec<Bytes> = answer.body.chunks(chunk_bytes.max(1)).map(Bytes::copy_from_slice).collect();
    let body = stream::iter(chunks).then(move |chunk| async move {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        Ok::<_, io::Error>(chunk)
    });
    streamed(answer.with("content-length", length), body)
}

fn endless_body() -> impl Stream<Item = io::Result<Bytes>> {
    let filler = Bytes::from(vec![b' '; ENDLESS_CHUNK_BYTES]);
    stream::iter([Ok(Bytes::from_static(b"{\"Resources\":["))]).chain(stream::repeat_with(move || Ok(filler.clone())))
}

fn streamed<B: Into<Bytes> + 'static>(
    mut answer: Answer,
    body: impl Stream<Item = io::Result<B>> + Send + 'static,
) -> Response {
    answer.body.clear();
    respond(answer, Body::from_stream(body))
}

fn respond(answer: Answer, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = answer.status.try_into().unwrap_or_default();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value.try_into()) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
