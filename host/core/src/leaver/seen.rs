//! What a read of a system shows, as far as leaver cases need it.

use crate::access::{Account, Credential, Entitlement, Grant, Link};
use crate::id::{IdentityId, NativeId, SnapshotId, SystemName};
use jiff::Timestamp;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug)]
pub struct SystemSeen<'a> {
    pub system: &'a SystemName,
    pub snapshot: &'a SnapshotId,
    /// When the read began.
    pub read_at: Timestamp,
    pub accounts: &'a [Account],
    pub grants: &'a [Grant],
    pub entitlements: &'a [Entitlement],
    pub links: &'a BTreeMap<NativeId, Link>,
    /// None where the connector doesn't list any.
    pub credentials: Option<&'a [Credential]>,
}

/// The same by person and by account, made once for a read: thousands of cases may be open when it comes in.
#[derive(Debug)]
pub struct SeenByPerson<'a> {
    pub(super) seen: SystemSeen<'a>,
    accounts: BTreeMap<&'a IdentityId, Vec<&'a Account>>,
    grants: BTreeMap<&'a NativeId, Vec<&'a Grant>>,
    entitlements: BTreeMap<&'a NativeId, &'a Entitlement>,
    credentials: BTreeMap<&'a NativeId, Vec<&'a Credential>>,
}

impl<'a> SeenByPerson<'a> {
    pub fn of(seen: SystemSeen<'a>) -> Self {
        let mut index = Self {
            seen,
            accounts: BTreeMap::new(),
            grants: BTreeMap::new(),
            entitlements: BTreeMap::new(),
            credentials: BTreeMap::new(),
        };
        for account in seen.accounts {
            for person in seen.links.get(&account.id).into_iter().flat_map(Link::people) {
                index.accounts.entry(person).or_default().push(account);
            }
        }
        for grant in seen.grants {
            index.grants.entry(&grant.account).or_default().push(grant);
        }
        for entitlement in seen.entitlements {
            index.entitlements.entry(&entitlement.id).or_insert(entitlement);
        }
        for credential in seen.credentials.into_iter().flatten() {
            if let Some(account) = &credential.account {
                index.credentials.entry(account).or_default().push(credential);
            }
        }
        index
    }

    /// Accounts that are this person's or may be, and whether that is disputed.
    pub(super) fn accounts_of(&self, person: &IdentityId) -> impl Iterator<Item = (&'a Account, bool)> {
        let disputed =
            |account: &Account| self.seen.links.get(&account.id).is_some_and(|link| link.identity().is_none());
        self.accounts.get(person).into_iter().flatten().map(move |account| (*account, disputed(account)))
    }

    pub(super) fn grants_of(&self, account: &NativeId) -> impl Iterator<Item = &'a Grant> {
        self.grants.get(account).into_iter().flatten().copied()
    }

    pub(super) fn entitlement(&self, id: &NativeId) -> Option<&'a Entitlement> {
        self.entitlements.get(id).copied()
    }

    pub(super) fn credentials_of(&self, account: &NativeId) -> impl Iterator<Item = &'a Credential> {
        self.credentials.get(account).into_iter().flatten().copied()
    }
}
