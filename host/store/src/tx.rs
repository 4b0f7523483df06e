//! The unit of work: everything in it is committed together or not at all, state and audit entries alike.

use crate::row::{Rows, body};
use crate::{Dialect, StoreError};
use futures_util::TryStreamExt;
use serde::de::DeserializeOwned;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Transaction};
use tokio::sync::OwnedSemaphorePermit;

/// A unit of work. Dropped without [`Tx::commit`], it leaves nothing behind.
pub struct Tx {
    // Before `_turn`, so that the rollback of a dropped unit of work starts before the next writer's turn.
    inner: Transaction<'static, Any>,
    dialect: Dialect,
    writes: bool,
    /// A statement has failed. PostgreSQL would turn a commit into a rollback then, without an error.
    spoiled: bool,
    _turn: Option<OwnedSemaphorePermit>,
}

pub(crate) type Statement<'q> = Query<'q, Any, AnyArguments>;

/// A parameter after the rows of a bulk statement.
#[derive(Clone, Copy)]
pub(crate) enum With<'a> {
    Text(&'a str),
    Int(i64),
}

impl Tx {
    pub(crate) fn new(
        inner: Transaction<'static, Any>,
        dialect: Dialect,
        writes: bool,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self { inner, dialect, writes, spoiled: false, _turn: turn }
    }

    pub async fn commit(self) -> Result<(), StoreError> {
        if self.spoiled {
            return Err(StoreError::Spoiled);
        }
        Ok(self.inner.commit().await?)
    }

    /// The same as dropping it, for those who want to know that it is done.
    pub async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.inner.rollback().await?)
    }

    pub(crate) fn statement<'q>(&self, text: &'static str) -> Statement<'q> {
        sqlx::query(self.dialect.sql(text))
    }

    /// Runs a statement that writes, and answers how many rows it touched.
    pub(crate) async fn write(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        self.may_write()?;
        let done = statement.execute(&mut *self.inner).await;
        Ok(self.noted(done)?.rows_affected())
    }

    /// Runs a statement that writes and gives rows back.
    pub(crate) async fn write_rows(&mut self, statement: Statement<'_>) -> Result<Vec<AnyRow>, StoreError> {
        self.may_write()?;
        self.rows(statement).await
    }

    /// Runs a statement once per part of the bulk rows, which are its first parameter, and answers how many rows it
    /// touched in all.
    pub(crate) async fn write_bulk(
        &mut self,
        text: &'static str,
        rows: Rows,
        with: &[With<'_>],
    ) -> Result<u64, StoreError> {
        let mut touched = 0;
        for part in rows.parts() {
            let mut statement = self.statement(text).bind(part);
            for value in with {
                statement = match *value {
                    With::Text(text) => statement.bind(text.to_owned()),
                    With::Int(number) => statement.bind(number),
                };
            }
            touched += self.write(statement).await?;
        }
        Ok(touched)
    }

    pub(crate) async fn rows(&mut self, statement: Statement<'_>) -> Result<Vec<AnyRow>, StoreError> {
        let rows = statement.fetch_all(&mut *self.inner).await;
        self.noted(rows)
    }

    /// Takes each row as it comes, while the database looks for the next ones.
    pub(crate) async fn read<T>(
        &mut self,
        statement: Statement<'_>,
        mut take: impl FnMut(&AnyRow) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut taken = Vec::new();
        let mut rows = statement.fetch(&mut *self.inner);
        let ended = loop {
            match rows.try_next().await {
                Ok(Some(row)) => taken.push(take(&row)?),
                Ok(None) => break Ok(taken),
                Err(error) => break Err(error),
            }
        };
        drop(rows);
        self.noted(ended)
    }

    /// The JSON bodies of rows of `what`.
    pub(crate) async fn bodies<T: DeserializeOwned>(
        &mut self,
        statement: Statement<'_>,
        what: &str,
    ) -> Result<Vec<T>, StoreError> {
        self.read(statement, |row| body(row, what)).await
    }

    pub(crate) async fn row(&mut self, statement: Statement<'_>) -> Result<Option<AnyRow>, StoreError> {
        let row = statement.fetch_optional(&mut *self.inner).await;
        self.noted(row)
    }

    fn may_write(&self) -> Result<(), StoreError> {
        if self.writes { Ok(()) } else { Err(StoreError::ReadOnly) }
    }

    fn noted<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        self.spoiled |= result.is_err();
        Ok(result?)
    }
}
