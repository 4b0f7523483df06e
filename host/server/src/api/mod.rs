//! The interface under `/v1`, described by `/v1/openapi.json` from the handlers themselves.
//!
//! # Layout
//!
//! `routes/` has one file per kind of thing; each route is guarded by a rule (`caller`) or listed as open. Around them:
//! what comes in (`input`), pages (`page`), versions (`version`), requests that are done once (`idempotency`), progress
//! (`events`), problems (`problem`), limits (`limit`), and what is seen from outside (`observe`, `metrics`). Messages of HR
//! systems come in through `hooks`.

mod caller;
mod describe;
mod events;
mod hooks;
mod idempotency;
mod input;
mod limit;
mod metrics;
mod observe;
mod page;
mod problem;
mod routes;
mod version;

use crate::app::App;
use crate::error::Result;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use caller::Api;
use metrics::Metrics;
use problem::{Kind, Problem};
use reeve_core::Timestamp;
use serde::Serialize;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Notify, Semaphore, watch};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// The description, made once from the routes.
static DESCRIPTION: OnceLock<String> = OnceLock::new();

/// The whole interface. `work` is told when there may be something for the worker.
pub fn router(app: &App, stopped: watch::Receiver<bool>, work: Arc<Notify>) -> Result<Router> {
    let metrics = Arc::new(Metrics::default());
    let api = Api {
        app: app.clone(),
        limits: Arc::default(),
        metrics: metrics.clone(),
        streams: Arc::new(Semaphore::new(events::STREAMS_MAX)),
        stopped,
        work,
    };
    let all = OpenApiRouter::with_openapi(describe::document())
        .merge(routes::open_routes())
        .merge(routes::guarded_routes(&api));
    let (router, mut document) = all.split_for_parts();
    describe::name_operations(&mut document);
    let text = serde_json::to_string(&document)?;
    DESCRIPTION.get_or_init(|| text);
    Ok(router
        .method_not_allowed_fallback(no_method)
        .fallback(no_route)
        .layer(from_fn_with_state(api.clone(), limit::by_address))
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(from_fn_with_state(metrics, observe::observe))
        .with_state(api))
}

async fn no_route() -> Problem {
    Problem::not_found("there is no such path; /v1/openapi.json lists them all")
}

async fn no_method(method: Method) -> Problem {
    Problem::new(Kind::MethodNotAllowed, format!("this path does not know {method}"))
}

/// The description of the interface.
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "about",
    responses((status = 200, description = "An OpenAPI document.", body = Object))
)]
async fn openapi() -> Response {
    let text = DESCRIPTION.get().cloned().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// How Reeve is, in a word.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct Health {
    status: &'static str,
}

/// Whether the database answers and the log is sound. No detail: anybody may ask.
#[utoipa::path(
    get, path = "/healthz", tag = "about",
    responses(
        (status = 200, description = "All is well.", body = Health),
        (status = 503, description = "Something is not.", body = Health),
    )
)]
async fn healthz(State(api): State<Api>) -> (StatusCode, Json<Health>) {
    let answers = match api.app.store.read().await {
        Ok(mut tx) => tx.log_size().await.is_ok(),
        Err(_) => false,
    };
    let (code, status) = match (answers, api.app.damage().is_none()) {
        (true, true) => (StatusCode::OK, "ok"),
        (true, false) => (StatusCode::SERVICE_UNAVAILABLE, "log damaged, read-only"),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "database does not answer"),
    };
    (code, Json(Health { status }))
}

/// Forgets answers and messages that nobody will ask about again, and notes sync runs that were cut off.
pub async fn tidy(app: &App) -> Result<()> {
    crate::sync_runs::sweep(app).await?;
    let now = app.now();
    let messages_before = now.checked_sub(hooks::REMEMBERED).unwrap_or(Timestamp::MIN);
    let mut tx = app.write().await?;
    tx.forget_requests_before(idempotency::horizon(now)).await?;
    tx.forget_deliveries_before(messages_before).await?;
    tx.commit().await?;
    Ok(())
}
