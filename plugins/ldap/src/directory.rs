//! Searches over the one connection: whole or page by page, and within what one call may ask of a directory.

use reeve_sdk::ldap::{self, Attribute, Change, Entry, Scope, SearchPage, SearchRequest, code};
use reeve_sdk::{Effect, Failure, LdapError};
use std::cell::Cell;

/// The connection that the manifest asks for.
pub const CONNECTION: &str = "directory";
/// Operations after which a listing ends its page. The host allows 1,000 in a call.
pub const OPERATIONS_PER_PAGE: u32 = 600;
/// Entries of a search that one call keeps in memory.
const ENTRIES_MAX: usize = 100_000;

/// A search for everything under a base.
pub struct Search<'a> {
    pub base: &'a str,
    pub filter: &'a str,
    pub attributes: &'a [&'a str],
    pub page_size: u32,
}

/// Counts what it asks for.
pub struct Directory {
    operations: Cell<u32>,
}

impl Directory {
    pub fn new() -> Self {
        Self { operations: Cell::new(0) }
    }

    /// Whether a listing should leave the rest to the next page.
    pub fn is_tired(&self) -> bool {
        self.operations.get() >= OPERATIONS_PER_PAGE
    }

    fn count(&self) {
        self.operations.set(self.operations.get().saturating_add(1));
    }

    pub fn page(&self, search: &Search<'_>, cursor: Option<String>) -> Result<SearchPage, Failure> {
        self.search(search, Scope::Subtree, search.page_size, cursor).map_err(|error| match error {
            // "Not found" would be believed to be an answer about an account.
            LdapError::Refused(refusal) if refusal.code == code::NO_SUCH_OBJECT => {
                Failure::protocol(format!("{} does not exist or may not be read; check the settings", search.base))
            }
            other => read_failure(other),
        })
    }

    /// Every entry, however many pages it takes.
    pub fn all(&self, search: &Search<'_>) -> Result<Vec<Entry>, Failure> {
        let mut entries = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.page(search, cursor)?;
            entries.extend(page.entries);
            if entries.len() > ENTRIES_MAX {
                let why = format!("more than {ENTRIES_MAX} entries under {} match {}", search.base, search.filter);
                return Err(Failure::unsupported(why));
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(entries),
            }
        }
    }

    /// One entry by its name, if it is there and matches.
    pub fn read(&self, dn: &str, filter: &str, attributes: &[&str]) -> Result<Option<Entry>, Failure> {
        let search = Search { base: dn, filter, attributes, page_size: 0 };
        match self.search(&search, Scope::Base, 0, None) {
            Ok(page) => Ok(page.entries.into_iter().next()),
            Err(LdapError::Refused(refusal)) if refusal.code == code::NO_SUCH_OBJECT => Ok(None),
            Err(error) => Err(read_failure(error)),
        }
    }

    fn search(
        &self,
        search: &Search<'_>,
        scope: Scope,
        page_size: u32,
        cursor: Option<String>,
    ) -> Result<SearchPage, LdapError> {
        self.count();
        ldap::search(&SearchRequest {
            connection: CONNECTION.to_owned(),
            base: search.base.to_owned(),
            scope,
            filter: search.filter.to_owned(),
            attributes: search.attributes.iter().map(|name| (*name).to_owned()).collect(),
            page_size,
            cursor,
        })
    }

    pub fn add(&self, dn: &str, attributes: &[Attribute]) -> Result<(), LdapError> {
        self.count();
        ldap::add(CONNECTION, dn, attributes)
    }

    pub fn modify(&self, dn: &str, changes: &[Change]) -> Result<(), LdapError> {
        self.count();
        ldap::modify(CONNECTION, dn, changes)
    }

    pub fn delete(&self, dn: &str) -> Result<(), LdapError> {
        self.count();
        ldap::delete(CONNECTION, dn)
    }
}

fn read_failure(error: LdapError) -> Failure {
    Failure::from_ldap(error, Effect::Read)
}

/// The result code, where the directory refused.
pub fn refusal(error: &LdapError) -> Option<u32> {
    match error {
        LdapError::Refused(refusal) => Some(refusal.code),
        _ => None,
    }
}
