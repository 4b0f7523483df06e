//! The listings, and the fresh read of one account.

use crate::Ldap;
use crate::directory::Search;
use crate::group::Nest;
use crate::state::Policies;
use reeve_sdk::ldap::{Entry, escape_filter};
use reeve_sdk::prelude::*;

/// Groups of one page; each may cost a search for the groups around it.
const GROUPS_PER_PAGE: u32 = 200;

impl Reader for Ldap {
    fn list_accounts(&self, page: PageRequest) -> Result<Page<Account>, Failure> {
        let policies = Policies::default();
        let attributes = self.account_attributes();
        let search = Search {
            base: &self.profile.people.dn,
            filter: &self.profile.people_filter,
            attributes: &attributes,
            page_size: page.size.clamp(1, self.profile.page_size),
        };
        self.listing(&search, &page, |entry| self.account(entry, &policies))
    }

    fn list_entitlements(&self, page: PageRequest) -> Result<Page<Entitlement>, Failure> {
        let nest = Nest::default();
        let filter = self.group_filter();
        let attributes = self.group_attributes();
        let page_size = page.size.clamp(1, self.profile.page_size).min(GROUPS_PER_PAGE);
        let search = Search { base: &self.profile.groups.dn, filter: &filter, attributes: &attributes, page_size };
        self.listing(&search, &page, |entry| self.entitlement(entry, &nest))
    }

    fn list_grants(&self, page: PageRequest) -> Result<Page<Grant>, Failure> {
        self.walk_grants(&page)
    }

    fn get_account(&self, id: &str) -> Result<Option<AccountView>, Failure> {
        let Some(entry) = self.find(id)? else { return Ok(None) };
        let account = self.account(&entry, &Policies::default())?;
        Ok(Some(AccountView { account, grants: self.grants_of(&entry)? }))
    }

    fn find_account(&self, by: MatchBy, key: &str) -> Result<Vec<Account>, Failure> {
        let attribute = match by {
            MatchBy::Login => &self.profile.login_attribute,
            MatchBy::Email => "mail",
            MatchBy::CorrelationKey => &self.profile.correlation_attribute,
        };
        let policies = Policies::default();
        let filter = format!("(&{}({attribute}={}))", self.profile.people_filter, escape_filter(key));
        let attributes = self.account_attributes();
        let page_size = self.profile.page_size;
        let search = Search { base: &self.profile.people.dn, filter: &filter, attributes: &attributes, page_size };
        self.directory.all(&search)?.iter().map(|entry| self.account(entry, &policies)).collect()
    }
}

impl Ldap {
    /// The directory's own paging carries the listing: its cursor is the host's.
    fn listing<T>(
        &self,
        search: &Search<'_>,
        page: &PageRequest,
        read: impl Fn(&Entry) -> Result<T, Failure>,
    ) -> Result<Page<T>, Failure> {
        let found = self.directory.page(search, page.cursor::<String>()?)?;
        let items = found.entries.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        match found.next {
            Some(next) => Page::more(items, &next),
            None => Ok(Page::last(items)),
        }
    }
}
