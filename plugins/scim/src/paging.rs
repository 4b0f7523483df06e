//! Listings: by index (RFC 7644 section 3.4.2.4) or by cursor (RFC 9865), whichever the server says.
//!
//! A server may give fewer resources than were asked for, so the next page starts after what it gave, and a listing ends
//! only when it is as long as the server's own total, or at an empty page. What is then missing from the total is for
//! the caller to report, never to overlook.

use crate::config::Config;
use crate::{API, exchange};
use reeve_sdk::http::Request;
use reeve_sdk::json::{Doc, Node};
use reeve_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Pages that one call reads on its own when it has to look through a listing.
const WALK_PAGES_MAX: u32 = 900;

pub const NO_TOTAL: &str = "the target states no totalResults, so its listing is taken to end at the first empty page";

/// Where a page starts. It travels as Reeve's cursor, so that a later page needs no `ServiceProviderConfig`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    Index {
        /// Counted from 1.
        start: u64,
        count: u32,
    },
    Cursor {
        cursor: String,
        count: u32,
    },
}

impl Place {
    pub fn first(config: &Config, wished: u32) -> Self {
        let count = config.count(wished);
        if config.cursor { Self::Cursor { cursor: String::new(), count } } else { Self::Index { start: 1, count } }
    }

    /// The start of the listing, in the manner of this place.
    pub fn rewound(&self) -> Self {
        match self {
            Self::Index { count, .. } => Self::Index { start: 1, count: *count },
            Self::Cursor { count, .. } => Self::Cursor { cursor: String::new(), count: *count },
        }
    }
}

/// What is listed.
#[derive(Clone, Debug)]
pub struct Listing {
    endpoint: &'static str,
    filter: Option<String>,
    shape: Option<(&'static str, &'static str)>,
}

impl Listing {
    pub fn users() -> Self {
        Self { endpoint: "/Users", filter: None, shape: None }
    }

    pub fn groups() -> Self {
        Self { endpoint: "/Groups", filter: None, shape: None }
    }

    /// `path eq "value"`.
    pub fn whose(mut self, path: impl std::fmt::Display, value: &str) -> Self {
        self.filter = Some(format!("{path} eq {}", quoted(value)));
        self
    }

    pub fn without(mut self, attribute: &'static str) -> Self {
        self.shape = Some(("excludedAttributes", attribute));
        self
    }

    pub fn only(mut self, attribute: &'static str) -> Self {
        self.shape = Some(("attributes", attribute));
        self
    }

    pub fn page(&self, place: &Place) -> Result<Chunk, Failure> {
        let mut request = Request::get(API, self.endpoint);
        if let Some(filter) = &self.filter {
            request = request.query("filter", filter);
        }
        if let Some((parameter, attribute)) = self.shape {
            request = request.query(parameter, attribute);
        }
        request = match place {
            Place::Index { start, count } => request.query("startIndex", start).query("count", count),
            Place::Cursor { cursor, count } => request.query("cursor", cursor).query("count", count),
        };
        let doc = exchange::read(request)?;
        let root = doc.root();
        let total = root.find("totalResults")?.map(|node| node.count()).transpose()?;
        let items = root.items_of("Resources")?.len() as u64;
        let next = match place {
            Place::Index { start, count } => next_index(&root, *start, items, total, *count)?,
            Place::Cursor { count, .. } => {
                root.text_of("nextCursor")?.map(|cursor| Place::Cursor { cursor, count: *count })
            }
        };
        let silent = total.is_none() && next.is_none() && matches!(place, Place::Index { .. });
        Ok(Chunk { doc, total, next, silent })
    }

    /// Looks at every resource of the listing, and fails rather than stop short of its end.
    pub fn walk(&self, first: Place, mut look: impl FnMut(&Node) -> Result<(), Failure>) -> Result<Walked, Failure> {
        let mut place = Some(first);
        let mut ids = BTreeSet::new();
        let mut total = None;
        let mut silent = false;
        for _ in 0..WALK_PAGES_MAX {
            let Some(at) = place else {
                return Ok(Walked { seen: ids.len() as u64, total, silent });
            };
            let chunk = self.page(&at)?;
            for resource in chunk.resources()? {
                let id = resource.get("id")?.string()?;
                if ids.contains(&id) {
                    // One that comes twice hides one that does not come at all.
                    let text =
                        format!("{} was listed with {id:?} twice, so it changed while it was read", self.endpoint);
                    return Err(Failure::unavailable(text));
                }
                ids.insert(id);
                look(&resource)?;
            }
            match (total, chunk.total) {
                (Some(before), Some(now)) if before != now => {
                    let text = format!("{} grew or shrank from {before} to {now} while it was read", self.endpoint);
                    return Err(Failure::unavailable(text));
                }
                (None, Some(now)) => total = Some(now),
                _ => {}
            }
            silent = chunk.silent;
            place = chunk.next;
        }
        Err(Failure::unsupported(format!(
            "{} has {WALK_PAGES_MAX} pages or more, too many to look through in one call; raise `page-size`",
            self.endpoint
        )))
    }

    /// The same, for a conclusion from what is absent: the server must have given as many as it states.
    pub fn walk_whole(&self, first: Place, look: impl FnMut(&Node) -> Result<(), Failure>) -> Result<(), Failure> {
        let walked = self.walk(first, look)?;
        match walked.total {
            Some(total) if total != walked.seen => Err(short(self.endpoint, total, walked.seen)),
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Walked {
    pub seen: u64,
    pub total: Option<u64>,
    /// Nothing but an empty page said that it was the end.
    pub silent: bool,
}

pub fn short(endpoint: &str, total: u64, seen: u64) -> Failure {
    Failure::protocol(format!("the target states {total} resources at {endpoint} and gave {seen}"))
}

fn next_index(root: &Node, start: u64, items: u64, total: Option<u64>, count: u32) -> Result<Option<Place>, Failure> {
    if items == 0 {
        return Ok(None);
    }
    let given = root.find("startIndex")?.map_or(Ok(start), |node| node.count())?;
    if given != start {
        return Err(Failure::protocol(format!(
            "{}: the page was to start at {start} and starts at {given}; the target does not page as it should",
            root.path()
        )));
    }
    let next = start.saturating_add(items);
    let ended = total.is_some_and(|total| next > total);
    Ok((!ended).then_some(Place::Index { start: next, count }))
}

/// One answer of a listing.
#[derive(Debug)]
pub struct Chunk {
    doc: Doc,
    pub total: Option<u64>,
    pub next: Option<Place>,
    /// Nothing but an empty page says that this is the end.
    pub silent: bool,
}

impl Chunk {
    pub fn resources(&self) -> Result<Vec<Node<'_>>, Failure> {
        self.doc.root().items_of("Resources")
    }

    /// The page of Reeve's that this one becomes, item for item.
    pub fn page<T>(&self, items: Vec<T>) -> Result<Page<T>, Failure> {
        let page = match &self.next {
            Some(next) => Page::more(items, next)?,
            None => Page::last(items),
        };
        let page = page.stated_total(self.total);
        Ok(if self.silent { page.warning(NO_TOTAL) } else { page })
    }
}

/// A string of a filter (RFC 7644 section 3.4.2.2), which is a JSON string: nothing in it can end it early.
fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}
