//! Connections that outlive a call: those that a paged listing hangs on, and a few that are free for the next one.

use super::session::Session;
use crate::limits::{LDAP_SESSION_IDLE_MAX, LDAP_SESSIONS_MAX};
use crate::outside::wire::LdapSearch;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const FREE_MAX: usize = 4;
/// A free connection is used again soon or not at all: one that the directory has closed meanwhile would cost an
/// operation its answer.
const FREE_IDLE_MAX: Duration = Duration::from_secs(5);
const CURSOR_BYTES: usize = 16;

#[derive(Default)]
pub(super) struct Kept(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    listings: Vec<Listing>,
    free: Vec<Session>,
}

struct Listing {
    cursor: String,
    search: LdapSearch,
    cookie: Vec<u8>,
    session: Session,
}

impl Kept {
    /// Puts a listing's connection by and names it. The oldest gives way where there are too many.
    pub(super) fn keep(&self, mut session: Session, search: LdapSearch, cookie: Vec<u8>) -> Result<String, String> {
        let mut bytes = [0; CURSOR_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| format!("there is no randomness: {error}"))?;
        let cursor = hex::encode(bytes);
        session.since = Instant::now();
        self.with(|inner| {
            if inner.listings.len() >= LDAP_SESSIONS_MAX {
                inner.listings.remove(0);
            }
            inner.listings.push(Listing { cursor: cursor.clone(), search, cookie, session });
        });
        Ok(cursor)
    }

    /// The connection and cookie of a cursor, once. None where they are gone, or belong to another search.
    pub(super) fn resume(&self, cursor: &str, search: &LdapSearch) -> Option<(Session, Vec<u8>)> {
        let listing = self.with(|inner| {
            let at = inner.listings.iter().position(|listing| listing.cursor == cursor)?;
            Some(inner.listings.remove(at))
        })?;
        let Listing { search: kept, cookie, mut session, .. } = listing;
        // The size of a page may change on the way.
        let same = LdapSearch { page_size: search.page_size, ..kept } == *search;
        (same && session.is_open()).then_some((session, cookie))
    }

    pub(super) fn give_back(&self, mut session: Session) {
        session.since = Instant::now();
        self.with(|inner| {
            if session.is_open() && inner.free.len() < FREE_MAX {
                inner.free.push(session);
            }
        });
    }

    pub(super) fn take_free(&self) -> Option<Session> {
        self.with(|inner| {
            while let Some(mut session) = inner.free.pop() {
                if session.is_open() {
                    return Some(session);
                }
            }
            None
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.listings.retain(|listing| listing.session.since.elapsed() < LDAP_SESSION_IDLE_MAX);
        inner.free.retain(|session| session.since.elapsed() < FREE_IDLE_MAX);
        work(&mut inner)
    }
}
