//! What is left of a world to be judged: the log as it was exported, every signed head, the targets' ledgers and states.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use crate::site::Site;
use crate::target::Holds;
use jiff::Timestamp;
use reeve_e2e::database::query;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::Row;
use std::collections::BTreeMap;
use std::path::Path;

/// One entry of the log, as it stands in the exported files.
#[derive(Clone, Debug)]
pub struct Logged {
    pub at: Timestamp,
    pub event: String,
    pub entry: Value,
    pub bytes: Vec<u8>,
}

impl Logged {
    /// What it is about, of one kind, by the name of the field that holds the id.
    pub fn subject(&self, kind: &str, field: &str) -> Option<&str> {
        let subjects = self.entry.get("subject")?.as_array()?;
        subjects.iter().find(|subject| subject["kind"] == kind)?.get(field)?.as_str()
    }

    pub fn data(&self, name: &str) -> Option<&Value> {
        self.entry.get("data")?.get(name)
    }
}

/// One thing that really happened at a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    Created {
        login: String,
    },
    Joined {
        group: String,
        user: String,
    },
    Left {
        group: String,
        user: String,
    },
    Enabled {
        user: String,
    },
    Disabled {
        user: String,
    },
    /// Any other change of a user.
    Changed {
        user: String,
        what: String,
    },
    /// Nothing that Reeve does.
    Other(String),
}

#[derive(Clone, Debug)]
pub struct Happened {
    pub system: String,
    pub at: Timestamp,
    pub effect: Effect,
}

#[derive(Clone, Debug)]
pub struct Record {
    pub log: Vec<Logged>,
    /// Size and root of every head that was ever seen, signed.
    pub heads: Vec<(usize, String)>,
    /// What `reeve log verify` says against it.
    pub refused: Option<String>,
    pub happened: Vec<Happened>,
    /// By system: user id to login, as the ledger tells.
    pub logins: BTreeMap<(String, String), String>,
    pub holdings: BTreeMap<String, BTreeMap<String, Holds>>,
    /// Operations that are left or need a person.
    pub left: Vec<Value>,
    /// What a plan would still change.
    pub planned: Vec<Value>,
    pub cases: Vec<Value>,
}

impl Record {
    /// Takes it all down. The last plan that Reeve made was `plan`.
    pub fn take(site: &mut Site, plan: &Value) -> Self {
        let folder = site.log_folder_text();
        site.clean(&["log", "export", &folder], &[0]);
        let verified = site.live(&["log", "verify", &folder], &crate::harm::Orders::default()).output;
        let left = site.clean(&["run", "show"], &[0]).json;
        let cases = site.clean(&["leaver", "list"], &[0]).json;
        let stored = query(&site.reeve.database_url(), "SELECT note FROM log_checkpoint ORDER BY size");
        let stored = stored.iter().map(|row| row.get::<String, _>("note"));
        let heads = site.heads.iter().cloned().chain(stored).map(|note| head(&note)).collect();
        let mut record = Self {
            log: read_log(&site.log_folder()),
            heads,
            refused: (verified.code != 0).then_some(verified.error),
            happened: Vec::new(),
            logins: BTreeMap::new(),
            holdings: BTreeMap::new(),
            left: array(&left),
            planned: array(&plan["plan"]["operations"]),
            cases: array(&cases),
        };
        for target in &site.targets {
            record.holdings.insert(target.name.to_owned(), target.holdings());
            for entry in target.ledger() {
                record.add(target.name, &entry);
            }
        }
        record
    }

    fn add(&mut self, system: &str, entry: &reeve_sim::Entry) {
        let (kind, id) = entry.resource.split_once('/').unwrap_or(("", ""));
        let mut effects = Vec::new();
        match (kind, entry.change.as_str()) {
            ("User", "created") => {
                self.logins.insert((system.to_owned(), id.to_owned()), entry.name.clone());
                effects.push(Effect::Created { login: entry.name.clone() });
            }
            ("User", "changed") => {
                for (name, change) in &entry.changed {
                    let user = id.to_owned();
                    effects.push(match (name.as_str(), change["after"].as_bool()) {
                        ("active", Some(true)) => Effect::Enabled { user },
                        ("active", Some(false)) => Effect::Disabled { user },
                        _ => Effect::Changed { user, what: format!("{name}: {change}") },
                    });
                }
            }
            ("Group", "changed") => {
                let members = |which: &str| array(&entry.changed["members"][which]).into_iter();
                let user = |member: Value| member["value"].as_str().unwrap_or_default().to_owned();
                let group = id.to_owned();
                effects.extend(members("added").map(|m| Effect::Joined { group: group.clone(), user: user(m) }));
                effects.extend(members("removed").map(|m| Effect::Left { group: group.clone(), user: user(m) }));
            }
            _ => effects.push(Effect::Other(format!("{} {}", entry.change, entry.resource))),
        }
        let happened = |effect| Happened { system: system.to_owned(), at: entry.at, effect };
        self.happened.extend(effects.into_iter().map(happened));
    }
}

fn array(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// Size and root of a signed note (C2SP tlog-checkpoint: origin, size, root in base64).
fn head(note: &str) -> (usize, String) {
    let mut lines = note.lines().skip(1);
    let (Some(size), Some(root)) = (lines.next(), lines.next()) else { panic!("no checkpoint: {note:?}") };
    (size.parse().unwrap(), root.to_owned())
}

/// Reads the entries of an exported log (C2SP tlog-tiles: bundles of up to 256 entries, each after its 16-bit length).
fn read_log(folder: &Path) -> Vec<Logged> {
    const WIDTH: usize = 256;
    let (size, _) = head(&std::fs::read_to_string(folder.join("checkpoint")).unwrap());
    let mut log = Vec::new();
    for bundle in 0..size.div_ceil(WIDTH) {
        let width = (size - bundle * WIDTH).min(WIDTH);
        let part = if width < WIDTH { format!(".p/{width}") } else { String::new() };
        let bytes = std::fs::read(folder.join(format!("tile/entries/{bundle:03}{part}"))).unwrap();
        let mut rest = bytes.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (entry, next) = after.split_at(usize::from(u16::from_be_bytes(*length)));
            let value: Value = serde_json::from_slice(entry).unwrap();
            let at = value["at"].as_str().unwrap().parse().unwrap();
            let event = value["event"].as_str().unwrap().to_owned();
            log.push(Logged { at, event, entry: value, bytes: entry.to_vec() });
            rest = next;
        }
    }
    log
}

/// The root of the tree over the first `size` entries (RFC 6962, 2.1), computed here and not by Reeve.
pub fn root(log: &[Logged], size: usize) -> Option<[u8; 32]> {
    let leaf = |logged: &Logged| hash(&[&[0], logged.bytes.as_slice()]);
    let leaves: Vec<_> = log.get(..size)?.iter().map(leaf).collect();
    Some(tree(&leaves))
}

fn tree(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => hash(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            hash(&[&[1], &tree(left), &tree(right)])
        }
    }
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}
