//! What `check` says, and where it stops.

use crate::folder::Folder;
use reeve_plugin_hr_csv::HrCsv;
use reeve_sdk::prelude::*;
use reeve_sdk::testing::{File, FileError, Host};
use serde_json::json;

#[test]
fn a_good_folder_passes_and_says_how_it_was_understood() {
    let folder = Folder::with(include_bytes!("../../examples/people.csv"))
        .settings(json!({ "date-format": "dd.mm.yyyy", "leave-out": ["Email"] }));
    let probes = folder.check();
    assert!(probes.iter().all(|(passed, ..)| *passed), "{probes:?}");
    let details: Vec<_> = probes.iter().map(|(_, name, detail)| format!("{name}: {detail}")).collect();
    assert_eq!(details[0], "folder: it can be read and has 1 files");
    assert!(
        details[1].starts_with("file: people.csv, ") && details[1].contains("2026-03-01T08:00:00Z"),
        "{}",
        details[1]
    );
    assert_eq!(
        details[2],
        "header: UTF-8, separated by semicolon; worker-id=Employee ID, given-name=First name, family-name=Last name, \
         kind=Worker type, status=Status, department=Department, title=Job title, location=Location, manager=Manager ID, \
         start-at=Start date, end-at=End date, time-zone=Time zone; attributes: Cost centre; left out: Email"
    );
    assert_eq!(details[3], "rows: all 4 can be read");
}

#[test]
fn the_first_failure_is_the_last_probe() {
    let head = "employee id,first name,last name,kind,status";
    let cases = [
        (
            Folder::with(b"").settings(json!({ "file": "staff.csv" })),
            "file",
            "the folder has no staff.csv; it has people.csv",
        ),
        (Folder::with(b"<html>"), "header", "people.csv is a web page"),
        (Folder::with(b"a,b\n"), "header", "there is no column for worker-id"),
        (
            Folder::with(format!("{head}\n1,Ann,Lee,employee,gone\n").as_bytes()),
            "rows",
            "row 2, column status: \"gone\"",
        ),
    ];
    for (folder, name, detail) in cases {
        let probes = folder.check();
        let (last, before) = probes.split_last().unwrap();
        assert!(before.iter().all(|(passed, ..)| *passed), "{probes:?}");
        assert!(!last.0 && last.1 == name && last.2.contains(detail), "{probes:?}");
    }
}

struct Closed;

impl Host for Closed {
    fn files_list(&mut self, _: &str) -> Result<Vec<File>, FileError> {
        Err(FileError::Denied("bind the connection `folder` first".to_owned()))
    }

    fn settings(&mut self) -> String {
        json!({ "file": "people.csv" }).to_string()
    }
}

#[test]
fn a_folder_that_is_not_bound_is_said_so() {
    let probes = Closed.run(|| HrCsv::open()?.check()).unwrap();
    assert_eq!(probes, [Probe::failed("folder", "bind the connection `folder` first")]);
}
