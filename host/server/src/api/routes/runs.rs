//! Runs: how far the operations of approved plans are. A run is named by its plan's hash.

use crate::api::caller::{Api, Caller};
use crate::api::events::{Seen, follow};
use crate::api::input::{Path, Query};
use crate::api::page::{Page, PageQuery};
use crate::api::problem::Problem;
use crate::app::App;
use crate::worker::phases;
use axum::extract::State;
use axum::response::Response;
use reeve_core::Timestamp;
use reeve_core::id::PlanHash;
use reeve_store::{PlanRow, PlanState, Tx};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An approved plan on its way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RunView {
    pub plan: String,
    /// Whether no operation is left to do.
    pub finished: bool,
    pub approved_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub approved_at: Option<Timestamp>,
    pub operations: u64,
    /// Operations that are verified, refused, held, residual or cancelled.
    pub settled: u64,
}

async fn view(tx: &mut Tx, row: PlanRow) -> Result<RunView, Problem> {
    let (operations, settled) = tx.operations_settled(&row.hash).await?;
    Ok(RunView {
        plan: row.hash.to_string(),
        finished: row.state == PlanState::Finished,
        approved_by: row.decided_by,
        approved_at: row.decided_at,
        operations,
        settled,
    })
}

/// Runs, the newest plan first.
#[utoipa::path(
    get, path = "/v1/runs", tag = "runs", params(PageQuery),
    responses((status = 200, description = "A page.", body = Page<RunView>))
)]
pub async fn list(caller: Caller, Query(page): Query<PageQuery>) -> Result<Page<RunView>, Problem> {
    let wanted = page.of("runs")?;
    let mut tx = caller.app.store.read().await?;
    let after = wanted.after.as_deref().map(PlanHash::from);
    let mut views = Vec::new();
    for row in tx.approved_plans(after.as_ref(), wanted.ask()).await? {
        views.push(view(&mut tx, row).await?);
    }
    Ok(wanted.page(views, |run| run.plan.clone(), |run| run))
}

async fn find(app: &App, hash: &str) -> Result<(RunView, PlanHash), Problem> {
    let mut tx = app.store.read().await?;
    let none = || Problem::not_found(format!("no plan {hash:?} was approved"));
    // A beginning of a hash names no run.
    let row = if hash.len() == 64 { tx.plan(hash).await? } else { None };
    let row = row.filter(|row| matches!(row.state, PlanState::Approved | PlanState::Finished)).ok_or_else(none)?;
    let hash = row.hash.clone();
    Ok((view(&mut tx, row).await?, hash))
}

/// One run, with its operations counted by phase.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RunDetail {
    #[serde(flatten)]
    pub run: RunView,
    #[schema(value_type = Object)]
    pub phases: BTreeMap<&'static str, u64>,
}

/// One run.
#[utoipa::path(
    get, path = "/v1/runs/{plan}", tag = "runs", params(("plan" = String, Path, max_length = 64)),
    responses((status = 200, description = "The run.", body = RunDetail))
)]
pub async fn show(caller: Caller, Path(plan): Path<String>) -> Result<axum::Json<RunDetail>, Problem> {
    let (run, hash) = find(&caller.app, &plan).await?;
    let operations = caller.app.store.read().await?.operations_of(&hash).await?;
    Ok(axum::Json(RunDetail { run, phases: phases(&operations) }))
}

/// Follows a run: an event `progress` whenever it changed, then one `ended`. Each holds the run.
#[utoipa::path(
    get, path = "/v1/runs/{plan}/events", tag = "runs", params(("plan" = String, Path, max_length = 64)),
    responses((status = 200, description = "Server-sent events.", body = String, content_type = "text/event-stream"))
)]
pub async fn events(State(api): State<Api>, caller: Caller, Path(plan): Path<String>) -> Result<Response, Problem> {
    let look = move || {
        let (app, plan) = (caller.app.clone(), plan.clone());
        async move {
            let (run, _) = find(&app, &plan).await?;
            Ok(Seen { ended: run.finished, state: serde_json::to_value(run)? })
        }
    };
    let first = look().await?;
    follow(&api, first, look)
}
