//! Groups inside groups. Who holds a group holds every group that it is a member of, so effective access is more than
//! the direct memberships.

use crate::exchange;
use crate::group::{Group, Member, MemberKind};
use crate::paging::{Listing, Place};
use reeve_sdk::prelude::*;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

/// Groups that one call reads one by one, because they are inside others.
const GROUPS_LOADED_MAX: usize = 500;

/// The groups that one call has met, and what it must look up about them.
pub struct Nest {
    nested: bool,
    /// How this server pages.
    start: Place,
    met: RefCell<BTreeMap<String, Option<Rc<Group>>>>,
    loaded: RefCell<usize>,
    ids: OnceCell<BTreeSet<String>>,
}

impl Nest {
    pub fn new(nested: bool, start: Place) -> Self {
        Self { nested, start, met: RefCell::default(), loaded: RefCell::default(), ids: OnceCell::new() }
    }

    pub fn meet(&self, group: &Rc<Group>) {
        self.met.borrow_mut().insert(group.id.clone(), Some(group.clone()));
    }

    /// Every grant of a group: its own members, and those of the groups inside it.
    pub fn grants(&self, group: &Group) -> Result<Vec<Grant>, Failure> {
        let mut grants = Vec::new();
        let mut direct = HashSet::new();
        for member in &group.members {
            if !self.is_group(member)? && member.kind != MemberKind::Other && direct.insert(&member.id) {
                grants.push(own(member, &group.id));
            }
        }
        for inner in self.inside(group)? {
            let mut through = HashSet::new();
            for member in &inner.members {
                if !self.is_group(member)? && member.kind != MemberKind::Other && through.insert(&member.id) {
                    grants.push(Grant::inherited(&member.id, &group.id, &inner.id));
                }
            }
        }
        Ok(grants)
    }

    /// The groups inside a group, at any depth, each once and never itself.
    fn inside(&self, group: &Group) -> Result<Vec<Rc<Group>>, Failure> {
        let mut found: Vec<Rc<Group>> = Vec::new();
        if !self.nested {
            return Ok(found);
        }
        let mut seen = BTreeSet::from([group.id.clone()]);
        let mut open: Vec<Member> = group.members.clone();
        while let Some(member) = open.pop() {
            if !self.is_group(&member)? || !seen.insert(member.id.clone()) {
                continue;
            }
            // A member that is gone brings nobody along.
            if let Some(inner) = self.load(&member.id)? {
                open.extend(inner.members.iter().cloned());
                found.push(inner);
            }
        }
        Ok(found)
    }

    fn is_group(&self, member: &Member) -> Result<bool, Failure> {
        Ok(match member.kind {
            MemberKind::Group => true,
            MemberKind::User | MemberKind::Other => false,
            MemberKind::Unsaid => self.nested && self.ids()?.contains(&member.id),
        })
    }

    /// The ids of all groups, read when the first member does not say what it is.
    fn ids(&self) -> Result<&BTreeSet<String>, Failure> {
        if let Some(ids) = self.ids.get() {
            return Ok(ids);
        }
        let mut ids = BTreeSet::new();
        Listing::groups().only("id").walk_whole(self.start.clone(), |group| {
            ids.insert(group.get("id")?.string()?);
            Ok(())
        })?;
        Ok(self.ids.get_or_init(|| ids))
    }

    fn load(&self, id: &str) -> Result<Option<Rc<Group>>, Failure> {
        if let Some(group) = self.met.borrow().get(id) {
            return Ok(group.clone());
        }
        *self.loaded.borrow_mut() += 1;
        if *self.loaded.borrow() > GROUPS_LOADED_MAX {
            return Err(Failure::unsupported(format!(
                "more than {GROUPS_LOADED_MAX} groups inside one page of groups; lower `page-size`"
            )));
        }
        let group = exchange::find("/Groups", id)?.map(|doc| Group::read(&doc.root())).transpose()?.map(Rc::new);
        self.met.borrow_mut().insert(id.to_owned(), group.clone());
        Ok(group)
    }
}

/// The grant of a membership that stands in the group itself.
pub fn own(member: &Member, group: &str) -> Grant {
    let grant = Grant::direct(&member.id, group);
    if member.direct { grant } else { by_rule(grant) }
}

/// The target says that the account is in the group, and that nobody put it there.
pub fn by_rule(grant: Grant) -> Grant {
    let rule = "the target calls the membership indirect and does not say where it comes from".to_owned();
    Grant { source: GrantSource::ByRule(rule), revocable: false, ..grant }
}

/// For each group, the groups that it is a member of.
pub fn parents(groups: &[Group]) -> BTreeMap<String, Vec<String>> {
    let ids: BTreeSet<&str> = groups.iter().map(|group| group.id.as_str()).collect();
    let mut parents: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for group in groups {
        for member in &group.members {
            let inner = match member.kind {
                MemberKind::Group => true,
                MemberKind::Unsaid => ids.contains(member.id.as_str()),
                MemberKind::User | MemberKind::Other => false,
            };
            if inner && member.id != group.id && ids.contains(member.id.as_str()) {
                parents.entry(member.id.clone()).or_default().insert(group.id.clone());
            }
        }
    }
    parents.into_iter().map(|(id, of)| (id, of.into_iter().collect())).collect()
}
