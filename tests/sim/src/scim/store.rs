//! The resources, in the order of their creation, and the file that lets them outlive the process: one line per change,
//! read from the start at the next start.

use super::fault::Fault;
use super::schema::Kind;
use crate::SimError;
use crate::journal::Journal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// One resource as it is kept: without what follows from other things (groups of a user, links, schemas).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) version: u64,
    pub(super) attributes: Map<String, Value>,
}

impl Row {
    pub(super) fn etag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.attributes.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The ids that a group lists.
    pub(super) fn members(&self) -> impl Iterator<Item = &str> {
        let members = self.attributes.get("members").and_then(Value::as_array);
        members.into_iter().flatten().filter_map(|member| member.get("value")?.as_str())
    }

    /// What a person calls it.
    pub(super) fn name(&self, kind: Kind) -> &str {
        match kind {
            Kind::User => self.text("userName"),
            Kind::Group => self.text("displayName"),
        }
    }
}

/// What the file holds; no row says that the resource is gone.
#[derive(Serialize, Deserialize)]
struct Line {
    kind: String,
    order: u64,
    row: Option<Row>,
}

#[derive(Default)]
pub(super) struct Store {
    users: Table,
    groups: Table,
    last_order: u64,
    journal: Option<Journal>,
}

#[derive(Default)]
struct Table {
    rows: BTreeMap<u64, Row>,
    by_id: HashMap<String, u64>,
}

impl Table {
    fn put(&mut self, order: u64, row: Option<Row>) {
        if let Some(old) = self.rows.remove(&order) {
            self.by_id.remove(&old.id);
        }
        if let Some(row) = row {
            self.by_id.insert(row.id.clone(), order);
            self.rows.insert(order, row);
        }
    }
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, SimError> {
        let (journal, lines) = Journal::open::<Line>(path)?;
        let mut store = Self { journal: Some(journal), ..Self::default() };
        for Line { kind, order, row } in lines {
            let known = Kind::ALL.into_iter().find(|known| known.name() == kind);
            let kind = known.ok_or_else(|| SimError::State(format!("{} holds a {kind}", path.display())))?;
            store.last_order = store.last_order.max(order);
            store.table_mut(kind).put(order, row);
        }
        Ok(store)
    }

    fn table(&self, kind: Kind) -> &Table {
        match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
        }
    }

    fn table_mut(&mut self, kind: Kind) -> &mut Table {
        match kind {
            Kind::User => &mut self.users,
            Kind::Group => &mut self.groups,
        }
    }

    /// Oldest first, each with its place in the order, which it keeps for life.
    pub(super) fn rows(&self, kind: Kind) -> impl Iterator<Item = (u64, &Row)> {
        self.table(kind).rows.iter().map(|(order, row)| (*order, row))
    }

    pub(super) fn row(&self, kind: Kind, id: &str) -> Option<(u64, &Row)> {
        let table = self.table(kind);
        let order = *table.by_id.get(id)?;
        Some((order, table.rows.get(&order)?))
    }

    pub(super) fn any(&self, id: &str) -> Option<(Kind, &Row)> {
        Kind::ALL.into_iter().find_map(|kind| Some((kind, self.row(kind, id)?.1)))
    }

    /// The groups that list this id.
    pub(super) fn groups_of(&self, id: &str) -> impl Iterator<Item = (u64, &Row)> {
        self.rows(Kind::Group).filter(move |(_, group)| group.members().any(|member| member == id))
    }

    pub(super) fn next_order(&self) -> u64 {
        self.last_order.saturating_add(1)
    }

    /// Keeps a row, or removes it; on the disk first.
    pub(super) fn put(&mut self, kind: Kind, order: u64, row: Option<Row>) -> Result<(), Fault> {
        if let Some(journal) = &mut self.journal {
            journal.append(&Line { kind: kind.name().to_owned(), order, row: row.clone() })?;
        }
        self.last_order = self.last_order.max(order);
        self.table_mut(kind).put(order, row);
        Ok(())
    }
}

/// The id of the resource that was created as number `order`: opaque, never used twice, and the same in every run.
pub(super) fn id_of(order: u64) -> String {
    // SplitMix64, which maps no two numbers to one.
    let mut z = order.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    format!("{:016x}", z ^ (z >> 31))
}
