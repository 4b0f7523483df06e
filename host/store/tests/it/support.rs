//! A fresh database for each test, on both kinds.

use crate::postgres;
use reeve_store::{Dialect, Store};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// Makes two tests of an `async fn name(db: Fresh)`.
macro_rules! on_both {
    ($name:ident) => {
        mod $name {
            #[test]
            fn sqlite() {
                $crate::support::run(reeve_store::Dialect::Sqlite, super::$name);
            }

            #[test]
            fn postgres() {
                $crate::support::run(reeve_store::Dialect::Postgres, super::$name);
            }
        }
    };
}
pub(crate) use on_both;

/// A database that nobody else uses.
pub struct Fresh {
    pub url: String,
    pub dialect: Dialect,
    /// The folder of a SQLite file, which goes with the test.
    _folder: Option<TempDir>,
}

impl Fresh {
    /// None, said by name, where PostgreSQL is missing.
    pub async fn new(dialect: Dialect) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        sqlx::any::install_default_drivers();
        match dialect {
            Dialect::Sqlite => {
                let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
                let url = format!("sqlite:{}", folder.path().join("reeve test?.db").display());
                Some(Self { url, dialect, _folder: Some(folder) })
            }
            Dialect::Postgres => {
                let cluster = postgres::cluster()?;
                let name = format!("store_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
                let mut connection = AnyConnection::connect(&format!("{cluster}/postgres")).await.unwrap();
                let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
                sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
                Some(Self { url: format!("{cluster}/{name}"), dialect, _folder: None })
            }
        }
    }

    pub async fn store(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// The file of a SQLite database.
    pub fn file(&self) -> PathBuf {
        PathBuf::from(self.url.strip_prefix("sqlite:").unwrap())
    }

    /// A connection behind the store's back.
    pub async fn raw(&self) -> AnyConnection {
        let url = match self.dialect {
            Dialect::Sqlite => {
                format!(
                    "sqlite://{}?mode=rwc",
                    self.file().display().to_string().replace('?', "%3F").replace(' ', "%20")
                )
            }
            Dialect::Postgres => self.url.clone(),
        };
        AnyConnection::connect(&url).await.unwrap()
    }

    /// Runs statements behind the store's back.
    pub async fn meddle(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.raw().await).await.unwrap();
    }

    pub async fn ask(&self, sql: &str) -> Vec<AnyRow> {
        sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.raw().await).await.unwrap()
    }

    pub async fn count(&self, table: &str) -> i64 {
        self.ask(&format!("SELECT count(*) AS n FROM {table}")).await[0].get("n")
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub fn run<T: Future<Output = ()>>(dialect: Dialect, test: impl FnOnce(Fresh) -> T) {
    runtime().block_on(async {
        if let Some(fresh) = Fresh::new(dialect).await {
            test(fresh).await;
        }
    });
}
