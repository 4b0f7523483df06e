//! Walks listings page by page, as the host does, and compares what came.

use crate::error::Error;
use reeve_core::access::{Account, Description, Entitlement, Grant, Incomplete, Listed, Listing, Next};
use reeve_core::id::NativeId;
use reeve_core::run::Failure;
use reeve_runtime::Bench;
use reeve_runtime::limits::PAGE_SIZE_WISH;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Tries of one page of a target that is really busy.
const TRIES_MAX: u32 = 5;
/// The longest wait between two.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// What may differ between two reads of one account.
const MOVING: [&str; 2] = ["last_login", "etag"];

/// A listing that was walked to its end.
#[derive(Debug)]
pub struct Walked {
    pub items: BTreeMap<String, Value>,
    pub pages: u32,
    pub stated_total: Option<u64>,
    /// The cursor of the second page, and that page's keys.
    pub second: Option<(String, Vec<String>)>,
}

impl Walked {
    pub fn read<T: DeserializeOwned>(&self) -> Vec<T> {
        self.items.values().filter_map(|item| serde_json::from_value(item.clone()).ok()).collect()
    }

    /// About how many pages of that size it makes.
    pub fn pages_of(&self, size: u32) -> u32 {
        u32::try_from(self.items.len()).unwrap_or(u32::MAX) / size.max(1)
    }

    /// The first thing in which another walk differs.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let lost = self.items.keys().find(|key| !other.items.contains_key(*key));
        let new = other.items.keys().find(|key| !self.items.contains_key(*key));
        match (lost, new) {
            (Some(key), _) => {
                Some(format!("{key} is missing ({} items, then {})", self.items.len(), other.items.len()))
            }
            (_, Some(key)) => Some(format!("{key} is new ({} items, then {})", self.items.len(), other.items.len())),
            _ => self.items.iter().find_map(|(key, item)| {
                let field = field_that_differs(item, other.items.get(key)?)?;
                Some(format!("{key} has another {field}"))
            }),
        }
    }
}

/// The name of a field in which two reads of one thing differ.
pub fn field_that_differs(one: &Value, other: &Value) -> Option<String> {
    let (Some(one), Some(other)) = (one.as_object(), other.as_object()) else {
        return (one != other).then(|| "content".to_owned());
    };
    one.keys().find(|name| !MOVING.contains(&name.as_str()) && one.get(*name) != other.get(*name)).cloned()
}

/// The size of a page that the host would wish for.
pub fn usual_size(description: &Description) -> u32 {
    if description.page_size_max == 0 { PAGE_SIZE_WISH } else { description.page_size_max }
}

/// Why a listing is not whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub why: String,
    pub by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A failure, or pages that the host refuses.
    Page,
    /// The target's own count.
    Total,
    /// It went on for more pages than it was given.
    Length,
}

impl From<Broken> for String {
    fn from(broken: Broken) -> Self {
        broken.why
    }
}

/// Walks to the end, or says why it is not a whole listing.
pub async fn walk(bench: &Bench, what: Listed, size: u32) -> Result<Walked, Broken> {
    walk_at_most(bench, what, size, u32::MAX).await
}

/// Walks no more than so many pages.
pub async fn walk_at_most(bench: &Bench, what: Listed, size: u32, pages_max: u32) -> Result<Walked, Broken> {
    let mut listing = Listing::new();
    let mut walked = Walked { items: BTreeMap::new(), pages: 0, stated_total: None, second: None };
    let mut cursor: Option<String> = None;
    loop {
        if walked.pages >= pages_max {
            return Err(Broken { why: format!("it still goes on after {pages_max} pages"), by: By::Length });
        }
        let page = patiently(bench, what, cursor.as_deref(), size).await;
        let page = page.map_err(|failure| Broken {
            why: format!("page {}: {failure}", walked.pages.saturating_add(1)),
            by: By::Page,
        })?;
        let keys: Vec<_> = page.items.iter().map(|(key, _)| key.clone()).collect();
        let next = listing.accept(keys.clone(), &page.state).map_err(|incomplete| Broken {
            why: incomplete.to_string(),
            by: match incomplete {
                Incomplete::Short { .. } | Incomplete::TotalMoved { .. } => By::Total,
                _ => By::Page,
            },
        })?;
        walked.pages = listing.pages();
        walked.stated_total = listing.stated_total();
        walked.items.extend(page.items);
        if let Some(at) = cursor.take().filter(|_| walked.pages == 2) {
            walked.second = Some((at, keys));
        }
        match next {
            Next::Page(next) => cursor = Some(next),
            Next::Done => return Ok(walked),
        }
    }
}

async fn patiently(
    bench: &Bench,
    what: Listed,
    cursor: Option<&str>,
    size: u32,
) -> Result<reeve_runtime::OnePage, Failure> {
    let mut tries = 1;
    loop {
        match bench.page(what, cursor, size).await {
            // Trouble of the kit's own making does not pass.
            Err(failure @ (Failure::RateLimited(_) | Failure::Unavailable(_)))
                if tries < TRIES_MAX && bench.requests().1 == 0 =>
            {
                let wait = failure.retry_after_ms().map_or(WAIT_MAX / 10, Duration::from_millis);
                tokio::time::sleep(wait.min(WAIT_MAX)).await;
                tries += 1;
            }
            other => return other,
        }
    }
}

/// What a target holds.
#[derive(Debug, Default)]
pub struct Holdings {
    pub accounts: Vec<Account>,
    pub entitlements: Vec<Entitlement>,
    pub grants: Vec<Grant>,
}

impl Holdings {
    /// An entitlement by its id, or as `KIND:NAME` as policies name it.
    pub fn named(&self, text: &str) -> crate::error::Result<NativeId> {
        let by_id = self.entitlements.iter().find(|one| one.id.as_str() == text);
        let is = |kind: &str, name: &str| self.entitlements.iter().find(|one| one.kind == kind && one.name == name);
        let found = by_id.or_else(|| text.split_once(':').and_then(|(kind, name)| is(kind, name)));
        let missing =
            || Error::NotFound(format!("no entitlement {text:?} is listed; name one by its id, or as KIND:NAME"));
        found.map(|one| one.id.clone()).ok_or_else(missing)
    }
}
