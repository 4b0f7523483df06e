//! One entry of the log: when, who, what, about which things, on what evidence.
//!
//! An entry is encoded once, when it is recorded. From then on those bytes are the entry: they are stored, hashed and
//! exported as they are, and never made anew from a parsed value, so that no later version can change what they say.

use super::Event;
use crate::id::{CaseId, FindingId, IdentityId, NativeId, OperationId, PlanHash, SnapshotId, SystemName, WorkerId};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The longest encoded entry, in bytes: the length prefix of a C2SP entry bundle is a 16-bit number.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// The format of the entries that this version writes and shows. Verification needs no format: it hashes bytes.
pub const FORMAT: u32 = 1;

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Actor {
    /// A person who proved who they are, in the console or by a token that they own.
    Person { name: String },
    /// Someone at the command line of the machine. The operating system vouches for the name, Reeve does not.
    Operator { name: String },
    /// Reeve itself: a schedule, a retry, a recovery after a restart.
    System,
}

/// What an entry is about. Ids of targets are opaque and stand as the target gave them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Subject {
    Identity { id: IdentityId },
    Worker { id: WorkerId },
    System { name: SystemName },
    Account { system: SystemName, id: NativeId },
    Entitlement { system: SystemName, id: NativeId },
    Credential { system: SystemName, id: NativeId },
    Snapshot { id: SnapshotId },
    Plan { hash: PlanHash },
    Operation { id: OperationId },
    Case { id: CaseId },
    Finding { id: FindingId },
    Plugin { id: String },
    Policy { sha256: String },
    Secret { system: SystemName, connection: String, field: String },
    Token { name: String },
}

/// Something that lies beside the log and is too large or too private to stand in it. The digest makes it part of the
/// proof; the bytes are found under that digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What it is, for a reader: `page 3 of the account listing`.
    pub name: String,
    /// 64 lower-case hex digits.
    pub sha256: String,
    pub bytes: u64,
}

impl Evidence {
    pub fn of(name: impl Into<String>, bytes: &[u8]) -> Self {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Self { name: name.into(), sha256: hex::encode(Sha256::digest(bytes)), bytes: length }
    }
}

/// An entry as it is before [`Entry::encode`] and after [`Entry::decode`]. Its number is its place in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    format: Format,
    /// When it was recorded, by the clock of the machine. The order of entries is their number, not this.
    pub at: Timestamp,
    pub actor: Actor,
    pub event: Event,
    /// The things it is about, the main one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject: Vec<Subject>,
    /// The particulars, in a shape that belongs to the event. Never a secret.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    #[error(
        "the audit entry {event} takes {bytes} bytes, and the limit is {ENTRY_BYTES_MAX}: store its large parts apart and \
         name them in the entry by their SHA-256"
    )]
    TooLarge { event: Event, bytes: usize },
    #[error("the audit entry {event} can't be written as JSON")]
    NotJson { event: Event, source: serde_json::Error },
    #[error("the stored audit entry can't be shown: {0}. Its bytes can still be verified")]
    Unreadable(#[from] serde_json::Error),
}

impl Entry {
    pub fn new(at: Timestamp, actor: Actor, event: Event) -> Self {
        Self { format: Format, at, actor, event, subject: Vec::new(), data: Value::Null, evidence: Vec::new() }
    }

    #[must_use]
    pub fn about(mut self, subject: Subject) -> Self {
        self.subject.push(subject);
        self
    }

    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    #[must_use]
    pub fn with_evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// The bytes to store: JSON on one line, at most [`ENTRY_BYTES_MAX`]. The leaf of the tree is the hash of exactly these.
    pub fn encode(&self) -> Result<Vec<u8>, EntryError> {
        let bytes = serde_json::to_vec(self).map_err(|source| EntryError::NotJson { event: self.event, source })?;
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLarge { event: self.event, bytes: bytes.len() });
        }
        Ok(bytes)
    }

    /// Reads stored bytes to show them. What it gives is for people; proofs are about the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        Ok(serde_json::from_slice(bytes)?)
    }
}

/// Stands in each entry as the number [`FORMAT`], and reads nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Format;

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(FORMAT)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            FORMAT => Ok(Self),
            other => Err(de::Error::custom(format_args!(
                "it has format {other}, and this version of Reeve reads format {FORMAT}"
            ))),
        }
    }
}
