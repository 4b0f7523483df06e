//! The system's settings, and what follows from them and the flavour's defaults.

use crate::dn::Dn;
use crate::flavour::{Flavour, GroupClass};
use reeve_sdk::prelude::*;
use serde::Deserialize;

const PAGE_SIZE: u32 = 500;
const PAGE_SIZE_MAX: u32 = 1_000;

/// Attributes that are never read or written as further ones: they hold secrets, decide who may sign in, or belong to
/// an operation of their own.
const RESERVED_ATTRIBUTES: &[&str] = &[
    "userPassword",
    "unicodePwd",
    "dBCSPwd",
    "ntPwdHistory",
    "lmPwdHistory",
    "supplementalCredentials",
    "authPassword",
    "sambaNTPassword",
    "sambaLMPassword",
    "sambaPasswordHistory",
    "krbPrincipalKey",
    "pwdHistory",
    "pwdAccountLockedTime",
    "pwdPolicySubentry",
    "nsAccountLock",
    "nsRoleDN",
    "accountUnlockTime",
    "userAccountControl",
    "lockoutTime",
    "primaryGroupID",
    "objectClass",
    "member",
    "uniqueMember",
    "memberOf",
    "cn",
    "sn",
    "givenName",
    "displayName",
    "mail",
    "dn",
];

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    #[serde(default)]
    flavour: Flavour,
    people: String,
    groups: String,
    #[serde(default)]
    user_classes: Vec<String>,
    people_filter: Option<String>,
    naming_attribute: Option<String>,
    login_attribute: Option<String>,
    group_class: Option<GroupClass>,
    correlation_attribute: Option<String>,
    placeholder_member: Option<String>,
    password_policy: Option<String>,
    #[serde(default = "yes")]
    nested_groups: bool,
    #[serde(default)]
    attributes: Vec<String>,
    page_size: Option<u32>,
}

fn yes() -> bool {
    true
}

/// A name as the settings write it, and its normal form.
#[derive(Debug)]
pub struct Named {
    pub dn: String,
    pub key: Dn,
}

/// The settings, checked and complete.
#[derive(Debug)]
pub struct Profile {
    pub flavour: Flavour,
    pub people: Named,
    pub groups: Named,
    pub user_classes: Vec<String>,
    pub people_filter: String,
    pub naming_attribute: String,
    pub login_attribute: String,
    pub group_class: GroupClass,
    pub correlation_attribute: String,
    pub placeholder: Option<Named>,
    pub password_policy: Option<Named>,
    pub nested_groups: bool,
    pub attributes: Vec<String>,
    pub page_size: u32,
}

impl Profile {
    /// Refuses what the manifest's types cannot catch.
    pub fn new(settings: Settings) -> Result<Self, Failure> {
        let flavour = settings.flavour;
        let profile = Self {
            flavour,
            people: named("people", settings.people)?,
            groups: named("groups", settings.groups)?,
            user_classes: classes(flavour, settings.user_classes)?,
            people_filter: filter(flavour, settings.people_filter)?,
            naming_attribute: attribute("naming-attribute", settings.naming_attribute, flavour.naming_attribute())?,
            login_attribute: attribute("login-attribute", settings.login_attribute, flavour.login_attribute())?,
            group_class: settings.group_class.unwrap_or(match flavour {
                Flavour::OpenLdap | Flavour::Ds389 => GroupClass::GroupOfNames,
                Flavour::ActiveDirectory => GroupClass::Group,
            }),
            correlation_attribute: attribute(
                "correlation-attribute",
                settings.correlation_attribute,
                "employeeNumber",
            )?,
            placeholder: given(settings.placeholder_member).map(|dn| named("placeholder-member", dn)).transpose()?,
            password_policy: given(settings.password_policy).map(|dn| named("password-policy", dn)).transpose()?,
            nested_groups: settings.nested_groups,
            attributes: settings.attributes,
            page_size: settings.page_size.unwrap_or(PAGE_SIZE),
        };
        profile.check()?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), Failure> {
        if !(1..=PAGE_SIZE_MAX).contains(&self.page_size) {
            return Err(Failure::invalid("page-size", format!("it must be from 1 to {PAGE_SIZE_MAX}")));
        }
        if self.placeholder.as_ref().is_some_and(|named| named.key.is_below(&self.people.key)) {
            let why = format!(
                "it lies under {}, where it could be somebody's account; name an entry elsewhere",
                self.people.dn
            );
            return Err(Failure::invalid("placeholder-member", why));
        }
        let own = [&self.naming_attribute, &self.login_attribute, &self.correlation_attribute];
        for name in &self.attributes {
            let is = |other: &str| other.eq_ignore_ascii_case(name);
            if !is_attribute(name) {
                return Err(Failure::invalid("attributes", format!("{name:?} is no name of an attribute")));
            }
            if RESERVED_ATTRIBUTES.iter().any(|other| is(other)) || own.iter().any(|other| is(other)) {
                let why = "it has a field of its own, holds a secret, or decides who may sign in";
                return Err(Failure::invalid("attributes", format!("{name} cannot be listed here: {why}")));
            }
        }
        Ok(())
    }

    /// Whether the schema refuses a group without a member. 389 Directory Server and Active Directory allow one.
    pub fn groups_need_a_member(&self) -> bool {
        self.flavour == Flavour::OpenLdap && self.group_class != GroupClass::Group
    }

    /// Whether the last member of a group is there to stay.
    pub fn last_member_stays(&self) -> bool {
        self.groups_need_a_member() && self.placeholder.is_none()
    }

    pub fn is_placeholder(&self, key: &Dn) -> bool {
        self.placeholder.as_ref().is_some_and(|named| named.key == *key)
    }
}

/// Administrators leave settings empty when they mean none.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

fn named(setting: &str, dn: String) -> Result<Named, Failure> {
    match Dn::parse(&dn) {
        Some(key) if !key.is_root() => Ok(Named { dn, key }),
        _ => {
            let example = "ou=people,dc=example,dc=com";
            Err(Failure::invalid(setting, format!("{dn:?} is no distinguished name; write it whole, like {example}")))
        }
    }
}

fn is_attribute(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn attribute(setting: &str, name: Option<String>, default: &str) -> Result<String, Failure> {
    let name = given(name).unwrap_or_else(|| default.to_owned());
    if is_attribute(&name) {
        Ok(name)
    } else {
        Err(Failure::invalid(setting, format!("{name:?} is no name of an attribute")))
    }
}

fn classes(flavour: Flavour, classes: Vec<String>) -> Result<Vec<String>, Failure> {
    if let Some(bad) = classes.iter().find(|name| !is_attribute(name)) {
        return Err(Failure::invalid("user-classes", format!("{bad:?} is no name of an object class")));
    }
    let default = || flavour.user_classes().iter().map(|name| (*name).to_owned()).collect();
    Ok(if classes.is_empty() { default() } else { classes })
}

/// It is put inside other filters, so its parentheses must match.
fn filter(flavour: Flavour, filter: Option<String>) -> Result<String, Failure> {
    let filter = given(filter).unwrap_or_else(|| flavour.people_filter().to_owned());
    let mut depth = 0_i32;
    for (index, c) in filter.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth < 1 && index + 1 < filter.len() {
            depth = -1;
            break;
        }
    }
    if depth == 0 {
        return Ok(filter);
    }
    let example = "(&(objectClass=person)(!(ou=test)))";
    Err(Failure::invalid("people-filter", format!("{filter:?} is not one filter in parentheses, like {example}")))
}
