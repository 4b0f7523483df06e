//! Something that a person must look at. A finding says what is wrong, where, and what to do; it never acts.
//!
//! A finding is known by its kind and subject: found again it is the same finding, and it resolves when a later look
//! does not find it.

use crate::id::{IdentityId, SystemName};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A feed was not applied, because it lost too many people or could not be read whole.
    FeedRefused,
    /// Two rows of a feed claim one worker number, or one person key.
    DuplicateWorker,
    /// A worker is no longer in the feed, and HR did not say that the person left.
    MissingWorker,
    /// A date of HR can't be read, so the worker was left as before.
    UnreadableDate,
    /// A new worker looks like a person who left, but nothing HR says proves it.
    PossibleRehire,
    /// A read of a system is not whole, so nothing is removed because of it.
    IncompleteRead,
    /// An account belongs to nobody that Reeve knows.
    UnmatchedAccount,
    /// Rules point to different people, or to several. Nothing is linked until a person decides.
    DisputedAccount,
    /// Access that neither policy nor an approval explains.
    UnexplainedAccess,
    /// Policy names an entitlement that the system does not have or has twice, or several of which one person can hold one.
    UnknownEntitlement,
    /// An operation was refused or needs a person.
    OperationStuck,
    /// An operation was done, says the target, but a fresh read does not show it.
    Residual,
    /// A connection's credentials are refused.
    ConnectionNeedsAttention,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    pub kind: FindingKind,
    /// What it is about, as a stable key: an account id, a worker id, an operation id.
    pub subject: String,
    pub system: Option<SystemName>,
    pub identity: Option<IdentityId>,
    /// What happened, to what, and what to do next, in one or two sentences.
    pub text: String,
}
