//! Secrets of connections: set and removed by name, never shown.

use crate::api::caller::Caller;
use crate::api::input::{Path, SecretJson};
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::{secrets, systems};
use axum::http::StatusCode;
use reeve_core::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A secret that a connection needs, by name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Secret {
    pub connection: String,
    pub field: String,
    /// None where it is not set.
    pub version: Option<u32>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub set_at: Option<Timestamp>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SecretValue {
    /// Sealed as it arrives; nothing ever shows it again.
    #[schema(value_type = String, min_length = 1, max_length = 65536, write_only)]
    value: SecretString,
}

/// Which secrets the system can have, and which of them are set. A source's `webhook/signing-key` is what POST
/// /v1/hooks/{system} checks messages with.
#[utoipa::path(
    get, path = "/v1/systems/{name}/secrets", tag = "systems", params(("name" = String, Path, max_length = 64)),
    responses((status = 200, description = "All of them.", body = Page<Secret>))
)]
pub async fn list(caller: Caller, Path(name): Path<String>) -> Result<Page<Secret>, Problem> {
    let system = systems::find(&caller.app, &name).await?;
    let set = caller.app.store.read().await?.secrets().await?;
    let items = secrets::accepted(&system)
        .into_iter()
        .map(|name| {
            let row = set
                .iter()
                .find(|row| row.system == name.system && row.connection == name.connection && row.field == name.field);
            let (version, set_at) = (row.map(|row| row.version), row.map(|row| row.set_at));
            Secret { connection: name.connection, field: name.field, version, set_at }
        })
        .collect();
    Ok(Page { items, next_cursor: None })
}

/// Sets or replaces a secret.
#[utoipa::path(
    put, path = "/v1/systems/{name}/secrets/{connection}/{field}", tag = "systems", request_body = SecretValue,
    params(
        ("name" = String, Path, max_length = 64),
        ("connection" = String, Path, max_length = 64),
        ("field" = String, Path, max_length = 64),
    ),
    responses((status = 200, description = "It is set.", body = Secret))
)]
pub async fn put(
    caller: Caller,
    Path((system, connection, field)): Path<(String, String, String)>,
    SecretJson(SecretValue { value }): SecretJson<SecretValue>,
) -> Result<axum::Json<Secret>, Problem> {
    systems::find(&caller.app, &system).await?;
    let name = secrets::named(&system, &connection, &field);
    let version = secrets::set(&caller.app, &name, &value).await?;
    Ok(axum::Json(Secret { connection, field, version: Some(version), set_at: Some(caller.app.now()) }))
}

/// Removes a secret. Its connection works no more.
#[utoipa::path(
    delete, path = "/v1/systems/{name}/secrets/{connection}/{field}", tag = "systems",
    params(
        ("name" = String, Path, max_length = 64),
        ("connection" = String, Path, max_length = 64),
        ("field" = String, Path, max_length = 64),
    ),
    responses((status = 204, description = "It is removed."))
)]
pub async fn remove(
    caller: Caller,
    Path((system, connection, field)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    secrets::remove(&caller.app, &secrets::named(&system, &connection, &field)).await?;
    Ok(StatusCode::NO_CONTENT)
}
