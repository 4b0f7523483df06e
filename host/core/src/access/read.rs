//! What one read of a system brought home, with the proof of how whole it is. The runtime makes these, the rest judges them.

use super::{Account, Description, Entitlement, Grant, Incomplete};
use crate::identity::Worker;
use crate::policy::PlanRules;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What was listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listed {
    Accounts,
    Entitlements,
    Grants,
    Workers,
}

impl Listed {
    pub fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Entitlements => "entitlements",
            Self::Grants => "grants",
            Self::Workers => "workers",
        }
    }
}

/// How one listing went. It is kept as evidence, also of a listing that broke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingRecord {
    pub what: Listed,
    pub pages: u32,
    /// Items over all pages.
    pub received: u64,
    /// How many the source itself says there are.
    pub stated_total: Option<u64>,
    /// For each page, the SHA-256 of the JSON text of its items, in hex.
    pub page_sha256s: Vec<String>,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    /// The plugin's own remarks: what was left out, and why.
    pub warnings: Vec<String>,
    /// Why the listing can't be believed to be whole; none where it is.
    pub incomplete: Option<Incomplete>,
}

/// A read of everything a target shows. Absence may be inferred from it only where [`SystemRead::incomplete`] is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SystemRead {
    pub description: Description,
    pub accounts: Vec<Account>,
    pub entitlements: Vec<Entitlement>,
    pub grants: Vec<Grant>,
    pub listings: Vec<ListingRecord>,
}

impl SystemRead {
    /// The first reason not to believe that the read is whole.
    pub fn incomplete(&self) -> Option<&Incomplete> {
        self.listings.iter().find_map(|listing| listing.incomplete.as_ref())
    }

    /// Why nothing may be inferred from what this read does not show; none where it may. `known` is the number of
    /// accounts that the read before showed.
    pub fn doubt(&self, known: Option<u64>, rules: &PlanRules) -> Option<String> {
        if let Some(incomplete) = self.incomplete() {
            return Some(incomplete.to_string());
        }
        let (known, now) = (known.unwrap_or(0), self.accounts.len() as u64);
        let lost = known.saturating_sub(now);
        let limit = u64::from(rules.shrunk_percent_max);
        (lost >= SHRINK_FLOOR && lost * 100 >= known * limit).then(|| {
            format!("it shows {now} accounts and the read before it showed {known}; policy doubts a loss of {limit} %")
        })
    }
}

/// A read that lost fewer accounts than this is never doubted for it.
pub const SHRINK_FLOOR: u64 = 3;

/// A read of a source of people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkforceRead {
    pub workers: Vec<Worker>,
    pub listing: ListingRecord,
}

impl WorkforceRead {
    pub fn incomplete(&self) -> Option<&Incomplete> {
        self.listing.incomplete.as_ref()
    }
}
