//! Attribute paths (`name.familyName`, `urn:…:User:department`) and the values that lie there.

use super::schema::{Attribute, Kind};
use serde_json::Value;

/// The attributes from the top of a resource, or of a list's item, down to the one that is meant.
#[derive(Clone, Debug)]
pub(super) struct Place(pub(super) Vec<&'static Attribute>);

/// Where names are looked up.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    Resource(Kind),
    Item(&'static Attribute),
}

impl Scope {
    fn find(self, name: &str) -> Option<&'static Attribute> {
        match self {
            Self::Resource(kind) => kind.find(name),
            Self::Item(list) => find_part(list, name),
        }
    }
}

fn find_part(of: &'static Attribute, name: &str) -> Option<&'static Attribute> {
    of.parts().iter().find(|part| part.name.eq_ignore_ascii_case(name))
}

impl Place {
    pub(super) fn find(scope: Scope, text: &str) -> Option<Self> {
        if let Some(whole) = scope.find(text) {
            return Some(Self(vec![whole]));
        }
        if let Some((urn, rest)) = text.rsplit_once(':') {
            return match scope {
                Scope::Resource(kind) if kind.urn().eq_ignore_ascii_case(urn) => Self::find(scope, rest),
                _ => Self::below(scope.find(urn)?, rest),
            };
        }
        let (first, rest) = text.split_once('.')?;
        Self::below(scope.find(first)?, rest)
    }

    fn below(top: &'static Attribute, rest: &str) -> Option<Self> {
        let mut steps = vec![top];
        for name in rest.split('.') {
            steps.push(find_part(steps.last()?, name)?);
        }
        Some(Self(steps))
    }

    pub(super) fn last(&self) -> Option<&'static Attribute> {
        self.0.last().copied()
    }

    /// All values there, each item of a list by itself.
    pub(super) fn values<'a>(&self, of: &'a Value) -> Vec<&'a Value> {
        let mut found = items(of);
        for step in &self.0 {
            found = found.into_iter().filter_map(|value| value.get(step.name)).flat_map(items).collect();
        }
        found
    }
}

fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// Leaves of a resource only what a client asked for (`attributes`), and what is always sent.
pub(super) fn project(resource: &Value, wanted: &[Place]) -> Value {
    let mut kept = Value::Object(serde_json::Map::new());
    for name in ["schemas", "id"] {
        copy(resource, &mut kept, &[name]);
    }
    for place in wanted {
        let names: Vec<_> = place.0.iter().map(|step| step.name).collect();
        copy(resource, &mut kept, &names);
    }
    kept
}

fn copy(from: &Value, to: &mut Value, names: &[&str]) {
    let Some((name, rest)) = names.split_first() else {
        *to = from.clone();
        return;
    };
    let (Some(from), Some(map)) = (from.get(name), to.as_object_mut()) else { return };
    match from {
        Value::Array(items) if !rest.is_empty() => {
            let copies =
                map.entry(*name).or_insert_with(|| vec![Value::Object(serde_json::Map::new()); items.len()].into());
            for (item, copied) in items.iter().zip(copies.as_array_mut().into_iter().flatten()) {
                copy(item, copied, rest);
            }
        }
        _ => copy(from, map.entry(*name).or_insert_with(|| Value::Object(serde_json::Map::new())), rest),
    }
}

/// Takes from a resource what a client did not want (`excludedAttributes`).
pub(super) fn exclude(resource: &mut Value, unwanted: &[Place]) {
    for place in
        unwanted.iter().filter(|place| place.0.first().is_none_or(|top| !["id", "schemas"].contains(&top.name)))
    {
        let names: Vec<_> = place.0.iter().map(|step| step.name).collect();
        cut(resource, &names);
    }
}

fn cut(value: &mut Value, names: &[&str]) {
    match (value, names) {
        (Value::Array(items), _) => items.iter_mut().for_each(|item| cut(item, names)),
        (Value::Object(map), [name]) => {
            map.remove(*name);
        }
        (Value::Object(map), [name, rest @ ..]) => {
            if let Some(below) = map.get_mut(*name) {
                cut(below, rest);
            }
        }
        _ => {}
    }
}
