//! Access that follows from who a person is: `birthright.toml`.

use crate::id::SystemName;
use crate::identity::{Worker, WorkerKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// An entitlement as policy names it: `group:staff`. The kind is the system's word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntitlementName {
    pub kind: String,
    pub name: String,
}

impl FromStr for EntitlementName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((kind, name)) if !kind.is_empty() && !name.is_empty() => {
                Ok(Self { kind: kind.to_owned(), name: name.to_owned() })
            }
            _ => {
                Err(format!("{text:?} does not name an entitlement; write its kind and name, such as \"group:staff\""))
            }
        }
    }
}

impl TryFrom<String> for EntitlementName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<EntitlementName> for String {
    fn from(name: EntitlementName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for EntitlementName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.name)
    }
}

/// Whom a rule is for: every list that is there must hold the person's value; an empty condition is everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Condition {
    pub kind: Option<Vec<WorkerKind>>,
    pub department: Option<Vec<String>>,
    pub title: Option<Vec<String>>,
    pub location: Option<Vec<String>>,
}

impl Condition {
    pub fn holds(&self, worker: &Worker) -> bool {
        let within = |allowed: &Option<Vec<String>>, value: &Option<String>| match (allowed, value) {
            (None, _) => true,
            (Some(allowed), Some(value)) => allowed.contains(value),
            (Some(_), None) => false,
        };
        self.kind.as_ref().is_none_or(|kinds| kinds.contains(&worker.kind))
            && within(&self.department, &worker.department)
            && within(&self.title, &worker.title)
            && within(&self.location, &worker.location)
    }
}

/// One birthright rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Birthright {
    pub name: String,
    /// Why the company gives this, for reviewers and auditors.
    pub because: String,
    pub when: Condition,
    /// Per system, an account and these entitlements.
    pub give: BTreeMap<SystemName, Vec<EntitlementName>>,
    /// `birthright.toml:12`
    pub place: String,
}
