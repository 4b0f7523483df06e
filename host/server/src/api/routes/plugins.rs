//! Plugins: what is installed, and installing with the administrator's consent to what a plugin asks for.

use crate::api::caller::Caller;
use crate::api::input::{Path, Query};
use crate::api::page::{Page, PageQuery};
use crate::api::problem::{Kind, Problem};
use crate::plugins;
use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use reeve_core::Timestamp;
use reeve_runtime::package::{Asks, parse_manifest};
use reeve_store::InstalledPlugin;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An installed plugin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Plugin {
    pub id: String,
    pub name: String,
    pub version: String,
    pub summary: String,
    /// Pinned: other bytes are refused.
    pub digest: String,
    /// Who signed it.
    pub origin: String,
    /// What it may reach, a line each.
    pub may_reach: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    pub installed_at: Timestamp,
    pub installed_by: String,
}

fn shown(row: InstalledPlugin) -> Result<Plugin, Problem> {
    let manifest = parse_manifest(&row.manifest_toml).map_err(crate::error::Error::from)?;
    Ok(Plugin {
        may_reach: Asks::of_manifest(&manifest).to_string().lines().map(str::to_owned).collect(),
        name: manifest.name,
        summary: manifest.summary,
        id: row.id,
        version: row.version,
        digest: row.digest,
        origin: row.origin,
        installed_at: row.installed_at,
        installed_by: row.installed_by,
    })
}

/// Installed plugins.
#[utoipa::path(
    get, path = "/v1/plugins", tag = "plugins", params(PageQuery),
    responses((status = 200, description = "A page.", body = Page<Plugin>))
)]
pub async fn list(caller: Caller, Query(page): Query<PageQuery>) -> Result<Page<Plugin>, Problem> {
    let wanted = page.of("plugins")?;
    // There are a few dozen at most, in the order of their ids.
    let all = caller.app.store.read().await?.plugins().await?;
    let after = wanted.after.clone().unwrap_or_default();
    let rows = all.into_iter().filter(|row| row.id > after).map(shown).collect::<Result<Vec<_>, _>>()?;
    Ok(wanted.page(rows, |row| row.id.clone(), |row| row))
}

/// One plugin.
#[utoipa::path(
    get, path = "/v1/plugins/{id}", tag = "plugins", params(("id" = String, Path, max_length = 128)),
    responses((status = 200, description = "The plugin.", body = Plugin))
)]
pub async fn show(caller: Caller, Path(id): Path<String>) -> Result<Json<Plugin>, Problem> {
    let row = caller.app.store.read().await?.plugin(&id).await?;
    let row = row.ok_or_else(|| Problem::not_found(format!("no plugin {id:?} is installed")))?;
    Ok(Json(shown(row)?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InstallQuery {
    /// The digest of the plugin whose demands you have read and accept. Without it the answer tells what it asks for.
    #[param(max_length = 128)]
    consent: Option<String>,
    /// Accepts a plugin that nobody vouches for; the log will say so.
    #[serde(default)]
    allow_unsigned: bool,
    /// Accepts a version that is older than the installed one.
    #[serde(default)]
    allow_older: bool,
}

/// What installing a file would mean.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Proposal {
    pub id: String,
    pub version: String,
    /// Send it as `consent` to install the plugin.
    pub digest: String,
    pub origin: String,
    pub may_reach: Vec<String>,
    /// What it asks for on top of the installed version.
    pub more_than_before: Vec<String>,
    pub installed: bool,
}

/// Installs a plugin file. Without `consent` nothing is installed, and the answer shows what the plugin asks for.
#[utoipa::path(
    post, path = "/v1/plugins", tag = "plugins", params(InstallQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "A `NAME.reeve` file."),
    responses(
        (status = 200, description = "What it asks for; nothing was installed.", body = Proposal),
        (status = 201, description = "It is installed.", body = Proposal),
    )
)]
pub async fn install(caller: Caller, Query(query): Query<InstallQuery>, bytes: Bytes) -> Result<Response, Problem> {
    let app = &caller.app;
    let proposal = plugins::judge(app, bytes.to_vec(), query.allow_unsigned, query.allow_older).await?;
    let digest = proposal.package.digest.clone();
    let agreed = query.consent.as_deref() == Some(digest.as_str());
    if query.consent.is_some() && !agreed {
        let detail =
            format!("the consent is for another file: this one has the digest {digest}; nothing was installed");
        return Err(Problem::new(Kind::Refused, detail));
    }
    if agreed && !proposal.is_unchanged() {
        plugins::install(app, &proposal).await?;
    }
    let shown = Proposal {
        id: proposal.package.manifest.id.clone(),
        version: proposal.package.manifest.version.to_string(),
        digest,
        origin: proposal.origin_text(),
        may_reach: proposal.package.asks().to_string().lines().map(str::to_owned).collect(),
        more_than_before: proposal.more.clone(),
        installed: agreed,
    };
    let status = if agreed { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(shown)).into_response())
}

/// Removes a plugin that no system uses.
#[utoipa::path(
    delete, path = "/v1/plugins/{id}", tag = "plugins", params(("id" = String, Path, max_length = 128)),
    responses((status = 204, description = "It is removed."))
)]
pub async fn remove(caller: Caller, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    plugins::remove(&caller.app, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
