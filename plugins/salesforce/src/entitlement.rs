//! What a user can hold. Salesforce's ids begin with three characters that tell the kind, upper and lower case being
//! different letters, and are unique over all kinds.

use crate::exchange::{self, dig, each, flag};
use crate::nest::Nest;
use crate::settings::Settings;
use crate::soql;
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Profile,
    PermissionSet,
    PermissionSetGroup,
    PermissionSetLicense,
    UserLicense,
    Group,
    Role,
}

/// Public groups and queues are both groups, and only their type tells them apart.
pub const GROUP: &str = "group";
pub const QUEUE: &str = "queue";
/// Everything that is not given to somebody as such: a profile's own set, and what a group of sets adds up to.
const OWN_SETS_ONLY: &str = "IsOwnedByProfile = false AND Type != 'Group'";
/// Permissions with which somebody can take any other.
const PRIVILEGES: [&str; 4] =
    ["PermissionsModifyAllData", "PermissionsManageUsers", "PermissionsCustomizeApplication", "PermissionsAuthorApex"];

impl Kind {
    /// In the order of the listing.
    pub const ALL: [Self; 7] = [
        Self::UserLicense,
        Self::Profile,
        Self::PermissionSet,
        Self::PermissionSetGroup,
        Self::PermissionSetLicense,
        Self::Group,
        Self::Role,
    ];

    pub fn of(id: &str) -> Option<Self> {
        Some(match id.get(..3)? {
            "00e" => Self::Profile,
            "0PS" => Self::PermissionSet,
            "0PG" => Self::PermissionSetGroup,
            "0PL" => Self::PermissionSetLicense,
            "100" => Self::UserLicense,
            "00G" => Self::Group,
            "00E" => Self::Role,
            _ => return None,
        })
    }

    /// The words for it; a group's second one is a queue's.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Profile => &["profile"],
            Self::PermissionSet => &["permission-set"],
            Self::PermissionSetGroup => &["permission-set-group"],
            Self::PermissionSetLicense => &["permission-set-license"],
            Self::UserLicense => &["user-license"],
            Self::Group => &[GROUP, QUEUE],
            Self::Role => &["role"],
        }
    }

    fn word(self) -> &'static str {
        self.words().first().copied().unwrap_or_default()
    }

    pub fn select(self) -> String {
        let privileges = PRIVILEGES.join(", ");
        match self {
            Self::Profile => {
                format!(
                    "SELECT Id, Name, Description, UserLicenseId, UserLicense.LicenseDefinitionKey, {privileges} \
                 FROM Profile ORDER BY Id"
                )
            }
            Self::PermissionSet => {
                format!(
                    "SELECT Id, Name, Label, Description, Type, {privileges} FROM PermissionSet \
                 WHERE {OWN_SETS_ONLY} ORDER BY Id"
                )
            }
            Self::PermissionSetGroup => {
                "SELECT Id, DeveloperName, MasterLabel, Description FROM PermissionSetGroup ORDER BY Id".to_owned()
            }
            Self::PermissionSetLicense => {
                "SELECT Id, DeveloperName, MasterLabel, TotalLicenses, UsedLicenses FROM PermissionSetLicense \
                 ORDER BY Id"
                    .to_owned()
            }
            Self::UserLicense => "SELECT Id, Name, LicenseDefinitionKey, TotalLicenses, UsedLicenses FROM UserLicense \
                 ORDER BY Id"
                .to_owned(),
            Self::Group => "SELECT Id, Name, DeveloperName, Type FROM Group WHERE Type IN ('Regular', 'Queue') \
                 ORDER BY Id"
                .to_owned(),
            Self::Role => "SELECT Id, Name, DeveloperName, ParentRoleId FROM UserRole ORDER BY Id".to_owned(),
        }
    }

    /// The rows of one answer as entitlements.
    pub fn entitlements(self, rows: &[Node], settings: &Settings) -> Result<Vec<Entitlement>, Failure> {
        let ids = rows.iter().map(|row| row.get("Id")?.text()).collect::<Result<Vec<_>, _>>()?;
        let brings = match self {
            Self::PermissionSetGroup => sets_of(&ids, settings)?,
            Self::Group | Self::Role if !ids.is_empty() => {
                let nest = Nest::read(settings)?;
                let outer = |id: &str| if self == Self::Role { nest.of_role(id) } else { nest.around(id) };
                ids.iter().map(|id| ((*id).to_owned(), outer(id))).collect()
            }
            _ => BTreeMap::new(),
        };
        let floors = if self == Self::Profile { floors(settings)? } else { Floors::default() };
        rows.iter().map(|row| self.entitlement(row, &brings, &floors)).collect()
    }

    fn entitlement(
        self,
        row: &Node,
        brings: &BTreeMap<String, Vec<String>>,
        floors: &Floors,
    ) -> Result<Entitlement, Failure> {
        let id = row.get("Id")?.string()?;
        let text = |field: &str| row.text_of(field);
        let name = match self {
            Self::Profile | Self::UserLicense | Self::Role => text("Name")?,
            Self::PermissionSet => text("Label")?,
            Self::PermissionSetGroup | Self::PermissionSetLicense => text("MasterLabel")?,
            // A queue's members are asked for by name; a few groups have a developer name only.
            Self::Group => text("Name")?.or(text("DeveloperName")?),
        };
        let kind = match text("Type")?.as_deref() {
            Some("Queue") if self == Self::Group => QUEUE,
            _ => self.word(),
        };
        let license = row.text_of("UserLicenseId")?;
        let mut contains = brings.get(&id).cloned().unwrap_or_default();
        contains.extend(license.clone().filter(|_| self == Self::Profile));
        Ok(Entitlement {
            description: text("Description")?,
            cardinality: match self {
                Self::Profile | Self::UserLicense => Cardinality::ExactlyOne,
                Self::Role => Cardinality::AtMostOne,
                _ => Cardinality::Many,
            },
            rung: license.and_then(|license| floors.rung(&id, &license)),
            // A licence comes with the profile.
            assignable: self != Self::UserLicense,
            privileged: privileged(row)?,
            contains,
            attributes: self.attributes(row)?,
            ..Entitlement::new(id.clone(), kind, name.unwrap_or(id))
        })
    }

    fn attributes(self, row: &Node) -> Result<Vec<Attribute>, Failure> {
        let mut attributes = Vec::new();
        // Labels of sets may be shared; API names are not.
        for field in ["DeveloperName", "LicenseDefinitionKey", "ParentRoleId"] {
            attributes.extend(row.text_of(field)?.map(|text| Attribute::text(field, text)));
        }
        if self == Self::PermissionSet {
            attributes.extend(row.text_of("Name")?.map(|text| Attribute::text("DeveloperName", text)));
        }
        if let Some(license) = dig(row, "UserLicense.LicenseDefinitionKey")? {
            attributes.push(Attribute::text("UserLicense", license));
        }
        for field in ["TotalLicenses", "UsedLicenses"] {
            let number = row.find(field)?.and_then(|node| node.value().as_i64());
            attributes.extend(number.map(|number| Attribute { name: field.to_owned(), value: Value::Integer(number) }));
        }
        Ok(attributes)
    }
}

fn privileged(row: &Node) -> Result<Option<bool>, Failure> {
    let mut said = None;
    for field in PRIVILEGES {
        if let Some(has) = flag(row, field)? {
            said = Some(said.unwrap_or(false) || has);
        }
    }
    Ok(said)
}

/// The permission sets of these groups of sets.
pub fn sets_of(groups: &[&str], settings: &Settings) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut sets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let head = "SELECT PermissionSetGroupId, PermissionSetId FROM PermissionSetGroupComponent";
    for query in soql::in_chunks(head, "PermissionSetGroupId", groups.iter().copied()) {
        each(&query, settings.page_size, |row| {
            let group = row.get("PermissionSetGroupId")?.string()?;
            sets.entry(group).or_default().push(row.get("PermissionSetId")?.string()?);
            Ok(())
        })?;
    }
    Ok(sets)
}

/// The least privileged profile of each licence that has one, by the licence's id.
#[derive(Default)]
pub struct Floors(BTreeMap<String, String>);

impl Floors {
    fn rung(&self, profile: &str, license: &str) -> Option<Rung> {
        let floor = self.0.get(license)? == profile;
        Some(Rung { family: format!("profile/{license}"), rank: u32::from(!floor), floor })
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Finds the floors that the settings name. One that does not exist would leave leavers with what they have.
pub fn floors(settings: &Settings) -> Result<Floors, Failure> {
    let mut floors = Floors::default();
    let names = settings.floor_profiles.iter().map(String::as_str);
    let mut found = Vec::new();
    for query in soql::in_chunks("SELECT Id, Name, UserLicenseId FROM Profile", "Name", names) {
        exchange::each(&query, settings.page_size, |row| {
            found.push((row.get("Name")?.string()?, row.get("UserLicenseId")?.string()?, row.get("Id")?.string()?));
            Ok(())
        })?;
    }
    for name in &settings.floor_profiles {
        let Some((_, license, id)) = found.iter().find(|(found, ..)| found.eq_ignore_ascii_case(name)) else {
            return Err(Failure::invalid("floor-profiles", format!("Salesforce has no profile {name:?}")));
        };
        if floors.0.insert(license.clone(), id.clone()).is_some_and(|other| other != *id) {
            let why = format!("{name:?} and another one are of the same user licence; name one of each");
            return Err(Failure::invalid("floor-profiles", why));
        }
    }
    Ok(floors)
}
