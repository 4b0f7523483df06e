//! Who holds what: four kinds of rows, each of which may bring more along. What is inherited names what is held
//! directly, because that is what has to be taken.

use crate::entitlement::sets_of;
use crate::exchange::{dig, flag};
use crate::nest::Lazy;
use crate::settings::Settings;
use crate::walk::Leg;
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;
use reeve_sdk::time;

/// In the order of the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    User,
    PermissionSets,
    Licenses,
    Groups,
}

impl Source {
    pub const ALL: [Self; 4] = [Self::User, Self::PermissionSets, Self::Licenses, Self::Groups];

    fn select(self) -> &'static str {
        match self {
            Self::User => "SELECT Id, ProfileId, UserRoleId, Profile.UserLicenseId FROM User",
            Self::PermissionSets => {
                "SELECT Id, AssigneeId, PermissionSetId, PermissionSetGroupId, IsActive, ExpirationDate \
                 FROM PermissionSetAssignment"
            }
            Self::Licenses => "SELECT Id, AssigneeId, PermissionSetLicenseId FROM PermissionSetLicenseAssign",
            Self::Groups => "SELECT Id, GroupId, UserOrGroupId FROM GroupMember",
        }
    }

    /// A profile is a permission set that nobody gave.
    fn condition(self) -> Option<&'static str> {
        (self == Self::PermissionSets).then_some("PermissionSet.IsOwnedByProfile = false")
    }

    fn holder(self) -> &'static str {
        match self {
            Self::User => "Id",
            Self::PermissionSets | Self::Licenses => "AssigneeId",
            Self::Groups => "UserOrGroupId",
        }
    }

    /// Of everybody.
    pub fn leg(self) -> Leg {
        let condition = self.condition().map(|condition| format!(" WHERE {condition}")).unwrap_or_default();
        Leg::new(format!("{}{condition} ORDER BY Id", self.select()))
    }

    /// Of one user.
    pub fn of(self, user: &str) -> String {
        let more = self.condition().map(|condition| format!(" AND {condition}")).unwrap_or_default();
        format!("{} WHERE {} = {}{more}", self.select(), self.holder(), crate::soql::quoted(user))
    }

    /// The rows of one answer as grants.
    pub fn grants(self, rows: &[Node], nest: &Lazy) -> Result<Held, Failure> {
        match self {
            Self::User => users(rows, nest),
            Self::PermissionSets => sets(rows, nest.settings),
            Self::Licenses => licenses(rows),
            Self::Groups => members(rows, nest),
        }
    }
}

/// Grants, and what an auditor should know about them.
#[derive(Default)]
pub struct Held {
    pub grants: Vec<Grant>,
    pub warning: Option<String>,
}

/// The profile with its licence; the role, and the groups that it brings along.
fn users(rows: &[Node], nest: &Lazy) -> Result<Held, Failure> {
    let mut held = Held::default();
    for row in rows {
        let user = row.get("Id")?.text()?;
        if let Some(profile) = row.text_of("ProfileId")? {
            if let Some(license) = dig(row, "Profile.UserLicenseId")? {
                held.grants.push(Grant::inherited(user, license, &profile));
            }
            held.grants.push(Grant { revocable: false, ..Grant::direct(user, profile) });
        }
        if let Some(role) = row.text_of("UserRoleId")? {
            let groups = nest.get()?.of_role(&role).into_iter();
            held.grants.extend(groups.map(|group| Grant::inherited(user, group, &role)));
            held.grants.push(Grant::direct(user, role));
        }
    }
    Ok(held)
}

fn sets(rows: &[Node], settings: &Settings) -> Result<Held, Failure> {
    let (mut active, mut inactive) = (Vec::new(), 0);
    for row in rows {
        match flag(row, "IsActive")? {
            // An assignment that has run out stays there and gives nothing.
            Some(false) => inactive += 1,
            _ => active.push((row, row.text_of("PermissionSetGroupId")?)),
        }
    }
    let mut groups: Vec<&str> = active.iter().filter_map(|(_, group)| group.as_deref()).collect();
    groups.sort_unstable();
    groups.dedup();
    let sets = sets_of(&groups, settings)?;
    let mut grants = Vec::new();
    for (row, group) in active {
        let user = row.get("AssigneeId")?.text()?;
        let expires_at = row.text_of("ExpirationDate")?.as_deref().and_then(time::instant);
        let inherited =
            group.iter().flat_map(|group| sets.get(group).into_iter().flatten().map(move |set| (group, set)));
        for (group, set) in inherited {
            grants.push(Grant { expires_at: expires_at.clone(), ..Grant::inherited(user, set, group) });
        }
        let given = match group {
            Some(group) => group,
            None => row.get("PermissionSetId")?.string()?,
        };
        grants.push(Grant { expires_at, ..Grant::direct(user, given) });
    }
    let warning =
        (inactive > 0).then(|| format!("{inactive} assignments of permission sets are not active and give nothing"));
    Ok(Held { grants, warning })
}

fn licenses(rows: &[Node]) -> Result<Held, Failure> {
    let grant = |row: &Node| {
        Ok::<_, Failure>(Grant::direct(row.get("AssigneeId")?.text()?, row.get("PermissionSetLicenseId")?.text()?))
    };
    Ok(Held { grants: rows.iter().map(grant).collect::<Result<_, _>>()?, warning: None })
}

/// Members of public groups and queues. Groups among the members are what the nest is made of.
fn members(rows: &[Node], nest: &Lazy) -> Result<Held, Failure> {
    if rows.is_empty() {
        return Ok(Held::default());
    }
    let nest = nest.get()?;
    let mut grants = Vec::new();
    for row in rows {
        let (member, group) = (row.get("UserOrGroupId")?.text()?, row.get("GroupId")?.text()?);
        if !member.starts_with(crate::reader::USER_PREFIX) || !nest.is_listed(group) {
            continue;
        }
        grants.push(Grant::direct(member, group));
        grants.extend(nest.around(group).into_iter().map(|outer| Grant::inherited(member, outer, group)));
    }
    Ok(Held { grants, warning: nest.warning() })
}
