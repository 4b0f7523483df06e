//! Times as Salesforce writes them, `2026-01-01T10:00:00.000+0000`: always UTC, so that they sort as text.

use jiff::Timestamp;

pub(super) fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

/// A time as a query may state it, in the form in which it is kept.
pub(super) fn normalised(text: &str) -> Option<String> {
    let read = |format| Timestamp::strptime(format, text).ok();
    text.parse::<Timestamp>().ok().or_else(|| read("%Y-%m-%dT%H:%M:%S%.f%z")).map(written)
}
