//! Leaver cases: each stays open until a fresh read of every system shows no access left.

use crate::api::caller::Caller;
use crate::api::input::{Path, Query};
use crate::api::page::{Page, PageQuery};
use crate::api::problem::Problem;
use crate::leavers;
use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use reeve_core::Timestamp;
use reeve_core::id::{CaseId, SystemName};
use reeve_core::leaver::{Case, CaseState, SystemProof};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A leaver case.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CaseView {
    pub id: String,
    pub identity: String,
    pub person: String,
    /// `open`, `closed` or `withdrawn`.
    #[schema(value_type = String)]
    pub state: CaseState,
    /// `terminated`, `contract-end`, `named` or `missing`.
    #[schema(value_type = String)]
    pub cause: reeve_core::identity::ExitCause,
    /// When access had to be gone.
    #[schema(value_type = String, format = DateTime)]
    pub effective_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub told_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub detected_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// What is known of each system: `unread`, `residual` with what is left, or `clean`.
    #[schema(value_type = Object)]
    pub systems: BTreeMap<SystemName, SystemProof>,
}

impl From<Case> for CaseView {
    fn from(case: Case) -> Self {
        Self {
            id: case.id.to_string(),
            identity: case.identity.to_string(),
            person: case.person,
            state: case.state,
            cause: case.cause,
            effective_at: case.effective_at,
            told_at: case.told_at,
            detected_at: case.detected_at,
            ended_at: case.ended_at,
            systems: case.systems,
        }
    }
}

/// Leaver cases, the newest first.
#[utoipa::path(
    get, path = "/v1/leaver-cases", tag = "leaver-cases", params(PageQuery),
    responses((status = 200, description = "A page.", body = Page<CaseView>))
)]
pub async fn list(caller: Caller, Query(page): Query<PageQuery>) -> Result<Page<CaseView>, Problem> {
    let wanted = page.of("leaver-cases")?;
    let after = wanted.after.as_deref().map(CaseId::from);
    let rows = caller.app.store.read().await?.cases(after.as_ref(), wanted.ask()).await?;
    Ok(wanted.page(rows, |case| case.id.to_string(), CaseView::from))
}

async fn find(caller: &Caller, id: &str) -> Result<Case, Problem> {
    let found = caller.app.store.read().await?.case(id).await?;
    // The beginning of an id is a convenience of the command line.
    let found = found.filter(|case| case.id.as_str() == id);
    found.ok_or_else(|| Problem::not_found(format!("there is no leaver case {id:?}")))
}

/// One case.
#[utoipa::path(
    get, path = "/v1/leaver-cases/{id}", tag = "leaver-cases", params(("id" = String, Path, max_length = 128)),
    responses((status = 200, description = "The case.", body = CaseView))
)]
pub async fn show(caller: Caller, Path(id): Path<String>) -> Result<Json<CaseView>, Problem> {
    Ok(Json(find(&caller, &id).await?.into()))
}

/// The certificate of a case, for printing: as it stands now, or as it was closed.
#[utoipa::path(
    get, path = "/v1/leaver-cases/{id}/certificate", tag = "leaver-cases", params(("id" = String, Path, max_length = 128)),
    responses((status = 200, description = "Plain text.", body = String, content_type = "text/plain"))
)]
pub async fn certificate(caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let case = find(&caller, &id).await?;
    let text = leavers::certificate_page(&caller.app, &case).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
