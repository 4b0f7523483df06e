//! Brings a database's schema up to date: numbered files, each in one transaction with the note that it was run, so that
//! an interruption leaves whole steps only and the next start goes on from there.

use crate::{Dialect, StoreError};
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Row};

/// In order; the number of a migration is its place, from 1. One that was released is never edited.
const MIGRATIONS: [&str; 9] = [
    include_str!("../migrations/0001_log.sql"),
    include_str!("../migrations/0002_systems.sql"),
    include_str!("../migrations/0003_people.sql"),
    include_str!("../migrations/0004_access.sql"),
    include_str!("../migrations/0005_runs.sql"),
    include_str!("../migrations/0006_interface.sql"),
    include_str!("../migrations/0007_builds.sql"),
    include_str!("../migrations/0008_ended_spans.sql"),
    include_str!("../migrations/0009_grant_ids.sql"),
];

const VERSIONS: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL PRIMARY KEY, sha256 text NOT NULL)";

pub(crate) async fn run(pool: &AnyPool, dialect: Dialect) -> Result<(), StoreError> {
    // A database that is up to date is opened without waiting for whoever writes to it.
    match applied(&mut *pool.acquire().await?).await {
        Ok(applied) if applied == MIGRATIONS.len() => return Ok(()),
        // Not up to date, or without the table that says so.
        Ok(_) | Err(StoreError::Db(_)) => {}
        Err(refused) => return Err(refused),
    }
    loop {
        let mut tx = pool.begin_with(dialect.begin_write()).await?;
        if let Some(lock) = dialect.lock_migrations() {
            sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *tx).await?;
        }
        sqlx::raw_sql(dialect.schema(VERSIONS)).execute(&mut *tx).await?;
        let applied = applied(&mut tx).await?;
        let Some((number, text)) = (1_i64..).zip(MIGRATIONS).nth(applied) else {
            return Ok(tx.commit().await?);
        };
        sqlx::raw_sql(dialect.schema(text)).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO schema_version (version, sha256) VALUES ($1, $2)")
            .bind(number)
            .bind(digest(text))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
    }
}

/// How many migrations the database has; refuses one that has others than this version of Reeve knows.
async fn applied(connection: &mut AnyConnection) -> Result<usize, StoreError> {
    let rows = sqlx::query("SELECT version, sha256 FROM schema_version ORDER BY version").fetch_all(connection).await?;
    let mut known = (1_i64..).zip(MIGRATIONS);
    for row in &rows {
        let found: i64 = row.try_get("version")?;
        match known.next() {
            Some((number, text)) if number == found => {
                if row.try_get::<String, _>("sha256")? != digest(text) {
                    return Err(StoreError::Unfit(format!(
                        "its schema {found} was made by another build of Reeve; use that build, or a backup"
                    )));
                }
            }
            Some((number, _)) => {
                return Err(StoreError::damaged(format!("its schema {number} is missing, and it has {found}")));
            }
            None => {
                let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
                return Err(StoreError::Newer { found, known });
            }
        }
    }
    Ok(rows.len())
}

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}
