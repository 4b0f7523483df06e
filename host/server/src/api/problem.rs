//! What the interface answers when it does not do what was asked: problem details (RFC 9457), each with a `type` that
//! stays the same and a page that explains it. A fault of ours is told by its request id alone.

use crate::error::Error;
use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use reeve_store::StoreError;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The kinds of problems. Their names are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    BadRequest,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Refused,
    Changed,
    TooLarge,
    UnsupportedMediaType,
    KeyReused,
    VersionNeeded,
    TooMany,
    Left,
    Fault,
    Busy,
    LogDamaged,
    TooLong,
}

impl Kind {
    const ALL: [Self; 17] = [
        Self::BadRequest,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Refused,
        Self::Changed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::KeyReused,
        Self::VersionNeeded,
        Self::TooMany,
        Self::Left,
        Self::Fault,
        Self::Busy,
        Self::LogDamaged,
        Self::TooLong,
    ];

    /// Its name, its status, its title, and what to do about it.
    pub fn about(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Self::BadRequest => (
                "bad-request",
                400,
                "The request can't be read",
                "Something in the path, the query, a header or the body is not as /v1/openapi.json describes it. `detail` says what. \
                 Nothing was changed.",
            ),
            Self::Unauthenticated => (
                "unauthenticated",
                401,
                "No valid token",
                "Send `Authorization: Bearer TOKEN` with a token that has not ended. An administrator makes one with \
                 `reeve token create` or POST /v1/tokens.",
            ),
            Self::Forbidden => (
                "forbidden",
                403,
                "The token may not do this",
                "The token's role or scope does not cover this. `detail` names what would. The attempt is in the audit log.",
            ),
            Self::NotFound => (
                "not-found",
                404,
                "There is no such thing",
                "Nothing has this name. The list above it in the path shows what there is.",
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                405,
                "This can't be done with it",
                "The header `Allow` names the methods that this path knows.",
            ),
            Self::Refused => (
                "refused",
                409,
                "A rule stands against it",
                "A rule, a guardrail, a missing consent or the present state stands against the request. `detail` says which, and what \
                 to change. Nothing was changed.",
            ),
            Self::Changed => (
                "changed",
                412,
                "It was changed by somebody else",
                "The version in `If-Match` is not the present one. Read it again, look at what was changed, and send the request with \
                 the new `ETag`.",
            ),
            Self::TooLarge => ("too-large", 413, "The body is too large", "`detail` states the limit."),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                415,
                "The body has another type",
                "Send the `Content-Type` that /v1/openapi.json names for this path.",
            ),
            Self::KeyReused => (
                "key-reused",
                422,
                "The idempotency key was used for another request",
                "A key stands for one request. Use a new one for a new request.",
            ),
            Self::VersionNeeded => (
                "version-needed",
                428,
                "Say which version you change",
                "Two people may write this. Send `If-Match` with the `ETag` that you read, or `If-None-Match: *` to make it new.",
            ),
            Self::TooMany => ("too-many-requests", 429, "Too many requests", "Wait for as long as `Retry-After` says."),
            Self::Left => (
                "not-finished",
                409,
                "It was begun, and something is left",
                "`detail` says what was done and what needs time or a person.",
            ),
            Self::Fault => (
                "fault",
                500,
                "A fault of Reeve",
                "The log of the server tells more under the request id. What was changed, if anything, was changed whole.",
            ),
            Self::Busy => (
                "busy",
                503,
                "The database is busy",
                "Somebody else is writing. Send the request again after `Retry-After`; with an `Idempotency-Key` it is done once.",
            ),
            Self::LogDamaged => (
                "log-damaged",
                503,
                "The audit log was changed",
                "The audit log does not match its last checkpoint, so nothing is written. Restore the database from a backup that holds \
                 the checkpoint, and find out who changed it.",
            ),
            Self::TooLong => (
                "too-long",
                504,
                "It took too long",
                "The request was given up. What it had begun either was committed whole or not at all; read before you repeat it.",
            ),
        }
    }
}

/// The statuses that any route may answer with, each with the titles of its problems. A method that a path does not know
/// is none of its routes', and a key is only a POST's.
pub fn common() -> BTreeMap<u16, Vec<&'static str>> {
    let elsewhere = [Kind::MethodNotAllowed, Kind::KeyReused];
    let mut statuses: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for (_, status, title, _) in Kind::ALL.into_iter().filter(|kind| !elsewhere.contains(kind)).map(Kind::about) {
        statuses.entry(status).or_default().push(title);
    }
    statuses
}

/// A problem as it is answered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Problem)]
pub struct Body {
    /// Where the kind of problem is explained; stays the same.
    #[schema(example = "/v1/problems/not-found")]
    pub r#type: String,
    pub title: String,
    pub status: u16,
    /// What happened, to what, and what to do next.
    pub detail: String,
}

#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), headers: Vec::new() }
    }

    pub fn bad(detail: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, detail)
    }

    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl ToString) -> Self {
        self.headers.extend(HeaderValue::from_str(&value.to_string()).map(|value| (name, value)));
        self
    }
}

/// How long a caller waits for a database that is busy.
const BUSY_RETRY_S: u64 = 2;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Input(_) => Kind::BadRequest,
            Error::NotFound(_) => Kind::NotFound,
            Error::Refused(_)
            | Error::Policy(_)
            | Error::Store(StoreError::Conflict(_))
            | Error::Runtime(_)
            | Error::Package(_) => Kind::Refused,
            Error::Left(_) => Kind::Left,
            Error::Store(StoreError::Busy) => Kind::Busy,
            Error::Damaged(_) => Kind::LogDamaged,
            _ => Kind::Fault,
        };
        match kind {
            Kind::Fault => {
                tracing::error!(%error, "a request failed");
                Self::new(kind, "Something in Reeve or its database failed; nothing was changed by halves.")
            }
            Kind::Busy => Self::new(kind, error.to_string()).with(header::RETRY_AFTER, BUSY_RETRY_S),
            _ => Self::new(kind, error.to_string()),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Error::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (name, status, title, _) = self.kind.about();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = Body {
            r#type: format!("/v1/problems/{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"reeve\""));
        }
        response
    }
}

/// Explains a kind of problem.
#[utoipa::path(
    get, path = "/v1/problems/{kind}", tag = "about",
    params(("kind" = String, Path, description = "The last part of a problem's `type`.")),
    responses((status = 200, description = "What it means and what to do.", body = String, content_type = "text/plain"))
)]
pub async fn explain(Path(kind): Path<String>) -> Result<String, Problem> {
    let found = Kind::ALL.into_iter().map(Kind::about).find(|(name, ..)| *name == kind);
    let (name, status, title, advice) = found.ok_or_else(|| Problem::not_found("there is no problem of that name"))?;
    Ok(format!("{name} ({status})\n{title}\n\n{advice}\n"))
}
