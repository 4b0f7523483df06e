//! Whatever cells a spreadsheet may hold come back as they were, however the file is written, cut into reads and pages.

use crate::folder::{Folder, attribute};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::json;

/// Text with everything that CSV finds hard.
fn cell() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\""),
        Just("\"\""),
        Just("\n"),
        Just("\r\n"),
        Just("\r"),
        Just(","),
        Just(";"),
        Just("\t"),
        Just(" "),
        Just("'"),
        Just("=cmd()"),
        Just("é"),
        Just("€"),
        Just("x"),
        Just("7"),
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

#[derive(Clone, Debug)]
struct Style {
    separator: char,
    line_end: &'static str,
    last_line_end: bool,
    bom: bool,
    latin: bool,
    quote_all: bool,
}

fn style() -> impl Strategy<Value = Style> {
    let separator = prop_oneof![Just(','), Just(';'), Just('\t')];
    let line_end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    (separator, line_end, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(separator, line_end, last_line_end, bom, latin, quote_all)| Style {
            separator,
            line_end,
            last_line_end,
            bom: bom && !latin,
            latin,
            quote_all,
        },
    )
}

/// Writes rows as RFC 4180 wants them.
fn write(rows: &[Vec<String>], style: &Style) -> Vec<u8> {
    let quoted = |cell: &String| {
        let hard = cell.contains(['"', '\r', '\n', ',', ';', '\t']);
        if hard || style.quote_all { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
    };
    let lines: Vec<String> =
        rows.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(&style.separator.to_string())).collect();
    let mut text = lines.join(style.line_end);
    if style.last_line_end {
        text += style.line_end;
    }
    if style.latin {
        return text.chars().map(|c| if c == '€' { 0x80 } else { c as u8 }).collect();
    }
    if style.bom { format!("\u{feff}{text}").into_bytes() } else { text.into_bytes() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, rng_seed: RngSeed::Fixed(32), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cells_come_back(
        cells in vec((cell(), cell(), cell()), 0..12),
        style in style(),
        piece in 1..40_usize,
        page in 1..6_u32,
    ) {
        let mut rows = vec![["employee id", "first name", "last name", "a", "b", "c"].map(str::to_owned).to_vec()];
        for (id, (a, b, c)) in cells.iter().enumerate() {
            rows.push(vec![id.to_string(), "Ann".into(), "Lee".into(), a.clone(), b.clone(), c.clone()]);
        }
        let settings = json!({
            "default-kind": "employee",
            "default-status": "active",
            "encoding": if style.latin { "windows-1252" } else { "auto" },
        });
        let folder = Folder { piece, ..Folder::with(&write(&rows, &style)).settings(settings) };
        let walk = folder.walk(page).map_err(|failure| TestCaseError::fail(format!("{failure:?}")))?;
        prop_assert_eq!(walk.workers.len(), cells.len());
        for (id, (worker, (a, b, c))) in walk.workers.iter().zip(&cells).enumerate() {
            prop_assert_eq!(&worker.id, &id.to_string());
            let read = ["a", "b", "c"].map(|name| attribute(worker, name).unwrap_or_default());
            prop_assert_eq!(&read, &[a.clone(), b.clone(), c.clone()]);
        }
    }

    /// Nothing that a folder may hold brings the plugin down, and what it cannot read it refuses.
    #[test]
    fn any_bytes_are_read_or_refused(
        noise in vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r')], 0..300),
        headed in any::<bool>(),
        piece in 1..40_usize,
    ) {
        let head: &[u8] = if headed { b"employee id,first name,last name,kind,status\n1,Ann,Lee,employee,active\n" } else { b"" };
        let folder = Folder { piece, ..Folder::with(&[head, &noise].concat()) };
        if let Ok(walk) = folder.walk(3) {
            prop_assert!(headed && !walk.workers.is_empty());
        }
    }
}
