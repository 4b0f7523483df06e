//! What can go wrong with the store, in sentences for the person who reads them.

use crate::store::BUSY_TIMEOUT;
use reeve_core::audit::EntryError;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database address can't be used: {0}")]
    Address(String),
    /// The database does not keep what it is told as it must.
    #[error("the database is refused: {0}")]
    Unfit(String),
    #[error(
        "the database was made by a newer version of Reeve (its schema is {found}, this version knows {known}): use that \
         version, or a backup from before"
    )]
    Newer { found: i64, known: i64 },
    /// Another unit of work was in the way for [`BUSY_TIMEOUT`], or would have contradicted this one. Nothing was
    /// written; the same unit of work may be tried again.
    #[error("the database is busy or out of reach: no turn came within {} s; try again", BUSY_TIMEOUT.as_secs())]
    Busy,
    /// The lease was lost, and somebody else has claimed the operation since. Nothing was written.
    #[error(
        "the operation was claimed by another worker after this one's lease ended, so this one's result is not saved"
    )]
    Fenced,
    /// The rows are not in the state that the change starts from.
    #[error("{0}")]
    Conflict(String),
    /// A row does not hold what was written into it.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    #[error("a unit of work that only reads was asked to write")]
    ReadOnly,
    /// A statement of the unit of work failed before, so the rest of it must not count.
    #[error("the unit of work is not committed, because a part of it failed")]
    Spoiled,
    #[error(transparent)]
    Entry(#[from] EntryError),
    #[error("a value can't be written as JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    #[error("the database failed: {0}")]
    Db(#[source] sqlx::Error),
}

/// SQLite's primary codes for a lock that was not given; the extended ones keep them in their low byte.
const SQLITE_BUSY_CODES: [i64; 2] = [5, 6];

/// PostgreSQL: serialization failure, deadlock, lock timeout.
const POSTGRES_BUSY_CODES: [&str; 3] = ["40001", "40P01", "55P03"];

/// PostgreSQL: a text that it can't hold, because there is a NUL in it.
const POSTGRES_NO_TEXT_CODE: &str = "22021";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let busy = match &error {
            sqlx::Error::Database(told) if told.code().is_some_and(|code| code == POSTGRES_NO_TEXT_CODE) => {
                return Self::conflict("a text with a NUL character in it can't be stored, and names nothing here");
            }
            sqlx::Error::PoolTimedOut => true,
            sqlx::Error::Database(told) => told.code().is_some_and(|code| {
                POSTGRES_BUSY_CODES.contains(&code.as_ref())
                    // A PostgreSQL code has five characters; SQLite's numbers have at most four.
                    || code.len() < 5
                        && code.parse::<i64>().is_ok_and(|number| SQLITE_BUSY_CODES.contains(&(number & 0xff)))
            }),
            _ => false,
        };
        if busy { Self::Busy } else { Self::Db(error) }
    }
}

impl StoreError {
    pub(crate) fn conflict(sentence: impl Into<String>) -> Self {
        Self::Conflict(sentence.into())
    }

    pub(crate) fn damaged(sentence: impl Into<String>) -> Self {
        Self::Damaged(sentence.into())
    }
}
