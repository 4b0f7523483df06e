//! The record of what really happened at a target: one entry per change, and none for a request that changed nothing.

use crate::journal::Journal;
use crate::{Clock, Request, SimError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One change, as the target made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Kind and id: `User/5d2f…`.
    pub resource: String,
    /// What a person calls it, such as the user name.
    pub name: String,
    /// What became of it: `created`, `changed` or `deleted`.
    pub change: String,
    /// Attribute by attribute: `{"before": …, "after": …}`, or `{"added": […], "removed": […]}` for lists.
    pub changed: Map<String, Value>,
}

/// An [`Effect`] with its place in the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1, without gaps.
    pub seq: u64,
    pub at: jiff::Timestamp,
    pub method: String,
    pub path: String,
    pub resource: String,
    pub name: String,
    pub change: String,
    pub changed: Map<String, Value>,
    /// The client's `Idempotency-Key`, or its `Operation-Id`.
    pub operation_id: Option<String>,
}

/// All entries, in memory and, if asked for, in a file of JSON lines.
pub struct Ledger {
    clock: Clock,
    inner: Mutex<Inner>,
}

struct Inner {
    entries: Vec<Entry>,
    journal: Option<Journal>,
}

impl Ledger {
    /// With a file, it goes on where that file ends.
    pub fn open(path: Option<&Path>, clock: Clock) -> Result<Self, SimError> {
        let (journal, entries) = match path {
            None => (None, Vec::new()),
            Some(path) => Journal::open(path).map(|(journal, entries)| (Some(journal), entries))?,
        };
        Ok(Self { clock, inner: Mutex::new(Inner { entries, journal }) })
    }

    /// Records a change that is about to be made; when it can't be recorded, the change must not be made.
    pub fn record(&self, request: &Request, effect: Effect) -> Result<(), SimError> {
        let mut inner = self.lock();
        let entry = Entry {
            seq: inner.entries.last().map_or(0, |last| last.seq).saturating_add(1),
            at: (self.clock)(),
            method: request.method.clone(),
            path: request.path.clone(),
            resource: effect.resource,
            name: effect.name,
            change: effect.change,
            changed: effect.changed,
            operation_id: request.operation_id().map(str::to_owned),
        };
        if let Some(journal) = &mut inner.journal {
            journal.append(&entry)?;
        }
        inner.entries.push(entry);
        Ok(())
    }

    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What differs between two states of a resource, in the shape of [`Effect::changed`].
pub fn difference(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    names
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| (name.clone(), one_difference(before.get(name), after.get(name))))
        .collect()
}

fn one_difference(before: Option<&Value>, after: Option<&Value>) -> Value {
    let list = |value: Option<&Value>| match value {
        None => Some(Vec::new()),
        Some(Value::Array(items)) => Some(items.clone()),
        Some(_) => None,
    };
    match (list(before), list(after)) {
        (Some(old), Some(new)) => {
            let added: Vec<_> = new.iter().filter(|item| !old.contains(item)).collect();
            let removed: Vec<_> = old.iter().filter(|item| !new.contains(item)).collect();
            serde_json::json!({"added": added, "removed": removed})
        }
        _ => serde_json::json!({"before": before, "after": after}),
    }
}
