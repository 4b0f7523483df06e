//! What one account holds, read afresh. Memberships live in the groups (RFC 7643 section 4.2), so the groups are asked;
//! the user's own `groups`, a copy that many servers keep, can add to the answer and never takes anything from it.

use crate::config::Config;
use crate::group::{self, Group, Member, MemberKind};
use crate::nesting;
use crate::paging::{Listing, Place};
use crate::settings::Settings;
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;
use std::collections::BTreeSet;

/// Searches for the groups that a group is in, for one account.
const LOOKUPS_MAX: usize = 500;

pub fn grants(user: &Node, settings: &Settings, config: &Config) -> Result<Vec<Grant>, Failure> {
    let id = user.get("id")?.text()?;
    let copied = copied_groups(user)?;
    let mut groups = Groups::new(settings, config);
    let held = match groups.with_member(id, MemberKind::Group) {
        Ok(held) => held,
        // No search, but a copy: looking through all groups would only tell the same.
        Err(NoSearch) if !copied.is_empty() => return Ok(from_copy(id, &copied, &[])),
        Err(NoSearch) => groups.through_all(id, MemberKind::Group)?,
        Err(Failed(failure)) => return Err(failure),
    };
    let mut grants: Vec<Grant> = held.iter().map(|(group, member)| nesting::own(member, group)).collect();
    if settings.nested_groups {
        for (group, _) in held.iter().filter(|(_, member)| member.direct) {
            for outer in groups.around(group)? {
                grants.push(Grant::inherited(id, outer, group));
            }
        }
    }
    let more = from_copy(id, &copied, &grants);
    grants.extend(more);
    Ok(grants)
}

/// A group by the user's own account of itself.
struct Copied {
    group: String,
    /// `direct`, `indirect`, or nothing.
    kind: String,
}

fn copied_groups(user: &Node) -> Result<Vec<Copied>, Failure> {
    let read = |node: &Node| {
        let kind = node.text_of("type")?.unwrap_or_default().to_ascii_lowercase();
        Ok(Copied { group: node.get("value")?.string()?, kind })
    };
    user.items_of("groups")?.iter().map(read).collect()
}

/// Grants of the groups in the copy that are not known from elsewhere.
fn from_copy(id: &str, copied: &[Copied], known: &[Grant]) -> Vec<Grant> {
    let mut seen: BTreeSet<&str> = known.iter().map(|grant| grant.entitlement.as_str()).collect();
    let unseen = copied.iter().filter(|copy| seen.insert(&copy.group));
    let grant = |copy: &Copied| {
        let grant = Grant::direct(id, &copy.group);
        match copy.kind.as_str() {
            "direct" => grant,
            "indirect" => nesting::by_rule(grant),
            _ => Grant { source: GrantSource::Unknown, ..grant },
        }
    };
    unseen.map(grant).collect()
}

/// Why a search brought nothing.
enum Trouble {
    /// This server does not search; there are other ways.
    NoSearch,
    Failed(Failure),
}
use Trouble::{Failed, NoSearch};

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unsupported(_) | Failure::Invalid(_) | Failure::RefusedByTarget(_) => NoSearch,
            other => Failed(other),
        }
    }
}

/// Finds the groups that something is a member of: by search, or by looking through all of them once.
struct Groups<'a> {
    settings: &'a Settings,
    start: Place,
    search: bool,
    /// Whether a search has found something already.
    proven: bool,
    all: Option<Vec<Group>>,
    lookups: usize,
}

type Held = Vec<(String, Member)>;

impl<'a> Groups<'a> {
    fn new(settings: &'a Settings, config: &Config) -> Self {
        let start = Place::first(config, settings.page_size);
        Self { settings, start, search: settings.filter && config.filter, proven: false, all: None, lookups: 0 }
    }

    /// By search. Each group found is looked at again: some servers ignore a filter and list everything.
    fn with_member(&mut self, id: &str, not: MemberKind) -> Result<Held, Trouble> {
        if !self.search {
            return Err(NoSearch);
        }
        let mut held = Held::new();
        let mut strangers = false;
        let listing = Listing::groups().whose("members.value", id);
        let walked = listing.walk_whole(self.start.clone(), |node| {
            let mut group = Group::read(node)?;
            if group.members.is_empty() && !strangers {
                // It was found by a member that it does not show.
                group = group::again(group)?;
            }
            match group.member(id, not) {
                Some(member) => held.push((group.id.clone(), member.clone())),
                None => strangers = true,
            }
            Ok(())
        });
        let walked = walked.map_err(Trouble::from);
        self.search = !(strangers || matches!(walked, Err(NoSearch)));
        if self.search && walked.is_ok() && held.is_empty() {
            self.search = self.finds_members()?;
        }
        self.proven = self.search;
        if self.search { walked.map(|()| held) } else { Err(NoSearch) }
    }

    /// That nothing was found proves something only at a server that can find: some answer a search that they cannot do
    /// with an empty list. So one known membership is searched for.
    fn finds_members(&self) -> Result<bool, Failure> {
        if self.proven {
            return Ok(true);
        }
        let some = Listing::groups().page(&self.start)?;
        for node in some.resources()? {
            let group = Group::read(&node)?;
            if let Some(member) = group.members.first() {
                let found = Listing::groups().whose("members.value", &member.id).page(&self.start)?;
                let ids =
                    found.resources()?.iter().map(|node| node.get("id")?.string()).collect::<Result<Vec<_>, _>>()?;
                return Ok(ids.contains(&group.id));
            }
        }
        Ok(false)
    }

    fn through_all(&mut self, id: &str, not: MemberKind) -> Result<Held, Failure> {
        if self.all.is_none() {
            let mut all = Vec::new();
            Listing::groups().walk_whole(self.start.clone(), |node| {
                all.push(Group::read(node)?);
                Ok(())
            })?;
            self.all = Some(group::with_members(all, self.settings)?);
        }
        let all = self.all.iter().flatten();
        Ok(all.filter_map(|group| Some((group.id.clone(), group.member(id, not)?.clone()))).collect())
    }

    /// The groups that a group is in, at any depth, each once and never itself.
    fn around(&mut self, group: &str) -> Result<BTreeSet<String>, Failure> {
        let mut found = BTreeSet::new();
        let mut open = vec![group.to_owned()];
        while let Some(inner) = open.pop() {
            self.lookups += 1;
            if self.lookups > LOOKUPS_MAX {
                let text = format!("more than {LOOKUPS_MAX} groups around the groups of one account");
                return Err(Failure::unsupported(text));
            }
            let outer = match self.with_member(&inner, MemberKind::User) {
                Ok(outer) => outer,
                Err(NoSearch) => self.through_all(&inner, MemberKind::User)?,
                Err(Failed(failure)) => return Err(failure),
            };
            for (id, _) in outer {
                if id != group && found.insert(id.clone()) {
                    open.push(id);
                }
            }
        }
        Ok(found)
    }
}
