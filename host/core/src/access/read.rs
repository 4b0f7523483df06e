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

    /// Why nothing may be inferred from what this read does not show; none where it may. `known` is what was there before
    /// it, as far as was known. `accepted` is an operator's word that a loss is real, for this one read.
    pub fn doubt(&self, known: Option<ReadCounts>, rules: &PlanRules, accepted: bool) -> Option<String> {
        if let Some(incomplete) = self.incomplete() {
            return Some(incomplete.to_string());
        }
        let (known, now) = (known.unwrap_or_default(), self.counts());
        let limit = u64::from(rules.shrunk_percent_max);
        let shrunk = |before: u64, now: u64| {
            let lost = before.saturating_sub(now);
            lost >= SHRINK_FLOOR && lost * 100 >= before * limit
        };
        // Credentials that lost the right to read groups still list every account, and say that it is all.
        let parts = [
            (Listed::Accounts, known.accounts, now.accounts),
            (Listed::Entitlements, known.entitlements, now.entitlements),
            (Listed::Grants, known.grants, now.grants),
        ];
        let (what, before, now) = parts.into_iter().find(|(_, before, now)| !accepted && shrunk(*before, *now))?;
        let what = what.name();
        Some(format!("it shows {now} {what}, and {before} were known before it; policy doubts a loss of {limit} %"))
    }

    pub fn counts(&self) -> ReadCounts {
        ReadCounts {
            accounts: self.accounts.len() as u64,
            entitlements: self.entitlements.len() as u64,
            grants: self.grants.len() as u64,
        }
    }
}

/// How much a read showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadCounts {
    pub accounts: u64,
    pub entitlements: u64,
    pub grants: u64,
}

/// A read that lost fewer of anything than this is never doubted for it.
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
