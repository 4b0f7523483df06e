//! Lists, page by page. A cursor is opaque to the caller, and good only for the list that gave it.

use super::problem::Problem;
use crate::error::{Error, Result};
use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Items of a page, unless asked for otherwise, and at most.
pub const LIMIT: u32 = 50;
pub const LIMIT_MAX: u32 = 500;
const CURSOR_BYTES_MAX: usize = 4 * 1024;

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many items, at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<u32>,
    /// The `next-cursor` of the page before.
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Page<T> {
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; none on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// A checked [`PageQuery`]: how much, and after which item.
#[derive(Debug)]
pub struct Wanted {
    list: &'static str,
    pub limit: u32,
    pub after: Option<String>,
}

pub fn limit(wish: Option<u32>) -> Result<u32> {
    match wish.unwrap_or(LIMIT) {
        limit @ 1..=LIMIT_MAX => Ok(limit),
        other => Err(Error::Input(format!("`limit` is 1 to {LIMIT_MAX}, not {other}"))),
    }
}

impl Wanted {
    pub fn new(
        list: &'static str,
        limit_wish: Option<u32>,
        cursor: Option<&str>,
    ) -> std::result::Result<Self, Problem> {
        let wrong = || Problem::not_found("the `cursor` is none that this list gave; begin again without one");
        let after = match cursor {
            None => None,
            Some(cursor) if cursor.len() > CURSOR_BYTES_MAX => return Err(wrong()),
            Some(cursor) => {
                let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
                let (of, after): (String, String) = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
                Some(after).filter(|_| of == list).ok_or_else(wrong).map(Some)?
            }
        };
        Ok(Self { list, limit: limit(limit_wish)?, after })
    }

    /// One more than is shown, to know whether there is more.
    pub fn ask(&self) -> u32 {
        self.limit.saturating_add(1)
    }

    /// The page of these rows, which were asked for by [`Wanted::ask`].
    pub fn page<R, T>(&self, mut rows: Vec<R>, key: impl Fn(&R) -> String, show: impl Fn(R) -> T) -> Page<T> {
        let more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let last = rows.last().filter(|_| more).map(key);
        let cursor = |after: String| serde_json::to_vec(&(self.list, after)).map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        Page { items: rows.into_iter().map(show).collect(), next_cursor: last.and_then(|last| cursor(last).ok()) }
    }
}

impl PageQuery {
    pub fn of(&self, list: &'static str) -> std::result::Result<Wanted, Problem> {
        Wanted::new(list, self.limit, self.cursor.as_deref())
    }
}
