//! A person under governance, and what happens in a person's time with the company.

use super::Worker;
use crate::id::{IdentityId, SystemName, WorkerId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a person stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Hired, not started.
    Pending,
    /// Works here, also while on leave.
    Active,
    Left,
}

/// Why a person's time ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitCause {
    /// HR says so.
    Terminated,
    /// The agreed end date has come; HR sent no event.
    ContractEnd,
    /// An operator named the person, ahead of HR.
    Named,
    /// The person is gone from a complete feed, and policy counts that as leaving.
    Missing,
}

/// An exit that an operator started by name, which holds until HR's word agrees or it is withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedExit {
    pub at: Timestamp,
    pub by: String,
    pub reason: String,
}

/// How and when a person's time ended, or will. The three clocks of a leaver case start here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    pub cause: ExitCause,
    /// When access must be gone.
    pub effective_at: Timestamp,
    /// When HR (or the operator) first told Reeve.
    pub told_at: Timestamp,
}

/// A person, stable over renames, moves and returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    pub id: IdentityId,
    pub source: SystemName,
    /// What HR said last.
    pub worker: Worker,
    /// Earlier worker numbers of the same person.
    pub former_ids: Vec<WorkerId>,
    pub standing: Standing,
    pub starts_at: Option<Timestamp>,
    pub exit: Option<Exit>,
    pub named_exit: Option<NamedExit>,
}

impl Identity {
    pub fn display_name(&self) -> String {
        format!("{} {}", self.worker.given_name, self.worker.family_name).trim().to_owned()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// Hired with a start date that has not come.
    Hired,
    Joiner,
    Mover,
    Renamed,
    /// An end in the future became known.
    ExitScheduled,
    ExitMoved,
    /// An end that had not come, or had, was taken back.
    ExitRescinded,
    Leaver,
    Rehire,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeChange {
    pub field: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleEvent {
    pub identity: IdentityId,
    pub kind: EventKind,
    /// When it holds from.
    pub effective_at: Timestamp,
    /// When Reeve noticed.
    pub detected_at: Timestamp,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AttributeChange>,
    /// In words, for the timeline.
    pub text: String,
}
