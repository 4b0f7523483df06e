//! Looks for a secret everywhere that Reeve leaves something, in every spelling in which it could lie there.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use crate::database::{Database, query};
use crate::reeve::Reeve;
use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use flate2::read::GzDecoder;
use sqlx::Row;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// Of a compressed part this much is looked at, in bytes.
const UNPACKED_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How a gzip file begins (RFC 1952).
const GZIP: &[u8] = b"\x1f\x8b\x08";

/// Named texts, with what is packed in them.
#[derive(Default)]
pub struct Places(Vec<(String, Vec<u8>)>);

impl Places {
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Vec<u8>>) {
        let (name, text) = (name.into(), text.into());
        for at in AhoCorasick::new([GZIP]).unwrap().find_iter(&text).map(|found| found.start()) {
            let mut unpacked = Vec::new();
            // What breaks off is looked at as far as it goes.
            GzDecoder::new(&text[at..]).take(UNPACKED_BYTES_MAX).read_to_end(&mut unpacked).ok();
            self.0.push((format!("{name}, unpacked at {at}"), unpacked));
        }
        self.0.push((name, text));
    }

    /// Every file below a folder.
    pub fn add_folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.add_folder(&path);
            } else {
                self.add(path.display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }

    /// Every value of every column of every table: in the database's file a text may be cut up.
    pub fn add_database(&mut self, reeve: &Reeve) {
        let url = reeve.database_url();
        let (columns, bytes) = match &reeve.database {
            Database::Sqlite => (
                "SELECT t.name AS a, c.name AS b, 'any' AS c FROM sqlite_master t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table'",
                ("CAST(", " AS BLOB)"),
            ),
            Database::Postgres(_) => (
                "SELECT table_name::text AS a, column_name::text AS b, data_type::text AS c \
                 FROM information_schema.columns WHERE table_schema = 'public'",
                ("convert_to(", "::text, 'UTF8')"),
            ),
        };
        // One question for all, because each opens the database anew.
        let parts = query(&url, columns).into_iter().map(|row| {
            let [table, column, kind]: [String; 3] = [row.get(0), row.get(1), row.get(2)];
            let (open, close) = if kind == "bytea" { ("(", ")") } else { bytes };
            format!(
                "SELECT '{table}.{column}' AS name, {open}\"{column}\"{close} AS value FROM \"{table}\" \
                 WHERE \"{column}\" IS NOT NULL"
            )
        });
        // SQLite joins no more than 500.
        for parts in parts.collect::<Vec<_>>().chunks(100) {
            for row in query(&url, &parts.join(" UNION ALL ")) {
                self.add(row.get::<String, _>(0), row.get::<Vec<u8>, _>(1));
            }
        }
    }

    /// The names of those that hold a text as it is.
    pub fn naming(&self, text: &str) -> BTreeSet<&str> {
        let holds = AhoCorasick::new([text]).unwrap();
        let holding = self.0.iter().filter(|(_, place)| holds.is_match(place));
        holding.map(|(name, _)| name.as_str()).collect()
    }

    /// Where secrets stand, and how they are spelt there.
    pub fn find<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        let (told, forms): (Vec<_>, Vec<_>) = secrets
            .into_iter()
            .flat_map(|secret| forms(secret).into_iter().map(move |(how, form)| ((secret, how), form)))
            .unzip();
        let search = AhoCorasick::new(forms).unwrap();
        let found = self.0.iter().flat_map(|(name, text)| {
            let hits = search.find_overlapping_iter(text);
            hits.map(|hit| told[hit.pattern().as_usize()])
                .map(move |(secret, how)| format!("{name} holds {secret} {how}"))
        });
        found.collect()
    }
}

/// Every form in which a secret could lie about.
fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = secret.as_bytes();
    let percent = |wanted: fn(u8) -> bool, upper: bool| -> Vec<u8> {
        let one = |byte: &u8| match (wanted(*byte), upper) {
            (false, _) => char::from(*byte).to_string(),
            (true, true) => format!("%{byte:02X}"),
            (true, false) => format!("%{byte:02x}"),
        };
        bytes.iter().map(one).collect::<String>().into_bytes()
    };
    let escaped = |upper: bool| -> Vec<u8> {
        let one = |unit: u16| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
        secret.encode_utf16().map(one).collect::<String>().into_bytes()
    };
    let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
    let mut forms = vec![
        ("as it is", bytes.to_vec()),
        ("in capitals", secret.to_uppercase().into_bytes()),
        ("in small letters", secret.to_lowercase().into_bytes()),
        ("backwards", reversed.clone()),
        ("in hex", hex::encode(bytes).into_bytes()),
        ("in capital hex", hex::encode_upper(bytes).into_bytes()),
        ("in a URL", percent(|byte| !byte.is_ascii_alphanumeric(), true)),
        ("in a URL, small", percent(|byte| !byte.is_ascii_alphanumeric(), false)),
        ("in a URL, all", percent(|_| true, true)),
        ("as JSON", serde_json::to_string(secret).unwrap().trim_matches('"').as_bytes().to_vec()),
        ("escaped", escaped(false)),
        ("escaped, capital", escaped(true)),
        ("in UTF-16", secret.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("in UTF-16, big end first", secret.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("as a list of numbers", serde_json::to_string(bytes).unwrap().trim_matches(['[', ']']).as_bytes().to_vec()),
    ];
    for whole in [bytes, &reversed] {
        for before in 0..3 {
            let shifted = [vec![b'x'; before], whole.to_vec()].concat();
            for text in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
                // The ends depend on what stands beside the secret.
                forms.push(("in base64", text.as_bytes()[4..text.len() - 4].to_vec()));
            }
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const SECRET: &str = "cAnary/for+the=search&itself";

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        for (how, form) in forms(SECRET) {
            let mut places = Places::default();
            places.add("a place", [b"before ", form.as_slice(), b" after"].concat());
            assert!(!places.find([SECRET]).is_empty(), "{how}");
        }
        for text in [format!("user:{SECRET}"), format!("a:{SECRET}:b"), format!("ab:{SECRET}")] {
            let mut places = Places::default();
            places.add("base64", STANDARD_NO_PAD.encode(text));
            assert!(!places.find([SECRET]).is_empty());
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(format!("{} {SECRET}", "x".repeat(100)).as_bytes()).unwrap();
        let mut places = Places::default();
        places.add("packed", [b"before".to_vec(), packed.finish().unwrap()].concat());
        assert!(!places.find([SECRET]).is_empty());
        let mut places = Places::default();
        places.add("innocent", "nothing of the kind; canary");
        assert!(places.find([SECRET]).is_empty());
    }
}
