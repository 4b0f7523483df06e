//! A file of JSON lines that only grows. A line is on the disk before [`Journal::append`] returns.

use crate::SimError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub(crate) struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Opens or makes the file, and reads what it holds. A last line without its newline was never acknowledged, and
    /// is cut off.
    pub(crate) fn open<T: DeserializeOwned>(path: &Path) -> Result<(Self, Vec<T>), SimError> {
        let failed = || SimError::file(path);
        let text = match std::fs::read_to_string(path) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(failed())?,
        };
        let whole = text.rfind('\n').map_or("", |end| text.get(..=end).unwrap_or_default());
        let mut lines = Vec::new();
        for (index, line) in whole.lines().enumerate() {
            let read = serde_json::from_str(line);
            let broken = |source| SimError::Broken { path: path.to_owned(), line: index.saturating_add(1), source };
            lines.push(read.map_err(broken)?);
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed())?;
        file.set_len(whole.len() as u64).map_err(failed())?;
        Ok((Self { file, path: path.to_owned() }, lines))
    }

    pub(crate) fn append(&mut self, line: &impl Serialize) -> Result<(), SimError> {
        self.append_all([line])
    }

    /// Many lines at the price of one.
    pub(crate) fn append_all(&mut self, lines: impl IntoIterator<Item = impl Serialize>) -> Result<(), SimError> {
        let mut bytes = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut bytes, &line).map_err(|fault| SimError::State(fault.to_string()))?;
            bytes.push(b'\n');
        }
        self.file.write_all(&bytes).and_then(|()| self.file.sync_data()).map_err(SimError::file(&self.path))
    }
}
