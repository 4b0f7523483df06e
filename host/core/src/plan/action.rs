//! One change at a target. `Action<AccountRef>` stands in a plan, `Action<NativeId>` is sent.

use crate::access::{Attributes, OperationKind};
use crate::id::NativeId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The account an action is for: one that is there, or the one that an earlier operation of the same plan creates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountRef {
    Existing(NativeId),
    /// The index of the creating operation in the plan.
    CreatedBy(usize),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewAccount {
    pub login: String,
    pub email: Option<String>,
    pub display_name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub correlation_key: Option<String>,
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entitlements: Vec<NativeId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Action<A> {
    Create(NewAccount),
    /// Sets the named attributes and leaves the others. `login`, `email`, `display-name`, `given-name`, `family-name` and
    /// `correlation-key` name those fields.
    Update {
        account: A,
        etag: Option<String>,
        attributes: Attributes,
    },
    Enable {
        account: A,
    },
    Disable {
        account: A,
    },
    Freeze {
        account: A,
    },
    Delete {
        account: A,
    },
    Grant {
        account: A,
        entitlement: NativeId,
        expires_at: Option<Timestamp>,
    },
    Revoke {
        account: A,
        entitlement: NativeId,
    },
    Replace {
        account: A,
        take: Option<NativeId>,
        give: NativeId,
    },
    EndCredential {
        account: A,
        credential: NativeId,
    },
}

impl<A> Action<A> {
    pub fn kind(&self) -> OperationKind {
        match self {
            Self::Create(_) => OperationKind::Create,
            Self::Update { .. } => OperationKind::Update,
            Self::Enable { .. } => OperationKind::Enable,
            Self::Disable { .. } => OperationKind::Disable,
            Self::Freeze { .. } => OperationKind::Freeze,
            Self::Delete { .. } => OperationKind::Delete,
            Self::Grant { .. } => OperationKind::Grant,
            Self::Revoke { .. } => OperationKind::Revoke,
            Self::Replace { .. } => OperationKind::Replace,
            Self::EndCredential { .. } => OperationKind::EndCredential,
        }
    }

    /// The account it is for; none for a create.
    pub fn account(&self) -> Option<&A> {
        match self {
            Self::Create(_) => None,
            Self::Update { account, .. }
            | Self::Enable { account }
            | Self::Disable { account }
            | Self::Freeze { account }
            | Self::Delete { account }
            | Self::Grant { account, .. }
            | Self::Revoke { account, .. }
            | Self::Replace { account, .. }
            | Self::EndCredential { account, .. } => Some(account),
        }
    }

    /// The entitlement that it gives or takes.
    pub fn entitlement(&self) -> Option<&NativeId> {
        match self {
            Self::Grant { entitlement, .. } | Self::Revoke { entitlement, .. } => Some(entitlement),
            Self::Replace { give, .. } => Some(give),
            _ => None,
        }
    }

    /// Whether it only takes access away.
    pub fn removes(&self) -> bool {
        matches!(
            self,
            Self::Disable { .. }
                | Self::Freeze { .. }
                | Self::Delete { .. }
                | Self::Revoke { .. }
                | Self::EndCredential { .. }
        )
    }

    /// The same action for an account named in another way; none where `name` knows none.
    pub fn for_account<B>(self, name: impl FnOnce(A) -> Option<B>) -> Option<Action<B>> {
        Some(match self {
            Self::Create(new) => Action::Create(new),
            Self::Update { account, etag, attributes } => Action::Update { account: name(account)?, etag, attributes },
            Self::Enable { account } => Action::Enable { account: name(account)? },
            Self::Disable { account } => Action::Disable { account: name(account)? },
            Self::Freeze { account } => Action::Freeze { account: name(account)? },
            Self::Delete { account } => Action::Delete { account: name(account)? },
            Self::Grant { account, entitlement, expires_at } => {
                Action::Grant { account: name(account)?, entitlement, expires_at }
            }
            Self::Revoke { account, entitlement } => Action::Revoke { account: name(account)?, entitlement },
            Self::Replace { account, take, give } => Action::Replace { account: name(account)?, take, give },
            Self::EndCredential { account, credential } => {
                Action::EndCredential { account: name(account)?, credential }
            }
        })
    }
}
