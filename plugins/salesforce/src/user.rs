//! A user of Salesforce as an account: who or what it is for, whether it can sign in, and its fields.

use crate::exchange::{dig, each, flag};
use crate::settings::Settings;
use crate::soql;
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;
use reeve_sdk::time;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Fields that are read, and written under their API names, without being listed in the settings.
pub const FIXED_FIELDS: &[&str] = &["Department", "Title", "ManagerId"];

/// Fields that have a place of their own, or decide who may do what.
pub const RESERVED_FIELDS: &[&str] = &[
    "Id",
    "Username",
    "Email",
    "Name",
    "FirstName",
    "LastName",
    "IsActive",
    "UserType",
    "ProfileId",
    "UserRoleId",
    "LastLoginDate",
    "CreatedDate",
];

/// What every read of a user asks for besides the settings' fields.
const FIELDS: &str = "Id, Username, Email, Name, FirstName, LastName, IsActive, UserType, ProfileId, UserRoleId, \
    LastLoginDate, CreatedDate, Profile.Name, Profile.UserLicenseId, Profile.UserLicense.Name, \
    Profile.UserLicense.LicenseDefinitionKey, Profile.PermissionsModifyAllData";

/// `SELECT ... FROM User`, to which a condition or an order is added.
pub fn select(settings: &Settings) -> String {
    let mut fields = FIELDS.to_owned();
    let more = settings.fields().into_iter().chain([settings.correlation_field.as_str()]);
    let mut known: Vec<&str> = RESERVED_FIELDS.to_vec();
    for name in more {
        if !known.iter().any(|one| one.eq_ignore_ascii_case(name)) {
            known.push(name);
            fields.push_str(", ");
            fields.push_str(name);
        }
    }
    format!("SELECT {fields} FROM User")
}

/// Whether signing in is stopped besides `IsActive`. Not every user has such a row: site guests have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Login {
    frozen: Option<bool>,
    locked: Option<bool>,
}

/// The logins of these users.
pub fn logins<'a>(
    users: impl IntoIterator<Item = &'a str>,
    page_size: u32,
) -> Result<BTreeMap<String, Login>, Failure> {
    let mut logins = BTreeMap::new();
    let head = "SELECT UserId, IsFrozen, IsPasswordLocked FROM UserLogin";
    for query in soql::in_chunks(head, "UserId", users) {
        each(&query, page_size, |row| {
            let login = Login { frozen: flag(row, "IsFrozen")?, locked: flag(row, "IsPasswordLocked")? };
            logins.insert(row.get("UserId")?.string()?, login);
            Ok(())
        })?;
    }
    Ok(logins)
}

/// The rows of one answer as accounts.
pub fn accounts(rows: &[Node], settings: &Settings) -> Result<Vec<Account>, Failure> {
    let ids = rows.iter().map(|row| row.get("Id")?.text()).collect::<Result<Vec<_>, _>>()?;
    let logins = logins(ids.iter().copied(), settings.page_size)?;
    let login = |id: &str| logins.get(id).copied().unwrap_or_default();
    rows.iter().zip(ids.iter().copied()).map(|(row, id)| account(row, login(id), settings)).collect()
}

fn account(row: &Node, login: Login, settings: &Settings) -> Result<Account, Failure> {
    let active = row.get("IsActive")?.flag()?;
    let kind = kind(row, settings)?;
    let instant = |field: &str| row.text_of(field).map(|text| text.as_deref().and_then(time::instant));
    let manager = row.text_of("ManagerId")?;
    Ok(Account {
        login: row.text_of("Username")?,
        email: row.text_of("Email")?,
        display_name: row.text_of("Name")?,
        kind,
        state: state(active, login),
        native_state: native_state(active, login),
        correlation_key: row.find(&settings.correlation_field)?.and_then(|node| plain(node.value())),
        owner_hint: manager.filter(|_| kind != AccountKind::Person),
        created_at: instant("CreatedDate")?,
        // Salesforce sets it with each login, at most once a minute.
        last_login: LastUse { at: instant("LastLoginDate")?, quality: Quality::Exact },
        // A permission set can give the same right, so that its absence here says nothing.
        privileged: row
            .find("Profile")?
            .map_or(Ok(None), |profile| flag(&profile, "PermissionsModifyAllData"))?
            .filter(|all| *all),
        attributes: attributes(row, settings)?,
        ..Account::new(row.get("Id")?.text()?)
    })
}

fn state(active: bool, login: Login) -> AccountState {
    match (active, login.frozen, login.locked) {
        (false, _, _) => AccountState::Disabled,
        (true, Some(true), _) => AccountState::Frozen,
        (true, _, Some(true)) => AccountState::Locked,
        (true, _, _) => AccountState::Active,
    }
}

fn native_state(active: bool, login: Login) -> String {
    let mut words = format!("IsActive={active}");
    if let Some(frozen) = login.frozen {
        words.push_str(&format!(", IsFrozen={frozen}"));
    }
    if login.locked == Some(true) {
        words.push_str(", IsPasswordLocked=true");
    }
    words
}

/// By licence first: agents and other systems hold a standard user's type.
fn kind(row: &Node, settings: &Settings) -> Result<AccountKind, Failure> {
    let license = [dig(row, "Profile.UserLicense.LicenseDefinitionKey")?, dig(row, "Profile.UserLicense.Name")?];
    let license: Vec<&str> = license.iter().flatten().map(String::as_str).collect();
    let profile = dig(row, "Profile.Name")?.unwrap_or_default();
    if settings.is_bot(&license) {
        return Ok(AccountKind::Bot);
    }
    if settings.is_integration(&license) {
        return Ok(AccountKind::Integration);
    }
    if settings.is_service_profile(&profile) {
        return Ok(AccountKind::Service);
    }
    Ok(match row.text_of("UserType")?.as_deref() {
        Some("Standard") if !license.is_empty() => AccountKind::Person,
        // Partners, customers and Chatter's free users: people who don't work here.
        Some("PowerPartner" | "CspLitePortal" | "CustomerSuccess" | "PowerCustomerSuccess" | "CsnOnly") => {
            AccountKind::Person
        }
        // Everybody who visits a site without signing in.
        Some("Guest") => AccountKind::Shared,
        Some("AutomatedProcess") => AccountKind::Service,
        Some("CloudIntegrationUser") => AccountKind::Integration,
        _ => AccountKind::Unknown,
    })
}

fn attributes(row: &Node, settings: &Settings) -> Result<Vec<Attribute>, Failure> {
    let mut attributes = Vec::new();
    let texts = [
        ("given-name", "FirstName"),
        ("family-name", "LastName"),
        ("UserType", "UserType"),
        ("UserLicense", "Profile.UserLicense.LicenseDefinitionKey"),
    ];
    for (name, path) in texts {
        attributes.extend(dig(row, path)?.map(|text| Attribute::text(name, text)));
    }
    for name in settings.fields() {
        let value = row.find(name)?.and_then(|node| read_value(node.value()));
        attributes.extend(value.map(|value| Attribute { name: name.to_owned(), value }));
    }
    Ok(attributes)
}

fn read_value(value: &Json) -> Option<Value> {
    match value {
        Json::Null => None,
        Json::Bool(flag) => Some(Value::Flag(*flag)),
        Json::String(text) => (!text.is_empty()).then(|| Value::Text(text.clone())),
        Json::Number(number) => Some(number.as_i64().map_or_else(|| Value::Json(number.to_string()), Value::Integer)),
        other => Some(Value::Json(other.to_string())),
    }
}

/// An HR number, which an org may keep in a field of numbers.
fn plain(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => (!text.is_empty()).then(|| text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A wish as the field's API name and value. An empty text clears a field.
pub fn field(wish: &Attribute, settings: &Settings) -> Result<(String, Json), Failure> {
    let name = match wish.name.as_str() {
        "login" => "Username",
        "email" => "Email",
        "given-name" => "FirstName",
        "family-name" => "LastName",
        "correlation-key" => &settings.correlation_field,
        "display-name" => {
            let why = "Salesforce makes it of the given and the family name; change those";
            return Err(Failure::invalid("display-name", why));
        }
        name => settings.fields().into_iter().find(|known| *known == name).ok_or_else(|| {
            let why = "this connector does not write it; if User has such a field, add it to the setting `attributes`";
            Failure::invalid(name, why)
        })?,
    };
    let value = match &wish.value {
        Value::Text(text) if text.is_empty() => Json::Null,
        Value::Text(text) => Json::from(text.as_str()),
        Value::Integer(number) => Json::from(*number),
        Value::Flag(flag) => Json::from(*flag),
        // A multi-select picklist.
        Value::Texts(texts) => Json::from(texts.join(";")),
        Value::Json(text) => serde_json::from_str(text)
            .map_err(|error| Failure::invalid(&wish.name, format!("the value is not JSON: {error}")))?,
    };
    Ok((name.to_owned(), value))
}
