//! Operations: what one does, where it stands, and what was said on the wire for it.

use crate::api::caller::{Api, Caller};
use crate::api::input::{Path, Query, bounded};
use crate::api::page::{Page, Wanted};
use crate::api::problem::Problem;
use crate::timeline::cause;
use crate::worker::release;
use axum::extract::State;
use reeve_core::Timestamp;
use reeve_core::access::OperationKind;
use reeve_core::id::{IdentityId, OperationId, PlanHash};
use reeve_core::plan::Lane;
use reeve_core::run::{Operation, Phase};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// An operation of an approved plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct OperationView {
    pub id: String,
    pub plan: String,
    /// `waiting`, `intended`, `unknown`, `done`, `verified`, `residual`, `refused`, `held` or `cancelled`.
    #[schema(value_type = String)]
    pub phase: Phase,
    pub system: String,
    /// `create`, `grant`, `disable`, …
    #[schema(value_type = String)]
    pub kind: OperationKind,
    /// `leaver` or `standard`.
    #[schema(value_type = String)]
    pub lane: Lane,
    pub identity: String,
    pub person: String,
    pub what: String,
    pub account: Option<String>,
    /// Why it is done, in words.
    pub cause: String,
    /// How the target does it, in the connector's words.
    pub mechanism: String,
    /// How often it was sent.
    pub attempts: u32,
    /// What stands in its way.
    pub trouble: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub not_before: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sent_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub settled_at: Option<Timestamp>,
    /// What the target claimed last.
    #[schema(value_type = Option<Object>)]
    pub outcome: Option<reeve_core::run::Outcome>,
}

impl From<Operation> for OperationView {
    fn from(operation: Operation) -> Self {
        let planned = operation.planned;
        Self {
            id: operation.id.to_string(),
            plan: operation.plan.to_string(),
            phase: operation.phase,
            system: planned.system.to_string(),
            kind: planned.action.kind(),
            lane: planned.lane,
            identity: planned.identity.to_string(),
            person: planned.person,
            what: planned.what,
            account: operation.account.map(|id| id.to_string()),
            cause: cause(&planned.cause),
            mechanism: planned.mechanism,
            attempts: operation.sends,
            trouble: operation.trouble,
            not_before: operation.not_before,
            sent_at: operation.sent_at,
            settled_at: operation.settled_at,
            outcome: operation.outcome,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OperationQuery {
    /// Of one plan only, by its hash.
    #[param(max_length = 64)]
    plan: Option<String>,
    /// Of one person only.
    #[param(max_length = 128)]
    identity: Option<String>,
    /// Only those that are not settled.
    #[serde(default)]
    underway: bool,
    /// How many items, at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next-cursor` of the page before.
    #[param(max_length = 4096)]
    cursor: Option<String>,
}

/// Operations.
#[utoipa::path(
    get, path = "/v1/operations", tag = "runs", params(OperationQuery),
    responses((status = 200, description = "A page.", body = Page<OperationView>))
)]
pub async fn list(caller: Caller, Query(query): Query<OperationQuery>) -> Result<Page<OperationView>, Problem> {
    let wanted = Wanted::new("operations", query.limit, query.cursor.as_deref())?;
    bounded("plan", query.plan.as_deref().unwrap_or_default(), 64)?;
    bounded("identity", query.identity.as_deref().unwrap_or_default(), 128)?;
    let plan = query.plan.as_deref().map(PlanHash::from);
    let identity = query.identity.as_deref().map(IdentityId::from);
    let after = wanted.after.as_deref().map(OperationId::from);
    let mut tx = caller.app.store.read().await?;
    let rows =
        tx.operations_page(plan.as_ref(), identity.as_ref(), query.underway, after.as_ref(), wanted.ask()).await?;
    Ok(wanted.page(rows, |row| row.id.to_string(), OperationView::from))
}

async fn find(caller: &Caller, id: &str) -> Result<Operation, Problem> {
    let found = caller.app.store.read().await?.operation(&OperationId::from(id)).await?;
    found.ok_or_else(|| Problem::not_found(format!("there is no operation {id:?}")))
}

/// One operation.
#[utoipa::path(
    get, path = "/v1/operations/{id}", tag = "runs", params(("id" = String, Path, max_length = 128)),
    responses((status = 200, description = "The operation.", body = OperationView))
)]
pub async fn show(caller: Caller, Path(id): Path<String>) -> Result<axum::Json<OperationView>, Problem> {
    Ok(axum::Json(find(&caller, &id).await?.into()))
}

/// What was said on the wire during one attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct JournalView {
    pub attempt: u32,
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// The plugin that ran.
    pub plugin_digest: String,
    /// Every call of the plugin in order, with its answer, without secrets.
    #[schema(value_type = Object)]
    pub journal: Value,
}

/// What was said on the wire for an operation, the latest record of each attempt.
#[utoipa::path(
    get, path = "/v1/operations/{id}/journal", tag = "runs", params(("id" = String, Path, max_length = 128)),
    responses((status = 200, description = "All attempts.", body = Page<JournalView>))
)]
pub async fn journal(caller: Caller, Path(id): Path<String>) -> Result<Page<JournalView>, Problem> {
    let operation = find(&caller, &id).await?;
    let mut tx = caller.app.store.read().await?;
    let mut items: Vec<JournalView> = Vec::new();
    for (attempt, recorded_at) in tx.attempts(&operation.id).await? {
        let Some((plugin_digest, bytes)) = tx.journal(&operation.id, attempt).await? else { continue };
        items.retain(|earlier| earlier.attempt != attempt);
        items.push(JournalView { attempt, recorded_at, plugin_digest, journal: serde_json::from_slice(&bytes)? });
    }
    Ok(Page { items, next_cursor: None })
}

/// Lets an operation that is stuck go on. What may have happened is read first.
#[utoipa::path(
    post, path = "/v1/operations/{id}/release", tag = "runs", params(("id" = String, Path, max_length = 128)),
    responses((status = 200, description = "It may go on.", body = OperationView))
)]
pub async fn release_one(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<OperationView>, Problem> {
    find(&caller, &id).await?;
    release(&caller.app, &OperationId::from(id.as_str())).await?;
    api.work.notify_one();
    Ok(axum::Json(find(&caller, &id).await?.into()))
}
