//! People: who they are, what access they had, when and why, and exits that are started by name.

use crate::api::caller::Caller;
use crate::api::input::{Json, Path, Query, bounded, reason};
use crate::api::page::{Page, Wanted};
use crate::api::problem::Problem;
use crate::app::App;
use crate::error::Error;
use crate::timeline::{self, HeldAccess};
use crate::{leavers, planner};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use reeve_core::Timestamp;
use reeve_core::id::IdentityId;
use reeve_core::identity::{Identity, LifecycleEvent, Standing};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A person under governance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct IdentityView {
    pub id: String,
    pub name: String,
    /// `pending`, `active` or `left`.
    #[schema(value_type = String)]
    pub standing: Standing,
    /// The source that speaks for the person, and the person's number there.
    pub source: String,
    pub worker_id: String,
    pub email: Option<String>,
    pub title: Option<String>,
    pub department: Option<String>,
    pub location: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Timestamp>,
    /// When access must be gone, if an end is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub exit_at: Option<Timestamp>,
}

impl From<Identity> for IdentityView {
    fn from(person: Identity) -> Self {
        Self {
            id: person.id.to_string(),
            name: person.display_name(),
            standing: person.standing,
            source: person.source.to_string(),
            worker_id: person.worker.id.to_string(),
            email: person.worker.email,
            title: person.worker.title,
            department: person.worker.department,
            location: person.worker.location,
            starts_at: person.starts_at,
            exit_at: person.exit.map(|exit| exit.effective_at),
        }
    }
}

/// The longest e-mail address (RFC 3696, erratum 1690) has 254 characters, and a name may be longer.
const FIND_CHARS_MAX: usize = 320;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IdentityQuery {
    /// An id, a worker number, an e-mail address, or a part of the name.
    #[param(max_length = 320)]
    find: Option<String>,
    /// How many items, at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next-cursor` of the page before. A search has one page.
    #[param(max_length = 4096)]
    cursor: Option<String>,
}

/// People, or those that a text names.
#[utoipa::path(
    get, path = "/v1/identities", tag = "identities", params(IdentityQuery),
    responses((status = 200, description = "A page.", body = Page<IdentityView>))
)]
pub async fn list(caller: Caller, Query(query): Query<IdentityQuery>) -> Result<Page<IdentityView>, Problem> {
    let wanted = Wanted::new("identities", query.limit, query.cursor.as_deref())?;
    let mut tx = caller.app.store.read().await?;
    bounded("find", query.find.as_deref().unwrap_or_default(), FIND_CHARS_MAX)?;
    if let Some(text) = query.find.as_deref().filter(|text| !text.is_empty()) {
        let found = tx.find_identities(text, wanted.limit).await?;
        return Ok(Page { items: found.into_iter().map(IdentityView::from).collect(), next_cursor: None });
    }
    let after = wanted.after.as_deref().map(IdentityId::from);
    let rows = tx.identities_page(after.as_ref(), wanted.ask()).await?;
    Ok(wanted.page(rows, |row| row.id.to_string(), IdentityView::from))
}

async fn find(app: &App, id: &str) -> Result<Identity, Problem> {
    let found = app.store.read().await?.identity(&IdentityId::from(id)).await?;
    found.ok_or_else(|| Problem::not_found(format!("there is no identity {id:?}")))
}

/// One person.
#[utoipa::path(
    get, path = "/v1/identities/{id}", tag = "identities", params(("id" = String, Path, max_length = 128)),
    responses((status = 200, description = "The person.", body = IdentityView))
)]
pub async fn show(caller: Caller, Path(id): Path<String>) -> Result<axum::Json<IdentityView>, Problem> {
    Ok(axum::Json(find(&caller.app, &id).await?.into()))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// Only what was held at this moment: 2026-03-31T18:00:00Z.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// Who had what, when and why.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TimelineView {
    pub identity: IdentityView,
    pub events: Vec<EventView>,
    pub held: Vec<HeldView>,
    pub leaver_cases: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EventView {
    /// `joiner`, `mover`, `leaver`, `rehire`, …
    #[schema(value_type = String)]
    pub kind: reeve_core::identity::EventKind,
    #[schema(value_type = String, format = DateTime)]
    pub effective_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub detected_at: Timestamp,
    pub text: String,
}

/// One span of one piece of access.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HeldView {
    pub system: String,
    pub account: String,
    pub what: String,
    /// The read that first showed it.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// The read that no longer showed it; none while it is held.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    pub why: String,
    pub operation: Option<String>,
    pub approved_by: Option<String>,
}

impl From<HeldAccess> for HeldView {
    fn from(held: HeldAccess) -> Self {
        Self {
            system: held.system.to_string(),
            account: held.account.to_string(),
            what: held.what,
            since: held.since,
            until: held.until,
            why: held.why,
            operation: held.operation.map(|id| id.to_string()),
            approved_by: held.approved_by,
        }
    }
}

impl From<LifecycleEvent> for EventView {
    fn from(event: LifecycleEvent) -> Self {
        Self { kind: event.kind, effective_at: event.effective_at, detected_at: event.detected_at, text: event.text }
    }
}

/// Everything about a person's access, or what was held at one moment.
#[utoipa::path(
    get, path = "/v1/identities/{id}/timeline", tag = "identities",
    params(("id" = String, Path, max_length = 128), TimelineQuery),
    responses((status = 200, description = "The timeline.", body = TimelineView))
)]
pub async fn timeline(
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<TimelineQuery>,
) -> Result<axum::Json<TimelineView>, Problem> {
    let person = find(&caller.app, &id).await?;
    let mut tx = caller.app.store.read().await?;
    let timeline = timeline::of(&mut tx, person, query.at).await?;
    Ok(axum::Json(TimelineView {
        identity: timeline.identity.into(),
        events: timeline.events.into_iter().map(EventView::from).collect(),
        held: timeline.held.into_iter().map(HeldView::from).collect(),
        leaver_cases: timeline.cases.iter().map(|case| case.id.to_string()).collect(),
    }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExitWish {
    /// Why; it goes into the log and the plan.
    #[schema(max_length = 1000, pattern = r"\S")]
    reason: String,
    /// When the exit holds from; now unless told.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// What an exit led to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ExitView {
    pub identity: IdentityView,
    /// The case that was opened; none where the exit lies ahead.
    pub leaver_case: Option<String>,
    /// The plan that ends the access, to be approved; none where no account is known.
    pub plan: Option<String>,
    pub operations: u64,
    /// Why no plan could be made, if so. The case is open all the same.
    pub not_planned: Option<String>,
}

/// Starts an exit by name, ahead of HR. It passes every guardrail, because it names one person.
#[utoipa::path(
    post, path = "/v1/identities/{id}/exit", tag = "identities", request_body = ExitWish,
    params(("id" = String, Path, max_length = 128)),
    responses((status = 201, description = "The exit is on record.", body = ExitView))
)]
pub async fn start_exit(
    caller: Caller,
    Path(id): Path<String>,
    Json(wish): Json<ExitWish>,
) -> Result<Response, Problem> {
    reason("reason", &wish.reason)?;
    let person = find(&caller.app, &id).await?;
    let (person, case) = leavers::start(&caller.app, person.id.as_str(), wish.at, &wish.reason).await?;
    let (mut plan, mut operations, mut not_planned) = (None, 0, None);
    if case.is_some() {
        match planner::plan(&caller.app, Some(&person.id)).await {
            Ok((Some(made), _)) => {
                operations = made.plan.operations.len() as u64;
                plan = Some(made.hash.to_string());
            }
            Ok((None, _)) => {}
            // What was recorded stands; the plan can be made when the cause is mended.
            Err(error @ (Error::Policy(_) | Error::Refused(_) | Error::NotFound(_) | Error::Input(_))) => {
                not_planned = Some(error.to_string());
            }
            Err(_) => not_planned = Some("a fault of Reeve; POST /v1/plans makes the plan".to_owned()),
        }
    }
    let case = case.map(|case| case.id.to_string());
    let view = ExitView { identity: person.into(), leaver_case: case, plan, operations, not_planned };
    Ok((StatusCode::CREATED, axum::Json(view)).into_response())
}

/// Takes back an exit that was started by name. HR's word alone counts from then on.
#[utoipa::path(
    delete, path = "/v1/identities/{id}/exit", tag = "identities", params(("id" = String, Path, max_length = 128)),
    responses((status = 200, description = "The person, as HR says.", body = IdentityView))
)]
pub async fn withdraw_exit(caller: Caller, Path(id): Path<String>) -> Result<axum::Json<IdentityView>, Problem> {
    let person = find(&caller.app, &id).await?;
    Ok(axum::Json(leavers::withdraw(&caller.app, person.id.as_str()).await?.into()))
}
