//! Operations on accounts that exist. Each reads the entry first, by its immutable id, and changes nothing that is
//! already as wished.

use crate::Ldap;
use crate::account::FIELDS;
use crate::directory::refusal;
use crate::flavour::Flavour;
use crate::state::{AD_DISABLED, Force, LOCKED_FOR_GOOD, Policies, account_control};
use reeve_sdk::ldap::{self, Change, Entry, code};
use reeve_sdk::prelude::*;

impl Writer for Ldap {
    fn create(&self, account: NewAccount, _operation_id: &str) -> Result<Outcome, Failure> {
        self.create_account(&account)
    }

    fn update(&self, change: AccountChange, _operation_id: &str) -> Result<Outcome, Failure> {
        let entry = self.existing(&change.account)?;
        let mut changes = Vec::new();
        for wish in &change.attributes {
            changes.extend(self.change(&entry, wish)?);
        }
        self.apply_changes(&entry, &changes)
    }

    fn enable(&self, account: &str, _operation_id: &str) -> Result<Outcome, Failure> {
        let entry = self.existing(account)?;
        let clear = |names: &[&str]| names.iter().filter_map(|name| clear(&entry, name)).collect::<Vec<_>>();
        let changes = match self.profile.flavour {
            Flavour::OpenLdap => clear(&["pwdAccountLockedTime"]),
            Flavour::Ds389 => clear(&["nsAccountLock", "accountUnlockTime"]),
            Flavour::ActiveDirectory => {
                let locked_out = entry.text("lockoutTime")?.is_some_and(|time| time != "0");
                let unlock = locked_out.then(|| Change::replace(ldap::Attribute::text("lockoutTime", "0")));
                control_changes(&entry, |bits| bits & !AD_DISABLED)?.into_iter().chain(unlock).collect()
            }
        };
        self.apply_changes(&entry, &changes)
    }

    fn disable(&self, account: &str, _operation_id: &str) -> Result<Outcome, Failure> {
        let Some(entry) = self.find(account)? else { return Ok(Outcome::already_so()) };
        let policies = Policies::default();
        if self.state(&entry, &policies)?.0 == AccountState::Disabled {
            return Ok(Outcome::already_so().account(account));
        }
        let changes = match self.profile.flavour {
            Flavour::OpenLdap => {
                let (force, policy) = self.force(&entry, &policies)?;
                if force == Force::Ignores {
                    return Err(Failure::refused(format!(
                        "the password policy {policy} has no pwdLockout=TRUE, so a lock has no effect; set it"
                    )));
                }
                vec![Change::replace(ldap::Attribute::text("pwdAccountLockedTime", LOCKED_FOR_GOOD))]
            }
            Flavour::Ds389 => vec![Change::replace(ldap::Attribute::text("nsAccountLock", "TRUE"))],
            Flavour::ActiveDirectory => control_changes(&entry, |bits| bits | AD_DISABLED)?,
        };
        self.apply_changes(&entry, &changes)
    }

    fn delete(&self, account: &str, _operation_id: &str) -> Result<Outcome, Failure> {
        let Some(entry) = self.find(account)? else { return Ok(Outcome::already_so()) };
        match self.directory.delete(&entry.dn) {
            Ok(()) => Ok(Outcome::done().account(account)),
            Err(error) if refusal(&error) == Some(code::NO_SUCH_OBJECT) => Ok(Outcome::already_so().account(account)),
            Err(error) => Err(error.into()),
        }
    }

    fn grant(&self, grant: NewGrant, _operation_id: &str) -> Result<Outcome, Failure> {
        self.add_member(&grant)
    }

    fn revoke(&self, membership: Membership, _operation_id: &str) -> Result<Outcome, Failure> {
        self.remove_member(&membership)
    }
}

impl Ldap {
    pub fn existing(&self, id: &str) -> Result<Entry, Failure> {
        let people = &self.profile.people.dn;
        self.find(id)?.ok_or_else(|| Failure::not_found(format!("no account under {people} has the id {id}")))
    }

    fn apply_changes(&self, entry: &Entry, changes: &[Change]) -> Result<Outcome, Failure> {
        let id = self.profile.flavour.id(entry)?;
        if changes.is_empty() {
            return Ok(Outcome::already_so().account(id));
        }
        match self.directory.modify(&entry.dn, changes) {
            Ok(()) => Ok(Outcome::done().account(id)),
            Err(error) if refusal(&error) == Some(code::NO_SUCH_ATTRIBUTE) => {
                Err(Failure::conflict(format!("{} was changed by somebody else at the same time", entry.dn)))
            }
            Err(error) if refusal(&error) == Some(UNDEFINED_ATTRIBUTE_TYPE) => Err(unknown_attribute(changes)),
            Err(error) => Err(error.into()),
        }
    }

    /// The change that makes one attribute as wished; none where it is already.
    fn change(&self, entry: &Entry, wish: &Attribute) -> Result<Option<Change>, Failure> {
        let name = self.attribute_of(&wish.name)?;
        let values = values_of(wish)?;
        if name == self.profile.login_attribute || name == self.profile.naming_attribute {
            return if entry.texts(name)? == values { Ok(None) } else { Err(Failure::unsupported(NO_RENAME)) };
        }
        let mut now = entry.texts(name)?;
        let mut wanted = values.clone();
        now.sort();
        wanted.sort();
        let values = values.iter().map(String::as_str);
        Ok((now != wanted).then(|| Change::replace(ldap::Attribute::texts(name, values))))
    }

    /// The directory's name for a field or a further attribute. What the settings do not list can't be read back.
    pub fn attribute_of<'a>(&'a self, field: &str) -> Result<&'a str, Failure> {
        let profile = &self.profile;
        match field {
            "login" => return Ok(&profile.login_attribute),
            "correlation-key" => return Ok(&profile.correlation_attribute),
            _ => {}
        }
        if let Some((_, name)) = FIELDS.iter().find(|(reserved, _)| *reserved == field) {
            return Ok(name);
        }
        let listed = profile.attributes.iter().find(|name| *name == field);
        let why = "it is not listed in the setting `attributes`, so it is neither read nor written";
        listed.map(String::as_str).ok_or_else(|| Failure::invalid(field, why))
    }
}

/// RFC 4511: undefinedAttributeType.
const UNDEFINED_ATTRIBUTE_TYPE: u32 = 17;
const NO_RENAME: &str = "this connector does not rename accounts: the login is part of the entry's name, which groups and other \
     systems refer to; rename the entry in the directory";

fn unknown_attribute(changes: &[Change]) -> Failure {
    let mut names: Vec<_> = changes.iter().map(|change| change.attribute.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let names = names.join(", ");
    Failure::unsupported(format!(
        "the directory does not know the attribute ({names}); OpenLDAP knows pwdAccountLockedTime only with the ppolicy overlay"
    ))
}

fn clear(entry: &Entry, name: &str) -> Option<Change> {
    entry.values(name).next().map(|_| Change::replace(ldap::Attribute::empty(name)))
}

/// The old value is taken out by its number, so that a change in between is refused and not overwritten.
fn control_changes(entry: &Entry, wish: impl Fn(i64) -> i64) -> Result<Vec<Change>, Failure> {
    let name = "userAccountControl";
    let Some(text) = entry.text(name)? else {
        return Err(Failure::protocol(format!("{}: {name} cannot be read", entry.dn)));
    };
    let bits = account_control(&entry.dn, &text)?;
    let wished = wish(bits);
    if wished == bits {
        return Ok(vec![]);
    }
    Ok(vec![Change::delete(name, &text), Change::add(name, &wished.to_string())])
}

/// The values to write. An empty text means none: most syntaxes have no empty value.
pub fn values_of(wish: &Attribute) -> Result<Vec<String>, Failure> {
    let values = match &wish.value {
        Value::Text(text) => vec![text.clone()],
        Value::Integer(number) => vec![number.to_string()],
        Value::Flag(flag) => vec![if *flag { "TRUE" } else { "FALSE" }.to_owned()],
        Value::Texts(texts) => texts.clone(),
        Value::Json(_) => return Err(Failure::invalid(&wish.name, "a directory's attribute holds texts, not JSON")),
    };
    Ok(values.into_iter().filter(|value| !value.is_empty()).collect())
}
