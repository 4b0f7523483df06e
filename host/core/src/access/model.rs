//! The nouns of access, as a connector reports them. The contract (`wit/`) explains each field; these are its twins.

use crate::id::NativeId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Attributes of a target that have no field of their own.
pub type Attributes = BTreeMap<String, serde_json::Value>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    Person,
    Service,
    Bot,
    Integration,
    Shared,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    Active,
    Disabled,
    Frozen,
    Locked,
    Pending,
    Deleted,
    Unknown,
}

impl AccountState {
    /// Whether nobody can sign in with it, now or by waiting.
    pub fn is_powerless(self) -> bool {
        matches!(self, Self::Disabled | Self::Deleted)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quality {
    Exact,
    Approximate,
    CountsFailures,
    NotLicensed,
    NotAvailable,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUse {
    pub at: Option<Timestamp>,
    pub quality: Quality,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub id: NativeId,
    pub login: Option<String>,
    pub email: Option<String>,
    pub display_name: Option<String>,
    pub kind: AccountKind,
    pub state: AccountState,
    pub native_state: String,
    pub correlation_key: Option<String>,
    pub owner_hint: Option<String>,
    pub created_at: Option<Timestamp>,
    pub last_login: LastUse,
    pub privileged: Option<bool>,
    pub etag: Option<String>,
    pub attributes: Attributes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cardinality {
    Many,
    AtMostOne,
    ExactlyOne,
    AtLeastOne,
}

impl Cardinality {
    /// Whether an account holds one of a kind at a time, so that another one is an exchange.
    pub fn is_exclusive(self) -> bool {
        matches!(self, Self::AtMostOne | Self::ExactlyOne)
    }

    /// Whether an account can't be without.
    pub fn is_required(self) -> bool {
        matches!(self, Self::ExactlyOne | Self::AtLeastOne)
    }
}

/// A place on a ladder of entitlements, of which an account holds one at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    pub family: String,
    pub rank: u32,
    pub floor: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entitlement {
    pub id: NativeId,
    pub kind: String,
    pub name: String,
    pub description: Option<String>,
    pub cardinality: Cardinality,
    pub rung: Option<Rung>,
    pub assignable: bool,
    pub privileged: Option<bool>,
    pub contains: Vec<NativeId>,
    pub attributes: Attributes,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "of")]
pub enum GrantSource {
    Direct,
    InheritedFrom(NativeId),
    ByRule(String),
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    pub account: NativeId,
    pub entitlement: NativeId,
    pub source: GrantSource,
    pub revocable: bool,
    pub expires_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    Session,
    RefreshToken,
    AccessToken,
    ApiKey,
    Certificate,
    ClientSecret,
    AppPassword,
    SshKey,
    Other,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    pub id: NativeId,
    pub account: Option<NativeId>,
    pub kind: CredentialKind,
    pub name: Option<String>,
    pub created_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub last_used: LastUse,
    pub endable: bool,
    /// Whether a listing shows that it ended.
    pub observable: bool,
}

/// A fresh read of one account: what verification and the leaver proof judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountView {
    pub account: Account,
    pub grants: Vec<Grant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchBy {
    Login,
    Email,
    CorrelationKey,
}

impl Account {
    /// The value that a search by `by` compares, as it stands in this account.
    pub fn key(&self, by: MatchBy) -> Option<&str> {
        match by {
            MatchBy::Login => self.login.as_deref(),
            MatchBy::Email => self.email.as_deref(),
            MatchBy::CorrelationKey => self.correlation_key.as_deref(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperationKind {
    Create,
    Update,
    Enable,
    Disable,
    Freeze,
    Delete,
    Grant,
    Revoke,
    Replace,
    EndCredential,
}

/// What one operation means on one kind of target. The fields are the contract's `capability` and its `traits`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    pub operation: OperationKind,
    pub entitlement_kind: Option<String>,
    pub mechanism: String,
    pub reversible: bool,
    pub idempotent: bool,
    pub ends_sessions: bool,
    pub frees_licence: bool,
    pub last_one_refused: bool,
    pub two_step: bool,
    pub whole_list: bool,
    pub visible_after_s: u32,
    pub limits: Vec<String>,
}

/// What a connector says it can do. Stored with each snapshot, because plans depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    pub entitlement_kinds: Vec<String>,
    pub credential_kinds: Vec<CredentialKind>,
    pub capabilities: Vec<Capability>,
    pub finds_by: Vec<MatchBy>,
    pub reads_deleted: bool,
    pub reads_last_login: bool,
    pub page_size_max: u32,
}

impl Description {
    /// The capability for an operation, preferring the one declared for this kind of entitlement.
    pub fn capability(&self, operation: OperationKind, entitlement_kind: Option<&str>) -> Option<&Capability> {
        let of = |kind: Option<&str>| {
            self.capabilities.iter().find(|c| c.operation == operation && c.entitlement_kind.as_deref() == kind)
        };
        entitlement_kind.and_then(|kind| of(Some(kind))).or_else(|| of(None))
    }
}
