//! Provisioning plans: made, shown, and decided by their hash.

use crate::api::caller::{Api, Caller};
use crate::api::input::{Json, Path, Query, REASON_CHARS_MAX, at_most, bounded, reason};
use crate::api::page::{Page, PageQuery};
use crate::api::problem::Problem;
use crate::app::App;
use crate::planner;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use reeve_core::Timestamp;
use reeve_core::id::{IdentityId, PlanHash};
use reeve_core::plan::ProvisioningPlan;
use reeve_store::{PlanRow, PlanState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A plan in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PlanSummary {
    /// The SHA-256 of the plan's bytes: its name, and what an approval is of.
    pub hash: String,
    /// `proposed`, `approved`, `refused`, `superseded` or `finished`.
    #[schema(value_type = String)]
    pub state: PlanState,
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    pub decided_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub decided_at: Option<Timestamp>,
    pub reason: Option<String>,
    /// The guardrails that were accepted, by name.
    pub accepted: Vec<String>,
}

impl From<PlanRow> for PlanSummary {
    fn from(row: PlanRow) -> Self {
        Self {
            hash: row.hash.to_string(),
            state: row.state,
            made_at: row.made_at,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            reason: row.reason,
            accepted: row.accepted,
        }
    }
}

/// A plan with everything that it does.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PlanView {
    #[serde(flatten)]
    pub summary: PlanSummary,
    /// The plan itself: what it was made from, each operation with its cause, and the guardrails that it trips.
    #[schema(value_type = Object)]
    pub plan: ProvisioningPlan,
}

/// Plans, the newest first.
#[utoipa::path(
    get, path = "/v1/plans", tag = "plans", params(PageQuery),
    responses((status = 200, description = "A page.", body = Page<PlanSummary>))
)]
pub async fn list(caller: Caller, Query(page): Query<PageQuery>) -> Result<Page<PlanSummary>, Problem> {
    let wanted = page.of("plans")?;
    let after = wanted.after.as_deref().map(PlanHash::from);
    let rows = caller.app.store.read().await?.plans(after.as_ref(), wanted.ask()).await?;
    Ok(wanted.page(rows, |row| row.hash.to_string(), PlanSummary::from))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PlanWish {
    /// For one person only.
    #[serde(default)]
    #[schema(max_length = 128)]
    identity: Option<String>,
}

/// What planning came to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Planned {
    /// None where nothing has to change.
    pub hash: Option<String>,
    pub operations: u64,
    /// Guardrails that it trips: each must be accepted by name.
    pub guardrails: Vec<String>,
    pub new_findings: u64,
    /// Systems that were never read, and so are not planned for.
    pub never_read: Vec<String>,
}

/// Makes a plan from what was read last. It changes nothing until somebody approves it.
#[utoipa::path(
    post, path = "/v1/plans", tag = "plans", request_body = PlanWish,
    responses(
        (status = 200, description = "Nothing has to change.", body = Planned),
        (status = 201, description = "A plan.", body = Planned, headers(("Location" = String))),
    )
)]
pub async fn make(caller: Caller, Json(wish): Json<PlanWish>) -> Result<Response, Problem> {
    let only = wish.identity.map(|id| IdentityId::from(id.as_str()));
    if let Some(id) = &only
        && caller.app.store.read().await?.identity(id).await?.is_none()
    {
        return Err(Problem::not_found(format!("there is no identity {id}")));
    }
    let (made, unread) = planner::plan(&caller.app, only.as_ref()).await?;
    let never_read = unread.iter().map(ToString::to_string).collect();
    let Some(made) = made else {
        let nothing = Planned { hash: None, operations: 0, guardrails: Vec::new(), new_findings: 0, never_read };
        return Ok(axum::Json(nothing).into_response());
    };
    let at = format!("/v1/plans/{}", made.hash);
    let planned = Planned {
        hash: Some(made.hash.to_string()),
        operations: made.plan.operations.len() as u64,
        guardrails: made.plan.guardrails.into_iter().map(|trip| format!("{}: {}", trip.name, trip.text)).collect(),
        new_findings: made.findings as u64,
        never_read,
    };
    Ok((StatusCode::CREATED, [(header::LOCATION, at)], axum::Json(planned)).into_response())
}

/// A plan's whole hash: a decision is never about a plan that only begins alike.
fn hash(text: &str) -> Result<&str, Problem> {
    let whole = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if whole { Ok(text) } else { Err(Problem::bad("a plan's hash has 64 digits of 0-9 and a-f")) }
}

async fn find(app: &App, text: &str) -> Result<PlanView, Problem> {
    let (row, plan) = planner::find(&mut app.store.read().await?, hash(text)?).await?;
    Ok(PlanView { summary: row.into(), plan })
}

/// One plan.
#[utoipa::path(
    get, path = "/v1/plans/{hash}", tag = "plans",
    params(("hash" = String, Path, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")),
    responses((status = 200, description = "The plan.", body = PlanView))
)]
pub async fn show(caller: Caller, Path(text): Path<String>) -> Result<axum::Json<PlanView>, Problem> {
    Ok(axum::Json(find(&caller.app, &text).await?))
}

/// Guardrails that one approval names.
const GUARDRAILS_MAX: usize = 100;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Approval {
    /// Guardrails that it trips and that are accepted, by name.
    #[serde(default)]
    #[schema(max_items = 100)]
    accept: Vec<String>,
    /// Why; needed where a guardrail is accepted.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// Approves exactly the plan with this hash. The worker then does what it lists, and nothing else.
#[utoipa::path(
    post, path = "/v1/plans/{hash}/approval", tag = "plans", request_body = Approval,
    params(("hash" = String, Path, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")),
    responses((status = 202, description = "It is approved, and will be carried out.", body = PlanSummary, headers(("Location" = String))))
)]
pub async fn approve(
    State(api): State<Api>,
    caller: Caller,
    Path(text): Path<String>,
    Json(approval): Json<Approval>,
) -> Result<Response, Problem> {
    let app = &caller.app;
    at_most("accept", &approval.accept, GUARDRAILS_MAX)?;
    bounded("reason", approval.reason.as_deref().unwrap_or_default(), REASON_CHARS_MAX)?;
    let (hash, _) = planner::approve(app, hash(&text)?, &approval.accept, approval.reason.as_deref()).await?;
    api.work.notify_one();
    let at = format!("/v1/runs/{hash}");
    let summary = find(app, hash.as_str()).await?.summary;
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, at)], axum::Json(summary)).into_response())
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Refusal {
    /// Why; it goes into the log.
    #[schema(max_length = 1000, pattern = r"\S")]
    reason: String,
}

/// Says no to a plan.
#[utoipa::path(
    post, path = "/v1/plans/{hash}/refusal", tag = "plans", request_body = Refusal,
    params(("hash" = String, Path, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")),
    responses((status = 200, description = "It is refused.", body = PlanSummary))
)]
pub async fn refuse(
    caller: Caller,
    Path(text): Path<String>,
    Json(refusal): Json<Refusal>,
) -> Result<axum::Json<PlanSummary>, Problem> {
    reason("reason", &refusal.reason)?;
    let hash = planner::refuse(&caller.app, hash(&text)?, &refusal.reason).await?;
    Ok(axum::Json(find(&caller.app, hash.as_str()).await?.summary))
}
