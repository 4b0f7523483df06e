//! Lists: filter, pages by index (RFC 7644 section 3.4.2.4) and by cursor (RFC 9865), and the attributes to send.

use super::fault::Fault;
use super::filter::Filter;
use super::place::{Place, Scope, exclude, project};
use super::schema::Kind;
use super::{Dialect, Paging};
use crate::Request;
use crate::misbehaviour::{PageQuirk, Quirks};
use serde_json::{Map, Value, json};

const LIST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const CURSOR_PREFIX: &str = "after-";

/// What a client asked for, in the address or in the body of a `.search`.
#[derive(Default)]
pub(super) struct Query {
    filter: Option<Filter>,
    start: Option<i64>,
    count: Option<i64>,
    cursor: Option<String>,
    wanted: Vec<Place>,
    unwanted: Vec<Place>,
}

impl Query {
    pub(super) fn of_address(kind: Kind, request: &Request) -> Result<Self, Fault> {
        Self::read(kind, |name| request.parameter(name))
    }

    pub(super) fn of_search(kind: Kind, body: &Value) -> Result<Self, Fault> {
        Self::read(kind, |name| match body.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Array(all) => Some(all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")),
            other => Some(other.to_string()),
        })
    }

    fn read(kind: Kind, parameter: impl Fn(&str) -> Option<String>) -> Result<Self, Fault> {
        let scope = Scope::Resource(kind);
        let number = |name: &str| -> Result<Option<i64>, Fault> {
            let bad = |_| Fault::value(format!("\"{name}\" must be a whole number"));
            parameter(name).map(|text| text.parse()).transpose().map_err(bad)
        };
        let places = |name: &str| -> Vec<Place> {
            let names = parameter(name).unwrap_or_default();
            names.split(',').filter_map(|one| Place::find(scope, one.trim())).collect()
        };
        Ok(Self {
            filter: parameter("filter").map(|text| Filter::parse(scope, &text)).transpose()?,
            start: number("startIndex")?,
            count: number("count")?,
            cursor: parameter("cursor"),
            wanted: places("attributes"),
            unwanted: places("excludedAttributes"),
        })
    }

    pub(super) fn accepts(&self, resource: &Value) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.holds(resource))
    }

    /// For a server that has no filters.
    pub(super) fn refuse_filter(&self) -> Result<(), Fault> {
        match self.filter {
            Some(_) => Err(Fault::filter("filters are not supported here")),
            None => Ok(()),
        }
    }

    /// Leaves of a resource what was asked for.
    pub(super) fn shape(&self, mut resource: Value) -> Value {
        if !self.wanted.is_empty() {
            resource = project(&resource, &self.wanted);
        }
        exclude(&mut resource, &self.unwanted);
        resource
    }

    /// The page that was asked for, out of all that the filter left, in their order.
    pub(super) fn page(&self, all: &[(u64, Value)], dialect: &Dialect, quirks: &Quirks) -> Result<Value, Fault> {
        let count = self.count.map_or(dialect.page_max, |count| usize::try_from(count).unwrap_or(0));
        let count = count.min(dialect.page_max);
        let by_cursor = match dialect.paging {
            Paging::Cursor => true,
            Paging::Index => false,
            Paging::Both => self.cursor.is_some(),
        };
        let start = match &self.cursor {
            Some(cursor) if by_cursor => position_of(cursor, all)?,
            None if by_cursor => 0,
            _ => self.start.and_then(|start| usize::try_from(start.saturating_sub(1)).ok()).unwrap_or(0),
        };
        let from = match quirks.page {
            PageQuirk::Repeat => start.saturating_sub(count),
            PageQuirk::Loop => start.checked_rem(all.len()).unwrap_or(0),
            PageQuirk::None | PageQuirk::Empty => start,
        };
        let taken: Vec<_> = all.iter().skip(from).take(count).collect();
        let shown = taken.iter().filter(|_| quirks.page != PageQuirk::Empty);
        let shown: Vec<_> = shown.map(|(_, resource)| resource).collect();
        let end = start.saturating_add(count);
        let mut total = i64::try_from(all.len()).unwrap_or(i64::MAX).saturating_add(quirks.total_off_by);
        let link = if by_cursor {
            next_cursor(all, end, count, quirks.page).map(|next| ("nextCursor", Value::from(next)))
        } else {
            if quirks.page == PageQuirk::Loop {
                total = i64::try_from(end.saturating_add(count)).unwrap_or(i64::MAX);
            }
            Some(("startIndex", start.saturating_add(1).into()))
        };
        let mut page = Map::from_iter([
            ("schemas".to_owned(), json!([LIST_URN])),
            ("totalResults".to_owned(), total.into()),
            ("itemsPerPage".to_owned(), shown.len().into()),
            ("Resources".to_owned(), json!(shown)),
        ]);
        page.extend(link.map(|(name, value)| (name.to_owned(), value)));
        Ok(Value::Object(page))
    }
}

/// A cursor names the last resource that was seen, so that it stays right when others come and go.
fn next_cursor(all: &[(u64, Value)], end: usize, count: usize, quirk: PageQuirk) -> Option<String> {
    let last_seen = if end < all.len() {
        end.checked_sub(1)
    } else if quirk == PageQuirk::Loop {
        count.checked_sub(1)
    } else {
        None
    };
    let (order, _) = all.get(last_seen?)?;
    Some(format!("{CURSOR_PREFIX}{order}"))
}

fn position_of(cursor: &str, all: &[(u64, Value)]) -> Result<usize, Fault> {
    if cursor.is_empty() {
        return Ok(0);
    }
    let order = cursor.strip_prefix(CURSOR_PREFIX).and_then(|order| order.parse::<u64>().ok());
    let order = order.ok_or_else(|| Fault::new(400, Some("invalidCursor"), "the cursor is not one of ours"))?;
    Ok(all.iter().take_while(|(other, _)| *other <= order).count())
}

/// A list of few things that is never paged.
pub(super) fn short_list(resources: Vec<Value>) -> Value {
    json!({
        "schemas": [LIST_URN],
        "totalResults": resources.len(),
        "startIndex": 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}
