//! Everything that differs between SQLite and PostgreSQL. The statements of the other modules are one static text for
//! both, written as SQLite reads it; this module turns the few words that PostgreSQL spells differently.
//!
//! The words it knows: `json_each($1)` (the rows of a bulk statement, always the first parameter), `unhex(value ->> N)`,
//! `/* skip locked */`, and in migrations the column types `blob` and `text`.

use crate::StoreError;
use crate::store::BUSY_TIMEOUT;
use sqlx::{AnyConnection, AssertSqlSafe, Row, SqlSafeStr, SqlStr};

/// The kind of database behind a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// The oldest PostgreSQL that is accepted, as `server_version_num` counts.
const POSTGRES_VERSION_MIN: i64 = 150_000;

/// A PostgreSQL session that sits in an open transaction for longer is ended, so that a process which hangs can't keep
/// all others from writing.
const IDLE_IN_TRANSACTION_MAX_S: u64 = 120;

/// What one connection to SQLite may hold in memory of the file, in KiB: enough for the index of a million grants, whose
/// pages come in no order. It is taken only by what needs it, and given back when the connection has been idle.
const SQLITE_CACHE_KIB_MAX: u64 = 64 * 1024;

/// The key of the advisory lock that a migration holds: any number that no other program of the database uses.
const MIGRATION_LOCK: i64 = 0x7265_6576_6500;

impl Dialect {
    pub(crate) fn sql(self, text: &'static str) -> SqlStr {
        match self {
            Self::Sqlite => text.into_sql_str(),
            Self::Postgres => AssertSqlSafe(for_postgres(text)).into_sql_str(),
        }
    }

    /// A migration's text. Text is compared byte by byte in both databases, whatever the cluster's locale.
    pub(crate) fn schema(self, text: &'static str) -> SqlStr {
        match self {
            Self::Sqlite => text.into_sql_str(),
            Self::Postgres => {
                let text = text.replace(" blob", " bytea").replace(" text", " text COLLATE \"C\"");
                AssertSqlSafe(text).into_sql_str()
            }
        }
    }

    pub(crate) fn begin_read(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN DEFERRED",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    pub(crate) fn begin_write(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            // Each statement sees what was committed before it. With the turn taken first, nothing changes under it.
            Self::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }

    /// What a unit of work that writes does first on PostgreSQL: it locks the log's head row, which it would have to lock
    /// for its first audit entry anyway. So units of work take turns, as SQLite makes them.
    pub(crate) fn take_turn(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT size FROM log_head WHERE id = 0 FOR UPDATE"),
        }
    }

    /// Keeps two processes from migrating at once. On SQLite, IMMEDIATE does.
    pub(crate) fn lock_migrations(self) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")),
        }
    }

    /// What every new connection is told.
    pub(crate) fn session(self) -> String {
        let busy_ms = BUSY_TIMEOUT.as_millis();
        match self {
            Self::Sqlite => format!(
                "PRAGMA busy_timeout = {busy_ms}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON; PRAGMA cache_size = -{SQLITE_CACHE_KIB_MAX};"
            ),
            Self::Postgres => format!(
                "SET lock_timeout = {busy_ms}; SET synchronous_commit = on; \
                 SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_MAX_S}s';"
            ),
        }
    }

    /// What the database itself says of how it keeps data, by name.
    pub(crate) async fn settings(
        self,
        connection: &mut AnyConnection,
    ) -> Result<Vec<(&'static str, String)>, StoreError> {
        let asked: &[(&str, &str)] = match self {
            Self::Sqlite => &[
                ("journal_mode", "SELECT journal_mode AS answer FROM pragma_journal_mode"),
                ("synchronous", "SELECT CAST(synchronous AS text) AS answer FROM pragma_synchronous"),
                ("foreign_keys", "SELECT CAST(foreign_keys AS text) AS answer FROM pragma_foreign_keys"),
                ("busy_timeout", "SELECT CAST(timeout AS text) AS answer FROM pragma_busy_timeout"),
            ],
            Self::Postgres => &[
                ("server_version_num", "SELECT current_setting('server_version_num') AS answer"),
                ("synchronous_commit", "SELECT current_setting('synchronous_commit') AS answer"),
                ("fsync", "SELECT current_setting('fsync') AS answer"),
                ("lock_timeout", "SELECT current_setting('lock_timeout') AS answer"),
            ],
        };
        let mut told = Vec::with_capacity(asked.len());
        for (name, text) in asked {
            let row = sqlx::query(*text).fetch_one(&mut *connection).await?;
            told.push((*name, row.try_get::<String, _>("answer")?));
        }
        Ok(told)
    }

    /// Refuses a database that would lose what it confirmed.
    pub(crate) fn check(self, settings: &[(&'static str, String)]) -> Result<(), StoreError> {
        let told = |name: &str| settings.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value.as_str());
        let must = |name: &str, wanted: &str| match told(name) {
            value if value == wanted => Ok(()),
            value => Err(StoreError::Unfit(format!("its setting {name} is {value:?} and must be {wanted:?}"))),
        };
        match self {
            Self::Sqlite => {
                must("journal_mode", "wal")?;
                must("synchronous", "2")?;
                must("foreign_keys", "1")?;
                must("busy_timeout", &BUSY_TIMEOUT.as_millis().to_string())
            }
            Self::Postgres => {
                must("synchronous_commit", "on")?;
                let version = told("server_version_num");
                if version.parse::<i64>().is_ok_and(|version| version < POSTGRES_VERSION_MIN) {
                    let sentence = format!("it is PostgreSQL {version}, and Reeve needs version 15 or later");
                    return Err(StoreError::Unfit(sentence));
                }
                if told("fsync") != "on" {
                    tracing::warn!("this PostgreSQL runs with fsync off: a power cut can lose or damage its data");
                }
                Ok(())
            }
        }
    }
}

fn for_postgres(text: &str) -> String {
    let mut text = text
        .replace("json_each($1)", "jsonb_array_elements(CAST($1 AS jsonb))")
        .replace("/* skip locked */", "FOR UPDATE OF due SKIP LOCKED");
    for column in ["1", "2"] {
        text = text.replace(&format!("unhex(value ->> {column})"), &format!("decode(value ->> {column}, 'hex')"));
    }
    text
}
