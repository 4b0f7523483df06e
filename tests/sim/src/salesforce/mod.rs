//! Salesforce's platform REST API, as far as it concerns who may do what: users, licences, profiles, permission sets,
//! roles, groups, sessions, tokens. Objects outside that, and composite and bulk requests, are left out; what is asked
//! for and left out answers 501, which the real service does not. Every caller may do everything, and
//! `UserPermissionAccess` says so.
//!
//! # What Salesforce documents, and is done so
//!
//! - Tokens by JWT bearer (RS256; `iss`, `sub`, `aud`, `exp`; no `scope` parameter, no refresh token) and by client
//!   credentials, `{access_token, scope, instance_url, id, token_type}`, errors `{error, error_description}` with 400.
//! - Revocation of access tokens and delete tokens: 200, or 400 with `invalid_token`. A refresh token takes the access
//!   tokens of its app along.
//! - The data API's errors as an array of `{message, errorCode, fields}`; 401 `INVALID_SESSION_ID`; 403
//!   `REQUEST_LIMIT_EXCEEDED`; address and headers of 16,384 bytes at most; `Sforce-Limit-Info`.
//! - Pages of up to 2,000 rows, `batchSize` from 200 on as a hint, `nextRecordsUrl` until `done`; locators for two
//!   days, ten of a user at once, then `INVALID_QUERY_LOCATOR`.
//! - Users can't be deleted. A deactivated user frees the licence, keeps permission sets, and can't log in; a frozen
//!   one keeps the licence and can't log in. What blocks a deactivation ([`Blocker`], a custom hierarchy field, the
//!   last administrator) is documented as a list of cases.
//! - Profiles' shadows among the permission sets, and their assignments; `UserLogin` is there for each user, and
//!   `IsPasswordLocked` is set to false only; `AuthSession` can be deleted, `OauthToken` only queried, and has no id.
//! - A member who is in the group already is answered with the record that is there.
//!
//! # What is assumed
//!
//! - That client credentials are refused as basic authentication. A connector in use sends them in the body and says
//!   that it must; simple-salesforce sends them as basic authentication. The body is right for both.
//! - How far ahead `exp` may lie (five minutes here), and the exact words of OAuth's refusals, that of a frozen user's
//!   login above all.
//! - That a frozen user's sessions and tokens live on until they are ended (reports differ), and that an inactive
//!   user's access token is refused while the rows of `AuthSession` and `OauthToken` stay.
//! - That group memberships, queues and permission set licences outlast a deactivation.
//! - That an assignment whose `ExpirationDate` has passed is there, and not `IsActive`.
//! - Error codes of: a blocked deactivation, a delete of what can't be deleted, records that are gone, duplicates other
//!   than of user names and of permission set assignments, and requests that are too long.
//! - That a permission set group has a permission set of type `Group`, by which its assignments name it; the order of
//!   rows where a query asks for none.
//! - Key prefixes that are not published (see `schema`).
//!
//! # Layout
//!
//! `schema` lists the objects and `store` keeps their records; `values`, `rules` and `blockers` judge a change, and
//! `follow` makes what comes with it. `lexer`, `soql`, `path` and `evaluate` are the query language. `records`,
//! `query`, `describe` and `oauth` are the endpoints, with `sessions` and `jwt` behind the last; `seed` fills an org.

mod blockers;
mod describe;
mod evaluate;
mod fault;
mod field;
mod follow;
mod id;
mod jwt;
mod lexer;
mod oauth;
mod path;
mod query;
mod records;
mod rules;
mod schema;
mod seed;
mod sessions;
mod soql;
mod store;
mod time;
mod values;

pub use blockers::Blocker;
pub use jwt::PublicKey;
pub use oauth::App;
pub use query::PAGE_ROWS_MAX;
pub use seed::{Crowd, Seed};

use crate::misbehaviour::Quirks;
use crate::{Answer, Clock, Ledger, Request, SimError, Target, system_clock};
use evaluate::View;
use fault::{Fault, JSON, OauthFault, usual_code};
use records::Write;
use schema::Object;
use serde_json::{Value, json};
use sessions::{Caller, SharedSessions};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::Store;

/// What the address and the headers may take together, in bytes.
const HEAD_BYTES_MAX: usize = 16_384;

/// Requests in a day that an org of the Enterprise Edition starts from.
pub const DAILY_REQUESTS: u64 = 100_000;

/// How it is set up.
pub struct Options {
    pub apps: Vec<App>,
    /// What an assertion's audience may be, beside the address that the client came to.
    pub audiences: Vec<String>,
    /// What a token's answer names as the org's own address; none is where the client came to.
    pub instance_url: Option<String>,
    /// Where the records outlive the process. What it holds counts, and the seed does not.
    pub state: Option<PathBuf>,
    /// None is [`Seed::default_org`].
    pub seed: Option<Seed>,
    pub crowd: Crowd,
    /// User names that can't be deactivated, beside those of the seed.
    pub blockers: Vec<(String, Blocker)>,
    /// The most rows in one answer.
    pub page_rows_max: usize,
    /// After so many requests, `REQUEST_LIMIT_EXCEEDED`.
    pub daily_requests: u64,
    /// Whether a validation rule of the org wants `Cost_Center__c` of every user.
    pub cost_center_required: bool,
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            apps: Vec::new(),
            audiences: vec!["https://login.salesforce.com".to_owned()],
            instance_url: None,
            state: None,
            seed: None,
            crowd: Crowd::default(),
            blockers: Vec::new(),
            page_rows_max: PAGE_ROWS_MAX,
            daily_requests: DAILY_REQUESTS,
            cost_center_required: false,
            clock: system_clock(),
        }
    }
}

pub struct Salesforce {
    options: Options,
    store: Mutex<Store>,
    /// Locked after the store, never before.
    sessions: SharedSessions,
    locators: query::Locators,
    requests: AtomicU64,
}

impl Salesforce {
    pub fn new(mut options: Options) -> Result<Self, SimError> {
        let mut store = options.state.as_deref().map(Store::open).transpose()?.unwrap_or_default();
        let seed = options.seed.take().map_or_else(Seed::default_org, Ok)?;
        if store.is_empty() {
            seed::sow(&mut store, &seed, options.crowd, (options.clock)())?;
        }
        options.blockers.extend(seed.blockers);
        let (sessions, locators) = (SharedSessions::default(), query::Locators::default());
        Ok(Self { options, store: Mutex::new(store), sessions, locators, requests: AtomicU64::new(0) })
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dispatch(&self, request: &Request, quirks: &Quirks, ledger: &Ledger) -> Result<Answer, Fault> {
        check_head(request)?;
        let segments = request.segments();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let mut store = self.store();
        let now = (self.options.clock)();
        let write = |user_id| Write { request, quirks, ledger, options: &self.options, user_id, now };
        match parts.as_slice() {
            ["services", "oauth2", "token"] => {
                Ok(self.token(request, &mut store).unwrap_or_else(|fault: OauthFault| fault.answer()))
            }
            ["services", "oauth2", "revoke"] => self.revoke(&write(""), &mut store),
            ["services", "data"] => only("GET", request).map(|()| Answer::json(200, JSON, &describe::versions())),
            ["services", "data", version, below @ ..] => {
                let number = describe::version(version).ok_or_else(Fault::not_found)?;
                let caller = self.caller(request, &store)?;
                let used = self.count()?;
                let time = time::written(now);
                let user_id = store.row(Object::User, caller.user).map(|user| user.id().to_owned()).unwrap_or_default();
                let version_path = format!("/services/data/v{number}.0");
                let version_path = version_path.as_str();
                let asked = Asked { request, quirks, caller, now: &time, version_path, below };
                let answer = self.data(&mut store, &asked, &write(&user_id)).unwrap_or_else(|fault| fault.answer());
                Ok(answer.with("sforce-limit-info", format!("api-usage={used}/{}", self.options.daily_requests)))
            }
            _ => Err(Fault::not_found()),
        }
    }

    fn caller(&self, request: &Request, store: &Store) -> Result<Caller, Fault> {
        let sent = request.header("authorization").and_then(|value| value.split_once(' '));
        let token = match sent {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => return Err(Fault::session()),
        };
        self.sessions.lock().caller(store, token, (self.options.clock)()).ok_or_else(Fault::session)
    }

    /// How many requests there were, with this one.
    fn count(&self) -> Result<u64, Fault> {
        let used = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        if used > self.options.daily_requests {
            return Err(Fault::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."));
        }
        Ok(used)
    }

    fn data(&self, store: &mut Store, asked: &Asked<'_>, write: &Write<'_>) -> Result<Answer, Fault> {
        let Asked { request, quirks, caller, now, version_path, below } = *asked;
        let method = request.method.as_str();
        if let ["sobjects", object, rest @ ..] = below {
            let object = Object::named(object).ok_or_else(Fault::not_found)?;
            match (method, rest) {
                ("POST", []) => return write.create(store, object),
                ("PATCH", [id]) => return write.update(store, object, id),
                ("DELETE", [id]) => return write.delete(store, object, id),
                _ => {}
            }
            only("GET", request)?;
            let view = View { store, session: caller.session, now, version_path };
            return match rest {
                [] => Ok(Answer::json(200, JSON, &describe::basic(object, &view))),
                ["describe"] => Ok(Answer::json(200, JSON, &describe::describe(object, &view))),
                [id] => records::read(&view, object, id, request),
                _ => Err(Fault::lacking("records by an external id, or their parts")),
            };
        }
        let view = View { store, session: caller.session, now, version_path };
        let said = match below {
            ["query"] => {
                only("GET", request)?;
                return self.query(request, quirks, &view, caller.user);
            }
            ["query", locator] => {
                only("GET", request)?;
                return self.more(locator, request, quirks, &view, caller.user);
            }
            [] => describe::resources(version_path),
            ["sobjects"] => describe::objects(version_path),
            ["limits"] => self.limits(),
            ["composite" | "jobs" | "queryAll" | "search" | "tooling" | "ui-api", ..] => {
                return Err(Fault::lacking("this resource"));
            }
            _ => return Err(Fault::not_found()),
        };
        only("GET", request).map(|()| Answer::json(200, JSON, &said))
    }

    fn limits(&self) -> Value {
        let max = self.options.daily_requests;
        let left = max.saturating_sub(self.requests.load(Ordering::Relaxed));
        json!({"DailyApiRequests": {"Max": max, "Remaining": left}})
    }
}

/// A request to the data API, once it is known who asks.
#[derive(Clone, Copy)]
struct Asked<'a> {
    request: &'a Request,
    quirks: &'a Quirks,
    caller: Caller,
    now: &'a str,
    version_path: &'a str,
    /// The path's parts after the version.
    below: &'a [&'a str],
}

fn only(method: &str, request: &Request) -> Result<(), Fault> {
    if request.method == method { Ok(()) } else { Err(Fault::method()) }
}

fn check_head(request: &Request) -> Result<(), Fault> {
    let address = request.path.len() + request.query.len();
    let headers: usize = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if address > HEAD_BYTES_MAX {
        return Err(Fault::new(414, "URI_TOO_LONG", "the address is longer than 16,384 bytes"));
    }
    if address + headers > HEAD_BYTES_MAX {
        let what = "address and headers are longer than 16,384 bytes";
        return Err(Fault::new(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", what));
    }
    Ok(())
}

impl Target for Salesforce {
    fn base(&self) -> &str {
        ""
    }

    fn handle(&self, request: &Request, quirks: &Quirks, ledger: &Ledger) -> Answer {
        self.dispatch(request, quirks, ledger).unwrap_or_else(|fault| fault.answer())
    }

    fn error(&self, status: u16, code: Option<&str>, detail: &str) -> Answer {
        Fault::new(status, code.unwrap_or_else(|| usual_code(status)), detail).answer()
    }
}
