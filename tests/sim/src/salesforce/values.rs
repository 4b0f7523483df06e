//! What a client sends for a record's fields, taken over once it fits them.

use super::fault::Fault;
use super::field::{Field, Type};
use super::id::{lengthen, meaning};
use super::schema::Object;
use super::store::{Record, Store};
use super::time::normalised;
use serde_json::{Map, Value};

/// The longest e-mail address, in characters.
const EMAIL_CHARS_MAX: usize = 80;

/// Takes over all that was sent, or nothing; `new` says which access counts, and that required fields must be there.
pub(super) fn fill(
    store: &Store,
    object: Object,
    record: &mut Record,
    sent: &Map<String, Value>,
    new: bool,
) -> Result<(), Fault> {
    for (name, value) in sent.iter().filter(|(name, _)| *name != "attributes") {
        let found = object.field(name);
        let (_, field) = found.ok_or_else(|| {
            Fault::bad("INVALID_FIELD", format!("No such column '{name}' on sobject of type {}", object.name()))
        })?;
        if !(if new { field.createable() } else { field.updateable() }) {
            let what =
                format!("Unable to create/update fields: {name}. Please check the security settings of this field.");
            return Err(Fault::bad("INVALID_FIELD_FOR_INSERT_UPDATE", what).on(&[field.name]));
        }
        record.set(object, field.name, taken(store, field, value)?);
    }
    let emptied = |field: &&Field| record.get(object, field.name).is_null() && (new || was_sent(sent, field));
    let missing = object.fields().iter().filter(|field| field.required).filter(emptied);
    let missing: Vec<&str> = missing.map(|field| field.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let what = format!("Required fields are missing: [{}]", missing.join(", "));
    Err(Fault::bad("REQUIRED_FIELD_MISSING", what).on(&missing))
}

fn was_sent(sent: &Map<String, Value>, field: &Field) -> bool {
    sent.keys().any(|name| name.eq_ignore_ascii_case(field.name))
}

/// A value as it is kept.
fn taken(store: &Store, field: &Field, value: &Value) -> Result<Value, Fault> {
    let name = field.name;
    let wrong = |kind: &str| {
        Err(Fault::bad("JSON_PARSER_ERROR", format!("Cannot deserialize instance of {kind} from {value} for {name}")))
    };
    match (field.kind, value) {
        // A flag is never empty, and null leaves it false.
        (Type::Flag, Value::Null) => Ok(false.into()),
        (_, Value::Null) => Ok(Value::Null),
        (Type::Flag, Value::Bool(_)) | (Type::Number, Value::Number(_)) => Ok(value.clone()),
        (Type::Flag, _) => wrong("boolean"),
        (Type::Number, _) => wrong("double"),
        (Type::Time, Value::String(text)) => normalised(text).map_or_else(|| wrong("datetime"), |time| Ok(time.into())),
        (Type::Time, _) => wrong("datetime"),
        (_, Value::String(text)) => {
            let text = text.trim();
            if text.is_empty() {
                return Ok(Value::Null);
            }
            match field.kind {
                Type::Reference { to, .. } => reference(store, field, to, text),
                Type::Email => email(field, text),
                Type::Text { chars_max } if text.chars().count() > chars_max => {
                    let what = format!("{name}: data value too large: {text} (max length={chars_max})");
                    Err(Fault::bad("STRING_TOO_LONG", what).on(&[name]))
                }
                _ => Ok(text.into()),
            }
        }
        _ => wrong("string"),
    }
}

fn reference(store: &Store, field: &Field, to: &[Object], id: &str) -> Result<Value, Fault> {
    let name = field.name;
    let malformed = || Fault::bad("MALFORMED_ID", format!("{name}: id value of incorrect type: {id}")).on(&[name]);
    let long = lengthen(id).ok_or_else(malformed)?;
    let (object, _) = meaning(&long).ok_or_else(malformed)?;
    if !to.contains(&object) {
        return Err(malformed());
    }
    match store.find(object, &long) {
        Some(_) => Ok(long.into()),
        None => Err(Fault::bad("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").on(&[name])),
    }
}

fn email(field: &Field, text: &str) -> Result<Value, Fault> {
    if is_email(text) && text.chars().count() <= EMAIL_CHARS_MAX {
        return Ok(text.into());
    }
    let what = format!("{}: invalid email address: {text}", field.name);
    Err(Fault::bad("INVALID_EMAIL_ADDRESS", what).on(&[field.name]))
}

pub(super) fn is_email(text: &str) -> bool {
    let sound = |part: &str| !part.is_empty() && !part.contains([' ', '@', ',']);
    text.split_once('@').is_some_and(|(name, domain)| sound(name) && sound(domain) && domain.contains('.'))
}

/// Sets who did it, and when.
pub(super) fn written_by(object: Object, record: &mut Record, now: &str, user_id: &str, new: bool) {
    for field in ["LastModifiedDate", "SystemModstamp"].iter().chain(new.then_some(&"CreatedDate")) {
        record.set(object, field, now);
    }
    for field in ["LastModifiedById"].iter().chain(new.then_some(&"CreatedById")) {
        if !user_id.is_empty() {
            record.set(object, field, user_id);
        }
    }
}
