//! Plugin files that `reeve plugin pack` would not make.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub const MANIFEST: &str = "plugin.toml";
pub const WASM: &str = "plugin.wasm";
pub const SIGNATURE: &str = "plugin.sig";

/// A zip of these entries, in this order.
pub fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The same bytes with one text in place of another of the same length, wherever it stands.
#[must_use]
pub fn with(bytes: &[u8], text: &str, by: &str) -> Vec<u8> {
    assert_eq!(text.len(), by.len(), "{text} and {by}");
    let (mut out, mut rest, mut found) = (Vec::with_capacity(bytes.len()), bytes, false);
    while let Some((first, after)) = rest.split_first() {
        match rest.strip_prefix(text.as_bytes()) {
            Some(after) => {
                out.extend(by.as_bytes());
                (rest, found) = (after, true);
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    assert!(found, "{text} is not there");
    out
}
