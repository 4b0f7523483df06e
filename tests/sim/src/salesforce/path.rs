//! The fields that a query names, of its object or of a parent, and what they may be compared with.

use super::evaluate::View;
use super::fault::Fault;
use super::field::{Field, Type};
use super::id::{lengthen, meaning};
use super::lexer::{malformed, plain};
use super::schema::Object;
use super::soql::Comparison;
use super::store::{Record, Store};
use super::time::normalised;
use serde_json::Value;
use std::collections::BTreeSet;

/// How far up a path may lead.
const LEVELS_MAX: usize = 5;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
    /// As it is kept.
    Time(String),
    Flag(bool),
    Null,
}

impl Literal {
    /// What stands without quotes and is no word.
    pub(super) fn bare(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::Number).or_else(|| normalised(text).map(Self::Time))
    }
}

/// A field of the object, or of a parent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    pub(super) object: Object,
    /// The references to follow: what each is called, its place, and what it leads to.
    pub(super) up: Vec<(&'static str, usize, Object)>,
    pub(super) field: &'static Field,
    pub(super) place: usize,
}

impl Path {
    pub(super) fn read(object: Object, name: &str, column: usize) -> Result<Self, Fault> {
        let at = |what: String| {
            Fault::bad("INVALID_FIELD", format!("\n{name}\n^\nERROR at Row:1:Column:{}\n{what}", column + 1))
        };
        let mut up = Vec::new();
        let mut parts: Vec<&str> = name.split('.').collect();
        let own = parts.pop().unwrap_or_default();
        // The object's own name may lead the way.
        if parts
            .first()
            .is_some_and(|first| first.eq_ignore_ascii_case(object.name()) && object.relationship(first).is_none())
        {
            parts.remove(0);
        }
        if parts.len() > LEVELS_MAX {
            return Err(malformed(column, format!("a path leads up {LEVELS_MAX} levels at most: {name}")));
        }
        let mut of = object;
        for part in parts {
            let followed = of.relationship(part).and_then(|(place, to)| Some((place, *to.first()?)));
            let (place, to) =
                followed.ok_or_else(|| at(format!("Didn't understand relationship '{part}' in field path.")))?;
            let relationship = match of.fields().get(place).map(|field| field.kind) {
                Some(Type::Reference { relationship, .. }) => relationship,
                _ => "",
            };
            up.push((relationship, place, to));
            of = to;
        }
        let found = of.field(own);
        let (place, field) = found.ok_or_else(|| at(format!("No such column '{own}' on entity '{}'.", of.name())))?;
        Ok(Self { object, up, field, place })
    }

    pub(super) fn check_comparison(&self, by: Comparison, with: &Literal) -> Result<(), Fault> {
        let name = self.field.name;
        let wrong = |kind: &str, quoted: bool| {
            let not = if quoted { " and should not be enclosed in quotes" } else { "" };
            let what = format!("value of filter criterion for field '{name}' must be of type {kind}{not}");
            Err(Fault::bad("INVALID_FIELD", what))
        };
        let quoted = matches!(with, Literal::Text(_));
        match (self.field.kind, with) {
            (_, Literal::Null) if matches!(by, Comparison::Equal | Comparison::NotEqual) => {}
            (Type::Flag, Literal::Flag(_)) if matches!(by, Comparison::Equal | Comparison::NotEqual) => {}
            (Type::Flag, _) => return wrong("boolean", quoted),
            (Type::Number, Literal::Number(_)) | (Type::Time, Literal::Time(_)) if by != Comparison::Like => {}
            (Type::Number, _) => return wrong("double", quoted),
            (Type::Time, _) => return wrong("dateTime", quoted),
            (Type::Id | Type::Reference { .. }, Literal::Text(id)) => {
                if by == Comparison::Like {
                    let what = format!("invalid operator on id field '{name}'");
                    return Err(Fault::bad("INVALID_QUERY_FILTER_OPERATOR", what));
                }
                if lengthen(id).is_none() {
                    let what = format!("invalid ID field: {id}");
                    return Err(Fault::bad("INVALID_QUERY_FILTER_OPERATOR", what));
                }
            }
            (Type::Text { .. } | Type::Email, Literal::Text(_)) => {}
            _ => return wrong("string", false),
        }
        Ok(())
    }

    /// Nothing, where a reference on the way is empty.
    pub(super) fn value<'a>(&self, record: &'a Record, view: &View<'a>) -> Value {
        let mut record = record;
        let mut object = self.object;
        for (_, place, to) in &self.up {
            let next = record.at(*place).as_str().and_then(|id| view.store.any(id));
            match next {
                Some((found, next)) if found == *to => (object, record) = (found, next),
                // One of several kinds, of which only the name is common.
                Some((found, next)) => return next.get(found, self.field.name).clone(),
                None => return Value::Null,
            }
        }
        view.field(object, record, self.place)
    }

    /// The records that alone can have one of these values here, where an index tells.
    pub(super) fn candidates<'v>(
        &self,
        values: impl Iterator<Item = &'v Literal>,
        store: &Store,
    ) -> Option<BTreeSet<u64>> {
        let mut found = BTreeSet::new();
        for value in values {
            let Literal::Text(text) = value else { return None };
            match (self.object, self.field.name) {
                _ if !self.up.is_empty() => return None,
                (_, "Id") => found.extend(meaning(text).map(|(_, order)| order)),
                (Object::User, "Username") => {
                    found.extend(store.by_key(Object::User, &plain(text).to_lowercase()).map(|(order, _)| order));
                }
                _ => found.extend(store.referring(self.object, self.place, text)?),
            }
        }
        Some(found)
    }

    pub(super) fn is_id(&self) -> bool {
        matches!(self.field.kind, Type::Id | Type::Reference { .. })
    }
}
