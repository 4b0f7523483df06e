//! An entry as an account.

use crate::Ldap;
use crate::directory::Search;
use crate::flavour::Flavour;
use crate::moments;
use crate::state::Policies;
use reeve_sdk::ldap::Entry;
use reeve_sdk::prelude::*;

/// The attribute of Reeve's reserved names for an account's fields, other than the login and the correlation key.
pub const FIELDS: &[(&str, &str)] =
    &[("email", "mail"), ("display-name", "displayName"), ("given-name", "givenName"), ("family-name", "sn")];

/// Some servers list the superior classes of an entry, and some do not.
const PERSON_CLASSES: &[&str] = &["person", "organizationalPerson", "inetOrgPerson", "user"];

impl Ldap {
    /// What a search must ask for so that [`Ldap::account`] can read it.
    pub fn account_attributes(&self) -> Vec<&str> {
        let profile = &self.profile;
        let flavour = profile.flavour;
        let mut names = vec!["objectClass", "cn", flavour.id_attribute(), flavour.created_attribute()];
        names.push(flavour.last_login_attribute());
        names.extend(flavour.state_attributes());
        names.extend(FIELDS.iter().map(|(_, attribute)| *attribute));
        names.extend([profile.login_attribute.as_str(), profile.correlation_attribute.as_str()]);
        if flavour == Flavour::ActiveDirectory {
            names.extend(["adminCount", "objectSid", "primaryGroupID"]);
        }
        names.extend(profile.attributes.iter().map(String::as_str));
        names.sort_unstable_by_key(|name| name.to_ascii_lowercase());
        names.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        names
    }

    pub fn account(&self, entry: &Entry, policies: &Policies) -> Result<Account, Failure> {
        let flavour = self.profile.flavour;
        let (state, native_state) = self.state(entry, policies)?;
        let admin = flavour == Flavour::ActiveDirectory && entry.text("adminCount")?.as_deref() == Some("1");
        Ok(Account {
            login: entry.text(&self.profile.login_attribute)?,
            email: entry.text("mail")?,
            display_name: entry.text("displayName")?.or(entry.text("cn")?),
            kind: kind(entry)?,
            state,
            native_state,
            correlation_key: entry.text(&self.profile.correlation_attribute)?,
            created_at: entry.text(flavour.created_attribute())?.as_deref().and_then(moments::generalized),
            last_login: last_login(flavour, entry)?,
            // Of the others nobody can say: a directory's own administrators are not marked as such.
            privileged: admin.then_some(true),
            attributes: self.further(entry)?,
            ..Account::new(flavour.id(entry)?)
        })
    }

    fn further(&self, entry: &Entry) -> Result<Vec<Attribute>, Failure> {
        let mut attributes = vec![Attribute::text("dn", &entry.dn)];
        for (name, attribute) in [("given-name", "givenName"), ("family-name", "sn")] {
            attributes.extend(entry.text(attribute)?.map(|value| Attribute::text(name, value)));
        }
        for name in &self.profile.attributes {
            let mut values = entry.texts(name)?;
            let value = match values.len() {
                0 => continue,
                1 => Value::Text(values.remove(0)),
                _ => Value::Texts(values),
            };
            attributes.push(Attribute { name: name.clone(), value });
        }
        Ok(attributes)
    }

    /// The account with an id, wherever it is under the people. None only if the directory searched and found nothing.
    pub fn find(&self, id: &str) -> Result<Option<Entry>, Failure> {
        let attributes = self.account_attributes();
        let filter = self.profile.flavour.id_filter(id)?;
        self.only(
            &Search {
                base: &self.profile.people.dn,
                filter: &filter,
                attributes: &attributes,
                page_size: self.profile.page_size,
            },
            id,
        )
    }

    /// The one entry that a search for an id finds. A server that ignores filters would answer with others.
    pub fn only(&self, search: &Search<'_>, id: &str) -> Result<Option<Entry>, Failure> {
        let mut entries = self.directory.all(search)?;
        let found = entries.pop();
        let Some(entry) = found else { return Ok(None) };
        if !entries.is_empty() || !self.profile.flavour.id(&entry)?.eq_ignore_ascii_case(id) {
            return Err(Failure::protocol(format!(
                "a search for {} under {} found something else; the directory does not filter as it was asked to",
                search.filter, search.base
            )));
        }
        Ok(Some(entry))
    }
}

fn kind(entry: &Entry) -> Result<AccountKind, Failure> {
    let classes = entry.texts("objectClass")?;
    let is = |name: &str| classes.iter().any(|class| class.eq_ignore_ascii_case(name));
    Ok(if is("msDS-ManagedServiceAccount") || is("msDS-GroupManagedServiceAccount") || is("computer") {
        AccountKind::Service
    } else if PERSON_CLASSES.iter().any(|class| is(class)) {
        AccountKind::Person
    } else {
        AccountKind::Unknown
    })
}

fn last_login(flavour: Flavour, entry: &Entry) -> Result<LastUse, Failure> {
    let text = entry.text(flavour.last_login_attribute())?;
    let text = text.as_deref();
    Ok(match flavour {
        // Up to 14 days late, and absent until the first login.
        Flavour::ActiveDirectory => LastUse { at: text.and_then(moments::filetime), quality: Quality::Approximate },
        Flavour::OpenLdap | Flavour::Ds389 => match text.and_then(moments::generalized) {
            Some(at) => LastUse { at: Some(at), quality: Quality::Exact },
            // "Never" and "not kept when it happened" look the same.
            None => LastUse::not_available(),
        },
    })
}
