//! The closed list of what the log can say: every kind of entry has its name here, and an auditor finds its meaning.
//!
//! Names are `thing.what-happened-to-it`. A name is never reused or given another meaning, because old entries keep it.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! events {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Event {
            $($(#[doc = $doc])* #[serde(rename = $text)] $name,)*
        }

        impl Event {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// One sentence for an auditor.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),*).trim_ascii_start(),)*
                }
            }
        }
    };
}

events! {
    /// The log begins: its origin and its first public key. Always entry 0.
    LogStarted = "log.started",
    /// The old key names the key that signs from now on.
    LogKeyRotated = "log.key-rotated",
    /// Something was given out of Reeve: a report, an evidence package, the log itself.
    EvidenceExported = "evidence.exported",

    /// A plugin was installed: its digest, and what its manifest asks for.
    PluginInstalled = "plugin.installed",
    /// An administrator allowed what a plugin asks for.
    PluginGranted = "plugin.granted",
    /// A plugin was removed.
    PluginRemoved = "plugin.removed",
    /// A system came under governance.
    SystemAdded = "system.added",
    /// A system's settings, connections or scope changed.
    SystemChanged = "system.changed",
    /// A system left governance.
    SystemRemoved = "system.removed",
    /// A secret was set or replaced. The entry names it and never holds it.
    SecretSet = "secret.set",
    /// A secret was removed.
    SecretRemoved = "secret.removed",
    /// A version of the policy took effect.
    PolicyApplied = "policy.applied",

    /// Someone was refused: not signed in, not permitted, or not allowed to decide for themselves.
    AccessRefused = "access.refused",
    /// A token for the interface was made: its name, owner, scope and end.
    TokenCreated = "token.created",
    /// A token for the interface was ended.
    TokenRevoked = "token.revoked",

    /// A read of a system ended: its counts, and whether it is complete.
    SnapshotTaken = "snapshot.taken",
    /// A read of the source of people ended.
    WorkforceRead = "workforce.read",
    /// A feed of people was not applied, because it lost too many of them or was not whole.
    FeedRefused = "feed.refused",
    /// An account was linked to an identity, by a rule or by a person.
    AccountLinked = "account.linked",
    /// The link between an account and an identity was taken away.
    AccountUnlinked = "account.unlinked",

    /// Access that was found has a reason from now on, because a rule gives it; or one that nobody holds any more has none.
    ReasonsChanged = "reasons.changed",
    /// A plan was made: its hash, its causes and its operations.
    PlanMade = "plan.made",
    /// A person approved the plan with exactly this hash.
    PlanApproved = "plan.approved",
    /// A person or a guardrail refused the plan.
    PlanRefused = "plan.refused",
    /// The operations of an approved plan began.
    RunStarted = "run.started",
    /// No operation of the run is left to do.
    RunFinished = "run.finished",

    /// An operation is about to be sent. Recorded before the request leaves.
    OperationIntended = "operation.intended",
    /// The target answered that it is done, or that it was so already.
    OperationDone = "operation.done",
    /// The target or the host refused it.
    OperationRefused = "operation.refused",
    /// It did not happen, and will be tried again.
    OperationRetried = "operation.retried",
    /// It may have happened: the answer was lost. A read decides.
    OperationUnknown = "operation.unknown",
    /// It can't go on without a person.
    OperationHeld = "operation.held",
    /// It is no longer wished, and was not sent.
    OperationCancelled = "operation.cancelled",
    /// A fresh read shows the wished end.
    OperationVerified = "operation.verified",
    /// A fresh read shows that the wished end did not come about.
    OperationResidual = "operation.residual",

    /// A leaver case was opened.
    CaseOpened = "case.opened",
    /// A fresh read of one system was judged for a leaver case: clean, or what is left.
    CaseRead = "case.read",
    /// A leaver case was closed: a fresh read of every system in scope shows no access left.
    CaseClosed = "case.closed",
    /// A leaver case ended without proof, because the person did not leave or came back.
    CaseWithdrawn = "case.withdrawn",
    /// What HR says of a person changed: joined, moved, renamed, left, came back.
    LifecycleChanged = "lifecycle.changed",
    /// Something that a person must look at.
    FindingRaised = "finding.raised",
    /// A finding was dealt with, and how.
    FindingResolved = "finding.resolved",
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
