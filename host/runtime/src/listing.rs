//! Walks a listing page by page to its end, or to the reason why it can't be believed to be whole.
//!
//! [`Listing`] judges each page; this module asks, waits where a target wants it, starts anew where a cursor has
//! expired, and keeps what a proof needs. It knows nothing of plugins: where pages come from and how to wait are
//! arguments.

use crate::abi::{Page, PageRequest};
use crate::limits::*;
use futures_util::future::BoxFuture;
use reeve_core::Timestamp;
use reeve_core::access::{Incomplete, Listed, Listing, ListingRecord};
use reeve_core::run::Failure;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How to wait between two tries.
pub(crate) type Wait = dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync;
/// Where pages come from.
pub(crate) type Ask<'a, T> = dyn Fn(PageRequest) -> BoxFuture<'a, Result<Page<T>, Failure>> + Send + Sync + 'a;

/// Looks at a page's items as JSON before they are taken. The error, a sentence, ends the listing.
pub(crate) type Look = Arc<dyn Fn(&[u8]) -> Result<(), String> + Send + Sync>;

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

/// Names an item by its page, its place there and its content, unique over the listing.
type Key<T> = fn(u32, usize, &T) -> String;

/// Walks to the end. `told` hears of the items so far and of the stated total after each page. The next page is asked for
/// while the last one is looked at: if that one ends the listing, in vain.
pub(crate) async fn walk<T: Serialize + Send + Sync + 'static>(
    size: u32,
    ask: &Ask<'_, T>,
    wait: &Wait,
    look: &Look,
    key: Key<T>,
    told: &(dyn Fn(u64, Option<u64>) + Send + Sync),
) -> Walk<T> {
    let began = Instant::now();
    let mut walk = Walk::new();
    let mut starts = 1;
    let asked = |cursor| async move { patiently(&PageRequest { cursor, size }, ask, wait).await };
    let mut answer = asked(None).await;
    loop {
        let page = walk.listing.pages().saturating_add(1);
        let failed = |reason: String| Some(Incomplete::Failed { page, reason });
        if began.elapsed() > LISTING_TIME_MAX {
            walk.incomplete = failed(format!("the listing takes longer than {} s", LISTING_TIME_MAX.as_secs()));
            return walk;
        }
        match answer {
            Err(Failure::CursorExpired) if starts < LISTING_STARTS_MAX => {
                // What was read belongs to a listing that has no end.
                walk = Walk::new();
                starts += 1;
                answer = asked(None).await;
            }
            Err(Failure::CursorExpired) => {
                walk.incomplete = failed(format!("its cursor expired in {LISTING_STARTS_MAX} attempts"));
                return walk;
            }
            Err(failure) => {
                walk.incomplete = failed(failure.to_string());
                return walk;
            }
            Ok(got) => {
                let next = got.state.next.clone();
                let ahead = async { Some(asked(Some(next?)).await) };
                let looked_at = async {
                    walk.take(page, got, look, key).await?;
                    told(walk.listing.received(), walk.listing.stated_total());
                    Ok(())
                };
                let (taken, ahead) = tokio::join!(looked_at, ahead);
                if let Err(incomplete) = taken {
                    walk.incomplete = Some(incomplete);
                    return walk;
                }
                match ahead {
                    Some(ahead) => answer = ahead,
                    None => return walk,
                }
            }
        }
    }
}

/// A page's items and their keys, with the size and the SHA-256 of the items as JSON.
struct Weighed<T> {
    items: Vec<T>,
    keys: Vec<String>,
    bytes: usize,
    sha256: String,
}

/// On a thread aside, because a page may have tens of megabytes and this one has others to serve.
async fn weigh<T: Serialize + Send + 'static>(
    page: u32,
    items: Vec<T>,
    look: Look,
    key: Key<T>,
) -> Result<Weighed<T>, String> {
    let weighed = tokio::task::spawn_blocking(move || {
        let json = serde_json::to_vec(&items).map_err(|error| format!("it has no JSON form: {error}"))?;
        look(&json)?;
        let keys = items.iter().enumerate().map(|(at, item)| key(page, at, item)).collect();
        Ok(Weighed { items, keys, bytes: json.len(), sha256: hex::encode(Sha256::digest(&json)) })
    });
    weighed.await.unwrap_or_else(|error| Err(format!("looking at it broke off: {error}")))
}

impl<T: Serialize + Send + 'static> Walk<T> {
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

    async fn take(&mut self, page: u32, answer: Page<T>, look: &Look, key: Key<T>) -> Result<(), Incomplete> {
        let failed = |reason: String| Incomplete::Failed { page, reason };
        let Page { items, state } = answer;
        let Weighed { items, keys, bytes, sha256 } = weigh(page, items, look.clone(), key).await.map_err(failed)?;
        self.page_sha256s.push(sha256);
        self.bytes = self.bytes.saturating_add(bytes);
        let room = LIST_MAX.saturating_sub(self.warnings.len());
        self.warnings.extend(state.warnings.iter().take(room).cloned());
        let judged = self.listing.accept(keys, &state);
        if self.bytes > LISTING_BYTES_MAX {
            return Err(failed(format!("the listing has more than {LISTING_BYTES_MAX} bytes")));
        }
        // An item twice is two accounts under one id for whoever counts: the page that brings it is evidence, not data.
        if !matches!(judged, Err(Incomplete::Repeated { .. } | Incomplete::TooManyItems)) {
            self.items.extend(items);
        }
        judged.map(drop)
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

/// Without jitter: two listings at most use a system's connection at a time.
fn pause(tries: u32, retry_after_ms: Option<u64>) -> Duration {
    let doubled = BACKOFF_BASE.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
    doubled.max(Duration::from_millis(retry_after_ms.unwrap_or(0))).min(BACKOFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use reeve_core::access::PageState;
    use reeve_core::run::RateHint;
    use std::collections::VecDeque;
    use std::sync::Mutex;

    type Answers = VecDeque<Result<Page<u32>, Failure>>;

    fn page(items: &[u32], next: Option<&str>) -> Result<Page<u32>, Failure> {
        let next = next.map(str::to_owned);
        let state = PageState { complete: next.is_none(), next, stated_total: None, warnings: vec!["w".to_owned()] };
        Ok(Page { items: items.to_vec(), state })
    }

    fn busy(retry_after_ms: Option<u64>) -> Result<Page<u32>, Failure> {
        Err(Failure::RateLimited(RateHint { retry_after_ms, ..RateHint::default() }))
    }

    /// Walks through these answers, and tells how long it waited and with which cursors it asked.
    async fn walked(answers: Vec<Result<Page<u32>, Failure>>) -> (Walk<u32>, Vec<Duration>, Vec<Option<String>>) {
        let (waits, cursors) = (Arc::new(Mutex::new(vec![])), Mutex::new(vec![]));
        let answers = Mutex::new(Answers::from(answers));
        let ask = |request: PageRequest| {
            cursors.lock().unwrap().push(request.cursor);
            let answer = answers.lock().unwrap().pop_front().expect("it asks more often than it should");
            async move { answer }.boxed()
        };
        let kept = waits.clone();
        let wait = move |time| {
            kept.lock().unwrap().push(time);
            async {}.boxed()
        };
        let key = |_, _, item: &u32| item.to_string();
        let look: Look = Arc::new(|json| match json.windows(3).any(|part| part == b"666") {
            true => Err("it holds what it should not".to_owned()),
            false => Ok(()),
        });
        let walk = walk(10, &ask, &wait, &look, key, &|_, _| ()).await;
        assert!(answers.lock().unwrap().is_empty(), "not all was asked for");
        (walk, waits.lock().unwrap().clone(), cursors.lock().unwrap().clone())
    }

    fn reason(walk: &Walk<u32>) -> String {
        walk.incomplete.as_ref().unwrap().to_string()
    }

    #[tokio::test]
    async fn a_listing_ends_where_the_source_says_so_and_its_pages_are_hashed() {
        let (walk, waits, cursors) =
            walked(vec![page(&[1, 2], Some("b")), page(&[], Some("c")), page(&[3], None)]).await;
        assert_eq!((walk.incomplete.as_ref(), &walk.items, walk.warnings.len()), (None, &vec![1, 2, 3], 3));
        let sha256 = |json: &str| hex::encode(Sha256::digest(json));
        assert_eq!(walk.page_sha256s, [sha256("[1,2]"), sha256("[]"), sha256("[3]")]);
        assert_eq!(cursors, [None, Some("b".to_owned()), Some("c".to_owned())]);
        assert!(waits.is_empty());
    }

    #[tokio::test]
    async fn a_busy_target_is_asked_again_later_and_no_earlier_than_it_asks_for() {
        let hour = Some(3_600_000);
        let answers = vec![busy(None), busy(None), busy(Some(3000)), busy(hour), page(&[1], None)];
        let (walk, waits, _) = walked(answers).await;
        assert_eq!(walk.incomplete, None);
        assert_eq!(waits, [BACKOFF_BASE, BACKOFF_BASE * 2, Duration::from_secs(3), BACKOFF_MAX]);
    }

    #[tokio::test]
    async fn patience_has_an_end() {
        let tries = PAGE_TRIES_MAX as usize;
        let (walk, waits, _) = walked(vec![busy(None); tries]).await;
        assert!(reason(&walk).contains("rate limited"), "{}", reason(&walk));
        assert_eq!(waits.len(), tries - 1);
    }

    #[tokio::test]
    async fn refused_credentials_and_a_stopped_plugin_are_not_tried_again() {
        for failure in [Failure::AuthFailed("no".to_owned()), Failure::Stopped("it loops".to_owned())] {
            let (walk, waits, _) = walked(vec![page(&[1], Some("b")), Err(failure)]).await;
            assert!(reason(&walk).starts_with("page 2 could not be read"), "{}", reason(&walk));
            assert_eq!((walk.items, waits.len()), (vec![1], 0));
        }
    }

    #[tokio::test]
    async fn an_expired_cursor_starts_the_listing_anew_and_nothing_is_counted_twice() {
        let expired = || Err(Failure::CursorExpired);
        let (walk, ..) = walked(vec![page(&[1], Some("b")), expired(), page(&[1], Some("b")), page(&[2], None)]).await;
        assert_eq!(
            (walk.incomplete, walk.items, walk.warnings.len(), walk.page_sha256s.len()),
            (None, vec![1, 2], 2, 2)
        );

        let again = || [page(&[1], Some("b")), expired()];
        let (walk, ..) = walked((0..LISTING_STARTS_MAX).flat_map(|_| again()).collect()).await;
        assert!(reason(&walk).contains("expired in 3 attempts"), "{}", reason(&walk));
    }

    #[tokio::test]
    async fn a_page_that_repeats_an_item_is_evidence_and_not_data() {
        let (walk, ..) = walked(vec![page(&[1], Some("b")), page(&[2, 1], None)]).await;
        assert!(matches!(walk.incomplete, Some(Incomplete::Repeated { page: 2, .. })));
        assert_eq!((walk.items, walk.page_sha256s.len()), (vec![1], 2));
    }

    #[tokio::test]
    async fn a_page_that_is_looked_at_and_refused_ends_the_listing_and_is_not_kept() {
        // The page after it was asked for by then.
        let (walk, ..) = walked(vec![page(&[1], Some("b")), page(&[666], Some("c")), page(&[3], None)]).await;
        assert_eq!(reason(&walk), "page 2 could not be read: it holds what it should not");
        assert_eq!((walk.items, walk.page_sha256s.len()), (vec![1], 1));
    }

    #[tokio::test]
    async fn a_listing_ends_where_the_host_can_hold_no_more() {
        const PAGE_BYTES: usize = 64 * 1024 * 1024;
        let pages = std::sync::atomic::AtomicUsize::new(0);
        let ask = |_: PageRequest| {
            let at = pages.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let state = PageState { next: Some(at.to_string()), ..PageState::default() };
            async move { Ok(Page { items: vec!["x".repeat(PAGE_BYTES)], state }) }.boxed()
        };
        let wait = |_| async {}.boxed();
        let look: Look = Arc::new(|_| Ok(()));
        let key = |page, _, _: &String| format!("{page}");
        let walk = walk(1, &ask, &wait, &look, key, &|_, _| ()).await;
        let why = walk.incomplete.unwrap().to_string();
        assert!(why.contains("the listing has more than 536870912 bytes"), "{why}");
        assert!(walk.items.len() <= LISTING_BYTES_MAX / PAGE_BYTES);
    }
}
