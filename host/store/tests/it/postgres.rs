//! One private PostgreSQL for all tests of this program. It ends with the program, however that ends.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// Another program may take the free port that was found; then it is tried again.
const TRIES: u32 = 5;

/// The cluster's address without a database; none where PostgreSQL is not installed, which is an error with `CI=true`.
pub fn cluster() -> Option<&'static str> {
    static CLUSTER: OnceLock<Option<String>> = OnceLock::new();
    CLUSTER.get_or_init(start).as_deref()
}

fn start() -> Option<String> {
    let Some(bin) = programs() else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "PostgreSQL is missing: run tests/setup/peers.sh");
        eprintln!("skipped: PostgreSQL is missing, so the store is tested on SQLite only; run tests/setup/peers.sh");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/setup/postgres.sh");
    // Deleted by what is left behind.
    let folder = TempDir::with_prefix("reeve-store-").unwrap().keep();
    end_with_this_program(&script, &bin, &folder);
    for _ in 0..TRIES {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port().to_string();
        let done =
            Command::new(&script).arg("start").arg(&folder).arg(port).env("REEVE_PG_BIN", &bin).output().unwrap();
        if done.status.success() {
            let url = String::from_utf8(done.stdout).unwrap();
            return Some(url.trim().strip_suffix("/postgres").unwrap().to_owned());
        }
        eprintln!("{}", String::from_utf8_lossy(&done.stderr));
    }
    panic!("PostgreSQL did not start");
}

/// Where `initdb` and `postgres` are: named by the set-up, or in Debian's place.
fn programs() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("REEVE_PG_BIN") {
        return Some(named.into());
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut bins: Vec<_> = versions.filter_map(|version| Some(version.ok()?.path().join("bin"))).collect();
    bins.retain(|bin| bin.join("initdb").exists());
    bins.sort();
    bins.pop()
}

/// Leaves a shell behind that reads from this program. Its reading ends when this program does.
#[expect(clippy::zombie_processes, reason = "it outlives this program")]
fn end_with_this_program(script: &Path, bin: &Path, folder: &Path) {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(r#"cat; "$1" stop "$2" immediate; rm -rf "$2""#).arg("sh").arg(script).arg(folder);
    shell.env("REEVE_PG_BIN", bin).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = shell.spawn().unwrap();
    // The pipe stays open for as long as this program lives.
    std::mem::forget(child.stdin.take());
}
