//! A worker as the HR system reports one. The contract's `workforce` explains each field.

use crate::access::Attributes;
use crate::id::WorkerId;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkerKind {
    Employee,
    Contractor,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkerStatus {
    NotStarted,
    Active,
    OnLeave,
    Terminated,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worker {
    pub id: WorkerId,
    pub person_key: Option<String>,
    pub kind: WorkerKind,
    pub status: WorkerStatus,
    pub given_name: String,
    pub family_name: String,
    pub email: Option<String>,
    pub department: Option<String>,
    pub title: Option<String>,
    pub location: Option<String>,
    pub manager: Option<WorkerId>,
    /// Verbatim; [`crate::identity`] reads it in `time_zone`.
    pub start_at: Option<String>,
    pub end_at: Option<String>,
    pub time_zone: Option<String>,
    pub attributes: Attributes,
}

impl Worker {
    /// A fact by its name, as system files and policies spell it.
    pub fn field(&self, name: &str) -> Option<String> {
        match name {
            "worker-id" => Some(self.id.to_string()),
            "given-name" => Some(self.given_name.clone()),
            "family-name" => Some(self.family_name.clone()),
            "display-name" => Some(format!("{} {}", self.given_name, self.family_name).trim().to_owned()),
            "email" => self.email.clone(),
            "department" => self.department.clone(),
            "title" => self.title.clone(),
            "location" => self.location.clone(),
            "manager" => self.manager.as_ref().map(ToString::to_string),
            other => self.attributes.get(other).and_then(|value| value.as_str()).map(ToOwned::to_owned),
        }
    }
}
