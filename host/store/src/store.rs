//! Opening a database, and beginning units of work in it.

use crate::{Dialect, StoreError, Tx, file, migrate};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a unit of work waits for another one before it gives up with [`StoreError::Busy`].
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections of one process to its database.
const CONNECTIONS_MAX: u32 = 8;

/// A database that holds Reeve's state.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    dialect: Dialect,
    /// SQLite has one writer at a time, and its own waiting is neither fair nor quick: writers of this process queue here.
    turns: Option<Arc<Semaphore>>,
}

impl Store {
    /// Opens `sqlite:PATH` (made with mode 0600 if it is not there) or `postgres://...` (version 15 or later), checks
    /// that the database keeps what it confirms, and brings its schema up to date.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let (dialect, url) = match url.split_once(':') {
            Some(("sqlite", path)) => (Dialect::Sqlite, file::prepare(path)?),
            Some(("postgres" | "postgresql", _)) => (Dialect::Postgres, url.to_owned()),
            _ => {
                let sentence = "it must be sqlite:PATH or postgres://USER@HOST/DATABASE";
                return Err(StoreError::Address(sentence.to_owned()));
            }
        };
        let options: sqlx::any::AnyConnectOptions =
            url.parse().map_err(|e: sqlx::Error| StoreError::Address(e.to_string()))?;
        let options = options.disable_statement_logging();
        // Outside the pool, which would go on trying where there is no database.
        let mut first = options.connect().await?;
        first.execute(sqlx::raw_sql(AssertSqlSafe(dialect.session()))).await?;
        dialect.check(&dialect.settings(&mut first).await?)?;
        first.close().await?;
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(BUSY_TIMEOUT)
            // A connection to a server may have died while it was idle; one to a file has not.
            .test_before_acquire(dialect == Dialect::Postgres)
            .after_connect(move |connection, _| {
                Box::pin(
                    async move { connection.execute(sqlx::raw_sql(AssertSqlSafe(dialect.session()))).await.map(drop) },
                )
            })
            .connect_lazy_with(options);
        let turns = matches!(dialect, Dialect::Sqlite).then(|| Arc::new(Semaphore::new(1)));
        migrate::run(&pool, dialect).await?;
        Ok(Self { pool, dialect, turns })
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What the database says of how it keeps data, by the names of its own settings.
    pub async fn settings(&self) -> Result<Vec<(&'static str, String)>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        self.dialect.settings(&mut connection).await
    }

    /// A unit of work that only reads, and sees the database as it was at its first statement.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        let inner = self.pool.begin_with(self.dialect.begin_read()).await?;
        Ok(Tx::new(inner, self.dialect, false, None))
    }

    /// A unit of work that reads and writes. They take turns, also between processes: what it reads is still so when it
    /// commits.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        let mut tx = self.begin_write().await?;
        if let Some(text) = self.dialect.take_turn() {
            tx.row(sqlx::query(text)).await?;
        }
        Ok(tx)
    }

    /// A unit of work that claims operations and does nothing else. On PostgreSQL it takes no turn, so that workers don't
    /// wait for a long write; on SQLite it is the same as [`Store::write`].
    pub async fn queue(&self) -> Result<Tx, StoreError> {
        self.begin_write().await
    }

    async fn begin_write(&self) -> Result<Tx, StoreError> {
        let turn = match &self.turns {
            Some(turns) => {
                let waited = tokio::time::timeout(BUSY_TIMEOUT, turns.clone().acquire_owned()).await;
                Some(waited.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Busy)?)
            }
            None => None,
        };
        let inner = self.pool.begin_with(self.dialect.begin_write()).await?;
        Ok(Tx::new(inner, self.dialect, true, turn))
    }

    /// Ends all connections. Units of work that are under way are waited for.
    pub async fn close(self) {
        self.pool.close().await;
    }
}
