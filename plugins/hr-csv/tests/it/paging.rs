//! Long files, files that change under a listing, and folders that do not tell the truth.

use crate::folder::{Folder, Log, Stored, stored};
use reeve_plugin_hr_csv::HrCsv;
use reeve_sdk::prelude::*;
use reeve_sdk::testing::Host;
use std::cell::RefCell;
use std::rc::Rc;

const HEAD: &str = "employee id,first name,last name,kind,status,note\n";

fn people(count: usize) -> Vec<u8> {
    let mut text = HEAD.to_owned();
    for id in 0..count {
        // Now and then a cell with line breaks, so that rows and lines differ.
        let note = if id % 1_000 == 7 { "\"two\r\nlines, \"\"quoted\"\"\"" } else { "" };
        text += &format!("{id},Ann{id},Lee,employee,active,{note}\r\n");
    }
    text.into_bytes()
}

#[test]
fn a_long_file_comes_in_pages() {
    const COUNT: usize = 200_000;
    let bytes = people(COUNT);
    let size = bytes.len() as u64;
    let log = Rc::new(RefCell::new(Log::default()));
    let folder = Folder { log: log.clone(), ..Folder::with(&bytes) };
    let walk = folder.walk(4_000).unwrap();
    assert_eq!((walk.pages, walk.workers.len(), walk.largest_page), (50, COUNT, 4_000));
    assert!(walk.workers.iter().enumerate().all(|(at, worker)| worker.id == at.to_string()));
    assert_eq!(walk.warnings.len(), 1, "only the first page names the file");
    // Memory: never more than one piece at a time, and no page reads the file from its start.
    let log = log.borrow();
    assert!(log.longest_read <= 512 * 1024, "{}", log.longest_read);
    let pieces_of_file = size / (512 * 1024) + 1;
    let reads_per_page = 3;
    assert!(log.reads <= pieces_of_file + 50 * reads_per_page, "{} reads", log.reads);
}

#[test]
fn a_page_is_bounded_whatever_is_wished_for() {
    for (wish, pages) in [(u32::MAX, 3), (5_000, 3), (0, 12_000)] {
        let rows = if wish == 0 { 50 } else { 12_000 };
        let walk = Folder::with(&people(rows)).walk(wish).unwrap();
        let expected = if wish == 0 { rows } else { pages };
        assert_eq!((walk.pages, walk.workers.len()), (expected, rows), "{wish}");
    }
    // Long rows end a page before it grows past what one answer may carry.
    let mut text = HEAD.to_owned();
    for id in 0..400 {
        text += &format!("{id},Ann,Lee,employee,active,{}\n", "x".repeat(60_000));
    }
    let walk = Folder::with(text.as_bytes()).walk(1_000).unwrap();
    assert_eq!((walk.pages, walk.workers.len()), (3, 400));
}

#[test]
fn rows_keep_their_numbers_over_pages() {
    let mut bytes = people(9_000);
    bytes.extend(b"x,Ann,Lee,employee,asleep,\r\n");
    let Err(Failure::Invalid(faults)) = Folder::with(&bytes).walk(1_000) else { panic!("refused") };
    // 9,000 rows after the header, of which nine have a line break inside.
    assert_eq!(faults[0].field, "row 9002 (line 9011), column status");
}

#[test]
fn a_file_that_changes_ends_the_listing() {
    let change = |files: &mut Vec<Stored>| files[0].file.version = "v2".to_owned();
    let vanish = |files: &mut Vec<Stored>| files.clear();
    for action in [change as fn(&mut Vec<Stored>), vanish] {
        for at_read in [1, 2, 4, 6] {
            let before_read = move |read: u64, files: &mut Vec<Stored>| {
                if read == at_read {
                    action(files);
                }
            };
            let log = Log { before_read: Some(Box::new(before_read)), ..Log::default() };
            let folder = Folder { log: Rc::new(RefCell::new(log)), ..Folder::with(&people(3_000)) };
            assert_eq!(folder.walk(500).unwrap_err(), Failure::CursorExpired, "read {at_read}");
        }
    }
}

/// A newer file that appears between two pages does not mix into the listing of the older one.
#[test]
fn a_listing_stays_with_its_file() {
    let before_read = |read: u64, files: &mut Vec<Stored>| {
        if read == 4 {
            files.push(stored("people-2.csv", "2026-03-02T08:00:00Z", &people(1)));
        }
    };
    let log = Log { before_read: Some(Box::new(before_read)), ..Log::default() };
    let folder = Folder {
        files: vec![stored("people-1.csv", "2026-03-01T08:00:00Z", &people(3_000))],
        settings: serde_json::json!({ "file": "people-*.csv" }),
        log: Rc::new(RefCell::new(log)),
        piece: 0,
    };
    assert_eq!(folder.walk(500).unwrap().workers.len(), 3_000);
}

#[test]
fn a_file_that_ends_before_its_stated_size_is_no_complete_listing() {
    let mut bytes = people(3_000);
    let mut file = stored("people.csv", "2026-03-01T08:00:00Z", &bytes);
    bytes.truncate(bytes.len() / 2);
    file.bytes = bytes;
    let folder = Folder { files: vec![file], ..Folder::with(b"") };
    match folder.walk(500) {
        Err(Failure::Protocol(text)) => {
            assert!(text.starts_with("people.csv has ") && text.contains("gave 0"), "{text}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cursor_that_is_not_of_this_file_starts_the_listing_anew() {
    let cursor = |offset: u64| {
        serde_json::json!({
            "name": "people.csv", "version": "v1", "size": people(10).len(), "modified_at": "2026-03-01T08:00:00Z",
            "encoding": "utf-8", "separator": 44, "at": { "offset": offset, "row": 2, "line": 2 },
        })
        .to_string()
    };
    for cursor in [cursor(0), cursor(1_000_000), "{}".to_owned(), "page 2".to_owned()] {
        let page = Folder::with(&people(10))
            .run(|| HrCsv::open()?.list_workers(PageRequest { cursor: Some(cursor.clone()), size: 10 }));
        assert_eq!(page.unwrap_err(), Failure::CursorExpired, "{cursor}");
    }
}
