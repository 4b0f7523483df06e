//! The listings, and reading or finding one account.

use crate::config::Config;
use crate::group::{self, Group};
use crate::membership;
use crate::nesting::{self, Nest};
use crate::paging::{self, Listing, Place};
use crate::{Scim, exchange, path, user};
use reeve_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

/// Grants of one page of Reeve's. One page of groups may have many more.
const GRANTS_PER_PAGE: usize = 10_000;
/// Entitlements of one page, where all groups had to be read to know what is inside what.
const ENTITLEMENTS_PER_PAGE: usize = 10_000;

/// Where a page of grants starts: in a page of groups, after so many grants.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct GrantsPlace {
    at: Place,
    given: usize,
    /// Of the grants of this page of groups, so that it is noticed if they change between two calls.
    mark: u64,
    groups_seen: u64,
    groups_total: Option<u64>,
}

impl Scim {
    fn start(&self, wished: u32) -> Result<Place, Failure> {
        Ok(Place::first(&Config::read()?, wished.min(self.settings.page_size)))
    }

    /// One page of the server's is one page of Reeve's; nothing is known about what contains what.
    fn flat_entitlements(&self, page: PageRequest) -> Result<Page<Entitlement>, Failure> {
        let place = page.cursor()?.map_or_else(|| self.start(page.size), Ok)?;
        let chunk = Listing::groups().without("members").page(&place)?;
        let read = |node| Ok(Group::read(node)?.entitlement(vec![]));
        chunk.page(chunk.resources()?.iter().map(read).collect::<Result<_, Failure>>()?)
    }

    /// A group is told what it brings along by the groups that list it as a member, so all of them must be read.
    fn nested_entitlements(&self, page: PageRequest) -> Result<Page<Entitlement>, Failure> {
        let from: usize = page.cursor()?.unwrap_or(0);
        let mut groups = Vec::new();
        let walked = Listing::groups().walk(self.start(self.settings.page_size)?, |node| {
            groups.push(Group::read(node)?);
            Ok(())
        })?;
        let groups = group::with_members(groups, &self.settings)?;
        let parents = nesting::parents(&groups);
        let entitlement = |group: &Group| group.entitlement(parents.get(&group.id).cloned().unwrap_or_default());
        let items: Vec<_> = groups.iter().skip(from).take(ENTITLEMENTS_PER_PAGE).map(entitlement).collect();
        let next = from.saturating_add(items.len());
        let page = if next < groups.len() { Page::more(items, &next)? } else { Page::last(items) };
        let page = page.stated_total(walked.total);
        Ok(if walked.silent { page.warning(paging::NO_TOTAL) } else { page })
    }

    fn grants_page(&self, place: &GrantsPlace) -> Result<Page<Grant>, Failure> {
        let chunk = Listing::groups().page(&place.at)?;
        if place.groups_total.is_some() && place.groups_total != chunk.total {
            return Err(Failure::CursorExpired);
        }
        let nodes = chunk.resources()?;
        let nest = Nest::new(self.settings.nested_groups, place.at.rewound());
        let groups = nodes.iter().map(Group::read).collect::<Result<_, _>>()?;
        let groups: Vec<_> = group::with_members(groups, &self.settings)?.into_iter().map(Rc::new).collect();
        groups.iter().for_each(|group| nest.meet(group));
        let mut grants = Vec::new();
        for group in &groups {
            grants.extend(nest.grants(group)?);
        }
        // Only a page that is given in parts has one.
        let in_parts = place.given > 0 || grants.len() > GRANTS_PER_PAGE;
        let mark = if in_parts { mark(&grants) } else { 0 };
        if place.given > 0 && place.mark != mark {
            return Err(Failure::CursorExpired);
        }
        let left = grants.len().saturating_sub(place.given);
        let items: Vec<_> = grants.into_iter().skip(place.given).take(GRANTS_PER_PAGE).collect();
        if left > items.len() {
            let given = place.given.saturating_add(items.len());
            return Page::more(items, &GrantsPlace { given, mark, groups_total: chunk.total, ..place.clone() });
        }
        let groups_seen = place.groups_seen.saturating_add(nodes.len() as u64);
        // The number of groups goes with the cursor, so Reeve would not see that the target's own is an old one.
        if chunk.next.as_ref() == Some(&place.at) {
            return Err(Failure::protocol("the target gives the cursor of /Groups again that it was asked with"));
        }
        match (&chunk.next, chunk.total) {
            (_, Some(total)) if groups_seen > total => Err(paging::short("/Groups", total, groups_seen)),
            (Some(next), groups_total) => {
                Page::more(items, &GrantsPlace { at: next.clone(), given: 0, mark: 0, groups_seen, groups_total })
            }
            // The total is of groups, so Reeve cannot compare it with the grants: it is compared here.
            (None, Some(total)) if total != groups_seen => Err(paging::short("/Groups", total, groups_seen)),
            (None, _) if chunk.silent => Ok(Page::last(items).warning(paging::NO_TOTAL)),
            (None, _) => Ok(Page::last(items)),
        }
    }
}

impl Reader for Scim {
    fn list_accounts(&self, page: PageRequest) -> Result<Page<Account>, Failure> {
        let place = page.cursor()?.map_or_else(|| self.start(page.size), Ok)?;
        let chunk = Listing::users().page(&place)?;
        let accounts =
            chunk.resources()?.iter().map(|node| user::account(node, &self.settings)).collect::<Result<_, _>>()?;
        chunk.page(accounts)
    }

    fn list_entitlements(&self, page: PageRequest) -> Result<Page<Entitlement>, Failure> {
        if self.settings.nested_groups { self.nested_entitlements(page) } else { self.flat_entitlements(page) }
    }

    fn list_grants(&self, page: PageRequest) -> Result<Page<Grant>, Failure> {
        let place = match page.cursor()? {
            Some(place) => place,
            None => GrantsPlace { at: self.start(page.size)?, given: 0, mark: 0, groups_seen: 0, groups_total: None },
        };
        self.grants_page(&place)
    }

    fn get_account(&self, id: &str) -> Result<Option<AccountView>, Failure> {
        let config = Config::read()?;
        let Some(doc) = exchange::find("/Users", id)? else {
            return Ok(None);
        };
        let root = doc.root();
        let account = user::account(&root, &self.settings)?;
        let grants = membership::grants(&root, &self.settings, &config)?;
        Ok(Some(AccountView { account, grants }))
    }

    fn find_account(&self, by: MatchBy, key: &str) -> Result<Vec<Account>, Failure> {
        if !self.settings.filter {
            return Err(Failure::unsupported("the setting `filter` says that this target does not search"));
        }
        let config = Config::read()?;
        if !config.filter {
            let text = "the target states that it does not search (ServiceProviderConfig); set `filter = false`";
            return Err(Failure::unsupported(text));
        }
        let listing = match by {
            MatchBy::Login => Listing::users().whose("userName", key),
            MatchBy::Email => Listing::users().whose("emails.value", key),
            MatchBy::CorrelationKey => Listing::users().whose(path::correlation(&self.settings), key),
        };
        let mut found = Vec::new();
        // A server that ignores the filter lists everybody, so all that comes is looked at, to the end.
        listing.walk_whole(Place::first(&config, self.settings.page_size), |node| {
            let account = user::account(node, &self.settings)?;
            if has_key(&account, by, key) {
                found.push(account);
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// Logins and addresses are compared without case, as the standard says for `userName`; a key is compared as it is.
fn has_key(account: &Account, by: MatchBy, key: &str) -> bool {
    let same = |text: &Option<String>| text.as_ref().is_some_and(|text| text.to_lowercase() == key.to_lowercase());
    match by {
        MatchBy::Login => same(&account.login),
        MatchBy::Email => same(&account.email),
        MatchBy::CorrelationKey => account.correlation_key.as_deref() == Some(key),
    }
}

fn mark(grants: &[Grant]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for grant in grants {
        (&grant.account, &grant.entitlement, grant.revocable).hash(&mut hasher);
    }
    hasher.finish()
}
