//! A folder of files as the host would show it, and a walk through all pages of a listing.

use reeve_plugin_hr_csv::HrCsv;
use reeve_sdk::prelude::*;
use reeve_sdk::testing::{File, FileError, Host};
use std::cell::RefCell;
use std::rc::Rc;

/// Gets the number of the read, from 1, and the folder.
pub type BeforeRead = Box<dyn FnMut(u64, &mut Vec<Stored>)>;

/// What the host was asked for, and what a test lets happen to the folder.
#[derive(Default)]
pub struct Log {
    pub reads: u64,
    pub longest_read: u32,
    pub before_read: Option<BeforeRead>,
}

pub struct Stored {
    pub file: File,
    pub bytes: Vec<u8>,
}

pub fn stored(name: &str, modified_at: &str, bytes: &[u8]) -> Stored {
    let file = File {
        name: name.to_owned(),
        size: bytes.len() as u64,
        modified_at: modified_at.to_owned(),
        version: "v1".to_owned(),
    };
    Stored { file, bytes: bytes.to_vec() }
}

#[derive(Default)]
pub struct Folder {
    pub files: Vec<Stored>,
    pub settings: serde_json::Value,
    pub log: Rc<RefCell<Log>>,
    /// Gives the bytes of a read in smaller pieces than asked for; 0 for whole reads.
    pub piece: usize,
}

impl Folder {
    /// One file, `people.csv`.
    pub fn with(bytes: &[u8]) -> Self {
        let files = vec![stored("people.csv", "2026-03-01T08:00:00Z", bytes)];
        Self { files, settings: serde_json::json!({ "file": "people.csv" }), ..Self::default() }
    }

    pub fn settings(mut self, more: serde_json::Value) -> Self {
        let (Some(settings), serde_json::Value::Object(more)) = (self.settings.as_object_mut(), more) else {
            panic!("settings are objects")
        };
        settings.extend(more);
        self
    }

    pub fn list(self) -> Result<Vec<Worker>, Failure> {
        Ok(self.walk(1_000)?.workers)
    }

    pub fn walk(self, size: u32) -> Result<Walk, Failure> {
        self.run(|| walk(size))
    }

    pub fn check(self) -> Vec<(bool, String, String)> {
        let probes = self.run(|| HrCsv::open().and_then(|connector| connector.check())).expect("check answers");
        probes.into_iter().map(|probe| (probe.passed, probe.name, probe.detail)).collect()
    }
}

impl Host for Folder {
    fn files_list(&mut self, connection: &str) -> Result<Vec<File>, FileError> {
        assert_eq!(connection, "folder");
        Ok(self.files.iter().map(|stored| stored.file.clone()).collect())
    }

    fn files_read(
        &mut self,
        _: &str,
        name: &str,
        version: &str,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>, FileError> {
        let mut log = self.log.borrow_mut();
        log.reads += 1;
        log.longest_read = log.longest_read.max(length);
        let reads = log.reads;
        if let Some(before_read) = &mut log.before_read {
            before_read(reads, &mut self.files);
        }
        let stored = self.files.iter().find(|stored| stored.file.name == name);
        let stored = stored.ok_or_else(|| FileError::NotFound(name.to_owned()))?;
        if stored.file.version != version {
            return Err(FileError::Changed);
        }
        let length = if self.piece == 0 { length as usize } else { self.piece.min(length as usize) };
        Ok(stored.bytes.get(offset as usize..).unwrap_or_default().iter().take(length).copied().collect())
    }

    fn settings(&mut self) -> String {
        self.settings.to_string()
    }
}

#[derive(Debug, Default)]
pub struct Walk {
    pub workers: Vec<Worker>,
    pub pages: usize,
    pub largest_page: usize,
    pub warnings: Vec<String>,
}

/// Drives a listing as the host does: a fresh connector for each page, until one says that it is complete.
pub fn walk(size: u32) -> Result<Walk, Failure> {
    let mut walk = Walk::default();
    let mut request = PageRequest::first(size);
    loop {
        let page = HrCsv::open()?.list_workers(request)?;
        let state = page.state().clone();
        walk.pages += 1;
        walk.largest_page = walk.largest_page.max(page.items.len());
        walk.workers.extend(page.items);
        walk.warnings.extend(state.warnings);
        match (state.next, state.complete) {
            (None, true) => return Ok(walk),
            (Some(cursor), false) => request = PageRequest { cursor: Some(cursor), size },
            other => panic!("a page must be complete or go on: {other:?}"),
        }
    }
}

/// The faults of a refusal, as `field: message`.
pub fn faults(failure: Failure) -> Vec<String> {
    match failure {
        Failure::Invalid(faults) => {
            faults.into_iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect()
        }
        other => panic!("not a refusal of values: {other:?}"),
    }
}

pub fn attribute(worker: &Worker, name: &str) -> Option<String> {
    let attribute = worker.attributes.iter().find(|attribute| attribute.name == name)?;
    match &attribute.value {
        Value::Text(text) => Some(text.clone()),
        other => panic!("attributes are texts: {other:?}"),
    }
}
