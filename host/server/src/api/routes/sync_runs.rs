//! Reads of systems: asked for, followed, and looked up later.

use crate::api::caller::{Api, Caller};
use crate::api::events::{Seen, follow};
use crate::api::input::{Json, Path, Query, at_most, reason};
use crate::api::page::{Page, PageQuery};
use crate::api::problem::Problem;
use crate::app::App;
use crate::sync::LossAccepted;
use crate::sync_runs::{self, Wish};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use reeve_core::Timestamp;
use reeve_store::{SyncRun, SyncRunState};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A read of systems that somebody asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SyncRunView {
    pub id: String,
    /// `running`, `done`, `failed` or `interrupted`.
    #[schema(value_type = String)]
    pub state: SyncRunState,
    /// What was asked for; empty for all systems.
    pub systems: Vec<String>,
    pub requested_by: String,
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// What is being read now.
    pub progress: Option<String>,
    /// What was read, one part per system.
    #[schema(value_type = Vec<Object>)]
    pub read: Vec<Value>,
    /// What failed, one sentence each.
    pub failed: Vec<String>,
}

impl From<SyncRun> for SyncRunView {
    fn from(run: SyncRun) -> Self {
        Self {
            id: run.id,
            state: run.state,
            systems: run.systems,
            requested_by: run.requested_by,
            requested_at: run.requested_at,
            finished_at: run.finished_at,
            progress: run.progress,
            read: run.read,
            failed: run.failed,
        }
    }
}

/// Systems that one wish names.
const SYSTEMS_MAX: usize = 1000;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SyncWish {
    /// Only these systems; none for all.
    #[serde(default)]
    #[schema(max_items = 1000)]
    systems: Vec<String>,
    /// Only those that some open leaver case waits for.
    #[serde(default)]
    open_cases: bool,
    /// Takes a feed or a read that lost much for true, this once, for this reason.
    #[serde(default)]
    #[schema(max_length = 1000, pattern = r"\S")]
    accept_loss_because: Option<String>,
}

/// Begins to read systems. Changes nothing at any of them.
#[utoipa::path(
    post, path = "/v1/sync-runs", tag = "sync-runs", request_body = SyncWish,
    responses((status = 202, description = "It has begun.", body = SyncRunView, headers(("Location" = String))))
)]
pub async fn start(caller: Caller, Json(wish): Json<SyncWish>) -> Result<Response, Problem> {
    at_most("systems", &wish.systems, SYSTEMS_MAX)?;
    wish.accept_loss_because.iter().try_for_each(|text| reason("accept-loss-because", text))?;
    let accepted = wish.accept_loss_because.map(|reason| LossAccepted { reason });
    let wish = Wish { systems: wish.systems, open_cases: wish.open_cases, accepted };
    let run = sync_runs::start(&caller.app, wish).await?;
    let at = format!("/v1/sync-runs/{}", run.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, at)], axum::Json(SyncRunView::from(run))).into_response())
}

/// Sync runs, the newest first.
#[utoipa::path(
    get, path = "/v1/sync-runs", tag = "sync-runs", params(PageQuery),
    responses((status = 200, description = "A page.", body = Page<SyncRunView>))
)]
pub async fn list(caller: Caller, Query(page): Query<PageQuery>) -> Result<Page<SyncRunView>, Problem> {
    let wanted = page.of("sync-runs")?;
    let rows = caller.app.store.read().await?.sync_runs(wanted.after.as_deref(), wanted.ask()).await?;
    Ok(wanted.page(rows, |run| run.id.clone(), SyncRunView::from))
}

async fn find(app: &App, id: &str) -> Result<SyncRunView, Problem> {
    let run = app.store.read().await?.sync_run(id).await?;
    run.map(SyncRunView::from).ok_or_else(|| Problem::not_found(format!("there is no sync run {id:?}")))
}

/// One sync run.
#[utoipa::path(
    get, path = "/v1/sync-runs/{id}", tag = "sync-runs", params(("id" = String, Path, max_length = 128)),
    responses((status = 200, description = "The run.", body = SyncRunView))
)]
pub async fn show(caller: Caller, Path(id): Path<String>) -> Result<axum::Json<SyncRunView>, Problem> {
    Ok(axum::Json(find(&caller.app, &id).await?))
}

/// Follows a sync run: an event `progress` whenever it changed, then one `ended`. Each holds the run.
#[utoipa::path(
    get, path = "/v1/sync-runs/{id}/events", tag = "sync-runs", params(("id" = String, Path, max_length = 128)),
    responses((status = 200, description = "Server-sent events.", body = String, content_type = "text/event-stream"))
)]
pub async fn events(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let look = move || {
        let (app, id) = (caller.app.clone(), id.clone());
        async move {
            let run = find(&app, &id).await?;
            Ok(Seen { ended: run.state != SyncRunState::Running, state: serde_json::to_value(run)? })
        }
    };
    let first = look().await?;
    follow(&api, first, look)
}
