//! The file of a SQLite database: nobody but its owner may read it.

use crate::StoreError;
use std::fmt::Write;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// What the owner alone may do. SQLite gives the files beside it (`-wal`, `-shm`) the same mode.
const OWNER_ONLY: u32 = 0o600;
const OTHERS: u32 = 0o077;

/// Makes the file if it is not there, and answers the driver's address of it.
pub(crate) fn prepare(path: &str) -> Result<String, StoreError> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.starts_with(":memory:") {
        return Err(StoreError::Address("sqlite: needs the path of a file, as in sqlite:reeve.db".to_owned()));
    }
    let failed = |e: io::Error| StoreError::Address(format!("the database file {path} can't be opened: {e}"));
    OpenOptions::new().read(true).append(true).create(true).mode(OWNER_ONLY).open(path).map_err(failed)?;
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & OTHERS != 0 {
        return Err(StoreError::Unfit(format!(
            "the database file {path} has mode {:04o}, so others than its owner can get at it; run `chmod 600 {path}`",
            mode & 0o7777
        )));
    }
    let absolute = fs::canonicalize(path).map_err(failed)?;
    Ok(address(&absolute))
}

/// The driver reads its address as a URL: what is more than a plain letter is escaped.
fn address(path: &Path) -> String {
    let mut url = String::from("sqlite://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => url.push(char::from(*byte)),
            // Writing to a String does not fail.
            _ => write!(url, "%{byte:02X}").unwrap_or_default(),
        }
    }
    url.push_str("?mode=rw");
    url
}
