//! Trouble between a plugin and its target, made by the host itself, so that the conformance kit can see what a plugin
//! makes of it.
//!
//! Only a [`crate::Bench`] has a [`Switch`]; the connectors that [`crate::Runtime::connect`] makes have none, and nothing
//! turns one on for them.

use super::files::FilesDoor;
use super::http::HttpDoor;
use super::ldap::LdapDoor;
use super::spent::Spent;
use super::wire::*;
use reeve_core::run::RateHint;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What an over-busy target asks a plugin to wait, in milliseconds.
pub const RETRY_AFTER_MS: u64 = 7_000;
/// LDAP's result codes (RFC 4511, appendix A).
const LDAP_BUSY: u32 = 51;
const LDAP_UNAVAILABLE: u32 = 52;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// 429 with a time to wait; LDAP's busy.
    Busy,
    /// 500, and nothing was done.
    ServerError,
    /// 503; LDAP's unavailable; a folder that can't be read.
    Unavailable,
    /// 200 with a web page.
    WebPage,
    /// The request leaves, and no answer comes; the target has not done it.
    Cut,
    /// No connection can be made.
    Unreachable,
    /// The target does it, and answers 500.
    DoneThenError,
    /// The target does it, and the answer is lost.
    DoneThenCut,
    /// Every further page of a list is its first one.
    PageAgain,
    /// LDAP's cursor is gone; a file is another one by now.
    Expired,
}

/// Which requests of a call are struck: all from this one on, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    Request(u32),
    /// Counts only those that may change something.
    Write(u32),
}

#[derive(Default)]
pub(crate) struct Switch(Mutex<State>);

#[derive(Default)]
struct State {
    planned: Option<(Trouble, Strike)>,
    requests: u32,
    writes: u32,
    met: u32,
    /// The first answer to each list, by its path without the query.
    pages: BTreeMap<String, HttpAnswer>,
    entries: BTreeMap<String, Vec<LdapEntry>>,
}

impl Switch {
    /// Forgets what was, and strikes from now on.
    pub(crate) fn plan(&self, planned: Option<(Trouble, Strike)>) {
        *self.state() = State { planned, ..State::default() };
    }

    /// Requests of any kind since then.
    pub(crate) fn requests(&self) -> u32 {
        self.state().requests
    }

    /// How many of them were struck.
    pub(crate) fn met(&self) -> u32 {
        self.state().met
    }

    /// Counts a request that has no way out.
    pub(super) fn count(&self) {
        let mut state = self.state();
        state.requests = state.requests.saturating_add(1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request, and says what goes wrong with it. `able` are the troubles that this kind of connection can have.
    fn strikes(&self, may_change: bool, able: impl Fn(Trouble) -> bool) -> Option<Trouble> {
        self.count();
        let mut state = self.state();
        state.writes = state.writes.saturating_add(u32::from(may_change));
        let (trouble, strike) = state.planned.filter(|(trouble, _)| able(*trouble))?;
        let struck = match strike {
            Strike::Request(first) => state.requests >= first,
            Strike::Write(first) => may_change && state.writes >= first,
        };
        state.met = state.met.saturating_add(u32::from(struck));
        struck.then_some(trouble)
    }
}

pub(super) async fn http(
    switch: Option<&Switch>,
    door: &HttpDoor,
    spent: &mut Spent,
    request: &HttpRequest,
) -> Result<HttpAnswer, HttpFault> {
    let Some(switch) = switch else { return door.send(spent, request).await };
    let may_change = request.method.may_change();
    let trouble = switch.strikes(may_change, |trouble| trouble != Trouble::Expired);
    let answer = match trouble {
        None | Some(Trouble::PageAgain | Trouble::DoneThenError | Trouble::DoneThenCut) => {
            door.send(spent, request).await?
        }
        Some(Trouble::Busy) => return Ok(status(429)),
        Some(Trouble::Unreachable) => return Err(HttpFault::Unreachable(text("no connection can be made"))),
        Some(other) => {
            spent.set_reached(spent.reached() || may_change);
            return instead(other);
        }
    };
    let list = request.path.split('?').next().unwrap_or_default().to_owned();
    match trouble {
        Some(Trouble::DoneThenError) => Ok(status(500)),
        Some(Trouble::DoneThenCut) => Err(HttpFault::AnswerLost(text("the connection was cut"))),
        Some(_) if !may_change => Ok(switch.state().pages.entry(list).or_insert(answer).clone()),
        _ => Ok(answer),
    }
}

fn instead(trouble: Trouble) -> Result<HttpAnswer, HttpFault> {
    match trouble {
        Trouble::Unavailable => Ok(status(503)),
        Trouble::WebPage => Ok(HttpAnswer {
            status: 200,
            headers: vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())],
            body: b"<!doctype html><title>Sign in</title><p>Please sign in.</p>".to_vec(),
            rate: None,
        }),
        Trouble::Cut => Err(HttpFault::AnswerLost(text("the connection was cut"))),
        _ => Ok(status(500)),
    }
}

fn status(status: u16) -> HttpAnswer {
    let rate = (status == 429).then(|| RateHint { retry_after_ms: Some(RETRY_AFTER_MS), ..RateHint::default() });
    HttpAnswer { status, headers: vec![], body: vec![], rate }
}

/// Says in every message that it is the kit's doing.
fn text(what: &str) -> String {
    format!("{what} (the conformance kit did this)")
}

/// What a directory can have instead of an answer.
fn directory(trouble: Trouble) -> bool {
    !matches!(trouble, Trouble::ServerError | Trouble::DoneThenError)
}

fn ldap_fault(trouble: Trouble) -> LdapFault {
    let refused = |code, what| LdapFault::Refused { code, message: text(what) };
    match trouble {
        Trouble::Busy => refused(LDAP_BUSY, "the directory is busy"),
        Trouble::Unavailable => refused(LDAP_UNAVAILABLE, "the directory shuts down"),
        Trouble::Unreachable => LdapFault::Unreachable(text("no connection can be made")),
        Trouble::WebPage => LdapFault::AnswerLost(text("what came back is not LDAP")),
        Trouble::Expired => LdapFault::CursorExpired,
        _ => LdapFault::AnswerLost(text("the connection was cut")),
    }
}

pub(super) async fn ldap_search(
    switch: Option<&Switch>,
    door: &LdapDoor,
    spent: &mut Spent,
    search: &LdapSearch,
) -> Result<LdapPage, LdapFault> {
    let Some(switch) = switch else { return door.search(spent, search).await };
    let list = format!("{:?} {} {}", search.scope, search.base, search.filter);
    // A page without a cursor has none that could be gone.
    let fits = |trouble| directory(trouble) && (trouble != Trouble::Expired || search.cursor.is_some());
    match switch.strikes(false, fits) {
        Some(Trouble::PageAgain) => {
            let LdapPage { entries, next } = door.search(spent, search).await?;
            Ok(LdapPage { entries: switch.state().entries.entry(list).or_insert(entries).clone(), next })
        }
        Some(trouble) => Err(ldap_fault(trouble)),
        None => door.search(spent, search).await,
    }
}

pub(super) async fn ldap_write(
    switch: Option<&Switch>,
    door: &LdapDoor,
    spent: &mut Spent,
    write: &LdapWrite,
) -> Result<(), LdapFault> {
    let Some(switch) = switch else { return door.write(spent, write).await };
    match switch.strikes(true, directory) {
        None | Some(Trouble::PageAgain | Trouble::Expired) => door.write(spent, write).await,
        Some(Trouble::DoneThenCut) => {
            door.write(spent, write).await?;
            Err(ldap_fault(Trouble::Cut))
        }
        Some(trouble) => {
            let sent = matches!(trouble, Trouble::Cut | Trouble::WebPage);
            spent.set_reached(spent.reached() || sent);
            Err(ldap_fault(trouble))
        }
    }
}

/// A folder is there or not, and its files change.
fn folder(trouble: Trouble) -> bool {
    matches!(trouble, Trouble::Unavailable | Trouble::Expired)
}

pub(super) async fn files_list(switch: Option<&Switch>, door: &FilesDoor) -> Result<Vec<FileAbout>, FileFault> {
    match switch.and_then(|switch| switch.strikes(false, |trouble| trouble == Trouble::Unavailable)) {
        Some(_) => Err(FileFault::Failed(text("the folder can't be read"))),
        None => door.list().await,
    }
}

/// What a read of a file comes to instead; none where it goes its way.
pub(super) fn file_fault(switch: Option<&Switch>) -> Option<FileFault> {
    Some(match switch?.strikes(false, folder)? {
        Trouble::Expired => FileFault::Changed,
        _ => FileFault::Failed(text("the file can't be read")),
    })
}
