//! The databases that Reeve runs on: a file, or a database of the test's own in one private PostgreSQL per program.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::{peer, repo};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Connection};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

#[derive(Clone, Debug)]
pub enum Database {
    /// A file in Reeve's folder.
    Sqlite,
    Postgres(String),
}

impl Database {
    /// A fresh database; none where PostgreSQL is not installed.
    pub fn postgres() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let cluster = &cluster()?.url;
        let name = format!("reeve_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        query(&format!("{cluster}/postgres"), &format!("CREATE DATABASE {name}"));
        Some(Self::Postgres(format!("{cluster}/{name}")))
    }
}

/// Asks a database behind Reeve's back.
pub fn query(url: &str, sql: &str) -> Vec<AnyRow> {
    sqlx::any::install_default_drivers();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = sqlx::AnyConnection::connect(url).await.unwrap();
        let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows
    })
}

/// Another program may take the free port that was found; then it is tried again.
const TRIES: u32 = 5;

struct Cluster {
    /// Without a database.
    url: String,
    /// Deleted by the shell that ends the cluster.
    folder: PathBuf,
}

fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(start).as_ref()
}

/// Crashes the program's PostgreSQL and starts it again at its port. Its databases must be in use by one test alone.
pub fn restart() {
    let Cluster { url, folder } = cluster().unwrap();
    let port = url.rsplit_once(':').unwrap().1;
    for (what, how) in [("stop", "immediate"), ("start", port)] {
        let done = Command::new(script()).arg(what).arg(folder).arg(how).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

fn script() -> PathBuf {
    repo().join("tests/setup/postgres.sh")
}

fn start() -> Option<Cluster> {
    let bin = peer("PostgreSQL", &["REEVE_PG_BIN"])?.remove(0);
    let script = script();
    let folder = TempDir::with_prefix("reeve-cli-pg-").unwrap().keep();
    // A shell stays behind that reads from this program: its reading ends when this program does, however that ends. What
    // ends both at once, such as Ctrl-C, is not for the shell.
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(r#"trap '' INT TERM HUP; cat; "$1" stop "$2" immediate; rm -rf "$2""#)
        .arg("sh")
        .arg(&script)
        .arg(&folder);
    shell.env("REEVE_PG_BIN", &bin).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    #[expect(clippy::zombie_processes, reason = "it outlives this program")]
    let mut child = shell.spawn().unwrap();
    std::mem::forget(child.stdin.take());
    for _ in 0..TRIES {
        let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port().to_string();
        let mut command = Command::new(&script);
        let done = command.arg("start").arg(&folder).arg(port).env("REEVE_PG_BIN", &bin).output().unwrap();
        if done.status.success() {
            let url = String::from_utf8(done.stdout).unwrap();
            let url = url.trim().strip_suffix("/postgres").unwrap().to_owned();
            return Some(Cluster { url, folder });
        }
        eprintln!("{}", String::from_utf8_lossy(&done.stderr));
    }
    panic!("PostgreSQL did not start");
}
