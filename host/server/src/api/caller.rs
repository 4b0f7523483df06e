//! Who calls, and whether that is enough. Every route is either guarded by a [`Rule`] here or listed as open; there is no
//! third kind.

use super::describe;
use super::idempotency;
use super::input::JSON_BYTES_MAX;
use super::limit::Limits;
use super::metrics::Metrics;
use super::problem::{Kind, Problem};
use crate::app::App;
use crate::tokens::{self, Area, Role, Scope};
use axum::extract::{DefaultBodyLimit, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use reeve_core::audit::{Actor, Event, Subject};
use reeve_store::TokenRow;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore, watch};
use utoipa::openapi::security::SecurityRequirement;
use utoipa_axum::router::UtoipaMethodRouter;

/// The name of the security scheme in the OpenAPI document.
pub const SCHEME: &str = "token";

/// What all handlers share.
#[derive(Clone)]
pub struct Api {
    pub app: App,
    pub limits: Arc<Limits>,
    pub metrics: Arc<Metrics>,
    /// Places for streams of events.
    pub streams: Arc<Semaphore>,
    /// Whether the server was told to end.
    pub stopped: watch::Receiver<bool>,
    /// Told when there may be new work for the worker.
    pub work: Arc<Notify>,
}

/// What a route asks of whoever calls it.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub scope: Scope,
    roles: &'static [Role],
    any_scope: bool,
    body_bytes_max: usize,
}

impl Rule {
    const fn new(area: Area, write: bool, roles: &'static [Role]) -> Self {
        Self { scope: Scope { area, write }, roles, any_scope: false, body_bytes_max: JSON_BYTES_MAX }
    }

    /// Whatever its scopes: a caller may always learn who it is.
    pub const fn for_anyone(self) -> Self {
        Self { any_scope: true, ..self }
    }

    /// The same for a route that takes larger bodies.
    pub const fn with_body(self, bytes_max: usize) -> Self {
        Self { body_bytes_max: bytes_max, ..self }
    }
}

/// Anybody with a token may read, if its scopes cover the area.
pub const fn reads(area: Area) -> Rule {
    Rule::new(area, false, &[Role::Admin, Role::Operator, Role::Auditor])
}

/// Operators do the daily work.
pub const fn works(area: Area) -> Rule {
    Rule::new(area, true, &[Role::Admin, Role::Operator])
}

/// What Reeve itself may reach and who may use it is the administrator's.
pub const fn administers(area: Area) -> Rule {
    Rule::new(area, true, &[Role::Admin])
}

/// Reading what only administrators need.
pub const fn administers_reading(area: Area) -> Rule {
    Rule::new(area, false, &[Role::Admin, Role::Auditor])
}

/// A route that takes no token.
pub fn open(routes: UtoipaMethodRouter<Api>) -> UtoipaMethodRouter<Api> {
    let (schemas, mut paths, router) = routes;
    for (_, operation) in paths.paths.values_mut().flat_map(describe::operations) {
        describe::common(operation);
    }
    (schemas, paths, router)
}

/// Puts the rule before the handlers, and into their description.
pub fn guarded(api: &Api, rule: Rule, routes: UtoipaMethodRouter<Api>) -> UtoipaMethodRouter<Api> {
    let (schemas, mut paths, router) = routes;
    let roles: Vec<_> = rule.roles.iter().map(|role| role.as_str()).collect();
    for (method, operation) in paths.paths.values_mut().flat_map(describe::operations) {
        describe::common(operation);
        if method == "post" {
            describe::key(operation);
        }
        operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(SCHEME, [])]);
        let needs = format!("Roles: {}. Scope: `{}`.", roles.join(", "), rule.scope);
        operation.description = Some(match operation.description.take() {
            Some(text) => format!("{text}\n\n{needs}"),
            None => needs,
        });
    }
    let layer = from_fn_with_state((api.clone(), rule), admit);
    let router: MethodRouter<Api> = router.layer(layer);
    let router = router.layer(DefaultBodyLimit::max(rule.body_bytes_max));
    (schemas, paths, router)
}

/// Whoever sent the request, and Reeve acting on their behalf.
#[derive(Clone)]
pub struct Caller {
    pub app: App,
    pub token: TokenRow,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        // Only a route without a rule gets here: it is refused, not let through.
        caller.ok_or_else(|| Problem::new(Kind::Unauthenticated, "this route takes no token, so nobody may use it"))
    }
}

async fn admit(State((api, rule)): State<(Api, Rule)>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match let_in(&api, rule, &parts).await {
        Ok(caller) => {
            let mut request = Request::from_parts(parts, body);
            request.extensions_mut().insert(caller.clone());
            if request.method() == Method::POST {
                return idempotency::once(&caller, rule.body_bytes_max, request, next).await;
            }
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn let_in(api: &Api, rule: Rule, request: &Parts) -> Result<Caller, Problem> {
    let nobody = |why: &str| Problem::new(Kind::Unauthenticated, why);
    let mut sent = request.headers.get_all(header::AUTHORIZATION).iter();
    let header = sent.next().ok_or_else(|| nobody("the request has no `Authorization: Bearer TOKEN`"))?;
    if sent.next().is_some() {
        return Err(nobody("the request has more than one `Authorization`"));
    }
    let text = header.to_str().unwrap_or_default();
    let (scheme, text) = text.split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(nobody("the `Authorization` is not `Bearer TOKEN`"));
    }
    let found = tokens::find(&api.app, text.trim()).await?;
    let token = found.ok_or_else(|| nobody("the token is unknown, has ended or was revoked"))?;
    api.limits.of_token(&token.id)?;
    let app = api.app.acting_as(Actor::Person { name: token.grant.name.clone() });
    if let Err(why) = permits(&token, rule) {
        note_refusal(&app, &api.limits, &token, request, &why).await;
        return Err(Problem::new(Kind::Forbidden, why));
    }
    if let Err(error) = tokens::note_use(&app, &token).await {
        tracing::warn!(%error, "the use of a token could not be noted");
    }
    Ok(Caller { app, token })
}

fn permits(token: &TokenRow, rule: Rule) -> Result<(), String> {
    let role = tokens::role(token).ok_or_else(|| format!("the token's role {:?} is not known", token.grant.role))?;
    if !rule.roles.contains(&role) {
        let roles: Vec<_> = rule.roles.iter().map(|role| role.as_str()).collect();
        return Err(format!("the role {} may not do this; {} may", role.as_str(), roles.join(" or ")));
    }
    if rule.any_scope || tokens::covers(token, rule.scope) {
        Ok(())
    } else {
        Err(format!("the token is limited to {}, and this needs {}", token.grant.scopes.join(", "), rule.scope))
    }
}

/// An attempt beyond one's rights stands in the log. A flood of them does not fill it.
async fn note_refusal(app: &App, limits: &Limits, token: &TokenRow, request: &Parts, why: &str) {
    if !limits.may_note(&token.id) {
        return;
    }
    let note = async {
        let mut tx = app.write().await?;
        let data =
            json!({ "method": request.method.as_str(), "path": request.uri.path(), "why": why, "token": token.id });
        let entry = app.entry(Event::AccessRefused).about(Subject::Token { name: token.grant.name.clone() });
        tx.audit(&entry.with_data(data)).await?;
        tx.commit().await?;
        Ok::<_, crate::error::Error>(())
    };
    if let Err(error) = note.await {
        tracing::warn!(%error, "a refusal could not be noted in the audit log");
    }
}
