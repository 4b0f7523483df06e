//! `/sobjects`: one record read, created, changed or deleted. A change goes into the ledger, then to the disk, then
//! into memory; what follows from it (a user's `UserLogin`, a profile's shadow) comes after, and has no entry.

use super::Options;
use super::evaluate::View;
use super::fault::{Fault, JSON};
use super::follow::{Keep, follow, goes_along};
use super::id::meaning;
use super::path::Path;
use super::rules;
use super::schema::Object;
use super::store::{Record, Store, key};
use super::time::written;
use super::values::{fill, written_by};
use crate::ledger::difference;
use crate::misbehaviour::Quirks;
use crate::{Answer, Effect, Ledger, Request};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Fields that move with every change, and say nothing of it.
const STAMPS: [&str; 3] = ["LastModifiedDate", "LastModifiedById", "SystemModstamp"];

/// One request to change something.
pub(super) struct Write<'a> {
    pub(super) request: &'a Request,
    pub(super) quirks: &'a Quirks,
    pub(super) ledger: &'a Ledger,
    pub(super) options: &'a Options,
    /// The id of the user who asks; empty where nobody logged in.
    pub(super) user_id: &'a str,
    pub(super) now: Timestamp,
}

impl Write<'_> {
    pub(super) fn create(&self, store: &mut Store, object: Object) -> Result<Answer, Fault> {
        if !object.rights().create {
            let what = format!("entity type cannot be inserted: {}", object.name());
            return Err(Fault::bad("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", what));
        }
        let sent = body_of(self.request)?;
        let order = store.next_order();
        let mut record = Record::new(object, order);
        rules::set_defaults(object, &mut record);
        fill(store, object, &mut record, &sent, true)?;
        self.stamp(object, &mut record, true);
        self.check(store, object, None, &mut record)?;
        if let Some((_, same)) = rules::silently_same(store, object, &record) {
            return Ok(self.made(same));
        }
        self.commit(store, object, order, None, Some(&record))?;
        if !self.quirks.pretend {
            follow(store, Keep::OnDisk, object, None, &record)?;
        }
        Ok(self.made(&record))
    }

    fn made(&self, record: &Record) -> Answer {
        let location = format!("{}/{}", self.request.path.trim_end_matches('/'), record.id());
        let made = json!({"id": record.id(), "success": true, "errors": []});
        Answer::json(201, JSON, &made).with("location", location)
    }

    pub(super) fn update(&self, store: &mut Store, object: Object, id: &str) -> Result<Answer, Fault> {
        let (order, before) = self.find(store, object, id)?;
        if !object.rights().update {
            let what = format!("entity type does not support update: {}", object.name());
            return Err(Fault::bad("INVALID_TYPE_FOR_OPERATION", what));
        }
        let sent = body_of(self.request)?;
        let mut after = before.clone();
        fill(store, object, &mut after, &sent, false)?;
        self.check(store, object, Some(&before), &mut after)?;
        if after != before {
            self.stamp(object, &mut after, false);
            self.commit(store, object, order, Some(&before), Some(&after))?;
            if !self.quirks.pretend {
                follow(store, Keep::OnDisk, object, Some(&before), &after)?;
            }
        }
        Ok(Answer::empty(204))
    }

    pub(super) fn delete(&self, store: &mut Store, object: Object, id: &str) -> Result<Answer, Fault> {
        let (order, before) = self.find(store, object, id)?;
        if !object.rights().delete {
            let what = format!("entity type does not support delete: {}", object.name());
            return Err(Fault::bad("INVALID_TYPE_FOR_OPERATION", what));
        }
        rules::check_deletion(store, object, &before)?;
        for (object, order, record) in goes_along(store, object, &before) {
            self.commit(store, object, order, Some(&record), None)?;
        }
        self.commit(store, object, order, Some(&before), None)?;
        Ok(Answer::empty(204))
    }

    fn find(&self, store: &Store, object: Object, id: &str) -> Result<(u64, Record), Fault> {
        if let Some((order, record)) = store.find(object, id) {
            return Ok((order, record.clone()));
        }
        Err(match meaning(id) {
            Some((of, order)) if of == object && store.was_used(order) => {
                Fault::new(404, "ENTITY_IS_DELETED", "entity is deleted")
            }
            Some(_) => Fault::new(404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
            None => Fault::not_found(),
        })
    }

    fn check(&self, store: &Store, object: Object, before: Option<&Record>, record: &mut Record) -> Result<(), Fault> {
        rules::derive(store, object, record);
        rules::check(store, self.options, object, before, record)?;
        let taken = key(object, record).and_then(|key| store.by_key(object, &key));
        match taken {
            Some(_) if object == Object::GroupMember => Ok(()),
            Some((_, other)) if other.id() != record.id() => Err(rules::duplicate(object, record, other)),
            _ => Ok(()),
        }
    }

    fn stamp(&self, object: Object, record: &mut Record, new: bool) {
        let now = written(self.now);
        written_by(object, record, &now, self.user_id, new);
    }

    /// Records the change and makes it, or neither.
    pub(super) fn commit(
        &self,
        store: &mut Store,
        object: Object,
        order: u64,
        before: Option<&Record>,
        after: Option<&Record>,
    ) -> Result<(), Fault> {
        let Some(subject) = after.or(before).filter(|_| !self.quirks.pretend) else { return Ok(()) };
        let values = |record: Option<&Record>| {
            let mut values = record.map(|record| record.named(object)).unwrap_or_default();
            values.retain(|name, _| !STAMPS.contains(&name.as_str()));
            values
        };
        let effect = Effect {
            resource: format!("{}/{}", object.name(), subject.id()),
            name: rules::called(store, object, subject),
            change: match (before, after) {
                (None, _) => "created".to_owned(),
                (_, None) => "deleted".to_owned(),
                _ => "changed".to_owned(),
            },
            changed: difference(&values(before), &values(after)),
        };
        self.ledger.record(self.request, effect)?;
        store.put(object, order, after.cloned())?;
        Ok(())
    }
}

/// A record, with all of its fields or those that are named.
pub(super) fn read(view: &View<'_>, object: Object, id: &str, request: &Request) -> Result<Answer, Fault> {
    let (_, record) = view.store.find(object, id).ok_or_else(Fault::not_found)?;
    let names: Vec<String> = match request.parameter("fields") {
        Some(fields) => fields.split(',').map(|name| name.trim().to_owned()).collect(),
        None => object.fields().iter().map(|field| field.name.to_owned()).collect(),
    };
    let paths = names.iter().map(|name| Path::read(object, name, 0)).collect::<Result<Vec<_>, _>>()?;
    Ok(Answer::json(200, JSON, &view.render(object, record, &paths)))
}

fn body_of(request: &Request) -> Result<Map<String, Value>, Fault> {
    let kind = request.header("content-type").unwrap_or_default().to_ascii_lowercase();
    if !kind.starts_with("application/json") {
        let what = format!("Content-Type header specified in HTTP request is not supported: {kind}");
        return Err(Fault::new(415, "UNSUPPORTED_MEDIA_TYPE", what));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(sent)) => Ok(sent),
        Ok(_) => Err(Fault::bad("JSON_PARSER_ERROR", "a record is an object")),
        Err(fault) => Err(Fault::bad("JSON_PARSER_ERROR", fault.to_string())),
    }
}
