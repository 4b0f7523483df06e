//! A SCIM user as an account of Reeve's.

use crate::path::{self, Path};
use crate::settings::Settings;
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;
use reeve_sdk::time;
use serde_json::Value as Json;

/// The values of `userType` that the standard gives as examples (RFC 7643 section 4.1.1). All are people.
const PEOPLE: &[&str] = &["contractor", "employee", "intern", "temp", "external"];

/// Multi-valued attributes of which only the values are shown. Who holds them is not governed here.
const VALUES_ONLY: &[&str] = &["roles", "entitlements"];

pub fn account(node: &Node, settings: &Settings) -> Result<Account, Failure> {
    let user = node.value();
    let (state, native_state) = state(user.get("active"));
    let created = node.find("meta")?.map_or(Ok(None), |meta| meta.text_of("created"))?;
    Ok(Account {
        login: node.text_of("userName")?,
        email: email(user).map(str::to_owned),
        display_name: display_name(user),
        kind: kind(user, settings),
        state,
        native_state,
        correlation_key: path::correlation(settings).get(user).and_then(Json::as_str).and_then(filled),
        created_at: created.as_deref().and_then(time::instant),
        etag: crate::exchange::version(user).map(str::to_owned),
        attributes: attributes(user, settings),
        ..Account::new(node.get("id")?.text()?)
    })
}

/// Whether it can sign in, and the server's own words for that. `active` is optional, and what its absence means is the
/// server's secret.
fn state(active: Option<&Json>) -> (AccountState, String) {
    let word = active.and_then(|value| match value {
        Json::Bool(flag) => Some(*flag),
        // Some servers send the words.
        Json::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Json::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    });
    let state = match word {
        Some(true) => AccountState::Active,
        Some(false) => AccountState::Disabled,
        None => AccountState::Unknown,
    };
    (state, active.map_or_else(|| "active is not given".to_owned(), |value| format!("active={value}")))
}

fn kind(user: &Json, settings: &Settings) -> AccountKind {
    let Some(word) = user.get("userType").and_then(Json::as_str) else {
        return AccountKind::Unknown;
    };
    if settings.service_user_types.iter().any(|service| service.eq_ignore_ascii_case(word)) {
        AccountKind::Service
    } else if PEOPLE.contains(&word.to_ascii_lowercase().as_str()) {
        AccountKind::Person
    } else {
        AccountKind::Unknown
    }
}

fn display_name(user: &Json) -> Option<String> {
    let texts = [user.get("displayName"), user.pointer("/name/formatted")];
    texts.into_iter().flatten().filter_map(Json::as_str).find_map(filled)
}

fn attributes(user: &Json, settings: &Settings) -> Vec<Attribute> {
    let known = ["given-name", "family-name"].into_iter().chain(path::CORE.iter().copied());
    let known = known.chain(path::EXTENSION.iter().copied()).chain(settings.attributes.iter().map(String::as_str));
    let mut attributes: Vec<Attribute> = Vec::new();
    for name in known {
        let value = path::of(name, settings).and_then(|path: Path| path.get(user).and_then(read_value));
        if let Some(value) = value.filter(|_| !attributes.iter().any(|one| one.name == name)) {
            attributes.push(Attribute { name: name.to_owned(), value });
        }
    }
    for name in VALUES_ONLY.iter().filter(|name| !settings.attributes.iter().any(|declared| declared == *name)) {
        let items = user.get(*name).and_then(Json::as_array).into_iter().flatten();
        let values: Vec<_> =
            items.filter_map(|item| item.get("value").unwrap_or(item).as_str()).map(str::to_owned).collect();
        if !values.is_empty() {
            attributes.push(Attribute { name: (*name).to_owned(), value: Value::Texts(values) });
        }
    }
    attributes
}

fn read_value(value: &Json) -> Option<Value> {
    match value {
        Json::Null => None,
        Json::String(text) => filled(text).map(Value::Text),
        Json::Bool(flag) => Some(Value::Flag(*flag)),
        Json::Number(number) => Some(number.as_i64().map_or_else(|| Value::Json(number.to_string()), Value::Integer)),
        Json::Array(items) => {
            let texts: Option<Vec<_>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            Some(texts.map_or_else(|| Value::Json(value.to_string()), Value::Texts))
        }
        Json::Object(_) => Some(Value::Json(value.to_string())),
    }
}

pub fn write_value(name: &str, value: &Value) -> Result<Json, Failure> {
    Ok(match value {
        Value::Text(text) => Json::from(text.as_str()),
        Value::Integer(number) => Json::from(*number),
        Value::Flag(flag) => Json::from(*flag),
        Value::Texts(texts) => Json::from(texts.as_slice()),
        Value::Json(text) => serde_json::from_str(text)
            .map_err(|error| Failure::invalid(name, format!("the value is not JSON: {error}")))?,
    })
}

/// The address that counts: the primary one, else the one for work, else the first.
fn main_email(emails: &[Json]) -> Option<usize> {
    let primary = emails.iter().position(|email| email.get("primary") == Some(&Json::Bool(true)));
    let work = || emails.iter().position(|email| email.get("type").and_then(Json::as_str) == Some("work"));
    primary.or_else(work).or(if emails.is_empty() { None } else { Some(0) })
}

pub fn email(user: &Json) -> Option<&str> {
    let emails = user.get("emails")?.as_array()?;
    emails.get(main_email(emails)?)?.get("value")?.as_str().filter(|text| !text.is_empty())
}

/// The user's addresses with another main one, and the others as they are.
pub fn emails_with(user: &Json, email: &str) -> Json {
    let mut emails = user.get("emails").and_then(Json::as_array).cloned().unwrap_or_default();
    let main = main_email(&emails).and_then(|index| emails.get_mut(index)).and_then(Json::as_object_mut);
    match main {
        Some(main) => {
            main.insert("value".to_owned(), Json::from(email));
            // It named the address that was.
            main.remove("display");
        }
        None => emails.push(serde_json::json!({ "value": email, "type": "work", "primary": true })),
    }
    Json::Array(emails)
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
