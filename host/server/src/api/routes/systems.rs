//! Systems under governance and how they are reached.

use crate::api::caller::Caller;
use crate::api::input::{Json, Path, Query, reason};
use crate::api::page::{Page, PageQuery};
use crate::api::problem::{Kind, Problem};
use crate::api::version;
use crate::app::App;
use crate::error::Error;
use crate::{secrets, systems};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use reeve_core::Timestamp;
use reeve_core::id::SystemName;
use reeve_core::inventory::{Connection, System, SystemRole};
use reeve_store::Snapshot;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Component, PathBuf};
use utoipa::{IntoParams, ToSchema};

/// The folder inside Reeve's own that files named through the interface lie in.
const FILES: &str = "files";

/// A system.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SystemView {
    pub name: String,
    #[schema(value_type = String)]
    pub role: SystemRole,
    pub plugin: String,
    /// The whole system file, as JSON. It holds addresses and names of secrets, never a secret.
    #[schema(value_type = Object)]
    pub definition: System,
    /// Secrets that a connection needs and that are not set.
    pub secrets_missing: Vec<String>,
    /// When it was last read whole.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_whole_read_at: Option<Timestamp>,
    /// What its connector said that it can do, at the last read.
    #[schema(value_type = Option<Object>)]
    pub description: Option<Value>,
}

async fn view(app: &App, system: System) -> Result<SystemView, Problem> {
    let secrets_missing = secrets::missing(app, &system).await?;
    let mut tx = app.store.read().await?;
    let whole = tx.last_snapshot(&system.name, true).await?;
    let last = tx.last_snapshot(&system.name, false).await?;
    Ok(SystemView {
        name: system.name.to_string(),
        role: system.role,
        plugin: system.plugin.clone(),
        definition: system,
        secrets_missing,
        last_whole_read_at: whole.map(|snapshot| snapshot.read_at),
        description: last.map(|snapshot| serde_json::to_value(snapshot.description)).transpose()?,
    })
}

/// Systems under governance.
#[utoipa::path(
    get, path = "/v1/systems", tag = "systems", params(PageQuery),
    responses((status = 200, description = "A page.", body = Page<SystemView>))
)]
pub async fn list(caller: Caller, Query(page): Query<PageQuery>) -> Result<Page<SystemView>, Problem> {
    let wanted = page.of("systems")?;
    let after = wanted.after.clone().unwrap_or_default();
    let mut all = caller.app.store.read().await?.systems().await?;
    all.retain(|system| system.name.as_str() > after.as_str());
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.truncate(wanted.ask() as usize);
    let mut views = Vec::new();
    for system in all {
        views.push(view(&caller.app, system).await?);
    }
    Ok(wanted.page(views, |view| view.name.clone(), |view| view))
}

/// One system. Its `ETag` is the version that a change must name.
#[utoipa::path(
    get, path = "/v1/systems/{name}", tag = "systems", params(("name" = String, Path, max_length = 64)),
    responses((status = 200, description = "The system.", body = SystemView, headers(("ETag" = String))))
)]
pub async fn show(caller: Caller, Path(name): Path<String>) -> Result<Response, Problem> {
    let system = systems::find(&caller.app, &name).await?;
    answer(&caller.app, StatusCode::OK, system).await
}

async fn answer(app: &App, status: StatusCode, system: System) -> Result<Response, Problem> {
    let tag = version::tag(&system)?;
    Ok((status, [(header::ETAG, tag)], axum::Json(view(app, system).await?)).into_response())
}

/// A system file as JSON.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct Definition(Value);

/// Adds a system with `If-None-Match: *`, or changes the version that `If-Match` names.
///
/// The body is the system file as JSON. Files that it names lie in the folder `files` of Reeve's own folder; others can be
/// named at the command line only.
#[utoipa::path(
    put, path = "/v1/systems/{name}", tag = "systems", request_body = Definition,
    params(
        ("name" = String, Path, max_length = 64),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
        ("If-None-Match" = Option<String>, Header, description = "`*` to add a system."),
    ),
    responses(
        (status = 200, description = "It is changed.", body = SystemView, headers(("ETag" = String))),
        (status = 201, description = "It is added.", body = SystemView, headers(("ETag" = String))),
    )
)]
pub async fn put(
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    Json(Definition(body)): Json<Definition>,
) -> Result<Response, Problem> {
    let app = &caller.app;
    systems::check_name(&name).map_err(Problem::bad)?;
    let mut system: System =
        serde_json::from_value(body).map_err(|error| Problem::bad(format!("this is no system file: {error}")))?;
    if system.name.as_str() != name {
        return Err(Problem::bad(format!(
            "the body names the system {:?}, and the path {name:?}",
            system.name.as_str()
        )));
    }
    confine(app, &mut system)?;
    let before = app.store.read().await?.system(&system.name).await?;
    version::check(&headers, before.as_ref(), &format!("the system {name}"))?;
    let unchanged_since = |present: Option<&System>| present == before.as_ref();
    let new = systems::add_if(app, &system, unchanged_since).await?;
    answer(app, if new { StatusCode::CREATED } else { StatusCode::OK }, system).await
}

/// Files that a system names through the interface lie in one folder: a token is no way to read the machine's disk.
fn confine(app: &App, system: &mut System) -> Result<(), Problem> {
    let folder = &app.home.folder;
    let root = std::fs::canonicalize(folder).map_err(Error::io(folder))?.join(FILES);
    let inside = |path: &PathBuf, what: &str| {
        // What was read is taken back as it was.
        let path = path.strip_prefix(&root).unwrap_or(path);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        match plain && !path.as_os_str().is_empty() {
            true => Ok(root.join(path)),
            false => Err(Problem::bad(format!(
                "{what} must be a path inside the folder {FILES:?} of Reeve's own folder, such as \"hr\"; others can be named \
                 with `reeve system add` only"
            ))),
        }
    };
    for (name, connection) in &mut system.connections {
        match connection {
            Connection::Files(files) => {
                files.folder = inside(&files.folder, &format!("the folder of connection {name:?}"))?;
            }
            Connection::Http(http) => {
                http.tls_roots = http.tls_roots.as_ref().map(|path| inside(path, "`tls-roots`")).transpose()?;
            }
            Connection::Ldap(ldap) => {
                ldap.tls_roots = ldap.tls_roots.as_ref().map(|path| inside(path, "`tls-roots`")).transpose()?;
            }
        }
    }
    Ok(())
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemoveQuery {
    /// Why; it goes into the log.
    #[param(max_length = 1000, pattern = r"\S")]
    reason: String,
    /// Also where leaver cases wait for it: they are then not proved there.
    #[serde(default)]
    give_up_proof: bool,
}

/// Takes a system out of governance. What was recorded of it stays.
#[utoipa::path(
    delete, path = "/v1/systems/{name}", tag = "systems", params(("name" = String, Path, max_length = 64), RemoveQuery),
    responses((status = 204, description = "It is out."))
)]
pub async fn remove(
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<RemoveQuery>,
) -> Result<StatusCode, Problem> {
    reason("reason", &query.reason)?;
    systems::find(&caller.app, &name).await?;
    systems::remove(&caller.app, &SystemName::new(&name), &query.reason, query.give_up_proof).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One thing that a check tried.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ProbeView {
    pub name: String,
    pub passed: bool,
    pub detail: String,
}

/// Tries the credentials and the rights of a system. Changes nothing there.
#[utoipa::path(
    post, path = "/v1/systems/{name}/check", tag = "systems", params(("name" = String, Path, max_length = 64)),
    responses((status = 200, description = "What was tried.", body = Page<ProbeView>))
)]
pub async fn check(caller: Caller, Path(name): Path<String>) -> Result<Page<ProbeView>, Problem> {
    let app = &caller.app;
    let connector = app.connector(&systems::find(app, &name).await?).await?;
    let probes = connector
        .check()
        .await
        .map_err(|failure| Problem::new(Kind::Left, format!("{name} can't be checked: {failure}")))?;
    let shown =
        |probe: reeve_runtime::Probe| ProbeView { name: probe.name, passed: probe.passed, detail: probe.detail };
    Ok(Page { items: probes.into_iter().map(shown).collect(), next_cursor: None })
}

/// One read of a system.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SnapshotView {
    pub id: String,
    #[schema(value_type = String, format = DateTime)]
    pub read_at: Timestamp,
    /// Whether absence may be inferred from it, and if not, why.
    pub whole: bool,
    pub doubt: Option<String>,
    pub accounts: u64,
    pub entitlements: u64,
    pub grants: u64,
}

impl From<Snapshot> for SnapshotView {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            id: snapshot.id.to_string(),
            read_at: snapshot.read_at,
            whole: snapshot.whole,
            doubt: snapshot.doubt,
            accounts: snapshot.accounts,
            entitlements: snapshot.entitlements,
            grants: snapshot.grants,
        }
    }
}

/// Reads of a system, the newest first.
#[utoipa::path(
    get, path = "/v1/systems/{name}/snapshots", tag = "systems",
    params(("name" = String, Path, max_length = 64), PageQuery),
    responses((status = 200, description = "A page.", body = Page<SnapshotView>))
)]
pub async fn snapshots(
    caller: Caller,
    Path(name): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Page<SnapshotView>, Problem> {
    let wanted = page.of("snapshots")?;
    systems::find(&caller.app, &name).await?;
    let after = wanted.after.as_deref().map(reeve_core::id::SnapshotId::from);
    let rows = caller.app.store.read().await?.snapshots(&SystemName::new(&name), after.as_ref(), wanted.ask()).await?;
    Ok(wanted.page(rows, |row| row.id.to_string(), SnapshotView::from))
}
