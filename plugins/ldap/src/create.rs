//! New accounts. They get no password: until somebody sets one, nobody can sign in with them.

use crate::Ldap;
use crate::directory::{Search, refusal};
use crate::flavour::Flavour;
use crate::writer::values_of;
use reeve_sdk::ldap::{self, code, escape_dn, escape_filter};
use reeve_sdk::prelude::*;

/// NORMAL_ACCOUNT and ACCOUNTDISABLE: Active Directory enables no account without a password.
const AD_NEW_ACCOUNT: &str = "514";

impl Ldap {
    pub fn create_account(&self, account: &NewAccount) -> Result<Outcome, Failure> {
        if account.login.trim().is_empty() || account.login.chars().any(char::is_control) {
            return Err(Failure::invalid("login", "it must be text of one line"));
        }
        if !account.entitlements.is_empty() {
            return Err(Failure::unsupported("an account is created without groups; grant them one by one"));
        }
        let profile = &self.profile;
        let dn = format!("{}={},{}", profile.naming_attribute, escape_dn(&account.login), profile.people.dn);
        let attributes = self.new_attributes(account)?;
        self.check_free(account, &dn)?;
        match self.directory.add(&dn, &attributes) {
            Ok(()) => {}
            Err(error) if refusal(&error) == Some(code::ENTRY_ALREADY_EXISTS) => {
                return Err(Failure::conflict(format!("the entry {dn} exists already")));
            }
            Err(error) => return Err(error.into()),
        }
        // From here on the account is there, so no failure may say that nothing happened.
        let made = self.directory.read(&dn, "(objectClass=*)", &[profile.flavour.id_attribute()]);
        match made {
            Ok(Some(entry)) => match profile.flavour.id(&entry) {
                Ok(id) => Ok(Outcome::done().account(id)),
                Err(failure) => Err(unread(&dn, &failure)),
            },
            Ok(None) => Err(Failure::outcome_unknown(format!("{dn} was created and cannot be read back"))),
            Err(failure) => Err(unread(&dn, &failure)),
        }
    }

    /// The login must be nobody's, and no group may list the name: a deleted account of that name would pass its groups on.
    fn check_free(&self, account: &NewAccount, dn: &str) -> Result<(), Failure> {
        let profile = &self.profile;
        let page_size = profile.page_size;
        let filter = format!("({}={})", profile.login_attribute, escape_filter(&account.login));
        let attributes = [profile.flavour.id_attribute()];
        let search = Search { base: &profile.people.dn, filter: &filter, attributes: &attributes, page_size };
        if let Some(holder) = self.directory.all(&search)?.first() {
            return Err(Failure::conflict(format!("the login {} is taken by {}", account.login, holder.dn)));
        }
        let filter = self.holding_filter(dn);
        let attributes = ["cn"];
        let search = Search { base: &profile.groups.dn, filter: &filter, attributes: &attributes, page_size };
        let stale = self.directory.all(&search)?;
        if stale.is_empty() {
            return Ok(());
        }
        let blocker = |group: &ldap::Entry| {
            format!("{} still lists {dn} as a member, from an account of that name before; take it out first", group.dn)
        };
        Err(Failure::RefusedByTarget(stale.iter().map(blocker).collect()))
    }

    fn new_attributes(&self, account: &NewAccount) -> Result<Vec<ldap::Attribute>, Failure> {
        let profile = &self.profile;
        let login = account.login.as_str();
        let name = full_name(account);
        let mut new = New(vec![]);
        new.set("objectClass", profile.user_classes.iter().map(String::as_str));
        new.set(&profile.naming_attribute, [login]);
        new.set(&profile.login_attribute, [login]);
        new.set("cn", [name.as_str()]);
        // `person` wants a surname of everybody.
        new.set("sn", [filled(&account.family_name).unwrap_or(&name)]);
        new.set("givenName", filled(&account.given_name));
        new.set("displayName", filled(&account.display_name));
        new.set("mail", filled(&account.email));
        new.set(&profile.correlation_attribute, filled(&account.correlation_key));
        if profile.flavour == Flavour::ActiveDirectory {
            new.set("userAccountControl", [AD_NEW_ACCOUNT]);
        }
        for wish in &account.attributes {
            let values = values_of(wish)?;
            new.set(self.attribute_of(&wish.name)?, values.iter().map(String::as_str));
        }
        Ok(new.0)
    }
}

/// The attributes of a new entry. The first to set one wins.
struct New(Vec<ldap::Attribute>);

impl New {
    fn set<'a>(&mut self, name: &str, values: impl IntoIterator<Item = &'a str>) {
        let attribute = ldap::Attribute::texts(name, values);
        if !attribute.values.is_empty() && !self.0.iter().any(|set| set.name.eq_ignore_ascii_case(name)) {
            self.0.push(attribute);
        }
    }
}

fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.trim().is_empty())
}

fn full_name(account: &NewAccount) -> String {
    if let Some(name) = filled(&account.display_name) {
        return name.to_owned();
    }
    let parts: Vec<_> = filled(&account.given_name).into_iter().chain(filled(&account.family_name)).collect();
    if parts.is_empty() { account.login.clone() } else { parts.join(" ") }
}

fn unread(dn: &str, failure: &Failure) -> Failure {
    Failure::outcome_unknown(format!("{dn} was created, and reading it back failed: {failure:?}"))
}
