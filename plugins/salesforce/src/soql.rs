//! The text of a query (SOQL). Values go in quoted; lists of ids are cut so that the address stays short enough.

use reeve_sdk::percent;

/// A query in an address, percent-encoded, in bytes: the host sends 8 KiB, Salesforce takes 16,384 bytes with headers.
const QUERY_BYTES_MAX: usize = 7_000;

/// A text as a literal, with the escapes that the SOQL reference lists under "Quoted String Escape Sequences".
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// Queries that together ask for all of `values`: `{head} WHERE {field} IN (...)`.
pub fn in_chunks<'a>(head: &str, field: &str, values: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let close = |list: &str| format!("{head} WHERE {field} IN ({list})");
    let room = QUERY_BYTES_MAX.saturating_sub(percent::encode(&close("")).len());
    let comma = percent::encode(",").len();
    let (mut queries, mut list, mut used) = (Vec::new(), String::new(), 0);
    for value in values {
        let literal = quoted(value);
        let bytes = percent::encode(&literal).len() + comma;
        if !list.is_empty() && used + bytes > room {
            queries.push(close(&list));
            (list, used) = (String::new(), 0);
        }
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(&literal);
        used += bytes;
    }
    if !list.is_empty() {
        queries.push(close(&list));
    }
    queries
}
