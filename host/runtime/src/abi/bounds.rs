//! What a text, an id, a moment or a list from a plugin must be, whatever the version of the contract.

use crate::limits::{ATTRIBUTES_MAX, LIST_MAX, LOG_LINE_BYTES_MAX, PAGE_ITEMS_MAX, TEXT_BYTES_MAX};
use jiff::Timestamp;
use reeve_core::access::Attributes;
use reeve_core::glyph::misleads;
use reeve_core::id::{NATIVE_ID_BYTES_MAX, NativeId, WorkerId};
use serde_json::Value;

/// A part of an answer that fits, or the sentence that says which field does not.
pub(super) type Fit<T> = Result<T, String>;

/// A text without a bound of its own. NUL is replaced: no database keeps it, and a name that somebody typed into a
/// target must not be able to break the reading of everybody else.
pub(super) fn text(field: &str, text: String) -> Fit<String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("`{field}` has {} bytes; the limit is {TEXT_BYTES_MAX}", text.len()));
    }
    Ok(without_nul(text))
}

pub(super) fn maybe(field: &str, value: Option<String>) -> Fit<Option<String>> {
    value.map(|value| text(field, value)).transpose()
}

pub(super) fn list<T, U>(field: &str, items: Vec<T>, read: impl FnMut(T) -> Fit<U>) -> Fit<Vec<U>> {
    bounded(field, items.len(), LIST_MAX)?;
    items.into_iter().map(read).collect()
}

pub(super) fn texts(field: &str, items: Vec<String>) -> Fit<Vec<String>> {
    list(field, items, |item| text(field, item))
}

/// The items of a page, each fault with the place of its item.
pub(super) fn items<T, U>(items: Vec<T>, mut read: impl FnMut(T) -> Fit<U>) -> Fit<Vec<U>> {
    bounded("items", items.len(), PAGE_ITEMS_MAX)?;
    let numbered = items.into_iter().enumerate();
    numbered.map(|(at, item)| read(item).map_err(|fault| format!("item {}: {fault}", at.saturating_add(1)))).collect()
}

fn bounded(field: &str, length: usize, max: usize) -> Fit<()> {
    if length > max { Err(format!("`{field}` has {length} entries; the limit is {max}")) } else { Ok(()) }
}

pub(super) fn native_id(field: &str, id: String) -> Fit<NativeId> {
    checked_id(field, id).map(NativeId::new)
}

pub(super) fn worker_id(field: &str, id: String) -> Fit<WorkerId> {
    checked_id(field, id).map(WorkerId::new)
}

fn checked_id(field: &str, id: String) -> Fit<String> {
    if id.is_empty() {
        return Err(format!("`{field}` is empty, and it is an id"));
    }
    if id.len() > NATIVE_ID_BYTES_MAX {
        return Err(format!("`{field}` has {} bytes; the limit of an id is {NATIVE_ID_BYTES_MAX}", id.len()));
    }
    if id.contains('\0') {
        return Err(format!("`{field}` holds a NUL, and it is an id"));
    }
    Ok(id)
}

/// RFC 3339 with an offset, and nothing more lenient: a moment that two readers read differently is no evidence.
pub(super) fn instant(field: &str, text: &str) -> Fit<Timestamp> {
    let wrong =
        || format!("`{field}` must be RFC 3339 with an offset, such as 2026-03-31T17:00:00Z, and is {}", quoted(text));
    if !is_rfc3339(text.as_bytes()) {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

pub(super) fn maybe_instant(field: &str, value: Option<String>) -> Fit<Option<Timestamp>> {
    value.map(|value| instant(field, &value)).transpose()
}

fn is_rfc3339(text: &[u8]) -> bool {
    let Some((moment, rest)) = text.split_at_checked("2026-03-31T17:00:00".len()) else { return false };
    let rest = match rest.strip_prefix(b".") {
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            fraction.get(digits..).unwrap_or_default()
        }
        None => rest,
    };
    looks_like(moment, b"0000-00-00T00:00:00")
        && (rest == b"Z" || looks_like(rest, b"+00:00") || looks_like(rest, b"-00:00"))
}

/// A 0 in the pattern stands for any digit.
fn looks_like(text: &[u8], pattern: &[u8]) -> bool {
    let fits = |(byte, like): (&u8, &u8)| if *like == b'0' { byte.is_ascii_digit() } else { byte == like };
    text.len() == pattern.len() && text.iter().zip(pattern).all(fits)
}

pub(super) fn attributes<T>(attributes: Vec<T>, read: impl Fn(T) -> Fit<(String, Value)>) -> Fit<Attributes> {
    bounded("attributes", attributes.len(), ATTRIBUTES_MAX)?;
    let mut all = Attributes::new();
    for attribute in attributes {
        let (name, value) = read(attribute)?;
        if name.is_empty() {
            return Err("an attribute has no name".to_owned());
        }
        if all.contains_key(&name) {
            return Err(format!("the attribute {} is there twice", quoted(&name)));
        }
        all.insert(name, value);
    }
    Ok(all)
}

/// JSON text. serde_json bounds its depth; numbers that JSON has no form for can't be written in it.
pub(super) fn json(name: &str, text: &str) -> Fit<Value> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("the attribute {} has {} bytes; the limit is {TEXT_BYTES_MAX}", quoted(name), text.len()));
    }
    let value = serde_json::from_str(text)
        .map_err(|error| format!("the attribute {} is not the JSON that it says it is: {error}", quoted(name)))?;
    Ok(plain(value))
}

/// Without NUL, however deep.
fn plain(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_nul(text)),
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (without_nul(name), plain(value))).collect())
        }
        other => other,
    }
}

fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// The start of a text, fit to stand in a sentence.
fn quoted(text: &str) -> String {
    const CHARS: usize = 60;
    let mut start: String = text.chars().take(CHARS).collect();
    if start.len() < text.len() {
        start.push_str("...");
    }
    format!("\"{}\"", escape(&start))
}

/// Control characters, and those that turn the direction of a line, written out: what a plugin says must not be able to
/// forge a line of a log or of a terminal.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' => out.extend(letter.escape_default()),
            letter if misleads(letter) => out.extend(letter.escape_unicode()),
            letter => out.push(letter),
        }
    }
    out
}

/// A text that people read in logs and findings: escaped, and cut to the length of a log line.
pub(crate) fn sentence(text: &str) -> String {
    const CUT: &str = " [cut]";
    let mut out = escape(text);
    if out.len() > LOG_LINE_BYTES_MAX {
        out.truncate(out.floor_char_boundary(LOG_LINE_BYTES_MAX.saturating_sub(CUT.len())));
        out.push_str(CUT);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_an_offset_and_one_way_to_be_written() {
        for good in ["2026-03-31T17:00:00Z", "2026-03-31T17:00:00.1234567Z", "2026-03-31T17:00:00-03:30"] {
            assert!(instant("created-at", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "2026-03-31",
            "2026-03-31T17:00:00",
            "2026-03-31 17:00:00Z",
            "2026-03-31T17:00Z",
            "20260331T170000Z",
            "2026-03-31T17:00:00+01",
            "2026-03-31T17:00:00.Z",
            "2026-02-30T17:00:00Z",
            "2026-03-31T17:00:00+01:00[Europe/Paris]",
            "1774976400",
            "2026-03-31T17:00:00é",
        ] {
            assert!(instant("created-at", bad).is_err_and(|fault| fault.contains("`created-at`")), "{bad}");
        }
    }

    #[test]
    fn ids_are_neither_empty_nor_long_nor_unprintable_in_a_database() {
        assert!(native_id("id", "a".repeat(NATIVE_ID_BYTES_MAX)).is_ok());
        for bad in [String::new(), "a".repeat(NATIVE_ID_BYTES_MAX + 1), "a\0b".to_owned()] {
            assert!(native_id("id", bad).is_err());
        }
    }

    #[test]
    fn nul_never_reaches_a_database_but_breaks_no_listing() {
        assert_eq!(text("display-name", "a\0b".to_owned()).unwrap(), "a\u{fffd}b");
        let nested = json("x", r#"{"a\u0000": ["b\u0000"]}"#).unwrap();
        assert_eq!(nested.to_string(), "{\"a\u{fffd}\":[\"b\u{fffd}\"]}");
    }

    #[test]
    fn json_is_parsed_and_its_depth_is_bounded() {
        assert!(json("x", "{\"a\": NaN}").is_err());
        assert!(json("x", &format!("{}{}", "[".repeat(5000), "]".repeat(5000))).is_err());
    }

    #[test]
    fn what_a_plugin_says_stays_on_its_line() {
        assert_eq!(escape("a\nb\u{1b}[2Jc\u{202e}d"), "a\\nb\\u{1b}[2Jc\\u{202e}d");
        assert!(sentence(&"é\n".repeat(LOG_LINE_BYTES_MAX)).len() <= LOG_LINE_BYTES_MAX);
    }
}
