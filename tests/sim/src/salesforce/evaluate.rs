//! What a query finds: the records that stand its conditions, in its order, with the fields that it selects.

use super::id::lengthen;
use super::lexer::plain;
use super::path::{Literal, Path};
use super::schema::Object;
use super::sessions::SessionId;
use super::soql::{Comparison, Filter, Query, Select, Sort};
use super::store::{Record, Store};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

/// In the address of a record that has no id.
const NO_ID: &str = "000000000000000AAA";

/// The records as one caller sees them.
pub(super) struct View<'a> {
    pub(super) store: &'a Store,
    pub(super) session: SessionId,
    /// As times are kept.
    pub(super) now: &'a str,
    /// Such as `/services/data/v66.0`.
    pub(super) version_path: &'a str,
}

impl View<'_> {
    /// A field's value, if need be for this caller and this moment.
    pub(super) fn field(&self, object: Object, record: &Record, place: usize) -> Value {
        let name = object.fields().get(place).map_or("", |field| field.name);
        match (object, name) {
            (Object::AuthSession, "IsCurrent") => {
                let own = self.store.row(object, self.session.0);
                own.is_some_and(|own| own.get(object, "ParentId") == record.get(object, "ParentId")).into()
            }
            (Object::PermissionSetAssignment, "IsActive") => {
                let end = record.text(object, "ExpirationDate");
                (end.is_empty() || end > self.now).into()
            }
            // Reserved, and empty until then.
            (Object::OauthToken, "Id") => Value::Null,
            _ => record.at(place).clone(),
        }
    }

    /// The numbers of the records that a query finds, in its order.
    pub(super) fn find(&self, query: &Query, unfiltered: bool) -> Vec<u64> {
        let test = query.filter.as_ref().filter(|_| !unfiltered).map(|filter| self.prepare(filter));
        let few = query.filter.as_ref().filter(|_| !unfiltered).and_then(|filter| candidates(filter, self.store));
        let (few, all) = match few {
            Some(few) => (Some(few), None),
            None => (None, Some(self.store.rows(query.object))),
        };
        let few = few.into_iter().flatten();
        let few = few.filter_map(|order| Some((order, self.store.row(query.object, order)?)));
        let rows = few.chain(all.into_iter().flatten());
        let fitting = rows.filter(|(_, record)| test.as_ref().is_none_or(|test| test.holds(record, self)));
        let mut found: Vec<u64> = if query.order.is_empty() {
            fitting.map(|(order, _)| order).collect()
        } else {
            let keyed = fitting.map(|(order, record)| {
                (query.order.iter().map(|sort| lowered(sort.path.value(record, self))).collect::<Vec<_>>(), order)
            });
            let mut keyed: Vec<_> = keyed.collect();
            keyed.sort_by(|(one, _), (other, _)| compare_keys(&query.order, one, other));
            keyed.into_iter().map(|(_, order)| order).collect()
        };
        found.drain(..query.offset.min(found.len()));
        found.truncate(query.limit.unwrap_or(usize::MAX));
        found
    }

    /// Looks up once what does not depend on the record.
    fn prepare<'q>(&self, filter: &'q Filter) -> Test<'q> {
        match filter {
            Filter::All(all) => Test::All(all.iter().map(|one| self.prepare(one)).collect()),
            Filter::Any(any) => Test::Any(any.iter().map(|one| self.prepare(one)).collect()),
            Filter::Not(inner) => Test::Not(Box::new(self.prepare(inner))),
            Filter::Compare { path, by, with } => Test::Compare { path, by: *by, with },
            Filter::In { path, negated, list } => {
                Test::In { path, negated: *negated, list: list.iter().map(|one| key_of_literal(one, path)).collect() }
            }
            Filter::InQuery { path, negated, query } => {
                let rows = self.find(query, false);
                let selected = match &query.select {
                    Select::Fields(fields) => fields.first(),
                    Select::Count => None,
                };
                let values = rows.iter().filter_map(|order| {
                    Some(key_of_value(&selected?.value(self.store.row(query.object, *order)?, self)))
                });
                Test::In { path, negated: *negated, list: values.collect() }
            }
        }
    }

    /// A record with the fields that were selected.
    pub(super) fn render(&self, object: Object, record: &Record, fields: &[Path]) -> Value {
        let mut rendered = Map::from_iter([("attributes".to_owned(), self.attributes(object, record))]);
        for path in fields {
            self.render_path(&mut rendered, record, path);
        }
        rendered.into()
    }

    fn render_path(&self, into: &mut Map<String, Value>, record: &Record, path: &Path) {
        let (mut into, mut record, mut object) = (into, record, path.object);
        for (name, place, _) in &path.up {
            let Some((found, next)) = record.at(*place).as_str().and_then(|id| self.store.any(id)) else {
                into.insert((*name).to_owned(), Value::Null);
                return;
            };
            let parent = into.entry(*name).or_insert_with(|| json!({"attributes": self.attributes(found, next)}));
            let Some(parent) = parent.as_object_mut() else { return };
            (into, record, object) = (parent, next, found);
        }
        let place = object.field(path.field.name).map_or(path.place, |(place, _)| place);
        into.insert(path.field.name.to_owned(), self.field(object, record, place));
    }

    fn attributes(&self, object: Object, record: &Record) -> Value {
        let id = if object == Object::OauthToken { NO_ID } else { record.id() };
        let url = format!("{}/sobjects/{}/{id}", self.version_path, object.name());
        json!({"type": object.name(), "url": url})
    }
}

/// The records that alone can fit, where an index tells. Whether they do is still to be tested.
fn candidates(filter: &Filter, store: &Store) -> Option<BTreeSet<u64>> {
    match filter {
        Filter::All(all) => all.iter().find_map(|one| candidates(one, store)),
        Filter::Compare { path, by: Comparison::Equal, with } => path.candidates(std::iter::once(with), store),
        Filter::In { path, negated: false, list } => path.candidates(list.iter(), store),
        _ => None,
    }
}

enum Test<'q> {
    All(Vec<Test<'q>>),
    Any(Vec<Test<'q>>),
    Not(Box<Test<'q>>),
    Compare { path: &'q Path, by: Comparison, with: &'q Literal },
    In { path: &'q Path, negated: bool, list: HashSet<String> },
}

impl Test<'_> {
    fn holds(&self, record: &Record, view: &View<'_>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(record, view)),
            Self::Any(any) => any.iter().any(|one| one.holds(record, view)),
            Self::Not(inner) => !inner.holds(record, view),
            Self::Compare { path, by, with } => compare(&path.value(record, view), *by, with, path),
            Self::In { path, negated, list } => list.contains(&key_of_value(&path.value(record, view))) != *negated,
        }
    }
}

/// By this, values are the same in `=` and `IN`: texts in any case, ids not.
fn key_of_value(value: &Value) -> String {
    match value {
        // An id holds its case in its last three characters.
        Value::String(text) => text.to_lowercase(),
        Value::Number(number) => number.as_f64().unwrap_or_default().to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

fn key_of_literal(literal: &Literal, path: &Path) -> String {
    match literal {
        Literal::Text(text) if path.is_id() => lengthen(text).unwrap_or_default().to_lowercase(),
        Literal::Text(text) => plain(text).to_lowercase(),
        Literal::Number(number) => number.to_string(),
        Literal::Time(time) => time.to_lowercase(),
        Literal::Flag(flag) => flag.to_string(),
        Literal::Null => String::new(),
    }
}

/// What is empty is neither less than anything nor greater, and unequal to all else.
fn compare(value: &Value, by: Comparison, with: &Literal, path: &Path) -> bool {
    if by == Comparison::Like {
        let Literal::Text(pattern) = with else { return false };
        return value.as_str().is_some_and(|text| like(&text.to_lowercase(), &pattern.to_lowercase()));
    }
    let equal = key_of_value(value) == key_of_literal(with, path);
    let order = || match (value, with) {
        (Value::Number(number), Literal::Number(with)) => number.as_f64()?.partial_cmp(with),
        (Value::String(_), Literal::Text(_) | Literal::Time(_)) => {
            Some(key_of_value(value).cmp(&key_of_literal(with, path)))
        }
        _ => None,
    };
    match by {
        Comparison::Equal => equal,
        Comparison::NotEqual => !equal,
        Comparison::Less => order() == Some(Ordering::Less),
        Comparison::Greater => order() == Some(Ordering::Greater),
        Comparison::LessOrEqual => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
        Comparison::GreaterOrEqual => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
        Comparison::Like => false,
    }
}

/// `%` stands for anything, `_` for one character, a backslash for the character after it.
fn like(text: &str, pattern: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('%') => {
            let after = rest.as_str();
            text.char_indices()
                .map(|(cut, _)| cut)
                .chain([text.len()])
                .any(|cut| text.get(cut..).is_some_and(|text| like(text, after)))
        }
        Some(first) => {
            let wanted = if first == '\\' { rest.next() } else { Some(first).filter(|char| *char != '_') };
            let mut text = text.chars();
            text.next().is_some_and(|char| wanted.is_none_or(|wanted| wanted == char))
                && like(text.as_str(), rest.as_str())
        }
    }
}

fn lowered(value: Value) -> Value {
    match value {
        Value::String(text) => text.to_lowercase().into(),
        other => other,
    }
}

fn compare_keys(order: &[Sort], one: &[Value], other: &[Value]) -> Ordering {
    let pairs = order.iter().zip(one.iter().zip(other));
    pairs
        .map(|(sort, (one, other))| compare_values(sort, one, other))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Empty values come first unless asked for last, whatever the direction.
fn compare_values(sort: &Sort, one: &Value, other: &Value) -> Ordering {
    match (one.is_null(), other.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if sort.nulls_last => Ordering::Greater,
        (false, true) if sort.nulls_last => Ordering::Less,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => {
            let rising = match (one.as_f64(), other.as_f64()) {
                (Some(one), Some(other)) => one.total_cmp(&other),
                _ => one.as_str().cmp(&other.as_str()).then(one.as_bool().cmp(&other.as_bool())),
            };
            if sort.descending { rising.reverse() } else { rising }
        }
    }
}
