//! Files that are refused, and the sentences with which they are.

use crate::folder::{Folder, faults};
use reeve_sdk::prelude::*;
use serde_json::json;

const HEAD: &str = "employee id,first name,last name,kind,status,start date,end date,note";
const NOTHING_USED: &str = "file people.csv: because of this, nothing of the file is used";

fn refusal(text: &[u8], settings: serde_json::Value) -> Vec<String> {
    faults(Folder::with(text).settings(settings).list().expect_err("the file is refused"))
}

/// The faults of a file with this after its header.
fn rows(rows: &str) -> Vec<String> {
    let mut faults = refusal(format!("{HEAD}\n{rows}").as_bytes(), json!({}));
    assert_eq!(faults.pop().as_deref(), Some(NOTHING_USED));
    faults
}

#[test]
fn each_fault_of_a_row_has_its_sentence() {
    let good = "1,Ann,Lee,employee,active,,,";
    let cases = [
        ("2,Bob,Roy,employee,active,,", "row 3: the row has 7 cells and the header has 8"),
        (
            "2,Bob,Roy,employee,active,,,x,y",
            "row 3: the row has 9 cells and the header has 8; a cell with a separator in it must be in quotes",
        ),
        (
            ",Bob,Roy,employee,active,,,",
            "row 3, column employee id: the cell is empty, and a worker must have a worker-id",
        ),
        (
            "2,Bob,  ,employee,active,,,",
            "row 3, column last name: the cell is empty, and a worker must have a family-name",
        ),
        ("2,Bob,Roy,employee,,,,", "row 3, column status: the cell is empty, and a worker must have a status"),
        (
            "2,Bob,Roy,employee,Inactive,,,",
            "row 3, column status: \"Inactive\" is no status that is known; say what it means in `status-words`",
        ),
        (
            "2,Bob,Roy,robot,active,,,",
            "row 3, column kind: \"robot\" is no kind that is known; say what it means in `kind-words`",
        ),
        (
            "2,Bob,Roy,employee,active,03/04/2026,,",
            "row 3, column start date: \"03/04/2026\" is no date like 2026-03-31; if the file writes dates in another way, \
             set `date-format`",
        ),
        (
            "2,Bob,Roy,employee,active,,2026-02-30,",
            "row 3, column end date: there is no day \"2026-02-30\" in the form yyyy-mm-dd",
        ),
        (
            "2,Bob,Roy,employee,active,,2026-03-31 00:00,",
            "row 3, column end date: \"2026-03-31 00:00\" may mean the beginning of that day or the whole of it; write the day \
             without a time, or set `midnight-is-the-day`",
        ),
        (
            "2,Bob,Roy,employee,active,,,\"open\n\n3,Eve,Poe",
            "row 3, column note: the quote that opens here is never closed",
        ),
        (
            "2,Bob \"B\" C,Roy,employee,active,,,",
            "row 3, column first name: a quote stands inside a cell that does not begin with one (line 3); put the whole cell \
             in quotes and double the quotes inside it",
        ),
        (
            "2,\"Bob\" C,Roy,employee,active,,,",
            "row 3, column first name: text follows a closing quote (line 3); double the quotes inside a cell, or look for a \
             quote that is not closed further up in this row",
        ),
    ];
    for (row, expected) in cases {
        assert_eq!(rows(&format!("{good}\n{row}\n")), [expected], "{row:?}");
    }
}

#[test]
fn rows_are_counted_as_a_spreadsheet_does_and_lines_named_where_they_differ() {
    let text = "1,\"A\r\nn\nn\",Lee,employee,active,,,\n\n2,Bob,Roy,employee,gone,,,\n";
    assert_eq!(
        rows(text),
        ["row 4 (line 6), column status: \"gone\" is no status that is known; say what it means in `status-words`"]
    );
}

#[test]
fn an_unclosed_quote_names_the_row_where_it_opens_however_far_the_file_goes_on() {
    let mut text = "1,Ann,Lee,employee,active,,,\"note\n".to_owned();
    for id in 2..60_000 {
        text += &format!("{id},Bob,Roy,employee,active,,,\n");
    }
    assert_eq!(rows(&text), ["row 2, column note: the quote that opens here is never closed"]);
}

#[test]
fn all_faults_come_in_one_message_up_to_a_bound() {
    let text = ",Ann,,employee,sleeping,,soon,\n2,Bob,Roy,employee,active,,,\n3,Eve,Poe,employee\n";
    let fields: Vec<_> = rows(text).iter().map(|fault| fault.split(": ").next().unwrap().to_owned()).collect();
    assert_eq!(
        fields,
        [
            "row 2, column employee id",
            "row 2, column status",
            "row 2, column last name",
            "row 2, column end date",
            "row 4"
        ]
    );

    let many = format!("{HEAD}\n{}", ",Ann,,employee,gone,,,\n".repeat(30));
    let mut faults = refusal(many.as_bytes(), json!({}));
    assert_eq!(
        faults.pop().as_deref(),
        Some("file people.csv: these are the first 20 faults, and there may be more; nothing of the file is used")
    );
    assert_eq!(faults.len(), 20);
    assert!(faults[19].starts_with("row 8, column status"), "{}", faults[19]);
}

/// Faults beyond the rows of the page are named as well, so that a file is mended once.
#[test]
fn the_search_for_faults_goes_on_after_the_page() {
    let bad = "2,Bob,Roy,employee,gone,,,\n";
    // More than one page may hold, in rows and in bytes.
    let good = format!("1,Ann,Lee,employee,active,,,{}\n", "x".repeat(60_000)).repeat(200);
    let text = format!("{HEAD}\n{bad}{good}{bad}");
    let found = faults(Folder::with(text.as_bytes()).walk(10).unwrap_err());
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("row 2, ") && found[1].starts_with("row 203, "), "{found:?}");

    // It ends where the message is full.
    let text = format!("{HEAD}\n{}{good}", bad.repeat(20));
    let folder = Folder::with(text.as_bytes()).settings(json!({ "encoding": "utf-8" }));
    let log = folder.log.clone();
    assert_eq!(faults(folder.walk(10).unwrap_err()).len(), 21);
    assert_eq!(log.borrow().reads, 2, "the header and one piece");
}

#[test]
fn headers_are_refused_with_what_was_found() {
    let cases = [
        (
            "employee id,first name,kind,status",
            json!({}),
            vec![
                "row 1: there is no column for family-name, only \"employee id\", \"first name\", \"kind\", \"status\"; name it in \
                 the setting `columns`: \"family-name=its title\"",
            ],
        ),
        (
            "employee id;first name;last name;status",
            json!({}),
            vec![
                "row 1: there is no column for kind, only \"employee id\", \"first name\", \"last name\", \"status\"; name it in the \
                 setting `columns`: \"kind=its title\", or give all rows the same with `default-kind`",
            ],
        ),
        (
            "employee id,first name,last name,kind,status,E-Mail,e_mail",
            json!({}),
            vec!["row 1: the columns F \"E-Mail\" and G \"e_mail\" have the same title; rename one"],
        ),
        (
            "employee id,first name,last name,kind,status,worker id",
            json!({}),
            vec![
                "row 1: the columns \"employee id\" and \"worker id\" may both be worker-id; say which in the setting `columns`: \
                 \"worker-id=employee id\"",
            ],
        ),
        (
            "employee id,first name,last name,kind,status,mail",
            json!({ "columns": ["email=Dienstmail"], "leave-out": ["salary"] }),
            vec![
                "row 1: there is no column \"Dienstmail\" for email, which the setting `columns` names; there is \"employee id\", \
                 \"first name\", \"last name\", \"kind\", \"status\", \"mail\"",
                "row 1: there is no column \"salary\", which the setting `leave-out` names; there is \"employee id\", \
                 \"first name\", \"last name\", \"kind\", \"status\", \"mail\"",
            ],
        ),
        (
            "employee id,\"first name,last name,kind,status",
            json!({}),
            vec!["row 1, column B: the quote that opens here is never closed"],
        ),
    ];
    for (head, settings, expected) in cases {
        let mut found = refusal(format!("{head}\n1,Ann,Lee\n").as_bytes(), settings);
        assert_eq!(found.pop().as_deref(), Some(NOTHING_USED), "{head}");
        assert_eq!(found, expected, "{head}");
    }
}

#[test]
fn a_cell_under_no_title_is_a_fault() {
    let text = "employee id,first name,last name,kind,status,\n1,Ann,Lee,employee,active,x\n";
    let found = refusal(text.as_bytes(), json!({}));
    assert_eq!(found[0], "row 2, column F: \"x\" stands in a column that has no title");
}

#[test]
fn a_header_that_two_separators_understand_is_not_guessed() {
    let text = "worker id;first name;last name;x,worker id,first name,last name\n";
    let settings = json!({ "default-kind": "employee", "default-status": "active" });
    assert_eq!(
        refusal(text.as_bytes(), settings),
        ["file people.csv: its header can be split by comma and by semicolon; set `separator`"]
    );
}

#[test]
fn letters_that_the_encoding_lacks_are_named() {
    let head = b"employee id,first name,last name,kind,status\n";
    let cases: [(&[u8], &str, &str); 3] = [
        (
            b"1,J\xC3\xB6rg,Lee,employee,active\n2,J\xF6rg,Lee,employee,active\n",
            "auto",
            "row 3, column first name: the byte 0xF6",
        ),
        (b"1,Ann,L\xFC,employee,active\n", "utf-8", "row 2, column last name: the byte 0xFC"),
        (b"1,A\x81n,Lee,employee,active\n", "windows-1252", "row 2, column first name: the byte 0x81"),
    ];
    for (rows, encoding, expected) in cases {
        let found = refusal(&[head, rows].concat(), json!({ "encoding": encoding }));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with(expected), "{found:?}");
    }
    // Also where they are far from the letter that said UTF-8.
    let mixed = [head, &b"1,J\xC3\xB6rg,Lee,employee,active\n2,J\xF6rg,Lee,employee,active\n"[..]].concat();
    let found = faults(Folder { piece: 5, ..Folder::with(&mixed) }.list().unwrap_err());
    assert!(found[0].starts_with("row 3, column first name: the byte 0xF6"), "{found:?}");
    let marked = [b"\xEF\xBB\xBF", &head[..]].concat();
    let found = refusal(&marked, json!({ "encoding": "windows-1252" }));
    assert!(found[0].contains("begins with the mark of UTF-8"), "{found:?}");
}

#[test]
fn what_is_no_csv_is_refused_by_its_name() {
    let utf16: Vec<u8> = format!("\u{feff}{HEAD}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&[u8], &str); 9] = [
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        (b"\xEF\xBB\xBF \r\n<html>", "a web page"),
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"\xD0\xCF\x11\xE0rest", "an old Excel workbook"),
        (b"%PDF-1.7", "a PDF"),
        (b"[ {\"id\": 1}]", "JSON"),
        (b"{}", "JSON"),
        (b"employee id,\0\0\0", "binary data"),
        (&utf16, "UTF-16"),
    ];
    for (bytes, form) in cases {
        match Folder::with(bytes).list() {
            Err(Failure::Protocol(text)) => {
                assert!(text.starts_with(&format!("people.csv is {form}")) && text.contains("export"), "{text}");
            }
            other => panic!("{form}: {other:?}"),
        }
    }
    for empty in [&b""[..], b"\xEF\xBB\xBF", b"\n\r\n"] {
        let found = refusal(empty, json!({}));
        assert!(found[0].starts_with("file people.csv: it is empty"), "{found:?}");
    }
}

#[test]
fn a_zero_byte_far_down_is_named() {
    let good = "1,Ann,Lee,employee,active,,,\n".repeat(3_000);
    let found = rows(&format!("{good}2,B\0b,Roy,employee,active,,,\n"));
    assert_eq!(found, ["row 3002, column first name: there is a zero byte (line 3002), so this is no text"]);
}

#[test]
fn sizes_have_bounds() {
    let long = "x".repeat(64 * 1024 + 1);
    let found = rows(&format!("1,Ann,Lee,employee,active,,,{long}\n"));
    assert_eq!(found, ["row 2, column note: the cell has 65537 bytes; the limit is 65536"]);

    let id = "9".repeat(1_025);
    let found = rows(&format!("{id},Ann,Lee,employee,active,,,\n"));
    assert_eq!(found, ["row 2, column employee id: the id has 1025 bytes; the limit is 1024"]);

    let found = rows(&format!("1,Ann,Lee,employee,active,,,{}\n", "x".repeat(1024 * 1024 + 1)));
    assert_eq!(found, ["row 2, column note: the row is longer than 1048576 bytes"]);

    let found = rows(&format!("{}\n", ",".repeat(600)));
    assert_eq!(found, ["row 2, column SG: the row has more than 500 cells"]);

    let wide: Vec<_> = (0..9_000).map(|n| format!("{n:08}")).collect();
    let found = refusal(wide.join(",").as_bytes(), json!({ "separator": "semicolon" }));
    assert_eq!(found, ["file people.csv: its header does not end within 65536 bytes"]);
}

#[test]
fn settings_that_contradict_themselves_are_refused() {
    let cases = [
        (json!({ "file": "a/b.csv" }), "no file name"),
        (json!({ "file": "a*b*.csv" }), "more than one `*`"),
        (json!({ "columns": ["worker=Nr"] }), "a field is one of worker-id"),
        (json!({ "columns": ["worker-id="] }), "a field is one of worker-id"),
        (json!({ "columns": ["worker-id=Nr", "worker-id=No"] }), "worker-id is there twice"),
        (json!({ "columns": ["worker-id=Nr", "person-key=NR"] }), "can't be both worker-id and person-key"),
        (json!({ "columns": ["worker-id=Nr"], "leave-out": ["nr"] }), "also in `leave-out`"),
        (json!({ "status-words": ["aktiv"] }), "a meaning is one of not-started, active, on-leave, terminated"),
        (json!({ "status-words": ["aktiv=present"] }), "a meaning is one of not-started"),
        (json!({ "status-words": ["=active"] }), "a meaning is one of not-started"),
        (json!({ "kind-words": ["X=employee", "x=other"] }), "explain the same word"),
        (json!({ "default-kind": "robot" }), "must be one of employee, contractor, other"),
        (json!({ "time-zone": "2 hours ahead" }), "no IANA name"),
    ];
    for (settings, expected) in cases {
        let found = refusal(HEAD.as_bytes(), settings.clone());
        assert!(
            found.len() == 1 && found[0].starts_with("settings: ") && found[0].contains(expected),
            "{settings}: {found:?}"
        );
    }
}

#[test]
fn a_zone_that_is_none_is_named() {
    let text = "employee id,first name,last name,kind,status,time zone\n1,Ann,Lee,employee,active,Sydney time\n";
    let found = refusal(text.as_bytes(), json!({}));
    assert_eq!(
        found[0],
        "row 2, column time zone: \"Sydney time\" is no IANA name of a time zone, such as Europe/Berlin"
    );
}
