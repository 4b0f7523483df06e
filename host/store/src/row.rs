//! Between Rust values and columns: times, keys, JSON bodies, and the rows of a bulk statement.

use crate::StoreError;
use reeve_core::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::any::AnyRow;
use sqlx::{Any, Decode, Row, Type};
use std::borrow::Cow;

/// The size of one part of a bulk statement, in bytes of JSON, after which the next part begins. PostgreSQL's jsonb ends
/// at 256 MB.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// The rows of a bulk statement: a JSON array of arrays, which `json_each($1)` reads as `value ->> 0`, `value ->> 1`, ...
#[derive(Default)]
pub(crate) struct Rows {
    parts: Vec<String>,
    open: Vec<u8>,
}

impl Rows {
    pub(crate) fn of<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Result<Self, StoreError> {
        let mut all = Self::default();
        for row in rows {
            all.push(&row)?;
        }
        Ok(all)
    }

    /// One column each.
    pub(crate) fn single<T: Serialize>(values: impl IntoIterator<Item = T>) -> Result<Self, StoreError> {
        Self::of(values.into_iter().map(|value| (value,)))
    }

    /// Adds a tuple. Text in it must have come through [`key`] or be JSON, because PostgreSQL takes no NUL.
    pub(crate) fn push<T: Serialize>(&mut self, row: &T) -> Result<(), StoreError> {
        self.open.push(if self.open.is_empty() { b'[' } else { b',' });
        serde_json::to_writer(&mut self.open, row).map_err(StoreError::NotJson)?;
        if self.open.len() >= PART_BYTES {
            self.close()?;
        }
        Ok(())
    }

    pub(crate) fn parts(mut self) -> Vec<String> {
        // JSON text is UTF-8 always, so nothing is lost here.
        self.close().unwrap_or_default();
        self.parts
    }

    /// For a statement that needs all rows at once, also when there are none.
    pub(crate) fn whole<T: Serialize>(values: impl IntoIterator<Item = T>) -> Result<String, StoreError> {
        let rows: Vec<(T,)> = values.into_iter().map(|value| (value,)).collect();
        serde_json::to_string(&rows).map_err(StoreError::NotJson)
    }

    fn close(&mut self) -> Result<(), StoreError> {
        if self.open.is_empty() {
            return Ok(());
        }
        self.open.push(b']');
        let part = String::from_utf8(std::mem::take(&mut self.open))
            .map_err(|_| StoreError::damaged("bulk rows are not text"))?;
        self.parts.push(part);
        Ok(())
    }
}

/// An id of a target as it stands in a column: unchanged, except that PostgreSQL takes no NUL and an empty id must differ
/// from none. Two ids never share a key.
pub(crate) fn key(id: &str) -> Cow<'_, str> {
    match id {
        "" => Cow::Borrowed("\\e"),
        id if id.contains(['\\', '\0']) => Cow::Owned(id.replace('\\', "\\\\").replace('\0', "\\0")),
        id => Cow::Borrowed(id),
    }
}

/// The id behind a key.
pub(crate) fn unkey(key: &str) -> String {
    let mut id = String::with_capacity(key.len());
    let mut letters = key.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('0') => id.push('\0'),
                Some('e') | None => {}
                Some(other) => id.push(other),
            },
            (letter, false) => id.push(letter),
        }
    }
    id
}

pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn get<'r, T>(row: &'r AnyRow, column: &str) -> Result<T, StoreError>
where
    T: Decode<'r, Any> + Type<Any>,
{
    row.try_get(column).map_err(|e| StoreError::damaged(format!("the column {column} can't be read: {e}")))
}

pub(crate) fn text(row: &AnyRow, column: &str) -> Result<String, StoreError> {
    get(row, column)
}

pub(crate) fn int(row: &AnyRow, column: &str) -> Result<i64, StoreError> {
    get(row, column)
}

pub(crate) fn count(row: &AnyRow, column: &str) -> Result<u64, StoreError> {
    unsigned(int(row, column)?, column)
}

pub(crate) fn unsigned(number: i64, what: &str) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::damaged(format!("{what} is {number}, which is below zero")))
}

/// A number as databases keep it.
pub(crate) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::conflict(format!("the number {number} is too large to be stored")))
}

pub(crate) fn at(row: &AnyRow, column: &str) -> Result<Timestamp, StoreError> {
    moment(int(row, column)?, column)
}

pub(crate) fn at_or_none(row: &AnyRow, column: &str) -> Result<Option<Timestamp>, StoreError> {
    get::<Option<i64>>(row, column)?.map(|micros| moment(micros, column)).transpose()
}

pub(crate) fn moment(micros: i64, column: &str) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| StoreError::damaged(format!("the column {column} holds {micros}, which is no time")))
}

/// The JSON body of a row of `what`.
pub(crate) fn body<T: DeserializeOwned>(row: &AnyRow, what: &str) -> Result<T, StoreError> {
    from_json(&text(row, "body")?, what)
}

pub(crate) fn from_json<T: DeserializeOwned>(json: &str, what: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|e| StoreError::damaged(format!("a row of {what} can't be read: {e}")))
}

pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::NotJson)
}
