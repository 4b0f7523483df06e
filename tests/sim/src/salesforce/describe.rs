//! What the service says of itself: versions, resources, objects.

use super::evaluate::View;
use super::field::{Field, Type};
use super::schema::Object;
use serde_json::{Value, json};

/// The versions that are served; older ones were retired.
const VERSION_FIRST: u32 = 31;
const VERSION_LAST: u32 = 66;

/// Spring '24, from which on the others are counted.
const VERSION_OF_SPRING_24: u32 = 60;

/// `v66.0` as its number, if it is served.
pub(super) fn version(segment: &str) -> Option<u32> {
    let number: u32 = segment.strip_prefix('v')?.strip_suffix(".0")?.parse().ok()?;
    (VERSION_FIRST..=VERSION_LAST).contains(&number).then_some(number)
}

pub(super) fn versions() -> Value {
    let one = |number: u32| {
        let version = format!("{number}.0");
        json!({"label": label(number), "url": format!("/services/data/v{version}"), "version": version})
    };
    (VERSION_FIRST..=VERSION_LAST).map(one).collect()
}

/// Three a year; winter's bears the year to come.
fn label(number: u32) -> String {
    let seasons = i64::from(number) - i64::from(VERSION_OF_SPRING_24);
    let year = 24 + seasons.div_euclid(3);
    match seasons.rem_euclid(3) {
        0 => format!("Spring '{year}"),
        1 => format!("Summer '{year}"),
        _ => format!("Winter '{}", year + 1),
    }
}

pub(super) fn resources(version_path: &str) -> Value {
    json!({
        "query": format!("{version_path}/query"),
        "sobjects": format!("{version_path}/sobjects"),
        "limits": format!("{version_path}/limits"),
    })
}

pub(super) fn objects(version_path: &str) -> Value {
    let all: Vec<Value> = Object::ALL.into_iter().map(|object| brief(object, version_path)).collect();
    json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": all})
}

fn brief(object: Object, version_path: &str) -> Value {
    let rights = object.rights();
    let url = format!("{version_path}/sobjects/{}", object.name());
    json!({
        "name": object.name(),
        "label": object.name(),
        "keyPrefix": object.prefix(),
        "custom": false,
        "queryable": true,
        "retrieveable": true,
        "createable": rights.create,
        "updateable": rights.update,
        "deletable": rights.delete,
        "urls": {"sobject": url, "describe": format!("{url}/describe"), "rowTemplate": format!("{url}/{{ID}}")},
    })
}

/// What `/sobjects/X` answers.
pub(super) fn basic(object: Object, view: &View<'_>) -> Value {
    json!({"objectDescribe": brief(object, view.version_path), "recentItems": []})
}

pub(super) fn describe(object: Object, view: &View<'_>) -> Value {
    let mut described = brief(object, view.version_path);
    if let Some(described) = described.as_object_mut() {
        described.insert("fields".to_owned(), object.fields().iter().map(field).collect());
    }
    described
}

fn field(field: &Field) -> Value {
    let (kind, length) = match field.kind {
        Type::Id => ("id", 18),
        Type::Reference { .. } => ("reference", 18),
        Type::Text { chars_max } => ("string", chars_max),
        Type::Email => ("email", 80),
        Type::Flag => ("boolean", 0),
        Type::Number => ("int", 0),
        Type::Time => ("datetime", 0),
    };
    let (relationship, to) = match field.kind {
        Type::Reference { relationship, to } => (Some(relationship).filter(|name| !name.is_empty()), to),
        _ => (None, &[][..]),
    };
    json!({
        "name": field.name,
        "label": field.name,
        "type": kind,
        "length": length,
        "custom": field.name.ends_with("__c"),
        "nillable": !field.required && !matches!(field.kind, Type::Id | Type::Flag),
        "createable": field.createable(),
        "updateable": field.updateable(),
        "defaultedOnCreate": field.kind == Type::Flag,
        "referenceTo": to.iter().map(|object| object.name()).collect::<Vec<_>>(),
        "relationshipName": relationship,
    })
}
