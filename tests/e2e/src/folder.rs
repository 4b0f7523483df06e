//! A folder of a test's own, which goes when the test ends.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use tempfile::TempDir;

pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(TempDir::with_prefix("reeve-cli-").unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Kept for whoever looks into a failure.
        let keep = std::thread::panicking() && std::env::var_os("REEVE_KEEP").is_some();
        self.0.disable_cleanup(keep);
    }
}
