//! Whether a listing is whole. The host drives every listing page by page and asks this module after each one:
//! absence is inferred from a complete listing only.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// What a listing may grow to, and each cursor in it.
pub const PAGES_MAX: u32 = 100_000;
pub const ITEMS_MAX: u64 = 10_000_000;
pub const CURSOR_BYTES_MAX: usize = 65_536;

/// Where a listing stands after a page: the contract's `page-state`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageState {
    pub next: Option<String>,
    pub complete: bool,
    pub stated_total: Option<u64>,
    pub warnings: Vec<String>,
}

/// Why a listing can't be believed to be whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Incomplete {
    #[error("page {page} says neither that the listing goes on nor that it is complete")]
    NoEnd { page: u32 },
    #[error("page {page} says that the listing is complete and that it goes on")]
    Contradiction { page: u32 },
    #[error("page {page} gives a cursor that was given before, so the listing loops")]
    Loop { page: u32 },
    #[error("page {page} gives a cursor of {bytes} bytes; the limit is {CURSOR_BYTES_MAX}")]
    CursorTooLong { page: u32, bytes: usize },
    #[error("page {page} repeats the item {id}")]
    Repeated { page: u32, id: String },
    #[error("more than {PAGES_MAX} pages")]
    TooManyPages,
    #[error("more than {ITEMS_MAX} items")]
    TooManyItems,
    #[error("the source states {stated} items and gave {received}")]
    Short { stated: u64, received: u64 },
    #[error("the source changed its stated total from {before} to {now} during the listing")]
    TotalMoved { before: u64, now: u64 },
    #[error("page {page} could not be read: {reason}")]
    Failed { page: u32, reason: String },
}

/// What the host does after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Page(String),
    Done,
}

/// The state of one listing while the host walks through it.
#[derive(Debug, Default)]
pub struct Listing {
    pages: u32,
    received: u64,
    stated: Option<u64>,
    /// SHA-256s: cursors are long, and a listing has many.
    cursors: HashSet<[u8; 32]>,
    seen: HashSet<Seen>,
}

/// A key's hash, because millions of keys are kept until the listing ends: the first half of a SHA-256, of which nobody
/// can make two keys have the same.
type Seen = [u8; 16];

fn seen(key: &str) -> Seen {
    let mut half = Seen::default();
    half.iter_mut().zip(Sha256::digest(key)).for_each(|(to, from)| *to = from);
    half
}

impl Listing {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn pages(&self) -> u32 {
        self.pages
    }

    pub fn received(&self) -> u64 {
        self.received
    }

    pub fn stated_total(&self) -> Option<u64> {
        self.stated
    }

    /// Takes one page, with a key for each of its items that is unique over the listing.
    pub fn accept(&mut self, keys: impl IntoIterator<Item = String>, state: &PageState) -> Result<Next, Incomplete> {
        let page = self.pages.saturating_add(1);
        self.pages = page;
        if page > PAGES_MAX {
            return Err(Incomplete::TooManyPages);
        }
        for key in keys {
            self.received = self.received.saturating_add(1);
            if self.received > ITEMS_MAX {
                return Err(Incomplete::TooManyItems);
            }
            if !self.seen.insert(seen(&key)) {
                return Err(Incomplete::Repeated { page, id: key });
            }
        }
        match (self.stated, state.stated_total) {
            (Some(before), Some(now)) if before != now => return Err(Incomplete::TotalMoved { before, now }),
            (None, Some(now)) => self.stated = Some(now),
            _ => {}
        }
        match (&state.next, state.complete) {
            (Some(_), true) => Err(Incomplete::Contradiction { page }),
            (None, false) => Err(Incomplete::NoEnd { page }),
            (None, true) => self.finish(),
            (Some(cursor), false) if cursor.len() > CURSOR_BYTES_MAX => {
                Err(Incomplete::CursorTooLong { page, bytes: cursor.len() })
            }
            (Some(cursor), false) => {
                if self.cursors.insert(Sha256::digest(cursor).into()) {
                    Ok(Next::Page(cursor.clone()))
                } else {
                    Err(Incomplete::Loop { page })
                }
            }
        }
    }

    fn finish(&self) -> Result<Next, Incomplete> {
        match self.stated {
            Some(stated) if stated != self.received => Err(Incomplete::Short { stated, received: self.received }),
            _ => Ok(Next::Done),
        }
    }
}
