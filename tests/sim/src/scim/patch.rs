//! PATCH (RFC 7644 section 3.5.2), and the dialects of it that real clients speak: operations in any case, and a
//! removal that lists the values to remove. All operations of a request hold, or none.

use super::fault::Fault;
use super::filter::Filter;
use super::place::{Place, Scope};
use super::schema::{Attribute, Kind, Mutability};
use serde_json::{Map, Value};

const PATCH_URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const OPERATIONS_MAX: usize = 1000;

type Attributes = Map<String, Value>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Replace,
    Remove,
}

/// What the resource is after the request.
pub(super) fn patch(kind: Kind, before: &Attributes, request: &Value) -> Result<Attributes, Fault> {
    let named = field(request, "schemas").and_then(Value::as_array);
    if !named.is_some_and(|all| all.iter().any(|one| one == PATCH_URN)) {
        return Err(Fault::syntax(format!("\"schemas\" must name {PATCH_URN}")));
    }
    let operations = field(request, "Operations").and_then(Value::as_array);
    let operations = operations.filter(|all| (1..=OPERATIONS_MAX).contains(&all.len()));
    let operations = operations.ok_or_else(|| Fault::syntax("\"Operations\" is a list of 1 to 1000 operations"))?;
    let mut after = before.clone();
    for operation in operations {
        apply(kind, &mut after, operation)?;
    }
    kind.complete(&after)?;
    Ok(after)
}

fn field<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn apply(kind: Kind, resource: &mut Attributes, operation: &Value) -> Result<(), Fault> {
    let verb = field(operation, "op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let verb = match verb.as_str() {
        "add" => Verb::Add,
        "replace" => Verb::Replace,
        "remove" => Verb::Remove,
        _ => return Err(Fault::syntax("\"op\" must be add, replace or remove")),
    };
    let value = field(operation, "value").unwrap_or(&Value::Null);
    match field(operation, "path") {
        Some(Value::String(path)) => Target::parse(kind, path)?.apply(verb, resource, value),
        Some(_) => Err(Fault::path("\"path\" must be a string")),
        None if verb == Verb::Remove => Err(Fault::no_target("a removal needs a \"path\"")),
        None => merge(kind, verb, resource, value),
    }
}

/// Without a path, the value is a part of the resource. Names that nobody knows are passed over, as in a creation.
fn merge(kind: Kind, verb: Verb, resource: &mut Attributes, value: &Value) -> Result<(), Fault> {
    let value = value.as_object().ok_or_else(|| Fault::value("without a \"path\", \"value\" must be an object"))?;
    for (name, value) in value {
        match Target::parse(kind, name) {
            Ok(target) if !target.is_read_only() && name != "schemas" => target.apply(verb, resource, value)?,
            _ => {}
        }
    }
    Ok(())
}

/// What a path points at: `name.familyName`, `members`, `members[value eq "…"]`, `emails[type eq "work"].value`.
struct Target {
    /// The attributes above it, none of them a list.
    above: Vec<&'static Attribute>,
    attribute: &'static Attribute,
    /// Which items of a list; none for the list as a whole.
    items: Option<Items>,
}

struct Items {
    filter: Option<Filter>,
    part: Option<&'static Attribute>,
}

impl Target {
    fn parse(kind: Kind, path: &str) -> Result<Self, Fault> {
        let unknown = || Fault::path(format!("the path {path:?} leads nowhere"));
        let (place, filter, part) = match path.split_once('[') {
            None => (path, None, None),
            Some((list, rest)) => {
                let (filter, part) = close_bracket(rest).ok_or_else(unknown)?;
                let part = part.strip_prefix('.').or(part.is_empty().then_some("")).ok_or_else(unknown)?;
                (list, Some(filter), Some(part).filter(|part| !part.is_empty()))
            }
        };
        let mut above = Place::find(Scope::Resource(kind), place).ok_or_else(unknown)?.0;
        // "emails.value" is that part of every item.
        let inner = above.iter().position(|step| step.many).and_then(|list| above.get(list.saturating_add(1)).copied());
        if inner.is_some() {
            above.pop();
        }
        let attribute = above.pop().ok_or_else(unknown)?;
        if !attribute.many && filter.is_some() {
            return Err(Fault::path(format!("\"{}\" is not a list", attribute.name)));
        }
        let part = match part {
            Some(name) => {
                Some(Place::find(Scope::Item(attribute), name).and_then(|part| part.last()).ok_or_else(unknown)?)
            }
            None => inner,
        };
        let filter = filter.map(|text| Filter::parse(Scope::Item(attribute), text)).transpose();
        let filter = filter.map_err(|_| Fault::path(format!("the filter in {path:?} can't be read")))?;
        let items = (filter.is_some() || part.is_some()).then_some(Items { filter, part });
        Ok(Self { above, attribute, items })
    }

    fn is_read_only(&self) -> bool {
        let part = self.items.as_ref().and_then(|items| items.part);
        let mut steps = self.above.iter().copied().chain([self.attribute]).chain(part);
        steps.any(|step| step.mutability == Mutability::ReadOnly)
    }

    fn apply(&self, verb: Verb, resource: &mut Attributes, value: &Value) -> Result<(), Fault> {
        let name = self.attribute.name;
        if self.is_read_only() {
            return Err(Fault::mutability(format!("\"{name}\" can't be written")));
        }
        if name == "schemas" {
            return Ok(()); // follows from the other attributes
        }
        self.descend(&self.above, verb, resource, value)
    }

    fn descend(
        &self,
        above: &[&'static Attribute],
        verb: Verb,
        holder: &mut Attributes,
        value: &Value,
    ) -> Result<(), Fault> {
        let Some((step, rest)) = above.split_first() else {
            return match (&self.items, verb) {
                (Some(items), _) => items.apply(self.attribute, verb, holder, value),
                (None, Verb::Remove) => remove(self.attribute, holder, value),
                (None, _) => set(self.attribute, verb, holder, value),
            };
        };
        let mut below = match holder.remove(step.name) {
            Some(Value::Object(below)) => below,
            _ => Map::new(),
        };
        self.descend(rest, verb, &mut below, value)?;
        if !below.is_empty() {
            holder.insert(step.name.to_owned(), Value::Object(below));
        }
        Ok(())
    }
}

/// A filter's text up to its bracket, and what follows the bracket. A bracket within quotes does not close.
fn close_bracket(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some((text.get(..at)?, text.get(at..)?.strip_prefix(']')?)),
            _ => {}
        }
    }
    None
}

/// Removes an attribute, or, where a value is given, the items of a list that it names.
fn remove(attribute: &'static Attribute, holder: &mut Attributes, value: &Value) -> Result<(), Fault> {
    let items = holder.get_mut(attribute.name).and_then(Value::as_array_mut).filter(|_| !value.is_null());
    if let Some(items) = items {
        let named = |item: &Value| match value {
            Value::Array(all) => all.iter().any(|one| same_item(one, item)),
            one => same_item(one, item),
        };
        items.retain(|item| !named(item));
        if !items.is_empty() {
            return Ok(());
        }
    }
    holder.remove(attribute.name);
    Ok(())
}

/// Items are known by their value.
fn same_item(left: &Value, right: &Value) -> bool {
    match (left.get("value"), right.get("value")) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

/// Adds or replaces a whole attribute. Of an object, what is not named stays.
fn set(attribute: &'static Attribute, verb: Verb, holder: &mut Attributes, value: &Value) -> Result<(), Fault> {
    // A client may add one item without a list around it.
    let lone = attribute.many && value.is_object();
    let wrapped = Value::Array(vec![value.clone()]);
    let read = attribute.read(if lone { &wrapped } else { value })?;
    let Some(read) = read else {
        if verb == Verb::Replace {
            holder.remove(attribute.name);
        }
        return Ok(());
    };
    match (holder.get_mut(attribute.name), read) {
        (Some(Value::Array(old)), Value::Array(new)) if verb == Verb::Add => {
            let fresh: Vec<_> = new.into_iter().filter(|item| !old.iter().any(|one| same_item(one, item))).collect();
            one_primary(old, &fresh);
            old.extend(fresh);
        }
        (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
        (_, read) => {
            holder.insert(attribute.name.to_owned(), read);
        }
    }
    Ok(())
}

/// Where a new item is the primary one, the others no longer are.
fn one_primary(old: &mut [Value], new: &[Value]) {
    let primary = Value::Bool(true);
    if new.iter().any(|item| item.get("primary") == Some(&primary)) {
        for item in old.iter_mut().filter_map(Value::as_object_mut) {
            item.remove("primary");
        }
    }
}

impl Items {
    fn apply(&self, list: &'static Attribute, verb: Verb, holder: &mut Attributes, value: &Value) -> Result<(), Fault> {
        let meant = |item: &Value| self.filter.as_ref().is_none_or(|filter| filter.holds(item));
        let nothing = || Fault::no_target(format!("no item of \"{}\" is meant by the path", list.name));
        let items = holder.get_mut(list.name).and_then(Value::as_array_mut);
        let Some(items) = items.filter(|items| items.iter().any(meant)) else {
            // What is to be gone is gone.
            return if verb == Verb::Remove { Ok(()) } else { Err(nothing()) };
        };
        if verb == Verb::Remove && self.part.is_none() {
            items.retain(|item| !meant(item));
            if items.is_empty() {
                holder.remove(list.name);
            }
            return Ok(());
        }
        for position in 0..items.len() {
            let Some(item) = items.get(position).filter(|item| meant(item)) else { continue };
            let changed = self.change(list, verb, item, value)?;
            one_primary(items, std::slice::from_ref(&changed));
            if let Some(item) = items.get_mut(position) {
                *item = changed;
            }
        }
        Ok(())
    }

    fn change(&self, list: &'static Attribute, verb: Verb, item: &Value, value: &Value) -> Result<Value, Fault> {
        let mut changed = item.clone();
        let Some(map) = changed.as_object_mut() else { return Ok(changed) };
        match self.part {
            Some(part) => match part.read(value)?.filter(|_| verb != Verb::Remove) {
                Some(value) => map.insert(part.name.to_owned(), value),
                None => map.remove(part.name),
            },
            None => {
                if let Some(Value::Object(new)) = list.read_one(value)? {
                    map.extend(new);
                }
                None
            }
        };
        Ok(changed)
    }
}
