//! Findings: what a person must look at.

use crate::api::caller::Caller;
use crate::api::input::Query;
use crate::api::page::{Page, Wanted};
use crate::api::problem::Problem;
use reeve_core::Timestamp;
use reeve_core::id::FindingId;
use reeve_store::FindingRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    pub id: String,
    /// A stable word for what is wrong: `unmatched-account`, `residual`, …
    #[schema(value_type = String)]
    pub kind: reeve_core::finding::FindingKind,
    /// What it is about: an account, a worker, an operation.
    pub subject: String,
    pub system: Option<String>,
    pub identity: Option<String>,
    /// What happened, to what, and what to do next.
    pub text: String,
    #[schema(value_type = String, format = DateTime)]
    pub raised_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resolved_at: Option<Timestamp>,
    pub resolution: Option<String>,
}

impl From<FindingRow> for Finding {
    fn from(row: FindingRow) -> Self {
        Self {
            id: row.id.to_string(),
            kind: row.finding.kind,
            subject: row.finding.subject,
            system: row.finding.system.map(|name| name.to_string()),
            identity: row.finding.identity.map(|id| id.to_string()),
            text: row.finding.text,
            raised_at: row.raised_at,
            resolved_at: row.resolved_at,
            resolution: row.resolution,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FindingQuery {
    /// Resolved ones too.
    #[serde(default)]
    all: bool,
    /// How many items, at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next-cursor` of the page before.
    #[param(max_length = 4096)]
    cursor: Option<String>,
}

/// Findings, in the order of raising.
#[utoipa::path(
    get, path = "/v1/findings", tag = "findings", params(FindingQuery),
    responses((status = 200, description = "A page.", body = Page<Finding>))
)]
pub async fn list(caller: Caller, Query(query): Query<FindingQuery>) -> Result<Page<Finding>, Problem> {
    let wanted = Wanted::new("findings", query.limit, query.cursor.as_deref())?;
    let after = wanted.after.as_deref().map(FindingId::from);
    let rows = caller.app.store.read().await?.findings(!query.all, after.as_ref(), wanted.ask()).await?;
    Ok(wanted.page(rows, |row| row.id.to_string(), Finding::from))
}
