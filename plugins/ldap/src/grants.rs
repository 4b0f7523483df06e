//! The walk over all memberships, group by group and member by member, and the memberships of one account.
//!
//! A page of it needs nothing of the page before but its place, so a lost connection costs no more than one page.

use crate::Ldap;
use crate::directory::Search;
use crate::dn::{Dn, without_uid};
use crate::flavour::Flavour;
use crate::group::{Group, Nest, primary_group_sid};
use reeve_sdk::ldap::{Entry, escape_filter, escape_filter_bytes};
use reeve_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Members whose ids are asked for at once.
const NAMES_PER_SEARCH: usize = 100;
/// Bytes of their names, so that the filter stays below the 16 KiB that the host sends.
const NAME_BYTES_PER_SEARCH: usize = 8 * 1024;
const GRANTS_PER_PAGE_MAX: u32 = 2_000;

/// Where the next page starts.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Place {
    /// The id of a group; if it is gone by then, the one after it.
    group: String,
    at: At,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
enum At {
    /// After the member of this name.
    Members(Option<String>),
    /// Active Directory: among the accounts whose primary group it is.
    Primary(Option<String>),
}

/// What a page holds so far.
struct Walk {
    nest: Nest,
    groups: BTreeSet<Dn>,
    size: usize,
    items: Vec<Grant>,
    odd: Odd,
}

/// Members that are no accounts.
#[derive(Default)]
struct Odd {
    count: usize,
    example: Option<String>,
}

impl Odd {
    fn add(&mut self, member: &str, group: &Group) {
        self.count += 1;
        self.example.get_or_insert_with(|| format!("{member} of {}", group.name));
    }
}

impl Ldap {
    pub fn walk_grants(&self, page: &PageRequest) -> Result<Page<Grant>, Failure> {
        let groups = self.groups()?;
        let place = page.cursor::<Place>()?;
        let first = place.as_ref().map_or(0, |place| groups.partition_point(|group| group.id < place.group));
        let mut walk = Walk {
            nest: Nest::default(),
            groups: groups.iter().map(|group| group.key.clone()).collect(),
            size: page.size.clamp(1, GRANTS_PER_PAGE_MAX) as usize,
            items: Vec::new(),
            odd: Odd::default(),
        };
        for (group, following) in groups.iter().zip(groups.iter().skip(1).map(Some).chain([None])).skip(first) {
            let at = place.as_ref().filter(|place| place.group == group.id).map(|place| place.at.clone());
            if let Some(at) = self.walk_group(group, at.unwrap_or(At::Members(None)), &mut walk)? {
                return walk.page(Some(Place { group: group.id.clone(), at }), self);
            }
            if let Some(following) = following
                && (walk.is_full() || self.directory.is_tired())
            {
                return walk.page(Some(Place { group: following.id.clone(), at: At::Members(None) }), self);
            }
        }
        walk.page(None, self)
    }

    /// The place at which the page was full; none at the group's end.
    fn walk_group(&self, group: &Group, at: At, walk: &mut Walk) -> Result<Option<At>, Failure> {
        let after = match at {
            At::Members(after) => after,
            At::Primary(cursor) => return self.walk_primary(group, cursor, walk),
        };
        if let Some(last) = self.walk_members(group, after, walk)? {
            return Ok(Some(At::Members(Some(last.to_string()))));
        }
        if group.rid.is_some() { self.walk_primary(group, None, walk) } else { Ok(None) }
    }

    fn walk_members(&self, group: &Group, after: Option<String>, walk: &mut Walk) -> Result<Option<Dn>, Failure> {
        let after = after.map(|text| Dn::parse(&text).ok_or(Failure::CursorExpired)).transpose()?;
        let listed = self.members(&group.dn)?;
        let stays = self.profile.last_member_stays() && listed.len() == 1;
        let mut members = self.candidates(group, &listed, after.is_none(), walk);
        if let Some(after) = &after {
            members = members.split_off(after);
            members.remove(after);
        }
        let ancestors = if members.is_empty() { vec![] } else { self.ancestors(group, &walk.nest)? };
        while let Some(batch) = next_batch(&mut members, walk.room(ancestors.len())) {
            let ids = self.ids(&batch)?;
            for (key, dn) in &batch {
                match ids.get(key) {
                    Some(id) => walk.items.extend(grants(id, &group.id, !stays, &ancestors)),
                    None => walk.odd.add(dn, group),
                }
            }
            if walk.is_full() || self.directory.is_tired() {
                return Ok(batch.into_iter().next_back().map(|(key, _)| key));
            }
        }
        Ok(None)
    }

    /// The members that may be accounts, by name. The others are told about once, with the group's first page.
    fn candidates(&self, group: &Group, listed: &[String], tell: bool, walk: &mut Walk) -> BTreeMap<Dn, String> {
        let mut members = BTreeMap::new();
        for dn in listed {
            match Dn::parse(dn) {
                Some(key) if walk.groups.contains(&key) || self.profile.is_placeholder(&key) => {}
                Some(key) if key.is_below(&self.profile.people.key) => {
                    members.insert(key, without_uid(dn).to_owned());
                }
                _ if tell => walk.odd.add(dn, group),
                _ => {}
            }
        }
        members
    }

    fn walk_primary(&self, group: &Group, cursor: Option<String>, walk: &mut Walk) -> Result<Option<At>, Failure> {
        let Some(rid) = group.rid else { return Ok(None) };
        let filter = format!("(&{}(primaryGroupID={rid}))", self.profile.people_filter);
        let ancestors = self.ancestors(group, &walk.nest)?;
        let mut cursor = cursor;
        loop {
            let attributes = [self.profile.flavour.id_attribute()];
            let page_size = self.profile.page_size;
            let search = Search { base: &self.profile.people.dn, filter: &filter, attributes: &attributes, page_size };
            let found = self.directory.page(&search, cursor)?;
            for entry in &found.entries {
                walk.items.extend(grants(&self.profile.flavour.id(entry)?, &group.id, false, &ancestors));
            }
            match found.next {
                None => return Ok(None),
                Some(next) if walk.is_full() || self.directory.is_tired() => return Ok(Some(At::Primary(Some(next)))),
                Some(next) => cursor = Some(next),
            }
        }
    }

    /// The ids of the accounts with these names. What is missing in the answer is asked for by itself, because a server
    /// without the attribute that holds an entry's own name finds nothing.
    fn ids(&self, batch: &BTreeMap<Dn, String>) -> Result<BTreeMap<Dn, String>, Failure> {
        let flavour = self.profile.flavour;
        let attributes = [flavour.id_attribute()];
        let own_name = |dn: &String| format!("({}={})", flavour.dn_attribute(), escape_filter(dn));
        let names: String = batch.values().map(own_name).collect();
        let filter = format!("(&{}(|{names}))", self.profile.people_filter);
        let page_size = self.profile.page_size;
        let search = Search { base: &self.profile.people.dn, filter: &filter, attributes: &attributes, page_size };
        let mut ids = BTreeMap::new();
        for entry in self.directory.all(&search)? {
            if let Some(key) = Dn::parse(&entry.dn) {
                ids.insert(key, flavour.id(&entry)?);
            }
        }
        for (key, dn) in batch {
            if !ids.contains_key(key)
                && let Some(entry) = self.directory.read(dn, &self.profile.people_filter, &attributes)?
            {
                ids.insert(key.clone(), flavour.id(&entry)?);
            }
        }
        Ok(ids)
    }

    /// Everything that one account holds.
    pub fn grants_of(&self, account: &Entry) -> Result<Vec<Grant>, Failure> {
        let id = self.profile.flavour.id(account)?;
        let nest = Nest::default();
        let mut attributes = self.group_attributes();
        let member = self.profile.group_class.member_attribute();
        if self.profile.last_member_stays() {
            attributes.push(member);
        }
        let filter = self.holding_filter(&account.dn);
        let page_size = self.profile.page_size;
        let search = Search { base: &self.profile.groups.dn, filter: &filter, attributes: &attributes, page_size };
        let mut found = Vec::new();
        for entry in self.directory.all(&search)? {
            let stays = self.profile.last_member_stays() && entry.values(member).count() == 1;
            let group = self.group(&entry)?;
            found.extend(grants(&id, &group.id, !stays, &self.ancestors(&group, &nest)?));
        }
        if let Some(group) = self.primary_group(account)? {
            found.extend(grants(&id, &group.id, false, &self.ancestors(&group, &nest)?));
        }
        Ok(found)
    }

    fn primary_group(&self, account: &Entry) -> Result<Option<Group>, Failure> {
        if self.profile.flavour != Flavour::ActiveDirectory {
            return Ok(None);
        }
        let rid = account.text("primaryGroupID")?.and_then(|text| text.parse().ok());
        let sid = account.values("objectSid").next();
        let Some(sid) = rid.zip(sid).and_then(|(rid, sid)| primary_group_sid(sid, rid)) else {
            let why =
                format!("{}: primaryGroupID or objectSid cannot be read, so what it holds is not known", account.dn);
            return Err(Failure::protocol(why));
        };
        let filter = format!("(&{}(objectSid={}))", self.group_filter(), escape_filter_bytes(&sid));
        let attributes = self.group_attributes();
        let page_size = self.profile.page_size;
        let search = Search { base: &self.profile.groups.dn, filter: &filter, attributes: &attributes, page_size };
        self.directory.all(&search)?.first().map(|entry| self.group(entry)).transpose()
    }
}

impl Walk {
    fn is_full(&self) -> bool {
        self.items.len() >= self.size
    }

    /// How many more members fit, each with the groups around this one.
    fn room(&self, ancestors: usize) -> usize {
        (self.size.saturating_sub(self.items.len()) / (ancestors + 1)).clamp(1, NAMES_PER_SEARCH)
    }

    fn page(self, next: Option<Place>, ldap: &Ldap) -> Result<Page<Grant>, Failure> {
        let page = match next {
            Some(place) => Page::more(self.items, &place)?,
            None => Page::last(self.items),
        };
        let Odd { count, example: Some(example) } = self.odd else { return Ok(page) };
        let people = &ldap.profile.people.dn;
        Ok(page.warning(format!("{count} members of groups are no accounts under {people}, such as {example}")))
    }
}

/// One membership, and what follows from it.
fn grants(account: &str, group: &str, revocable: bool, ancestors: &[String]) -> Vec<Grant> {
    let direct = Grant { revocable, ..Grant::direct(account, group) };
    let inherited = ancestors.iter().map(|ancestor| Grant::inherited(account, ancestor, group));
    [direct].into_iter().chain(inherited).collect()
}

/// Takes the first members, as many as one search may ask for.
fn next_batch(members: &mut BTreeMap<Dn, String>, count_max: usize) -> Option<BTreeMap<Dn, String>> {
    let mut batch = BTreeMap::new();
    let mut bytes = 0;
    while batch.len() < count_max && bytes < NAME_BYTES_PER_SEARCH {
        let Some((key, dn)) = members.pop_first() else { break };
        bytes += dn.len();
        batch.insert(key, dn);
    }
    (!batch.is_empty()).then_some(batch)
}
