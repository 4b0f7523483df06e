//! The second port of a stand-in, for tests and demos: it sets rules and shows what happened.

use crate::misbehaviour::{RuleInForce, rules_from_json};
use crate::stand_in::Shared;
use crate::{Entry, SimError};
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use std::sync::Arc;

pub(crate) fn app(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/rules", get(list_rules).post(add_rules).delete(clear_rules))
        .route("/ledger", get(show_ledger))
        .with_state(shared)
}

async fn list_rules(State(shared): State<Arc<Shared>>) -> Json<Vec<RuleInForce>> {
    Json(shared.rules.all())
}

/// One rule or a list of them. They come after those that are in force; answers all of them.
async fn add_rules(
    State(shared): State<Arc<Shared>>,
    body: Bytes,
) -> Result<(StatusCode, Json<Vec<RuleInForce>>), (StatusCode, String)> {
    let refuse = |fault| (StatusCode::BAD_REQUEST, format!("{}\n", SimError::Rules(fault)));
    shared.rules.add(rules_from_json(&body).map_err(refuse)?);
    Ok((StatusCode::CREATED, Json(shared.rules.all())))
}

async fn clear_rules(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.rules.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Since {
    /// The last entry that the reader has seen.
    #[serde(default)]
    since: u64,
}

async fn show_ledger(State(shared): State<Arc<Shared>>, Query(Since { since }): Query<Since>) -> Json<Vec<Entry>> {
    let entries = shared.ledger.entries();
    Json(entries.into_iter().filter(|entry| entry.seq > since).collect())
}
