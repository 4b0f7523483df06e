//! What passes between the sandbox and the outside: requests of a plugin, answers of a target, and what went wrong.
//!
//! Plain data without behaviour. The sandbox side turns it into the contract's types, the journal keeps it.

use crate::package::Method;
use jiff::Timestamp;
use reeve_core::run::RateHint;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HttpRequest {
    pub connection: String,
    pub method: Method,
    /// Path and query, from the base URL on.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HttpAnswer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Decompressed.
    pub body: Vec<u8>,
    pub rate: Option<RateHint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
pub(crate) enum HttpFault {
    Denied(String),
    AuthFailed(String),
    /// Surely nothing was sent.
    Unreachable(String),
    /// It may have been sent, and no complete answer came.
    AnswerLost(String),
    /// The limit, in bytes.
    TooLarge(u64),
    Budget(String),
    Protocol(String),
}

impl HttpFault {
    /// The same fault with its text changed.
    pub(super) fn map_text(self, change: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::Denied(text) => Self::Denied(change(&text)),
            Self::AuthFailed(text) => Self::AuthFailed(change(&text)),
            Self::Unreachable(text) => Self::Unreachable(change(&text)),
            Self::AnswerLost(text) => Self::AnswerLost(change(&text)),
            Self::Budget(text) => Self::Budget(change(&text)),
            Self::Protocol(text) => Self::Protocol(change(&text)),
            Self::TooLarge(_) => self,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LdapScope {
    Base,
    OneLevel,
    Subtree,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LdapAttribute {
    pub name: String,
    #[serde(with = "crate::journal::values")]
    pub values: Vec<Vec<u8>>,
}

impl LdapAttribute {
    /// Name and values, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.values.iter().map(Vec::len).sum::<usize>().saturating_add(self.name.len()) as u64
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LdapEntry {
    pub dn: String,
    pub attributes: Vec<LdapAttribute>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LdapSearch {
    pub connection: String,
    pub base: String,
    pub scope: LdapScope,
    pub filter: String,
    pub attributes: Vec<String>,
    /// 0 for one unpaged answer.
    pub page_size: u32,
    pub cursor: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LdapPage {
    pub entries: Vec<LdapEntry>,
    pub next: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LdapChangeKind {
    Add,
    Delete,
    Replace,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LdapWrite {
    Add { dn: String, attributes: Vec<LdapAttribute> },
    Modify { dn: String, changes: Vec<(LdapChangeKind, LdapAttribute)> },
    Delete { dn: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
pub(crate) enum LdapFault {
    Denied(String),
    AuthFailed(String),
    Unreachable(String),
    AnswerLost(String),
    /// The limit, in bytes or entries.
    TooLarge(u64),
    Budget(String),
    /// The directory's result code and text.
    Refused {
        code: u32,
        message: String,
    },
    CursorExpired,
}

impl LdapFault {
    /// The same fault with its text changed.
    pub(super) fn map_text(self, change: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::Denied(text) => Self::Denied(change(&text)),
            Self::AuthFailed(text) => Self::AuthFailed(change(&text)),
            Self::Unreachable(text) => Self::Unreachable(change(&text)),
            Self::AnswerLost(text) => Self::AnswerLost(change(&text)),
            Self::Budget(text) => Self::Budget(change(&text)),
            Self::Refused { code, message } => Self::Refused { code, message: change(&message) },
            Self::TooLarge(_) | Self::CursorExpired => self,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileAbout {
    pub name: String,
    pub size: u64,
    pub modified_at: Timestamp,
    /// Changes when the file does. Opaque.
    pub version: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
pub(crate) enum FileFault {
    Denied(String),
    NotFound(String),
    Changed,
    TooLarge(u64),
    Budget(String),
    Failed(String),
}
