//! A listing over several kinds of objects: each is one query, read page by page, and one comes after another. The
//! cursor holds nothing but the place, so a page needs nothing of the page before.

use crate::exchange::{self, Rows};
use reeve_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// One query of a listing.
#[derive(Clone, Debug)]
pub struct Leg {
    pub soql: String,
    /// What is missing where an edition or the connector's rights lack the object; none if the listing needs it.
    pub unless: Option<&'static str>,
}

impl Leg {
    pub fn new(soql: impl Into<String>) -> Self {
        Self { soql: soql.into(), unless: None }
    }

    /// An object that not every org shows.
    pub fn optional(self, without: &'static str) -> Self {
        Self { unless: Some(without), ..self }
    }
}

/// Where a listing stands.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Place {
    leg: usize,
    /// Within the leg; none at its start.
    #[serde(default)]
    locator: Option<String>,
    /// Rows of this leg so far, by which a leg that goes round in circles is noticed.
    #[serde(default)]
    seen: u64,
    /// Rows that Salesforce states for the legs before.
    #[serde(default)]
    before: u64,
}

/// One page of a listing, before its rows are made into items.
pub struct Step {
    pub leg: usize,
    /// None where the object is not there.
    pub rows: Option<Rows>,
    warning: Option<String>,
    next: Option<Place>,
    /// Rows of all legs; known at the end.
    total: Option<u64>,
}

/// Reads the page that the request asks for.
pub fn step(legs: &[Leg], page: &PageRequest, page_size: u32) -> Result<Step, Failure> {
    let place = page.cursor::<Place>()?.unwrap_or_default();
    let leg = legs.get(place.leg).ok_or(Failure::CursorExpired)?;
    let read = match place.locator.as_deref() {
        Some(locator) => exchange::more(locator),
        None => exchange::query(&leg.soql, page_size),
    };
    let rows = match (read, leg.unless) {
        (Ok(rows), _) => rows,
        (Err(Failure::Unsupported(why) | Failure::Forbidden(why)), Some(without)) => {
            let warning = Some(format!("{without}: {why}"));
            let (next, total) = after(legs, &place, 0);
            return Ok(Step { leg: place.leg, rows: None, warning, next, total });
        }
        (Err(failure), _) => return Err(failure),
    };
    let seen = place.seen + rows.items()?.len() as u64;
    if seen > rows.total {
        return Err(exchange::short(&leg.soql, rows.total, seen));
    }
    let (next, total) = match &rows.locator {
        Some(locator) => (Some(Place { locator: Some(locator.clone()), seen, ..place }), None),
        // Fewer rows than stated are no whole leg. In a listing whose items are not rows nobody else would notice.
        None if seen < rows.total => return Err(exchange::short(&leg.soql, rows.total, seen)),
        None => after(legs, &place, rows.total),
    };
    Ok(Step { leg: place.leg, rows: Some(rows), warning: None, next, total })
}

fn after(legs: &[Leg], place: &Place, rows: u64) -> (Option<Place>, Option<u64>) {
    let before = place.before + rows;
    match place.leg + 1 {
        leg if leg < legs.len() => (Some(Place { leg, before, ..Place::default() }), None),
        _ => (None, Some(before)),
    }
}

impl Step {
    pub fn is_last(&self) -> bool {
        self.next.is_none()
    }

    /// The page with its items. `counted` where each row is one item, so that the rows' total is the items'.
    pub fn page<T>(self, items: Vec<T>, counted: bool) -> Result<Page<T>, Failure> {
        let page = match &self.next {
            Some(place) => Page::more(items, place)?,
            None => Page::last(items).stated_total(self.total.filter(|_| counted)),
        };
        Ok(match self.warning {
            Some(warning) => page.warning(warning),
            None => page,
        })
    }
}
