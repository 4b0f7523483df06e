//! What an org holds at its start: a list of records, and where asked for a great many users made up beside.
//!
//! In a seed, a reference may be a name in place of an id: `"@Profile:Standard User"`, by what an object's records are
//! told apart (user name, name, developer name, licence key; a group by `Type DeveloperName`).

use super::follow::{Keep, follow};
use super::rules::{derive, set_defaults};
use super::schema::Object;
use super::store::{Record, Store, key};
use super::time::written;
use super::values::written_by;
use super::{Blocker, field::Type};
use crate::SimError;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A small company's org.
const DEFAULT: &str = include_str!("seed.json");

/// What an org starts with.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// Each with its `object`, in an order in which each comes after those that it refers to.
    pub records: Vec<Map<String, Value>>,
    /// User names that can't be deactivated, and why.
    #[serde(default)]
    pub blockers: Vec<(String, Blocker)>,
}

impl Seed {
    pub fn from_json(text: &str) -> Result<Self, SimError> {
        serde_json::from_str(text).map_err(|fault| SimError::State(format!("the seed can't be read: {fault}")))
    }

    /// Nine users on three licences, profiles, permission sets, a permission set group, roles, groups, a queue,
    /// sessions, tokens, and a bot: `seed.json`.
    pub fn default_org() -> Result<Self, SimError> {
        Self::from_json(DEFAULT)
    }
}

/// How many records are made up beside the seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    pub users: u64,
    /// Of permission sets, spread evenly over the users; as many permission sets are made as that needs.
    pub assignments: u64,
}

pub(super) fn sow(store: &mut Store, seed: &Seed, crowd: Crowd, now: Timestamp) -> Result<(), SimError> {
    for record in &seed.records {
        sow_one(store, record, now).map_err(|why| {
            SimError::State(format!("the seed's record {} can't be taken: {why}", Value::Object(record.clone())))
        })?;
    }
    sow_crowd(store, crowd, now).map_err(SimError::State)?;
    store.keep_all()
}

fn sow_one(store: &mut Store, values: &Map<String, Value>, now: Timestamp) -> Result<(), String> {
    let object = values.get("object").and_then(Value::as_str).unwrap_or_default();
    let object = Object::named(object).ok_or_else(|| format!("there is no object {object:?}"))?;
    let order = store.next_order();
    let mut record = Record::new(object, order);
    set_defaults(object, &mut record);
    let creator = store.rows(Object::User).next().map(|(_, user)| user.id().to_owned()).unwrap_or_default();
    written_by(object, &mut record, &written(now), &creator, true);
    for (name, value) in values.iter().filter(|(name, _)| *name != "object") {
        let (_, field) = object.field(name).ok_or_else(|| format!("{} has no field {name}", object.name()))?;
        let value = match (value.as_str().and_then(|text| text.strip_prefix('@')), field.kind) {
            (Some(named), Type::Reference { .. }) => resolve(store, named)?.into(),
            _ => value.clone(),
        };
        record.set(object, name, value);
    }
    derive(store, object, &mut record);
    let taken = key(object, &record).and_then(|key| store.by_key(object, &key));
    if let Some((order, mut other)) = taken.map(|(order, other)| (order, other.clone())) {
        // What came with another record, such as a user's login, is made out in more detail.
        for name in values.keys().filter(|name| *name != "object") {
            other.set(object, name, record.get(object, name).clone());
        }
        store.place(object, order, Some(other));
        return Ok(());
    }
    store.place(object, order, Some(record.clone()));
    follow(store, Keep::InMemory, object, None, &record).map_err(|fault| fault.to_string())
}

fn resolve(store: &Store, named: &str) -> Result<String, String> {
    let lost = || format!("there is no @{named}");
    let (object, name) = named.split_once(':').ok_or_else(lost)?;
    let object = Object::named(object).ok_or_else(lost)?;
    let found = store.by_key(object, &name.to_lowercase()).or_else(|| store.by_key(object, name));
    found.map(|(_, record)| record.id().to_owned()).ok_or_else(lost)
}

/// Standard users, with as many licences as they take up.
fn sow_crowd(store: &mut Store, crowd: Crowd, now: Timestamp) -> Result<(), String> {
    let profile =
        store.rows(Object::Profile).find(|(_, profile)| profile.text(Object::Profile, "UserType") == "Standard");
    let Some((_, profile)) = profile.filter(|_| crowd.users > 0) else { return Ok(()) };
    let (profile_id, licence) = (profile.id().to_owned(), profile.text(Object::Profile, "UserLicenseId").to_owned());
    if let Some((order, licence)) = store.find(Object::UserLicense, &licence) {
        let mut licence = licence.clone();
        let total = licence.count(Object::UserLicense, "TotalLicenses");
        licence.set(Object::UserLicense, "TotalLicenses", total + i64::try_from(crowd.users).unwrap_or(i64::MAX));
        store.place(Object::UserLicense, order, Some(licence));
    }
    let values = |value: Value| value.as_object().cloned().unwrap_or_default();
    let sets = crowd.assignments.div_ceil(crowd.users);
    for set in 1..=sets {
        let set = json!({"object": "PermissionSet", "Name": format!("Crowd_{set}"), "Label": format!("Crowd {set}")});
        sow_one(store, &values(set), now)?;
    }
    for user in 1..=crowd.users {
        let user = json!({
            "object": "User",
            "Username": format!("crowd{user}@acme.example"),
            "Email": format!("crowd{user}@acme.example"),
            "FirstName": format!("Person {user}"),
            "LastName": "Crowd",
            "Alias": format!("c{user:x}"),
            "ProfileId": profile_id,
            "TimeZoneSidKey": "Europe/Berlin",
            "LocaleSidKey": "en_US",
            "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "en_US",
        });
        sow_one(store, &values(user), now)?;
    }
    for number in 0..crowd.assignments {
        let (user, set) = (number % crowd.users + 1, number / crowd.users + 1);
        let assignment = json!({
            "object": "PermissionSetAssignment",
            "AssigneeId": format!("@User:crowd{user}@acme.example"),
            "PermissionSetId": format!("@PermissionSet:crowd_{set}"),
        });
        sow_one(store, &values(assignment), now)?;
    }
    Ok(())
}
