//! Groups inside groups. A public group may hold other groups, and whoever is in a role, or below it, through a group
//! that stands for the role. Who is in an inner one is in the outer one as well.

use crate::exchange::each;
use crate::settings::Settings;
use crate::soql;
use reeve_sdk::prelude::*;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// All groups of the org, and which is inside which.
#[derive(Debug, Default)]
pub struct Nest {
    /// Public groups and queues: the ones that are entitlements.
    listed: BTreeSet<String>,
    /// A group's direct outer ones.
    outer: BTreeMap<String, Vec<String>>,
    /// The groups that stand for being in a role.
    roles: BTreeMap<String, Vec<String>>,
    /// How many public groups and queues hold somebody by a rule that is not followed here, by its type.
    unfollowed: BTreeMap<String, usize>,
}

/// The nest of one call, read when it is asked for.
pub struct Lazy<'a> {
    pub settings: &'a Settings,
    nest: OnceCell<Nest>,
}

impl<'a> Lazy<'a> {
    pub fn new(settings: &'a Settings) -> Self {
        Self { settings, nest: OnceCell::new() }
    }

    pub fn get(&self) -> Result<&Nest, Failure> {
        if let Some(nest) = self.nest.get() {
            return Ok(nest);
        }
        let nest = Nest::read(self.settings)?;
        Ok(self.nest.get_or_init(|| nest))
    }
}

/// What a group of these types stands for.
enum Stands {
    Listed,
    Role { below: bool },
    Other,
}

fn stands(kind: &str) -> Stands {
    match kind {
        "Regular" | "Queue" => Stands::Listed,
        "Role" => Stands::Role { below: false },
        "RoleAndSubordinates" | "RoleAndSubordinatesInternal" => Stands::Role { below: true },
        _ => Stands::Other,
    }
}

struct Group {
    id: String,
    kind: String,
    related: Option<String>,
}

impl Nest {
    pub fn read(settings: &Settings) -> Result<Self, Failure> {
        let mut groups = Vec::new();
        each("SELECT Id, Type, RelatedId FROM Group ORDER BY Id", settings.page_size, |row| {
            let (id, kind) = (row.get("Id")?.string()?, row.text_of("Type")?.unwrap_or_default());
            groups.push(Group { id, kind, related: row.text_of("RelatedId")? });
            Ok(())
        })?;
        let mut nest = Self::default();
        let head = "SELECT GroupId, UserOrGroupId FROM GroupMember";
        for query in soql::in_chunks(head, "UserOrGroupId", groups.iter().map(|group| group.id.as_str())) {
            each(&query, settings.page_size, |row| {
                let inner = row.get("UserOrGroupId")?.string()?;
                nest.outer.entry(inner).or_default().push(row.get("GroupId")?.string()?);
                Ok(())
            })?;
        }
        nest.place(groups, settings)?;
        Ok(nest)
    }

    fn place(&mut self, groups: Vec<Group>, settings: &Settings) -> Result<(), Failure> {
        let mut below = None;
        for group in groups {
            let nested = self.outer.contains_key(&group.id);
            match (stands(&group.kind), group.related) {
                (Stands::Listed, _) => {
                    self.listed.insert(group.id);
                }
                (Stands::Role { below: false }, Some(role)) if nested => {
                    self.roles.entry(role).or_default().push(group.id);
                }
                (Stands::Role { below: true }, Some(role)) if nested => {
                    if below.is_none() {
                        below = Some(Roles::read(settings)?);
                    }
                    for role in below.iter().flat_map(|roles| roles.and_below(&role)) {
                        self.roles.entry(role).or_default().push(group.id.clone());
                    }
                }
                _ if nested => *self.unfollowed.entry(group.kind).or_default() += 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// The groups around a group, through any number of others, without itself.
    pub fn around(&self, group: &str) -> Vec<String> {
        let mut found = self.closure(vec![group]);
        found.retain(|id| id != group);
        found
    }

    /// The groups that somebody in a role is in.
    pub fn of_role(&self, role: &str) -> Vec<String> {
        self.closure(self.roles.get(role).into_iter().flatten().map(String::as_str).collect())
    }

    fn closure<'a>(&'a self, mut open: Vec<&'a str>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                open.extend(self.outer.get(next).into_iter().flatten().map(String::as_str));
            }
        }
        seen.into_iter().filter(|id| self.listed.contains(*id)).map(str::to_owned).collect()
    }

    pub fn is_listed(&self, group: &str) -> bool {
        self.listed.contains(group)
    }

    /// What an auditor should know about members that are not shown.
    pub fn warning(&self) -> Option<String> {
        if self.unfollowed.is_empty() {
            return None;
        }
        let kinds: Vec<String> =
            self.unfollowed.iter().map(|(kind, count)| format!("{count} of type {kind}")).collect();
        let kinds = kinds.join(", ");
        Some(format!("groups hold members by rules that are not followed here ({kinds}); those members are not listed"))
    }
}

/// The hierarchy of roles.
struct Roles {
    below: BTreeMap<String, Vec<String>>,
}

impl Roles {
    fn read(settings: &Settings) -> Result<Self, Failure> {
        let mut below: BTreeMap<String, Vec<String>> = BTreeMap::new();
        each("SELECT Id, ParentRoleId FROM UserRole ORDER BY Id", settings.page_size, |row| {
            if let Some(parent) = row.text_of("ParentRoleId")? {
                below.entry(parent).or_default().push(row.get("Id")?.string()?);
            }
            Ok(())
        })?;
        Ok(Self { below })
    }

    fn and_below(&self, role: &str) -> BTreeSet<String> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![role]);
        while let Some(next) = open.pop() {
            if seen.insert(next.to_owned()) {
                open.extend(self.below.get(next).into_iter().flatten().map(String::as_str));
            }
        }
        seen
    }
}
