//! Messages of HR systems. What one says is not believed: a message whose signature is right makes Reeve read that source
//! again, as a sync run does, and every guardrail of a read holds.

use super::caller::Api;
use super::input::Path;
use super::problem::{Kind, Problem};
use crate::app::App;
use crate::secrets;
use crate::sync_runs::{self, Wish};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use reeve_core::Timestamp;
use reeve_core::audit::Actor;
use reeve_core::id::SystemName;
use reeve_runtime::SignedMessage;
use reeve_runtime::vault::SealedSecret;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How far a message's clock may be from ours, either way.
const CLOCK_S_MAX: i64 = 300;
/// How long a message is remembered, so that it is not taken again. Longer than its signature is accepted.
pub const REMEMBERED: Duration = Duration::from_secs(3600);
const ID_BYTES_MAX: usize = 128;

/// What a message led to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Taken {
    /// The sync run that reads the source.
    pub sync_run: String,
}

/// Takes a message of an HR system: the source is read again.
///
/// Signed as Standard Webhooks describes, with the key that is set as `SYSTEM/webhook/signing-key`. A message that comes
/// twice is answered twice and taken once.
#[utoipa::path(
    post, path = "/v1/hooks/{system}", tag = "hooks",
    params(
        ("system" = String, Path, max_length = 64),
        ("webhook-id" = String, Header, max_length = 128),
        ("webhook-timestamp" = String, Header, description = "Seconds since 1970."),
        ("webhook-signature" = String, Header, description = "`v1,` and the signature in base64."),
    ),
    request_body(content = String, content_type = "application/json"),
    responses((status = 202, description = "The source is being read.", body = Taken))
)]
pub async fn receive(
    State(api): State<Api>,
    Path(system): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let message = SignedMessage {
        id: text("webhook-id"),
        timestamp: text("webhook-timestamp"),
        body: &body,
        signatures: text("webhook-signature"),
    };
    let app = api.app.acting_as(Actor::Person { name: format!("webhook of {system}") });
    let now = app.now();
    // One sentence for everything that is wrong, so that nobody learns from it which systems there are.
    let refused =
        || Problem::new(Kind::Unauthenticated, "the message is not signed with the key of this system, or is too old");
    if message.id.is_empty() || message.id.len() > ID_BYTES_MAX || !is_recent(message.timestamp, now) {
        return Err(refused());
    }
    if !is_signed(&app, &system, message).await? {
        return Err(refused());
    }
    let source = SystemName::new(&system);
    // The run first: a message that is noted has led to one, whatever happens in between.
    let mut tx = app.store.read().await?;
    let known = tx.delivery(&source, message.id).await?;
    drop(tx);
    let sync_run = match known {
        Some(run) => run,
        None => {
            let run = sync_runs::start(&app, Wish { systems: vec![system], ..Wish::default() }).await?;
            let mut tx = app.write().await?;
            let earlier = tx.take_delivery(&source, message.id, &run.id, now).await?;
            tx.commit().await?;
            earlier.unwrap_or(run.id)
        }
    };
    Ok((StatusCode::ACCEPTED, Json(Taken { sync_run })).into_response())
}

fn is_recent(timestamp: &str, now: Timestamp) -> bool {
    timestamp.parse::<i64>().is_ok_and(|sent| now.as_second().abs_diff(sent) <= CLOCK_S_MAX.unsigned_abs())
}

async fn is_signed(app: &App, system: &str, message: SignedMessage<'_>) -> Result<bool, Problem> {
    let name = secrets::webhook_key(system);
    let mut tx = app.store.read().await?;
    let sealed = tx.secret(&name.system, &name.connection, &name.field).await?;
    let Some((version, bytes)) = sealed else { return Ok(false) };
    let sealed = SealedSecret { version, bytes };
    app.vault.signed(&name, &sealed, message).map_err(|error| crate::error::Error::from(error).into())
}
