//! Failures: short constructors, and conversions from the host's errors that keep what each one says about the target.
//!
//! The conversions without an [`Effect`] assume the worst, a write: a lost answer becomes `outcome-unknown`, and Reeve
//! reads before it does anything else.

use crate::bindings::host::reeve::connector::{files, http, ldap};
use crate::{Failure, FieldFault, FileError, HttpError, LdapError, RateHint};

/// Whether a request can change something, which decides what a lost answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Read,
    Write,
}

impl Failure {
    pub fn auth_failed(text: impl Into<String>) -> Self {
        Self::AuthFailed(text.into())
    }

    pub fn forbidden(text: impl Into<String>) -> Self {
        Self::Forbidden(text.into())
    }

    pub fn not_found(text: impl Into<String>) -> Self {
        Self::NotFound(text.into())
    }

    pub fn conflict(text: impl Into<String>) -> Self {
        Self::Conflict(text.into())
    }

    /// One field that the target, or the plugin on its behalf, refuses.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldFault { field: field.into(), message: message.into() }])
    }

    pub fn unsupported(text: impl Into<String>) -> Self {
        Self::Unsupported(text.into())
    }

    pub fn refused(blocker: impl Into<String>) -> Self {
        Self::RefusedByTarget(vec![blocker.into()])
    }

    pub fn outcome_unknown(text: impl Into<String>) -> Self {
        Self::OutcomeUnknown(text.into())
    }

    pub fn protocol(text: impl Into<String>) -> Self {
        Self::Protocol(text.into())
    }

    pub fn internal(text: impl Into<String>) -> Self {
        Self::Internal(text.into())
    }

    /// The target is down and surely did nothing. The contract's hint has no room for prose but its scope.
    pub fn unavailable(text: impl Into<String>) -> Self {
        Self::Unavailable(RateHint { scope: Some(text.into()), ..RateHint::none() })
    }

    pub fn rate_limited(hint: Option<RateHint>) -> Self {
        Self::RateLimited(hint.unwrap_or_else(RateHint::none))
    }

    /// What it says in words, for a probe; none for one that carries none.
    pub fn told(&self) -> Option<String> {
        match self {
            Self::AuthFailed(text)
            | Self::Forbidden(text)
            | Self::NotFound(text)
            | Self::Conflict(text)
            | Self::Unsupported(text)
            | Self::LicenceExhausted(text)
            | Self::OutcomeUnknown(text)
            | Self::Protocol(text)
            | Self::Internal(text) => Some(text.clone()),
            Self::Invalid(faults) => {
                Some(faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; "))
            }
            Self::RefusedByTarget(blockers) => Some(blockers.join("; ")),
            Self::Unavailable(hint) => hint.scope.clone(),
            Self::RateLimited(_) | Self::CursorExpired => None,
        }
    }

    /// What happened to a request of which no usable answer came back.
    fn lost(effect: Effect, text: String) -> Self {
        match effect {
            Effect::Read => Self::unavailable(text),
            Effect::Write => Self::OutcomeUnknown(text),
        }
    }

    /// An answer that cannot be used: a fault of the answer for a read, an unknown outcome for a write.
    fn unusable(effect: Effect, text: String) -> Self {
        match effect {
            Effect::Read => Self::Protocol(text),
            Effect::Write => Self::OutcomeUnknown(text),
        }
    }

    pub fn from_http(error: HttpError, effect: Effect) -> Self {
        match error {
            HttpError::Denied(text) => Self::Forbidden(text),
            HttpError::AuthFailed(text) => Self::AuthFailed(text),
            HttpError::Unreachable(text) => Self::unavailable(text),
            HttpError::AnswerLost(text) => Self::lost(effect, text),
            HttpError::TooLarge(limit) => Self::unusable(effect, format!("the answer is larger than {limit} bytes")),
            HttpError::Budget(text) => Self::Internal(text),
            HttpError::Protocol(text) => Self::unusable(effect, text),
        }
    }

    pub fn from_ldap(error: LdapError, effect: Effect) -> Self {
        match error {
            LdapError::Denied(text) => Self::Forbidden(text),
            LdapError::AuthFailed(text) => Self::AuthFailed(text),
            LdapError::Unreachable(text) => Self::unavailable(text),
            LdapError::AnswerLost(text) => Self::lost(effect, text),
            LdapError::TooLarge(limit) => Self::unusable(effect, format!("the answer is larger than {limit} bytes")),
            LdapError::Budget(text) => Self::Internal(text),
            LdapError::Refused(refusal) => crate::ldap::failure(&refusal, effect),
            LdapError::CursorExpired => Self::CursorExpired,
        }
    }
}

impl RateHint {
    /// A hint that says nothing: the host falls back on its own pace.
    pub fn none() -> Self {
        Self { retry_after_ms: None, remaining: None, limit: None, scope: None }
    }
}

impl From<http::HttpError> for Failure {
    fn from(error: http::HttpError) -> Self {
        Self::from_http(error, Effect::Write)
    }
}

impl From<ldap::LdapError> for Failure {
    fn from(error: ldap::LdapError) -> Self {
        Self::from_ldap(error, Effect::Write)
    }
}

impl From<files::FileError> for Failure {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Denied(text) => Self::Forbidden(text),
            FileError::NotFound(text) => Self::NotFound(text),
            // The listing has to start over with the new file.
            FileError::Changed => Self::CursorExpired,
            FileError::TooLarge(limit) => Self::Protocol(format!("the file is larger than {limit} bytes")),
            FileError::Budget(text) => Self::Internal(text),
            FileError::Failed(text) => Self::unavailable(text),
        }
    }
}
