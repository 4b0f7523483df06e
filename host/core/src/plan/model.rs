//! A provisioning plan: every change, its cause and its place in the order. The plan's bytes are its contract, and their
//! hash is its name: an approval names the hash, and a run performs only what stands in those bytes.

use super::{AccountRef, Action};
use crate::id::{IdentityId, OperationId, PlanHash, SnapshotId, SystemName};
use crate::identity::{ExitCause, Standing};
use crate::policy::Origin;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub const PLAN_FORMAT: u32 = 1;

/// Leavers' operations have a lane of their own, so that nothing else can delay them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    Leaver,
    Standard,
}

/// Why an operation is in a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum Cause {
    /// The person left.
    Leaver { cause: ExitCause, effective_at: Timestamp },
    /// A birthright rule gives it.
    Birthright { origin: Origin },
    /// A rule gave it once, and none does now.
    NoLongerGiven { origin: Origin },
    /// HR's facts about the person changed.
    Facts { fields: Vec<String> },
}

impl Cause {
    /// Whether the operation may still run for a person who stands so now. HR may have changed its mind since the plan.
    pub fn still_holds(&self, standing: Standing) -> bool {
        match self {
            // Who will come back has still left.
            Self::Leaver { .. } => standing != Standing::Active,
            Self::Birthright { .. } | Self::NoLongerGiven { .. } | Self::Facts { .. } => standing == Standing::Active,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedOperation {
    pub system: SystemName,
    pub lane: Lane,
    pub identity: IdentityId,
    /// The person's and the entitlement's names, for readers.
    pub person: String,
    pub what: String,
    pub action: Action<AccountRef>,
    pub cause: Cause,
    /// The index of an operation that must be verified first.
    pub after: Option<usize>,
    /// The connector's words for how the target does it.
    pub mechanism: String,
}

/// What a plan was made from. It names the reads, so that an auditor can follow each operation to what was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    pub policy_sha256: String,
    pub systems: BTreeMap<SystemName, SystemBasis>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemBasis {
    pub snapshot: SnapshotId,
    pub read_at: Timestamp,
    pub accounts: u64,
    pub grants: u64,
    /// Whether the read was whole. If not, the plan removes nothing here but what leavers are known to hold.
    pub complete: bool,
}

/// A limit that the plan is over. It must be accepted by name, with a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardrailTrip {
    pub name: String,
    pub text: String,
}

/// Something the plan does not do, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftAlone {
    pub system: SystemName,
    pub person: Option<String>,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProvisioningPlan {
    pub format: u32,
    pub made_at: Timestamp,
    pub basis: Basis,
    pub operations: Vec<PlannedOperation>,
    pub guardrails: Vec<GuardrailTrip>,
    pub left_alone: Vec<LeftAlone>,
}

impl ProvisioningPlan {
    /// The exact bytes that are hashed, stored and approved.
    pub fn bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

impl PlanHash {
    pub fn of(bytes: &[u8]) -> Self {
        Self::new(hex::encode(Sha256::digest(bytes)))
    }

    /// Enough of it for a person to name a plan.
    pub fn short(&self) -> &str {
        self.as_str().get(..SHORT_HASH).unwrap_or(self.as_str())
    }
}

/// Characters of a plan's hash that its operations carry.
const SHORT_HASH: usize = 12;

impl OperationId {
    /// The same plan gives the same operation ids, on any machine.
    pub fn of(plan: &PlanHash, index: usize) -> Self {
        Self::new(format!("{}-{index}", plan.short()))
    }
}
