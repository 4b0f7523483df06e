//! What a connector can answer: the contract's `failure` and `outcome`, and what each means for a retry.

use crate::id::NativeId;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateHint {
    pub retry_after_ms: Option<u64>,
    pub remaining: Option<u64>,
    pub limit: Option<u64>,
    pub scope: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFault {
    pub field: String,
    pub message: String,
}

/// Why a call did not do what was asked. The first fourteen are the contract's; the last two are the host's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
pub enum Failure {
    AuthFailed(String),
    Forbidden(String),
    NotFound(String),
    Conflict(String),
    Invalid(Vec<FieldFault>),
    Unsupported(String),
    RateLimited(RateHint),
    Unavailable(RateHint),
    LicenceExhausted(String),
    RefusedByTarget(Vec<String>),
    OutcomeUnknown(String),
    CursorExpired,
    Protocol(String),
    Internal(String),
    /// The plugin trapped or ran over one of its limits.
    Stopped(String),
    /// The host itself refused: a connection that is not granted, a secret that is not set.
    Denied(String),
}

/// What may be done after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Nothing happened at the target; the same call may be made again later.
    Later,
    /// It may have happened: read first.
    ReadFirst,
    /// The same call would fail the same way.
    Never,
}

impl Failure {
    /// `reached` says whether a request that can change something had left the host before the failure. Whatever a plugin claims,
    /// a call that sent a write and did not come to a clear refusal has to be read back.
    pub fn retry(&self, reached: bool) -> Retry {
        match self {
            // Credentials that are refused today may be mended tomorrow, and nothing happened.
            Self::RateLimited(_) | Self::AuthFailed(_) if !reached => Retry::Later,
            Self::Unavailable(_) if !reached => Retry::Later,
            Self::RateLimited(_) | Self::AuthFailed(_) | Self::Unavailable(_) => Retry::ReadFirst,
            Self::OutcomeUnknown(_) | Self::Conflict(_) => Retry::ReadFirst,
            Self::Protocol(_) | Self::Internal(_) | Self::Stopped(_) | Self::NotFound(_) if reached => Retry::ReadFirst,
            Self::Stopped(_) => Retry::Later,
            _ => Retry::Never,
        }
    }

    /// How long the target asks to wait, if it does.
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::RateLimited(hint) | Self::Unavailable(hint) => hint.retry_after_ms,
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthFailed(text) => write!(f, "the target refuses the credentials: {text}"),
            Self::Forbidden(text) => write!(f, "the target does not allow it: {text}"),
            Self::NotFound(text) => write!(f, "not found: {text}"),
            Self::Conflict(text) => write!(f, "conflict: {text}"),
            Self::Invalid(faults) => {
                f.write_str("the target refuses the values:")?;
                // A target may refuse without naming a field.
                faults.iter().try_for_each(|fault| match fault.field.as_str() {
                    "" => write!(f, " {};", fault.message),
                    field => write!(f, " {field}: {};", fault.message),
                })
            }
            Self::Unsupported(text) => write!(f, "not supported: {text}"),
            Self::RateLimited(hint) => write!(f, "rate limited{}", Wait(hint)),
            Self::Unavailable(hint) => write!(f, "the target is unavailable{}", Wait(hint)),
            Self::LicenceExhausted(text) => write!(f, "no free licence: {text}"),
            Self::RefusedByTarget(blockers) => write!(f, "the target refuses: {}", blockers.join("; ")),
            Self::OutcomeUnknown(text) => write!(f, "the outcome is not known: {text}"),
            Self::CursorExpired => f.write_str("the listing's cursor has expired"),
            Self::Protocol(text) => write!(f, "unexpected answer: {text}"),
            Self::Internal(text) => write!(f, "fault in the plugin: {text}"),
            Self::Stopped(text) => write!(f, "the plugin was stopped: {text}"),
            Self::Denied(text) => write!(f, "denied: {text}"),
        }
    }
}

impl std::error::Error for Failure {}

struct Wait<'a>(&'a RateHint);

impl fmt::Display for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.retry_after_ms {
            Some(ms) => write!(f, "; it asks to wait {}.{} s", ms / 1000, ms % 1000 / 100),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemResult {
    pub item: String,
    pub fault: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
pub enum Status {
    Done,
    AlreadySo,
    Accepted(String),
    PendingApproval(String),
    Partial(Vec<ItemResult>),
}

/// What a target answered to one operation. It is a claim until a fresh read confirms it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub status: Status,
    pub account: Option<NativeId>,
    pub request_id: Option<String>,
    pub side_effects: Vec<String>,
}
