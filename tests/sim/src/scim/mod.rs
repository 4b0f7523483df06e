//! A SCIM 2.0 service (RFC 7643, RFC 7644, cursors of RFC 9865) that keeps to the standard, and whose dialect can be
//! chosen within it.
//!
//! What it deliberately lacks: sorting, bulk requests, `/Me`, and passwords, which it takes and forgets.

mod discovery;
mod fault;
mod filter;
mod list;
mod patch;
mod place;
mod render;
mod schema;
mod store;
mod write;

use crate::misbehaviour::Quirks;
use crate::{Answer, Clock, Ledger, Request, SimError, Target, system_clock};
use fault::Fault;
use list::{Query, short_list};
use render::Renderer;
use schema::Kind;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::{Row, Store, id_of};
use write::Write;

/// The path below which it answers.
pub const BASE: &str = "/scim/v2";

pub(crate) const CONTENT_TYPE: &str = "application/scim+json";

/// The page size that is announced and never exceeded.
pub const PAGE_MAX: usize = 100;

/// How it is set up.
pub struct Options {
    /// The bearer token that every request must carry; none lets everybody in.
    pub token: Option<String>,
    /// Where the resources outlive the process.
    pub state: Option<PathBuf>,
    /// The names of groups that are there from the start. One that exists already is left as it is.
    pub seed_groups: Vec<String>,
    pub dialect: Dialect,
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self { token: None, state: None, seed_groups: Vec::new(), dialect: Dialect::default(), clock: system_clock() }
    }
}

/// Which of the standard's options it has. What it lacks it says so in its ServiceProviderConfig, and refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    pub patch: bool,
    /// Whether PATCH answers with the resource, or with 204 and nothing; both are legal.
    pub patch_answers_resource: bool,
    pub filter: bool,
    pub etag: bool,
    pub paging: Paging,
    /// The most resources in one answer.
    pub page_max: usize,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            patch: true,
            patch_answers_resource: true,
            filter: true,
            etag: true,
            paging: Paging::Both,
            page_max: PAGE_MAX,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    Index,
    Cursor,
    /// By index, unless a client asks for a cursor.
    Both,
}

pub struct Scim {
    token: Option<String>,
    dialect: Dialect,
    clock: Clock,
    store: Mutex<Store>,
}

impl Scim {
    pub fn new(options: Options) -> Result<Self, SimError> {
        let mut store = options.state.as_deref().map(Store::open).transpose()?.unwrap_or_default();
        for name in &options.seed_groups {
            seed_group(&mut store, name, (options.clock)()).map_err(|fault| SimError::State(format!("{fault:?}")))?;
        }
        Ok(Self { token: options.token, dialect: options.dialect, clock: options.clock, store: Mutex::new(store) })
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_token(&self, request: &Request) -> Result<(), Fault> {
        let Some(token) = &self.token else { return Ok(()) };
        let sent = request.header("authorization").and_then(|value| value.split_once(' '));
        match sent {
            Some((scheme, sent)) if scheme.eq_ignore_ascii_case("bearer") && sent.trim() == token => Ok(()),
            _ => Err(Fault::new(401, None, "a valid bearer token is needed")),
        }
    }

    fn dispatch(&self, request: &Request, quirks: &Quirks, ledger: &Ledger) -> Result<Answer, Fault> {
        self.check_token(request)?;
        let segments = request.segments();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let Some((top, below)) = parts.split_first() else { return Err(Fault::not_found("a resource at this path")) };
        let renderer = Renderer::new(request);
        if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.endpoint() == *top) {
            let mut store = self.store();
            let write = Write { kind, request, quirks, ledger, dialect: &self.dialect, renderer, now: (self.clock)() };
            return match (request.method.as_str(), below) {
                ("GET", []) => self.list(&store, kind, &write.renderer, Query::of_address(kind, request)?, quirks),
                ("POST", [".search"]) => {
                    let query = Query::of_search(kind, &body_of(request)?)?;
                    self.list(&store, kind, &write.renderer, query, quirks)
                }
                ("GET", [id]) => self.get(&store, kind, id, request, &write.renderer),
                ("POST", []) => write.create(&mut store, &body_of(request)?),
                ("PUT", [id]) => write.replace(&mut store, id, &body_of(request)?),
                ("PATCH", [id]) => write.patch(&mut store, id, &body_of(request)?),
                ("DELETE", [id]) => write.delete(&mut store, id),
                (_, [] | [_]) => Err(Fault::new(405, None, "this method is not allowed here")),
                _ => Err(Fault::not_found("a resource at this path")),
            };
        }
        if (request.method.as_str(), *top, below) == ("POST", ".search", &[]) {
            return self.search_all(&renderer, &body_of(request)?, quirks);
        }
        let described = match *top {
            "ServiceProviderConfig" if below.is_empty() => {
                discovery::service_provider_config(&self.dialect, renderer.base())
            }
            "ResourceTypes" => pick(discovery::resource_types(renderer.base()), below)?,
            "Schemas" => pick(discovery::schemas(renderer.base()), below)?,
            _ => return Err(Fault::not_found("a resource at this path")),
        };
        match (request.method.as_str(), request.parameter("filter")) {
            // RFC 7644 section 4 wants this.
            (_, Some(_)) => Err(Fault::new(403, None, "what the service says of itself can't be filtered")),
            ("GET", None) => Ok(Answer::json(200, CONTENT_TYPE, &described)),
            _ => Err(Fault::new(405, None, "this method is not allowed here")),
        }
    }

    fn list(
        &self,
        store: &Store,
        kind: Kind,
        renderer: &Renderer,
        query: Query,
        quirks: &Quirks,
    ) -> Result<Answer, Fault> {
        if !self.dialect.filter && !quirks.ignore_filters {
            query.refuse_filter()?;
        }
        let all = found(store, kind, renderer, &query, quirks);
        Ok(Answer::json(200, CONTENT_TYPE, &query.page(&all, &self.dialect, quirks)?))
    }

    /// A search in users and groups at once. An attribute that only one of them has finds nothing in the other.
    fn search_all(&self, renderer: &Renderer, body: &Value, quirks: &Quirks) -> Result<Answer, Fault> {
        let store = self.store();
        let mut all = Vec::new();
        let mut answered = Err(Fault::filter("neither users nor groups can be searched so"));
        for kind in Kind::ALL {
            match Query::of_search(kind, body) {
                Ok(query) => {
                    all.extend(found(&store, kind, renderer, &query, quirks));
                    answered = Ok(query);
                }
                Err(fault) if answered.is_err() => answered = Err(fault),
                Err(_) => {}
            }
        }
        all.sort_by_key(|(order, _)| *order);
        Ok(Answer::json(200, CONTENT_TYPE, &answered?.page(&all, &self.dialect, quirks)?))
    }

    fn get(
        &self,
        store: &Store,
        kind: Kind,
        id: &str,
        request: &Request,
        renderer: &Renderer,
    ) -> Result<Answer, Fault> {
        let (_, row) = store.row(kind, id).ok_or_else(|| Fault::not_found(kind.name()))?;
        let known = request.header("if-none-match").is_some_and(|tags| etag_listed(tags, row));
        if self.dialect.etag && known {
            return Ok(Answer::empty(304).with("etag", row.etag()));
        }
        let query = Query::of_address(kind, request)?;
        let resource = query.shape(renderer.one(store, kind, row));
        let answer = Answer::json(200, CONTENT_TYPE, &resource);
        Ok(if self.dialect.etag { answer.with("etag", row.etag()) } else { answer })
    }
}

impl Target for Scim {
    fn base(&self) -> &str {
        BASE
    }

    fn handle(&self, request: &Request, quirks: &Quirks, ledger: &Ledger) -> Answer {
        self.dispatch(request, quirks, ledger).unwrap_or_else(|fault| fault.answer())
    }

    fn error(&self, status: u16, code: Option<&str>, detail: &str) -> Answer {
        Fault::new(status, code, detail).answer()
    }
}

fn found(store: &Store, kind: Kind, renderer: &Renderer, query: &Query, quirks: &Quirks) -> Vec<(u64, Value)> {
    let all = renderer.all(store, kind).into_iter();
    let kept = all.filter(|(_, resource)| quirks.ignore_filters || query.accepts(resource));
    kept.map(|(order, resource)| (order, query.shape(resource))).collect()
}

/// All of a short list, or the one whose id is named.
fn pick(all: Vec<Value>, below: &[&str]) -> Result<Value, Fault> {
    match below {
        [] => Ok(short_list(all)),
        [id] => {
            let found = all.into_iter().find(|one| one.get("id").and_then(Value::as_str) == Some(*id));
            found.ok_or_else(|| Fault::not_found("a resource of that id"))
        }
        _ => Err(Fault::not_found("a resource at this path")),
    }
}

fn body_of(request: &Request) -> Result<Value, Fault> {
    let kind = request.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if ![CONTENT_TYPE, "application/json"].contains(&kind.as_str()) {
        return Err(Fault::new(415, None, format!("a body must be {CONTENT_TYPE}")));
    }
    serde_json::from_slice(&request.body).map_err(|fault| Fault::syntax(format!("the body is not JSON: {fault}")))
}

/// Whether an `If-Match` or `If-None-Match` names this version.
fn etag_listed(tags: &str, row: &Row) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == row.etag())
}

fn seed_group(store: &mut Store, name: &str, now: jiff::Timestamp) -> Result<(), Fault> {
    let exists = store.rows(Kind::Group).any(|(_, row)| row.text("displayName").eq_ignore_ascii_case(name));
    if exists {
        return Ok(());
    }
    let order = store.next_order();
    let attributes = Map::from_iter([("displayName".to_owned(), name.into())]);
    store.put(Kind::Group, order, Some(Row { id: id_of(order), created: now, modified: now, version: 1, attributes }))
}
