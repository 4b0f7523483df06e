//! Every limit is a named constant with its unit.

use crate::source::Source;
use crate::{fires, holds, passes};

#[test]
fn a_limit_is_documented_and_names_its_unit() {
    let rule = |sources: &[Source]| {
        let mut faults = Vec::new();
        for source in sources.iter().filter(|source| source.is("rs") && source.path.starts_with("host/")) {
            let mut doc = String::new();
            let mut before = "";
            for line in source.text.lines().map(str::trim) {
                if let Some(sentence) = line.strip_prefix("///") {
                    // Constants that stand together share what is said above the first.
                    if !before.starts_with("///") {
                        doc.clear();
                    }
                    doc.push_str(sentence);
                } else if !line.starts_with("pub const ") {
                    doc.clear();
                } else if let Some((name, kind)) = limit(line)
                    && let Some(fault) = limit_fault(name, kind, &doc)
                {
                    faults.push(format!("{}: {name} {fault}", source.path));
                }
                before = line;
            }
        }
        faults
    };
    let at = "host/core/src/a.rs";
    fires(rule, at, "pub const ROWS_MAX: u32 = 5;");
    fires(rule, at, "/// A body, in bytes.\npub const BODY_MAX: u32 = 5;");
    fires(rule, at, "/// The longest wait.\npub const WAIT_MAX: u64 = 5;");
    passes(rule, at, "/// A body, in bytes.\npub const BODY_BYTES_MAX: u32 = 5;");
    passes(rule, at, "/// The longest wait.\npub const WAIT_MAX: Duration = Duration::from_secs(5);");
    passes(rule, at, "/// The longest wait.\npub const WAIT_MAX_S: u64 = 5;");
    holds(rule);
}

/// The name and the type of a public constant that bounds something.
fn limit(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("pub const ")?.split_once(": ")?;
    let bounds = ["_MAX", "_MIN", "_MAX_S", "_MAX_MS", "_MIN_S", "_MIN_MS"].iter().any(|end| name.ends_with(end));
    bounds.then_some((name, rest.split(' ').next().unwrap_or(rest)))
}

fn limit_fault(name: &str, kind: &str, doc: &str) -> Option<&'static str> {
    let parts: Vec<_> = name.split('_').collect();
    let is_time = ["TIME", "TIMEOUT", "WAIT", "AGE", "IDLE", "BACKOFF"].iter().any(|word| parts.contains(word));
    let has_time_unit =
        kind.ends_with("Duration") || ["S", "MS", "DAYS", "HOURS", "MINUTES"].iter().any(|unit| parts.contains(unit));
    if doc.is_empty() {
        Some("says nowhere what it limits")
    } else if doc.contains("in bytes") && !parts.contains(&"BYTES") {
        Some("is in bytes and doesn't say so in its name")
    } else if is_time && !has_time_unit {
        Some("is a time without a unit: make it a Duration, or end it in _S or _MS")
    } else {
        None
    }
}
