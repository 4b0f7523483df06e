//! What should be, per person: policy applied to people.

use super::{Birthright, EntitlementName, Policy};
use crate::id::{IdentityId, NativeId, SystemName};
use crate::identity::{Identity, Standing};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a person should have something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// The birthright rule's name.
    pub rule: String,
    /// `birthright.toml:12`, at the time.
    pub place: String,
    pub because: String,
}

/// Kept desired state: this person has that, for this reason, in this span. The answer to "why".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    pub identity: IdentityId,
    pub system: SystemName,
    /// None for the account itself.
    pub entitlement: Option<NativeId>,
    pub origin: Origin,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
}

/// What policy gives one person in one system: the account, and entitlements by name, each with the first rule that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    pub account: Origin,
    pub entitlements: BTreeMap<EntitlementName, Origin>,
}

impl Birthright {
    fn origin(&self) -> Origin {
        Origin { rule: self.name.clone(), place: self.place.clone(), because: self.because.clone() }
    }
}

impl Policy {
    /// What a person should have now, by system. Nobody has a birthright before the first day or after the last.
    pub fn desired(&self, identity: &Identity) -> BTreeMap<SystemName, Desired> {
        let mut desired: BTreeMap<SystemName, Desired> = BTreeMap::new();
        if identity.standing != Standing::Active {
            return desired;
        }
        for rule in self.birthrights.iter().filter(|rule| rule.when.holds(&identity.worker)) {
            for (system, names) in &rule.give {
                let here = desired
                    .entry(system.clone())
                    .or_insert_with(|| Desired { account: rule.origin(), entitlements: BTreeMap::new() });
                for name in names {
                    here.entitlements.entry(name.clone()).or_insert_with(|| rule.origin());
                }
            }
        }
        desired
    }
}
