//! Changes: create, replace, patch, delete. Each goes into the ledger, then to the disk, then into memory; what
//! changes nothing goes nowhere.

use super::fault::Fault;
use super::patch::patch;
use super::render::Renderer;
use super::schema::Kind;
use super::store::{Row, Store, id_of};
use super::{CONTENT_TYPE, Dialect, etag_listed};
use crate::ledger::difference;
use crate::misbehaviour::Quirks;
use crate::{Answer, Effect, Ledger, Request};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// One request to change something.
pub(super) struct Write<'a> {
    pub(super) kind: Kind,
    pub(super) request: &'a Request,
    pub(super) quirks: &'a Quirks,
    pub(super) ledger: &'a Ledger,
    pub(super) dialect: &'a Dialect,
    pub(super) renderer: Renderer,
    pub(super) now: Timestamp,
}

impl Write<'_> {
    pub(super) fn create(&self, store: &mut Store, sent: &Value) -> Result<Answer, Fault> {
        let mut attributes = self.kind.read(sent)?;
        self.check(store, &mut attributes, None)?;
        let order = store.next_order();
        let row = Row { id: id_of(order), created: self.now, modified: self.now, version: 1, attributes };
        self.commit(store, self.kind, order, None, Some(row.clone()))?;
        Ok(self.show(store, 201, &row).with("location", self.renderer.location(self.kind, &row.id)))
    }

    pub(super) fn replace(&self, store: &mut Store, id: &str, sent: &Value) -> Result<Answer, Fault> {
        let (order, before) = self.find(store, id)?;
        let mut attributes = self.kind.read(sent)?;
        self.check(store, &mut attributes, Some(id))?;
        let row = self.change(store, order, before, attributes)?;
        Ok(self.show(store, 200, &row))
    }

    pub(super) fn patch(&self, store: &mut Store, id: &str, sent: &Value) -> Result<Answer, Fault> {
        if !self.dialect.patch {
            return Err(Fault::new(501, None, "PATCH is not supported here; use PUT"));
        }
        let (order, before) = self.find(store, id)?;
        let mut attributes = patch(self.kind, &before.attributes, sent)?;
        self.check(store, &mut attributes, Some(id))?;
        let row = self.change(store, order, before, attributes)?;
        let answer = self.show(store, 200, &row);
        Ok(if self.dialect.patch_answers_resource { answer } else { Answer::empty(204) })
    }

    pub(super) fn delete(&self, store: &mut Store, id: &str) -> Result<Answer, Fault> {
        let (order, before) = self.find(store, id)?;
        let groups: Vec<_> = store.groups_of(id).map(|(order, group)| (order, group.clone())).collect();
        for (order, group) in groups {
            let mut after = group.clone();
            after.version = after.version.saturating_add(1);
            after.modified = self.now;
            drop_member(&mut after.attributes, id);
            self.commit(store, Kind::Group, order, Some(&group), Some(after))?;
        }
        self.commit(store, self.kind, order, Some(&before), None)?;
        Ok(Answer::empty(204))
    }

    /// The resource, if it is there and in the version that the client knows.
    fn find(&self, store: &Store, id: &str) -> Result<(u64, Row), Fault> {
        let (order, row) = store.row(self.kind, id).ok_or_else(|| Fault::not_found(self.kind.name()))?;
        match self.request.header("if-match") {
            Some(tags) if self.dialect.etag && !etag_listed(tags, row) => {
                Err(Fault::new(412, None, format!("the resource is in version {} now", row.etag())))
            }
            _ => Ok((order, row.clone())),
        }
    }

    /// What must hold between resources: names that are unique, members that exist.
    fn check(&self, store: &Store, attributes: &mut Map<String, Value>, own_id: Option<&str>) -> Result<(), Fault> {
        for attribute in self.kind.own().iter().filter(|attribute| attribute.unique) {
            let wanted = attributes.get(attribute.name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
            let taken = |(_, row): (u64, &Row)| {
                Some(row.id.as_str()) != own_id && row.text(attribute.name).to_lowercase() == wanted
            };
            if store.rows(self.kind).any(taken) {
                let detail = format!("another resource has this \"{}\" already", attribute.name);
                return Err(Fault::new(409, Some("uniqueness"), detail));
            }
        }
        let Some(Value::Array(members)) = attributes.get_mut("members") else { return Ok(()) };
        let mut seen = Vec::new();
        for member in members.iter_mut().filter_map(Value::as_object_mut) {
            let id = member.get("value").and_then(Value::as_str).unwrap_or_default().to_owned();
            if store.any(&id).is_none() {
                return Err(Fault::value(format!("the member {id:?} does not exist")));
            }
            // The rest follows from the id.
            member.retain(|name, _| name == "value");
            seen.push(id);
        }
        seen.sort_unstable();
        if seen.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(Fault::value("a member is listed twice"));
        }
        Ok(())
    }

    fn change(&self, store: &mut Store, order: u64, before: Row, attributes: Map<String, Value>) -> Result<Row, Fault> {
        if attributes == before.attributes {
            return Ok(before);
        }
        let version = before.version.saturating_add(1);
        let after = Row { modified: self.now, version, attributes, ..before.clone() };
        self.commit(store, self.kind, order, Some(&before), Some(after.clone()))?;
        Ok(after)
    }

    fn commit(
        &self,
        store: &mut Store,
        kind: Kind,
        order: u64,
        before: Option<&Row>,
        after: Option<Row>,
    ) -> Result<(), Fault> {
        if self.quirks.pretend {
            return Ok(());
        }
        let Some(subject) = after.as_ref().or(before) else { return Ok(()) };
        let nothing = Map::new();
        let attributes = |row: Option<&Row>| row.map_or_else(|| nothing.clone(), |row| row.attributes.clone());
        let effect = Effect {
            resource: format!("{}/{}", kind.name(), subject.id),
            name: subject.name(kind).to_owned(),
            change: match (before, &after) {
                (None, _) => "created".to_owned(),
                (_, None) => "deleted".to_owned(),
                _ => "changed".to_owned(),
            },
            changed: difference(&attributes(before), &attributes(after.as_ref())),
        };
        self.ledger.record(self.request, effect)?;
        store.put(kind, order, after)
    }

    fn show(&self, store: &Store, status: u16, row: &Row) -> Answer {
        let answer = Answer::json(status, CONTENT_TYPE, &self.renderer.one(store, self.kind, row));
        if self.dialect.etag { answer.with("etag", row.etag()) } else { answer }
    }
}

fn drop_member(group: &mut Map<String, Value>, id: &str) {
    let Some(Value::Array(members)) = group.get_mut("members") else { return };
    members.retain(|member| member.get("value").and_then(Value::as_str) != Some(id));
    if members.is_empty() {
        group.remove("members");
    }
}
