//! `/query`: a query's first page, and the further ones behind `nextRecordsUrl`.
//!
//! A page never exceeds what was hinted at or the org's own limit, and may be shorter. The records of a later page are
//! those that the query found at its time, without those that are gone since.

use super::evaluate::View;
use super::fault::{Fault, JSON};
use super::soql::{Query, Select, parse};
use super::{Options, Salesforce};
use crate::misbehaviour::{PageQuirk, Quirks};
use crate::{Answer, Request};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The most rows in one answer, and the fewest that a client can ask for.
pub const PAGE_ROWS_MAX: usize = 2_000;
const BATCH_ROWS_MIN: usize = 200;

/// How long a locator is good for: two days.
const LOCATOR_SECONDS: i64 = 2 * 24 * 60 * 60;

/// How many locators a user can have; the oldest makes way.
const LOCATORS_PER_USER_MAX: usize = 10;

const PREFIX: &str = "0r8";

struct Locator {
    name: String,
    user: u64,
    opened: Timestamp,
    query: Arc<Query>,
    rows: Arc<Vec<u64>>,
}

/// Oldest first.
#[derive(Default)]
pub(super) struct Locators(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    opened: u64,
    locators: VecDeque<Locator>,
}

impl Locators {
    fn open(&self, user: u64, opened: Timestamp, query: &Arc<Query>, rows: &Arc<Vec<u64>>) -> String {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.opened += 1;
        let name = format!("{PREFIX}Ak{:013}", kept.opened);
        if kept.locators.iter().filter(|locator| locator.user == user).count() >= LOCATORS_PER_USER_MAX {
            let oldest = kept.locators.iter().position(|locator| locator.user == user);
            oldest.and_then(|oldest| kept.locators.remove(oldest));
        }
        let (query, rows) = (query.clone(), rows.clone());
        kept.locators.push_back(Locator { name: name.clone(), user, opened, query, rows });
        name
    }

    fn find(&self, name: &str, user: u64, now: Timestamp) -> Option<(Arc<Query>, Arc<Vec<u64>>)> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let life = SignedDuration::from_secs(LOCATOR_SECONDS);
        kept.locators.retain(|locator| now.duration_since(locator.opened) <= life);
        let found = kept.locators.iter().find(|locator| locator.name == name && locator.user == user)?;
        Some((found.query.clone(), found.rows.clone()))
    }
}

/// One page's place in what was found.
struct Window<'a> {
    query: &'a Query,
    rows: &'a [u64],
    start: usize,
    size: usize,
}

impl Salesforce {
    pub(super) fn query(
        &self,
        request: &Request,
        quirks: &Quirks,
        view: &View<'_>,
        user: u64,
    ) -> Result<Answer, Fault> {
        let missing = || Fault::bad("MALFORMED_QUERY", "SOQL statements cannot be empty or null");
        let query = Arc::new(parse(&request.parameter("q").filter(|q| !q.is_empty()).ok_or_else(missing)?)?);
        let rows = Arc::new(view.find(&query, quirks.ignore_filters));
        let size = page_size(request, &self.options)?;
        let window = Window { query: &query, rows: &rows, start: 0, size };
        self.page(&window, quirks, view, || self.locators.open(user, (self.options.clock)(), &query, &rows))
    }

    pub(super) fn more(
        &self,
        locator: &str,
        request: &Request,
        quirks: &Quirks,
        view: &View<'_>,
        user: u64,
    ) -> Result<Answer, Fault> {
        let invalid = || Fault::bad("INVALID_QUERY_LOCATOR", "invalid query locator");
        let (name, start) = locator.rsplit_once('-').ok_or_else(invalid)?;
        let start = start.parse().map_err(|_| invalid())?;
        let found = self.locators.find(name, user, (self.options.clock)());
        let (query, rows) = found.filter(|(_, rows)| start <= rows.len()).ok_or_else(invalid)?;
        let window = Window { query: &query, rows: &rows, start, size: page_size(request, &self.options)? };
        self.page(&window, quirks, view, || name.to_owned())
    }

    fn page(
        &self,
        window: &Window<'_>,
        quirks: &Quirks,
        view: &View<'_>,
        locator: impl FnOnce() -> String,
    ) -> Result<Answer, Fault> {
        let Window { query, rows, start, size } = *window;
        let total = i64::try_from(rows.len()).unwrap_or(i64::MAX) + quirks.total_off_by;
        let Select::Fields(fields) = &query.select else {
            return Ok(Answer::json(200, JSON, &json!({"totalSize": total, "done": true, "records": []})));
        };
        let from = match quirks.page {
            PageQuirk::Repeat => start.saturating_sub(size),
            PageQuirk::None | PageQuirk::Loop | PageQuirk::Empty => start,
        };
        let shown = if quirks.page == PageQuirk::Empty { 0 } else { size };
        let records = rows.iter().skip(from).take(shown);
        let records = records.filter_map(|order| view.store.row(query.object, *order));
        let records: Vec<Value> = records.map(|record| view.render(query.object, record, fields)).collect();
        let end = start + size;
        let next = if end < rows.len() { Some(end) } else { (quirks.page == PageQuirk::Loop).then_some(0) };
        let mut page = Map::from_iter([
            ("totalSize".to_owned(), total.into()),
            ("done".to_owned(), next.is_none().into()),
            ("records".to_owned(), records.into()),
        ]);
        if let Some(next) = next {
            let url = format!("{}/query/{}-{next}", view.version_path, locator());
            page.insert("nextRecordsUrl".to_owned(), url.into());
        }
        Ok(Answer::json(200, JSON, &page.into()))
    }
}

/// What the client hinted at, within what the org grants.
fn page_size(request: &Request, options: &Options) -> Result<usize, Fault> {
    let hints = request.header("sforce-query-options").unwrap_or_default();
    let hint = hints
        .split(',')
        .find_map(|option| option.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("batchSize")));
    let hinted = match hint {
        None => PAGE_ROWS_MAX,
        Some((_, size)) => size.trim().parse::<usize>().map_err(|_| {
            Fault::bad(
                "INVALID_QUERY_OPTIONS",
                format!("batchSize is a number from {BATCH_ROWS_MIN} to {PAGE_ROWS_MAX}"),
            )
        })?,
    };
    Ok(hinted.clamp(BATCH_ROWS_MIN, PAGE_ROWS_MAX).min(options.page_rows_max.max(1)))
}
