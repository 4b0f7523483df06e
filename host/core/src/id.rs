//! Names of things, one type each, so that a system is never passed for a plugin.
//!
//! Ids of our own are made by the caller; ids of a target ([`NativeId`]) are opaque text that is never parsed.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest id of a target that is accepted, in bytes.
pub const NATIVE_ID_BYTES_MAX: usize = 1024;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

id!(
    /// A person or a non-human identity that Reeve governs. Made by Reeve, never reused.
    IdentityId
);
id!(
    /// A system's short name, chosen by the administrator: `directory`, `salesforce`.
    SystemName
);
id!(
    /// The id of an account, entitlement or credential in its target. Opaque.
    NativeId
);
id!(
    /// A worker's number in the HR system. Opaque.
    WorkerId
);
id!(
    /// One complete or broken read of a system.
    SnapshotId
);
id!(
    /// The SHA-256 of a plan's bytes, in hex: a plan's name is its content.
    PlanHash
);
id!(
    /// One operation of one plan.
    OperationId
);
id!(
    /// A leaver case.
    CaseId
);
id!(
    /// Something that a person must look at.
    FindingId
);
