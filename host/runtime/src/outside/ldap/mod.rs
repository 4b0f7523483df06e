//! LDAP of a bound connection: below its base DN, the operations that the manifest asks for, within limits.
//!
//! A plugin's call is a fresh instance each time, so the connection that a paged listing hangs on is kept here, under a
//! cursor that is good for one use.

mod check;
mod dn;
mod guard;
mod kept;
mod session;

use self::check::{check_filter, check_write};
use self::dn::Dn;
use self::guard::Cut;
use self::kept::Kept;
use self::session::{Lost, Session, Target, contained};
use super::Patience;
use super::redact::Redactor;
use super::secrets::{Secret, Shared};
use super::spent::Spent;
use super::wire::*;
use crate::limits::*;
use crate::package::LdapOperation;
use ldap3::controls::{Control, ControlType, PagedResults};
use ldap3::{Ldap, LdapResult, Mod, ResultEntry, Scope, SearchOptions};
use reeve_core::id::SystemName;
use reeve_core::inventory::LdapConnection;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// A directory's explanation, in bytes.
const MESSAGE_BYTES_MAX: usize = 1024;

/// A bound LDAP connection.
pub(super) struct LdapDoor {
    name: String,
    operations: BTreeSet<LdapOperation>,
    base: Dn,
    target: Target,
    kept: Kept,
    patience: Patience,
}

/// One page as it came.
struct Page {
    entries: Vec<LdapEntry>,
    cookie: Vec<u8>,
}

impl LdapDoor {
    pub(super) fn bind(
        system: &SystemName,
        name: &str,
        operations: &BTreeSet<LdapOperation>,
        connection: &LdapConnection,
        shared: &Arc<Shared>,
        redactor: &Arc<Redactor>,
        patience: Patience,
    ) -> Result<Self, String> {
        let base = Dn::parse(&connection.base).map_err(|why| {
            format!("`base = {:?}` can't be used: {why}. Name the DN that the plugin may see", connection.base)
        })?;
        let secret = |field: &str| Secret::new(shared, redactor, system, name, field);
        let target = Target::new(connection, secret, patience)?;
        let (name, operations) = (name.to_owned(), operations.clone());
        Ok(Self { name, operations, base, target, kept: Kept::default(), patience })
    }

    pub(super) async fn search(&self, spent: &mut Spent, search: &LdapSearch) -> Result<LdapPage, LdapFault> {
        self.asks_for(LdapOperation::Search)?;
        self.within(&search.base)?;
        check_filter(&search.filter).map_err(|why| self.denied(format!("the filter can't be used: {why}")))?;
        spent.ldap_operation().map_err(LdapFault::Budget)?;
        let listing = LdapSearch { cursor: None, ..search.clone() };
        let (mut session, cookie) = match &search.cursor {
            Some(cursor) => self.kept.resume(cursor, &listing).ok_or(LdapFault::CursorExpired)?,
            None => (self.session().await?, Vec::new()),
        };
        session.allow();
        let page = tokio::time::timeout(self.patience.request, page(&mut session.ldap, search, cookie)).await;
        let page = match page {
            Ok(Ok(page)) => page,
            Ok(Err(fault)) => return Err(cut_fault(&session).unwrap_or(fault)),
            Err(_) => return Err(self.late()),
        };
        let next = if page.cookie.is_empty() {
            self.kept.give_back(session);
            None
        } else {
            Some(self.kept.keep(session, listing, page.cookie).map_err(LdapFault::Unreachable)?)
        };
        Ok(LdapPage { entries: page.entries, next })
    }

    pub(super) async fn write(&self, spent: &mut Spent, write: &LdapWrite) -> Result<(), LdapFault> {
        let (operation, dn) = match write {
            LdapWrite::Add { dn, .. } => (LdapOperation::Add, dn),
            LdapWrite::Modify { dn, .. } => (LdapOperation::Modify, dn),
            LdapWrite::Delete { dn } => (LdapOperation::Delete, dn),
        };
        self.asks_for(operation)?;
        self.within(dn)?;
        check_write(write).map_err(|fault| match fault {
            LdapFault::Denied(why) => self.denied(why),
            fault => fault,
        })?;
        spent.ldap_operation().map_err(LdapFault::Budget)?;
        let mut session = self.session().await?;
        session.allow();
        let reached_before = spent.reached();
        spent.set_reached(true);
        let answer = contained(perform(&mut session.ldap, write));
        let result = match tokio::time::timeout(self.patience.request, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(Lost { sent: false, why })) => {
                spent.set_reached(reached_before);
                return Err(LdapFault::Unreachable(why));
            }
            Ok(Err(Lost { why, .. })) => return Err(cut_fault(&session).unwrap_or(LdapFault::AnswerLost(why))),
            Err(_) => return Err(self.late()),
        };
        self.kept.give_back(session);
        accepted(result).map(|_| ())
    }

    fn denied(&self, why: String) -> LdapFault {
        LdapFault::Denied(format!("connection `{}`: {why}", self.name))
    }

    fn late(&self) -> LdapFault {
        LdapFault::AnswerLost(format!("there was no complete answer within {} s", self.patience.request.as_secs_f32()))
    }

    fn asks_for(&self, operation: LdapOperation) -> Result<(), LdapFault> {
        if self.operations.contains(&operation) {
            return Ok(());
        }
        Err(self.denied(format!(
            "the plugin does not ask for {operation}; it would need \"{operation}\" in `operations` of this connection \
             in plugin.toml"
        )))
    }

    fn within(&self, text: &str) -> Result<(), LdapFault> {
        if text.len() > LDAP_TEXT_BYTES_MAX {
            return Err(LdapFault::TooLarge(LDAP_TEXT_BYTES_MAX as u64));
        }
        let dn = Dn::parse(text).map_err(|why| self.denied(format!("the DN {text:?} can't be used: {why}")))?;
        if dn.is_within(&self.base) {
            return Ok(());
        }
        Err(self.denied(format!("{text:?} is outside of what the connection may see, the `base` in the system file")))
    }

    async fn session(&self) -> Result<Session, LdapFault> {
        match self.kept.take_free() {
            Some(session) => Ok(session),
            None => Session::open(&self.target).await,
        }
    }
}

/// What the guard says about a connection that broke.
fn cut_fault(session: &Session) -> Option<LdapFault> {
    session.cut().map(|cut| match cut {
        Cut::TooLarge => LdapFault::TooLarge(LDAP_BYTES_MAX),
        Cut::Malformed => LdapFault::AnswerLost("what came back is not LDAP".to_owned()),
    })
}

async fn page(ldap: &mut Ldap, search: &LdapSearch, cookie: Vec<u8>) -> Result<Page, LdapFault> {
    let lost = |lost: Lost| if lost.sent { LdapFault::AnswerLost(lost.why) } else { LdapFault::Unreachable(lost.why) };
    let scope = match search.scope {
        LdapScope::Base => Scope::Base,
        LdapScope::OneLevel => Scope::OneLevel,
        LdapScope::Subtree => Scope::Subtree,
    };
    // Aliases are never followed: they could lead out of the base.
    let seconds = i32::try_from(REQUEST_TIME_MAX.as_secs()).unwrap_or(i32::MAX);
    ldap.with_search_options(SearchOptions::new().timelimit(seconds));
    if search.page_size > 0 {
        let size = search.page_size.min(u32::try_from(LDAP_ENTRIES_MAX).unwrap_or(u32::MAX));
        ldap.with_controls(PagedResults { size: i32::try_from(size).unwrap_or(i32::MAX), cookie });
    }
    let opening = ldap.streaming_search(&search.base, scope, &search.filter, search.attributes.as_slice());
    let mut stream = contained(opening).await.map_err(lost)?;
    let mut entries = Vec::new();
    while let Some(found) = contained(stream.next()).await.map_err(lost)? {
        // A reference names another server, where this connection does not go.
        if found.is_ref() || found.is_intermediate() {
            continue;
        }
        if entries.len() >= LDAP_ENTRIES_MAX {
            return Err(LdapFault::TooLarge(LDAP_ENTRIES_MAX as u64));
        }
        entries
            .push(entry(found).ok_or_else(|| LdapFault::AnswerLost("an entry in the answer is not LDAP".to_owned()))?);
    }
    let result = accepted(stream.finish().await)?;
    let cookie = cookie_of(&result).await?;
    Ok(Page { entries, cookie })
}

async fn cookie_of(result: &LdapResult) -> Result<Vec<u8>, LdapFault> {
    let paged = result.ctrls.iter().find_map(|control| match control {
        Control(Some(ControlType::PagedResults), raw) => Some(raw),
        _ => None,
    });
    let Some(raw) = paged else { return Ok(Vec::new()) };
    // A control without a value or with an odd one makes the library's parser panic.
    let parsed = contained(async { Ok(raw.parse::<PagedResults>()) }).await;
    parsed.map(|paged| paged.cookie).map_err(|lost| LdapFault::AnswerLost(lost.why))
}

fn entry(found: ResultEntry) -> Option<LdapEntry> {
    const SEARCH_RESULT_ENTRY: u64 = 4;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok();
    let mut parts = found.0.match_id(SEARCH_RESULT_ENTRY)?.expect_constructed()?.into_iter();
    let dn = text(parts.next()?.expect_primitive()?)?;
    let mut attributes = Vec::new();
    for attribute in parts.next()?.expect_constructed()? {
        let mut parts = attribute.expect_constructed()?.into_iter();
        let name = text(parts.next()?.expect_primitive()?)?;
        let values = parts.next()?.expect_constructed()?;
        let values = values.into_iter().map(|value| value.expect_primitive()).collect::<Option<_>>()?;
        attributes.push(LdapAttribute { name, values });
    }
    Some(LdapEntry { dn, attributes })
}

async fn perform(ldap: &mut Ldap, write: &LdapWrite) -> ldap3::result::Result<LdapResult> {
    let set = |values: &[Vec<u8>]| values.iter().cloned().collect::<HashSet<_>>();
    let named = |attribute: &LdapAttribute| (attribute.name.clone().into_bytes(), set(&attribute.values));
    match write {
        LdapWrite::Add { dn, attributes } => ldap.add(dn, attributes.iter().map(named).collect()).await,
        LdapWrite::Modify { dn, changes } => {
            let change = |(kind, attribute): &(LdapChangeKind, LdapAttribute)| {
                let (name, values) = named(attribute);
                match kind {
                    LdapChangeKind::Add => Mod::Add(name, values),
                    LdapChangeKind::Delete => Mod::Delete(name, values),
                    LdapChangeKind::Replace => Mod::Replace(name, values),
                }
            };
            ldap.modify(dn, changes.iter().map(change).collect()).await
        }
        LdapWrite::Delete { dn } => ldap.delete(dn).await,
    }
}

fn accepted(result: LdapResult) -> Result<LdapResult, LdapFault> {
    if result.rc == 0 {
        return Ok(result);
    }
    let mut message = result.text;
    message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
    Err(LdapFault::Refused { code: result.rc, message })
}
