//! The fields of a new user. Salesforce wants nine, and an org's own rules may want more.

use crate::entitlement::Kind;
use crate::settings::Settings;
use crate::user;
use reeve_sdk::prelude::*;
use serde_json::{Map, Value as Json};

/// What every user must have and a person does not bring along; the setting `new-user-fields` says otherwise.
const USUAL: [(&str, &str); 4] = [
    ("TimeZoneSidKey", "GMT"),
    ("LocaleSidKey", "en_US"),
    ("LanguageLocaleKey", "en_US"),
    ("EmailEncodingKey", "UTF-8"),
];
/// Salesforce's limit for an alias, in characters.
const ALIAS_CHARS_MAX: usize = 8;

pub fn fields(account: &NewAccount, settings: &Settings) -> Result<Json, Failure> {
    if !is_like_email(&account.login) {
        let why = "a user name of Salesforce has the form of an e-mail address, and no other org may have it";
        return Err(Failure::invalid("login", why));
    }
    let mut fields = Map::new();
    fields.extend(USUAL.map(|(name, value)| (name.to_owned(), Json::from(value))));
    // A user has a last name, if it is a program's.
    let family = [&account.family_name, &account.display_name].into_iter().flatten().find(|name| !name.is_empty());
    let family = family.unwrap_or(&account.login);
    fields.insert("Username".to_owned(), Json::from(account.login.as_str()));
    fields.insert("Email".to_owned(), Json::from(account.email.as_deref().unwrap_or(&account.login)));
    fields.insert("LastName".to_owned(), Json::from(family.as_str()));
    fields.insert("Alias".to_owned(), Json::from(alias(account.given_name.as_deref(), family)));
    fields.insert("IsActive".to_owned(), Json::Bool(true));
    if let Some(given) = account.given_name.as_deref().filter(|name| !name.is_empty()) {
        fields.insert("FirstName".to_owned(), Json::from(given));
    }
    if let Some(key) = &account.correlation_key {
        fields.insert(settings.correlation_field.clone(), Json::from(key.as_str()));
    }
    fields.extend(settings.new_user_fields()?.into_iter().map(|(name, value)| (name.to_owned(), value)));
    for wish in &account.attributes {
        let (name, value) = user::field(wish, settings)?;
        fields.insert(name, value);
    }
    for id in &account.entitlements {
        let field = match Kind::of(id) {
            Some(Kind::Profile) => "ProfileId",
            Some(Kind::Role) => "UserRoleId",
            _ => {
                let why = format!("{id} can't be given at birth, only a profile and a role; grant it afterwards");
                return Err(Failure::invalid("entitlements", why));
            }
        };
        if fields.insert(field.to_owned(), Json::from(id.as_str())).is_some() {
            return Err(Failure::invalid("entitlements", format!("a user has one {field}, and here are two")));
        }
    }
    if !fields.contains_key("ProfileId") {
        let why = "a user of Salesforce is born with a profile, which decides the licence; let a rule give one";
        return Err(Failure::invalid("entitlements", why));
    }
    Ok(Json::Object(fields))
}

fn is_like_email(login: &str) -> bool {
    login.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.split('.').count() > 1 && domain.split('.').all(|part| !part.is_empty())
    })
}

/// The initial and the family name, as Salesforce's own form suggests it.
fn alias(given: Option<&str>, family: &str) -> String {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let initial: String = letters(given.unwrap_or_default()).chars().take(1).collect();
    let alias: String = format!("{initial}{}", letters(family)).chars().take(ALIAS_CHARS_MAX).collect();
    if alias.is_empty() { "user".to_owned() } else { alias.to_lowercase() }
}
