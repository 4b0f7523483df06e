//! Walks a listing page by page to its end, or to the reason why it can't be believed to be whole.
//!
//! [`Listing`] judges each page; this module asks, waits where a target wants it, starts anew where a cursor has
//! expired, and keeps what a proof needs. It knows nothing of plugins: where pages come from and how to wait are
//! arguments.

use crate::abi::{Page, PageRequest};
use crate::limits::*;
use futures_util::future::BoxFuture;
use reeve_core::access::{Incomplete, Listed, Listing, ListingRecord, Next};
use reeve_core::run::Failure;
use reeve_core::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

/// How to wait between two tries.
pub(crate) type Wait = dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync;
/// Where pages come from.
pub(crate) type Ask<'a, T> = dyn Fn(PageRequest) -> BoxFuture<'a, Result<Page<T>, Failure>> + Send + Sync + 'a;

/// What a listing brought home.
pub(crate) struct Walk<T> {
    pub items: Vec<T>,
    pub warnings: Vec<String>,
    pub page_sha256s: Vec<String>,
    /// Why it can't be believed to be whole; none where it is.
    pub incomplete: Option<Incomplete>,
    bytes: usize,
    listing: Listing,
}

/// Walks to the end. `key` names an item by its page, its place there and its content, unique over the listing; `told`
/// hears of the items so far and of the stated total after each page.
pub(crate) async fn walk<T: Serialize + Send + Sync>(
    size: u32,
    ask: &Ask<'_, T>,
    wait: &Wait,
    key: fn(u32, usize, &T) -> String,
    told: &(dyn Fn(u64, Option<u64>) + Send + Sync),
) -> Walk<T> {
    let began = Instant::now();
    let mut walk = Walk::new();
    let (mut starts, mut cursor) = (1, None);
    loop {
        let page = walk.listing.pages().saturating_add(1);
        let failed = |reason: String| Some(Incomplete::Failed { page, reason });
        if began.elapsed() > LISTING_TIME_MAX {
            walk.incomplete = failed(format!("the listing takes longer than {} s", LISTING_TIME_MAX.as_secs()));
            return walk;
        }
        match patiently(&PageRequest { cursor: cursor.clone(), size }, ask, wait).await {
            Err(Failure::CursorExpired) if starts < LISTING_STARTS_MAX => {
                // What was read belongs to a listing that has no end.
                walk = Walk::new();
                (starts, cursor) = (starts + 1, None);
            }
            Err(Failure::CursorExpired) => {
                walk.incomplete = failed(format!("its cursor expired in {LISTING_STARTS_MAX} attempts"));
                return walk;
            }
            Err(failure) => {
                walk.incomplete = failed(failure.to_string());
                return walk;
            }
            Ok(answer) => match walk.take(page, answer, key) {
                Ok(next) => {
                    told(walk.listing.received(), walk.listing.stated_total());
                    match next {
                        Next::Page(next) => cursor = Some(next),
                        Next::Done => return walk,
                    }
                }
                Err(incomplete) => {
                    walk.incomplete = Some(incomplete);
                    return walk;
                }
            },
        }
    }
}

impl<T: Serialize> Walk<T> {
    fn new() -> Self {
        Self {
            items: vec![],
            warnings: vec![],
            page_sha256s: vec![],
            incomplete: None,
            bytes: 0,
            listing: Listing::new(),
        }
    }

    fn take(&mut self, page: u32, answer: Page<T>, key: fn(u32, usize, &T) -> String) -> Result<Next, Incomplete> {
        let failed = |reason: String| Incomplete::Failed { page, reason };
        let json = serde_json::to_vec(&answer.items).map_err(|error| failed(format!("it has no JSON form: {error}")))?;
        self.page_sha256s.push(hex::encode(Sha256::digest(&json)));
        self.bytes = self.bytes.saturating_add(json.len());
        drop(json);
        let room = LIST_MAX.saturating_sub(self.warnings.len());
        self.warnings.extend(answer.state.warnings.iter().take(room).cloned());
        let keys: Vec<_> = answer.items.iter().enumerate().map(|(at, item)| key(page, at, item)).collect();
        let judged = self.listing.accept(keys, &answer.state);
        if self.bytes > LISTING_BYTES_MAX {
            return Err(failed(format!("the listing has more than {LISTING_BYTES_MAX} bytes")));
        }
        // An item twice is two accounts under one id for whoever counts: the page that brings it is evidence, not data.
        if !matches!(judged, Err(Incomplete::Repeated { .. } | Incomplete::TooManyItems)) {
            self.items.extend(answer.items);
        }
        judged
    }

    /// The items, and the record of how they came.
    pub fn into_parts(self, what: Listed, started_at: Timestamp) -> (Vec<T>, ListingRecord) {
        let record = ListingRecord {
            what,
            pages: self.listing.pages(),
            received: self.listing.received(),
            stated_total: self.listing.stated_total(),
            page_sha256s: self.page_sha256s,
            started_at,
            finished_at: Timestamp::now(),
            warnings: self.warnings,
            incomplete: self.incomplete,
        };
        (self.items, record)
    }
}

/// One page, asked for again while the target says that it is busy.
async fn patiently<T>(request: &PageRequest, ask: &Ask<'_, T>, wait: &Wait) -> Result<Page<T>, Failure> {
    let mut tries = 1;
    loop {
        match ask(request.clone()).await {
            // Of what `Failure::retry` calls worth another try, only these two are a matter of waiting: refused
            // credentials would get the account locked, and a plugin that was stopped would be stopped again.
            Err(failure @ (Failure::RateLimited(_) | Failure::Unavailable(_))) if tries < PAGE_TRIES_MAX => {
                wait(pause(tries, failure.retry_after_ms())).await;
                tries += 1;
            }
            other => return other,
        }
    }
}

/// Without jitter: one listing at a time uses a system's connection.
fn pause(tries: u32, retry_after_ms: Option<u64>) -> Duration {
    let doubled = BACKOFF_BASE.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
    doubled.max(Duration::from_millis(retry_after_ms.unwrap_or(0))).min(BACKOFF_MAX)
}
