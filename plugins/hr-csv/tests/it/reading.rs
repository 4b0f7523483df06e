//! Files that are read: encodings, separators, quotes, columns, words, dates, and which file it is.

use crate::folder::{Folder, attribute, stored};
use reeve_sdk::prelude::*;
use serde_json::json;

const HEAD: &str = "employee id,first name,last name,kind,status";

fn only(folder: Folder) -> Worker {
    let mut workers = folder.list().expect("the file is read");
    assert_eq!(workers.len(), 1, "{workers:?}");
    workers.pop().expect("one")
}

#[test]
fn the_example_of_the_readme_is_read() {
    let folder =
        Folder::with(include_bytes!("../../examples/people.csv")).settings(json!({ "date-format": "dd.mm.yyyy" }));
    let workers = folder.list().unwrap();
    assert_eq!(workers.len(), 4);
    let mia = &workers[2];
    assert_eq!(
        *mia,
        Worker {
            id: "10003".into(),
            person_key: None,
            kind: WorkerKind::Contractor,
            status: WorkerStatus::Active,
            given_name: "Mia".into(),
            family_name: "O\"Hara".into(),
            email: Some("mia.ohara@example.com".into()),
            department: Some("Treasury".into()),
            title: Some("Analyst".into()),
            location: Some("Sydney".into()),
            manager: Some("10001".into()),
            start_at: Some("2026-01-05".into()),
            end_at: Some("2026-06-30T18:00".into()),
            time_zone: Some("Australia/Sydney".into()),
            attributes: vec![Attribute::text("Cost centre", "4200")],
        }
    );
    assert_eq!(workers[1].status, WorkerStatus::OnLeave);
    assert_eq!(workers[1].title.as_deref(), Some("Accountant; payables"));
    assert_eq!((workers[3].status, workers[3].end_at.as_deref()), (WorkerStatus::Terminated, Some("2026-03-31")));
    assert_eq!(workers[0].manager, None);
}

#[test]
fn encodings_are_found_or_set() {
    let utf8 = format!("{HEAD}\n1,José,Müller,employee,active\n");
    let latin = b"employee id,first name,last name,kind,status\n1,Jos\xE9,M\xFCller,employee,active\n".to_vec();
    let bom = [b"\xEF\xBB\xBF", utf8.as_bytes()].concat();
    let cases = [
        (utf8.clone().into_bytes(), "auto", false),
        (utf8.into_bytes(), "utf-8", false),
        (bom.clone(), "auto", false),
        (bom, "utf-8", false),
        (latin.clone(), "auto", true),
        (latin, "windows-1252", false),
    ];
    for (bytes, encoding, warned) in cases {
        let folder = Folder::with(&bytes).settings(json!({ "encoding": encoding }));
        let walk = folder.walk(10).unwrap();
        assert_eq!((&*walk.workers[0].given_name, &*walk.workers[0].family_name), ("José", "Müller"), "{encoding}");
        assert_eq!(walk.warnings.len(), if warned { 2 } else { 1 }, "{:?}", walk.warnings);
        assert_eq!(walk.warnings[0], "read from people.csv, version v1, modified at 2026-03-01T08:00:00Z");
    }
    let euro = b"employee id,first name,last name,kind,status\n1,\x80\x8A,\x93x\x94,employee,active\n";
    let worker = only(Folder::with(euro));
    assert_eq!((&*worker.given_name, &*worker.family_name), ("€Š", "“x”"));
}

/// The first page is plain ASCII; what the file is written in shows on a later one.
#[test]
fn the_whole_file_decides_the_encoding() {
    for (last, expected) in [(&b"J\xFCrgen"[..], "Jürgen"), ("Jürgen".as_bytes(), "Jürgen")] {
        let mut bytes = format!("{HEAD}\n").into_bytes();
        for id in 0..2_000 {
            bytes.extend(format!("{id},Ann,Lee,employee,active\n").bytes());
        }
        bytes.extend([b"last,", last, b",Lee,employee,active\n"].concat());
        let folder = Folder { piece: 7, ..Folder::with(&bytes) };
        assert_eq!(folder.walk(500).unwrap().workers.last().unwrap().given_name, expected);
    }
}

#[test]
fn a_letter_at_the_very_end_counts() {
    let worker = only(Folder::with(b"first name,employee id,kind,status,last name\nAnn,1,employee,active,L\xE9"));
    assert_eq!(worker.family_name, "L\u{e9}");
}

#[test]
fn separators_are_found_or_set() {
    for (separator, name) in [(",", "comma"), (";", "semicolon"), ("\t", "tab")] {
        let text = format!("{HEAD},\"a;b,c\td\"\n1,Ann,Lee,employee,active,\"x;y,z\tw\"\n");
        // Only the separators outside of quotes.
        let text: String = text
            .split('"')
            .enumerate()
            .map(|(part, text)| if part % 2 == 0 { text.replace(',', separator) } else { format!("\"{text}\"") })
            .collect();
        for setting in ["auto", name] {
            let worker = only(Folder::with(text.as_bytes()).settings(json!({ "separator": setting })));
            assert_eq!(worker.id, "1", "{name}");
            assert_eq!(attribute(&worker, "a;b,c\td").as_deref(), Some("x;y,z\tw"), "{name}");
        }
    }
}

#[test]
fn line_ends_and_quotes() {
    for end in ["\n", "\r\n", "\r"] {
        let rows = [HEAD, "1,Ann,Lee,employee,active", "", "2,\"Bo\r\nb\",\"\"\"Q\"\" x\",employee,active"];
        for last in ["", end] {
            let text = rows.join(end) + last;
            for piece in [0, 1, 2, 3] {
                let workers = Folder { piece, ..Folder::with(text.as_bytes()) }.list().unwrap();
                let names: Vec<_> = workers.iter().map(|w| (&*w.id, &*w.given_name, &*w.family_name)).collect();
                assert_eq!(names, [("1", "Ann", "Lee"), ("2", "Bo\r\nb", "\"Q\" x")], "{end:?} {last:?} {piece}");
            }
        }
    }
}

#[test]
fn titles_are_known_mapped_or_kept() {
    let text = "EMPLOYEE_ID,First-Name,sur name,Art,Status,Wage,Desk,Manager,\n\
                7,Ann,Lee,Fest,da,100,\"=cmd()\",3,\n";
    let worker = only(Folder::with(text.as_bytes()).settings(json!({
        "columns": ["kind=art"],
        "kind-words": ["fest=employee"],
        "status-words": ["DA=active", "weg=terminated"],
        "leave-out": ["wage"],
    })));
    assert_eq!((&*worker.id, &*worker.given_name, &*worker.family_name), ("7", "Ann", "Lee"));
    assert_eq!(
        (worker.kind, worker.status, worker.manager.as_deref()),
        (WorkerKind::Employee, WorkerStatus::Active, Some("3"))
    );
    assert_eq!(worker.attributes, [Attribute::text("Desk", "=cmd()")]);

    // A column that the settings give to one field is no longer known as another.
    let text = "employee id,staff id,first name,last name,kind,status\n1,S1,Ann,Lee,other,active\n";
    let worker = only(Folder::with(text.as_bytes()).settings(json!({ "columns": ["worker-id=Staff ID"] })));
    assert_eq!((&*worker.id, worker.kind), ("S1", WorkerKind::Other));
    assert_eq!(attribute(&worker, "employee id").as_deref(), Some("1"));
}

#[test]
fn cells_of_fields_are_trimmed_and_attributes_kept() {
    let text = format!("{HEAD},email,note,empty\n 1 , Ann,Lee ,Employee , On Leave,  ,  x , \n");
    let worker = only(Folder::with(text.as_bytes()));
    assert_eq!(
        (&*worker.id, &*worker.given_name, &*worker.family_name, worker.email.as_deref()),
        ("1", "Ann", "Lee", None)
    );
    assert_eq!(worker.status, WorkerStatus::OnLeave);
    assert_eq!(attribute(&worker, "note").as_deref(), Some("  x "));
}

#[test]
fn words_mean_what_the_table_says() {
    let words = [
        ("not started", WorkerStatus::NotStarted),
        ("Pre-Hire", WorkerStatus::NotStarted),
        ("ACTIVE", WorkerStatus::Active),
        ("on_leave", WorkerStatus::OnLeave),
        ("Leave of Absence", WorkerStatus::OnLeave),
        ("Terminated", WorkerStatus::Terminated),
        ("left", WorkerStatus::Terminated),
    ];
    for (word, status) in words {
        let text = format!("{HEAD}\n1,Ann,Lee,Contingent Worker,{word}\n");
        let worker = only(Folder::with(text.as_bytes()));
        assert_eq!((worker.kind, worker.status), (WorkerKind::Contractor, status), "{word}");
    }
    // A word of the settings goes before Reeve's own.
    let text = format!("{HEAD}\n1,Ann,Lee,external,left\n");
    let settings = json!({ "kind-words": ["external=other"], "status-words": ["left=on-leave"] });
    let worker = only(Folder::with(text.as_bytes()).settings(settings));
    assert_eq!((worker.kind, worker.status), (WorkerKind::Other, WorkerStatus::OnLeave));
}

#[test]
fn columns_that_a_file_lacks_can_be_given_to_all_rows() {
    let settings = json!({ "default-kind": "contractor", "default-status": "active" });
    let text = "employee id,first name,last name\n1,Ann,Lee\n";
    let worker = only(Folder::with(text.as_bytes()).settings(settings.clone()));
    assert_eq!((worker.kind, worker.status), (WorkerKind::Contractor, WorkerStatus::Active));
    // And do not hide what a file says.
    let text = format!("{HEAD}\n1,Ann,Lee,employee,terminated\n");
    let worker = only(Folder::with(text.as_bytes()).settings(settings));
    assert_eq!((worker.kind, worker.status), (WorkerKind::Employee, WorkerStatus::Terminated));
}

#[test]
fn zones_and_midnights() {
    let text = format!(
        "{HEAD},start date,end date,time zone\n\
         1,Ann,Lee,employee,active,2026-01-01 00:00:00,2026-03-31 00:00:00,Australia/Sydney\n\
         2,Bob,Lee,employee,active,2026-01-01T09:00,2026-03-31T18:00:00+11:00,\n"
    );
    let settings = json!({ "midnight-is-the-day": true, "time-zone": "Europe/Berlin" });
    let workers = Folder::with(text.as_bytes()).settings(settings).list().unwrap();
    let dates =
        |worker: &Worker| [&worker.start_at, &worker.end_at, &worker.time_zone].map(|text| text.clone().unwrap());
    assert_eq!(dates(&workers[0]), ["2026-01-01", "2026-03-31", "Australia/Sydney"]);
    assert_eq!(dates(&workers[1]), ["2026-01-01T09:00", "2026-03-31T18:00:00+11:00", "Europe/Berlin"]);
    // A start needs no setting for it.
    let text = format!("{HEAD},start date\n1,Ann,Lee,employee,active,2026-01-01 00:00:00\n");
    assert_eq!(only(Folder::with(text.as_bytes())).start_at.as_deref(), Some("2026-01-01"));
}

#[test]
fn the_newest_file_that_matches_is_read() {
    let people = |name: &str| format!("{HEAD}\n{name},Ann,Lee,employee,active\n").into_bytes();
    let file = |name: &str, at: &str| stored(name, at, &people(name));
    let files = || {
        vec![
            file("people-1.csv", "2026-03-01T12:00:00Z"),
            file("people-3.csv", "2026-03-01T13:30:00+02:00"),
            file("people-2.csv", "2026-03-01T12:00:00.000Z"),
            file("people-4.csv.tmp", "2026-03-09T12:00:00Z"),
            file("other.csv", "2026-03-09T12:00:00Z"),
        ]
    };
    for (wanted, expected) in
        [("people-*.csv", "people-2.csv"), ("people-1.csv", "people-1.csv"), ("*", "people-4.csv.tmp")]
    {
        let folder = Folder { files: files(), settings: json!({ "file": wanted }), ..Folder::default() };
        let walk = folder.walk(10).unwrap();
        assert_eq!(walk.workers[0].id, expected, "{wanted}");
        assert!(walk.warnings[0].contains(expected), "{:?}", walk.warnings);
    }
    for wanted in ["people.csv", "people-*.csv.csv", "people-2.csv*.csv"] {
        let folder = Folder { files: files(), settings: json!({ "file": wanted }), ..Folder::default() };
        match folder.list() {
            Err(Failure::NotFound(text)) => assert!(text.contains(wanted) && text.contains("other.csv"), "{text}"),
            other => panic!("{wanted}: {other:?}"),
        }
    }
}

#[test]
fn duplicate_ids_and_an_empty_list_are_for_reeve_to_judge() {
    let text = format!("{HEAD}\n1,Ann,Lee,employee,active\n1,Bob,Roy,employee,active\n");
    let workers = Folder::with(text.as_bytes()).list().unwrap();
    assert_eq!(workers.iter().map(|worker| &*worker.id).collect::<Vec<_>>(), ["1", "1"]);
    for text in [HEAD.to_owned(), format!("{HEAD}\n"), format!("\u{feff}{HEAD}\r\n\r\n")] {
        assert_eq!(Folder::with(text.as_bytes()).list(), Ok(vec![]), "{text:?}");
    }
}
