//! The records, in the order of their creation, and the file that lets them outlive the process: one line per change,
//! read from the start at the next start. How many licences are in use is counted here, since it follows from the rest.

use super::id::{id_of, meaning, meaning_of_ours};
use super::schema::Object;
use crate::SimError;
use crate::journal::Journal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// One record: a value for each field of its object, in the order of [`Object::fields`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record(Vec<Value>);

static NOTHING: Value = Value::Null;

impl Record {
    pub(super) fn new(object: Object, order: u64) -> Self {
        let mut record = Self(vec![Value::Null; object.fields().len()]);
        record.set(object, "Id", id_of(object, order));
        record
    }

    /// By the field's place.
    pub(super) fn at(&self, place: usize) -> &Value {
        self.0.get(place).unwrap_or(&NOTHING)
    }

    pub(super) fn get(&self, object: Object, field: &str) -> &Value {
        object.field(field).map_or(&NOTHING, |(place, _)| self.at(place))
    }

    pub(super) fn text(&self, object: Object, field: &str) -> &str {
        self.get(object, field).as_str().unwrap_or_default()
    }

    pub(super) fn is(&self, object: Object, field: &str) -> bool {
        self.get(object, field) == &Value::Bool(true)
    }

    pub(super) fn count(&self, object: Object, field: &str) -> i64 {
        self.get(object, field).as_i64().unwrap_or_default()
    }

    pub(super) fn id(&self) -> &str {
        self.at(0).as_str().unwrap_or_default()
    }

    /// A name that the object lacks is passed over: stamps are set on all records alike.
    pub(super) fn set(&mut self, object: Object, field: &str, value: impl Into<Value>) {
        if let Some(slot) = object.field(field).and_then(|(place, _)| self.0.get_mut(place)) {
            *slot = value.into();
        }
    }

    /// By name, without what is empty.
    pub(super) fn named(&self, object: Object) -> Map<String, Value> {
        let pairs = object.fields().iter().zip(&self.0).filter(|(_, value)| !value.is_null());
        pairs.map(|(field, value)| (field.name.to_owned(), value.clone())).collect()
    }

    fn from_named(object: Object, order: u64, named: &Map<String, Value>) -> Self {
        let mut record = Self::new(object, order);
        for (name, value) in named {
            record.set(object, name, value.clone());
        }
        record
    }
}

#[derive(Default)]
struct Table {
    rows: BTreeMap<u64, Record>,
    by_key: HashMap<String, u64>,
    /// By the place of an indexed reference, and the number of the record that it leads to.
    by_reference: HashMap<(usize, u64), BTreeSet<u64>>,
}

/// The references by which clients of a large org look records up.
fn indexed(object: Object) -> &'static [&'static str] {
    match object {
        Object::UserLogin | Object::OauthToken => &["UserId"],
        Object::AuthSession => &["UsersId"],
        Object::PermissionSetAssignment | Object::PermissionSetLicenseAssign => &["AssigneeId"],
        Object::GroupMember => &["GroupId", "UserOrGroupId"],
        _ => &[],
    }
}

fn references(object: Object, record: &Record) -> impl Iterator<Item = (usize, u64)> {
    let places = indexed(object).iter().filter_map(move |name| object.field(name).map(|(place, _)| place));
    places.filter_map(|place| Some((place, meaning_of_ours(record.at(place).as_str()?)?.1)))
}

/// What the file holds; no values say that the record is gone.
#[derive(Serialize, Deserialize)]
struct Line {
    object: String,
    order: u64,
    values: Option<Map<String, Value>>,
}

impl Line {
    fn new(object: Object, order: u64, record: Option<&Record>) -> Self {
        Self { object: object.name().to_owned(), order, values: record.map(|record| record.named(object)) }
    }
}

#[derive(Default)]
pub(super) struct Store {
    tables: HashMap<Object, Table>,
    last_order: u64,
    journal: Option<Journal>,
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, SimError> {
        let (journal, lines) = Journal::open::<Line>(path)?;
        let mut store = Self::default();
        for Line { object, order, values } in lines {
            let known = Object::named(&object);
            let object = known.ok_or_else(|| SimError::State(format!("{} holds a {object}", path.display())))?;
            store.place(object, order, values.map(|values| Record::from_named(object, order, &values)));
        }
        store.journal = Some(journal);
        Ok(store)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.last_order == 0
    }

    /// Oldest first.
    pub(super) fn rows(&self, object: Object) -> impl Iterator<Item = (u64, &Record)> {
        self.tables.get(&object).into_iter().flat_map(|table| &table.rows).map(|(order, record)| (*order, record))
    }

    pub(super) fn row(&self, object: Object, order: u64) -> Option<&Record> {
        self.tables.get(&object)?.rows.get(&order)
    }

    /// The record of this id, if it is one of the object's.
    pub(super) fn find(&self, object: Object, id: &str) -> Option<(u64, &Record)> {
        let (of, order) = meaning(id)?;
        Some((order, self.row(object, order).filter(|_| of == object)?))
    }

    /// The record that a reference leads to, whatever it is.
    pub(super) fn any(&self, id: &str) -> Option<(Object, &Record)> {
        let (object, order) = meaning_of_ours(id)?;
        Some((object, self.row(object, order)?))
    }

    /// The record of this [`key`].
    pub(super) fn by_key(&self, object: Object, key: &str) -> Option<(u64, &Record)> {
        let table = self.tables.get(&object)?;
        let order = *table.by_key.get(key)?;
        Some((order, table.rows.get(&order)?))
    }

    /// The records whose reference at this place leads to this id, if there is an index of that.
    pub(super) fn referring(&self, object: Object, place: usize, id: &str) -> Option<BTreeSet<u64>> {
        let name = object.fields().get(place)?.name;
        let known = indexed(object).contains(&name).then(|| self.tables.get(&object))??;
        let found = meaning(id).and_then(|(_, target)| known.by_reference.get(&(place, target)));
        Some(found.cloned().unwrap_or_default())
    }

    pub(super) fn next_order(&self) -> u64 {
        self.last_order + 1
    }

    pub(super) fn was_used(&self, order: u64) -> bool {
        order <= self.last_order
    }

    /// Keeps a record, or removes it; on the disk first.
    pub(super) fn put(&mut self, object: Object, order: u64, record: Option<Record>) -> Result<(), SimError> {
        if let Some(journal) = &mut self.journal {
            journal.append(&Line::new(object, order, record.as_ref()))?;
        }
        self.place(object, order, record);
        Ok(())
    }

    /// Keeps a record for as long as the process lives.
    pub(super) fn place(&mut self, object: Object, order: u64, record: Option<Record>) {
        self.last_order = self.last_order.max(order);
        let table = self.tables.entry(object).or_default();
        let old = table.rows.remove(&order);
        if let Some(key) = old.as_ref().and_then(|old| key(object, old)) {
            table.by_key.remove(&key);
        }
        if let Some(key) = record.as_ref().and_then(|record| key(object, record)) {
            table.by_key.insert(key, order);
        }
        for reference in old.iter().flat_map(|old| references(object, old)) {
            if let Some(referring) = table.by_reference.get_mut(&reference) {
                referring.remove(&order);
            }
        }
        for reference in record.iter().flat_map(|record| references(object, record)) {
            table.by_reference.entry(reference).or_default().insert(order);
        }
        let freed = old.and_then(|old| self.licence_of(object, &old));
        let taken = record.as_ref().and_then(|record| self.licence_of(object, record));
        for (licence, by) in [(freed, -1), (taken, 1)] {
            self.count_licence(licence, by);
        }
        if let (Some(record), Some(table)) = (record, self.tables.get_mut(&object)) {
            table.rows.insert(order, record);
        }
    }

    /// Writes all that is in memory to the file at once.
    pub(super) fn keep_all(&mut self) -> Result<(), SimError> {
        let Some(mut journal) = self.journal.take() else { return Ok(()) };
        let all = Object::ALL.into_iter().flat_map(|object| {
            self.rows(object).map(move |(order, record)| {
                // What is counted is counted anew when the file is read.
                let mut record = record.clone();
                if matches!(object, Object::UserLicense | Object::PermissionSetLicense) {
                    record.set(object, "UsedLicenses", 0);
                }
                Line::new(object, order, Some(&record))
            })
        });
        let written = journal.append_all(all);
        self.journal = Some(journal);
        written
    }

    /// The licence that a record takes up.
    fn licence_of(&self, object: Object, record: &Record) -> Option<(Object, u64)> {
        match object {
            Object::User if record.is(object, "IsActive") => {
                let (_, profile) = self.find(Object::Profile, record.text(object, "ProfileId"))?;
                meaning_of_ours(profile.text(Object::Profile, "UserLicenseId"))
            }
            Object::PermissionSetLicenseAssign => meaning_of_ours(record.text(object, "PermissionSetLicenseId")),
            _ => None,
        }
    }

    fn count_licence(&mut self, licence: Option<(Object, u64)>, by: i64) {
        let Some((object, order)) = licence else { return };
        let rows = self.tables.get_mut(&object).map(|table| &mut table.rows);
        if let Some(record) = rows.and_then(|rows| rows.get_mut(&order)) {
            let used = record.count(object, "UsedLicenses");
            record.set(object, "UsedLicenses", used + by);
        }
    }
}

/// What no two records of an object may share.
pub(super) fn key(object: Object, record: &Record) -> Option<String> {
    let text = |field| record.text(object, field);
    let lower = |field| text(field).to_lowercase();
    Some(match object {
        Object::User => lower("Username"),
        Object::UserLogin => text("UserId").to_owned(),
        Object::Profile => lower("Name"),
        Object::UserLicense => text("LicenseDefinitionKey").to_owned(),
        Object::PermissionSet => match (text("ProfileId"), text("PermissionSetGroupId")) {
            ("", "") => lower("Name"),
            ("", owner) | (owner, _) => owner.to_owned(),
        },
        Object::PermissionSetGroup | Object::PermissionSetLicense => lower("DeveloperName"),
        Object::PermissionSetAssignment => {
            assignment_key(text("AssigneeId"), text("PermissionSetId"), text("PermissionSetGroupId"))
        }
        Object::PermissionSetLicenseAssign => format!("{} {}", text("AssigneeId"), text("PermissionSetLicenseId")),
        Object::PermissionSetGroupComponent => format!("{} {}", text("PermissionSetGroupId"), text("PermissionSetId")),
        Object::GroupMember => format!("{} {}", text("GroupId"), text("UserOrGroupId")),
        Object::OauthToken => text("DeleteToken").to_owned(),
        Object::UserRole => lower("Name"),
        Object::Group => format!("{} {}{}", lower("Type"), text("RelatedId"), lower("DeveloperName")),
        _ => return None,
    })
}

pub(super) fn assignment_key(assignee: &str, set: &str, group: &str) -> String {
    format!("{assignee} {set} {group}")
}
