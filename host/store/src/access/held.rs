//! Who had what, and when.

use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::access::GrantSource;
use reeve_core::id::{IdentityId, NativeId, SystemName};

/// Something that a person held for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub system: SystemName,
    pub account: NativeId,
    pub login: Option<String>,
    /// Id, kind and name; none for the account itself.
    pub entitlement: Option<(NativeId, String, String)>,
    /// The account's state in that time; none for an entitlement.
    pub state: Option<String>,
    /// How an entitlement was held; none for the account itself.
    pub source: Option<GrantSource>,
    pub since: Timestamp,
    /// None while it lasts.
    pub until: Option<Timestamp>,
}

impl Tx {
    /// All that a person held at any time, through accounts that are or were theirs: by system and account, the account
    /// itself first, then by time. An account that passed on to somebody else counts until then; one that was nobody's
    /// before counts from its beginning.
    pub async fn held_by(&mut self, identity: &IdentityId) -> Result<Vec<Held>, StoreError> {
        let _ = identity;
        Err(crate::unbuilt())
    }
}
