//! A resource as it is sent: what is kept, and what follows from the rest (links, versions, a user's groups).

use super::BASE;
use super::schema::{ENTERPRISE_URN, Kind};
use super::store::{Row, Store};
use crate::Request;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

pub(super) struct Renderer {
    base: String,
}

impl Renderer {
    /// Links lead to where the client came.
    pub(super) fn new(request: &Request) -> Self {
        Self { base: format!("{}{BASE}", request.origin()) }
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn location(&self, kind: Kind, id: &str) -> String {
        format!("{}/{}/{id}", self.base, kind.endpoint())
    }

    pub(super) fn one(&self, store: &Store, kind: Kind, row: &Row) -> Value {
        let groups = match kind {
            Kind::User => store.groups_of(&row.id).map(|(_, group)| group).collect(),
            Kind::Group => Vec::new(),
        };
        self.render(store, kind, row, &groups)
    }

    /// All of a kind, with their places in the order.
    pub(super) fn all(&self, store: &Store, kind: Kind) -> Vec<(u64, Value)> {
        let mut groups_of: HashMap<&str, Vec<&Row>> = HashMap::new();
        if kind == Kind::User {
            for (_, group) in store.rows(Kind::Group) {
                group.members().for_each(|member| groups_of.entry(member).or_default().push(group));
            }
        }
        let none = Vec::new();
        let groups = |row: &Row| groups_of.get(row.id.as_str()).unwrap_or(&none);
        store.rows(kind).map(|(order, row)| (order, self.render(store, kind, row, groups(row)))).collect()
    }

    fn render(&self, store: &Store, kind: Kind, row: &Row, groups: &Vec<&Row>) -> Value {
        let mut resource = row.attributes.clone();
        let mut schemas = vec![kind.urn()];
        schemas.extend(Some(ENTERPRISE_URN).filter(|urn| resource.contains_key(*urn)));
        resource.insert("schemas".to_owned(), schemas.into());
        resource.insert("id".to_owned(), row.id.as_str().into());
        resource.insert("meta".to_owned(), self.meta(kind, row));
        if !groups.is_empty() {
            let links = groups.iter().map(|group| self.link_to_group(group)).collect();
            resource.insert("groups".to_owned(), links);
        }
        if let Some(members) = resource.get_mut("members").and_then(Value::as_array_mut) {
            members.iter_mut().filter_map(Value::as_object_mut).for_each(|member| self.link_member(store, member));
        }
        Value::Object(resource)
    }

    fn meta(&self, kind: Kind, row: &Row) -> Value {
        json!({
            "resourceType": kind.name(),
            "created": row.created.to_string(),
            "lastModified": row.modified.to_string(),
            "location": self.location(kind, &row.id),
            "version": row.etag(),
        })
    }

    fn link_to_group(&self, group: &Row) -> Value {
        json!({
            "value": group.id,
            "$ref": self.location(Kind::Group, &group.id),
            "display": group.text("displayName"),
            "type": "direct",
        })
    }

    fn link_member(&self, store: &Store, member: &mut Map<String, Value>) {
        let Some((kind, row)) = member.get("value").and_then(Value::as_str).and_then(|id| store.any(id)) else {
            return;
        };
        let display = Some(row.text("displayName")).filter(|name| !name.is_empty()).unwrap_or(row.name(kind));
        let (display, link) = (display.to_owned(), self.location(kind, &row.id));
        member.insert("$ref".to_owned(), link.into());
        member.insert("type".to_owned(), kind.name().into());
        member.insert("display".to_owned(), display.into());
    }
}
