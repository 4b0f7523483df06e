//! The conformance kit: every connector that comes with Reeve passes it against a real server or a stand-in, and each of
//! its checks is seen failing at a plugin that is dishonest in exactly that.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod bundled;
mod club;
mod dishonest;
mod template;

use reeve_e2e::reeve::{Output, Reeve};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Runs `reeve plugin check` beside a Reeve whose compiled code it shares. `secret` is a variable and its value.
fn check(reeve: &Reeve, file: &Path, more: &[&str], secret: Option<(&str, &str)>) -> Output {
    let args: Vec<_> = ["plugin", "check", file.to_str().unwrap()].into_iter().chain(more.iter().copied()).collect();
    let mut command: Command = reeve.command(args.iter().copied());
    command.envs(secret);
    reeve.output(&args.join(" "), command.spawn().unwrap())
}

/// The rows of a run by check, subject and result, with what was seen.
fn rows(report: &Value) -> Vec<(String, String, String, String)> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let row = |row: &Value| (text(row, "check"), text(row, "subject"), text(row, "result"), text(row, "detail"));
    report["checks"].as_array().unwrap_or_else(|| panic!("{report:#}")).iter().map(row).collect()
}

/// The checks that failed, by name.
fn failed(report: &Value) -> BTreeSet<String> {
    rows(report).into_iter().filter(|row| row.2 == "FAILED").map(|row| row.0).collect()
}

/// What the kit found wrong, for a test that expects nothing.
#[track_caller]
fn passes(output: Output, at_least: &[&str]) {
    let code = output.code;
    let wrong: Vec<_> = rows(&output.json).into_iter().filter(|row| row.2 == "FAILED").collect();
    assert!(code == 0 && wrong.is_empty(), "{code}: {wrong:#?} {}", output.error);
    // A check that does not apply any more would pass for ever.
    let fine: BTreeSet<_> = rows(&output.json).into_iter().filter(|row| row.2 == "ok").map(|row| row.0).collect();
    let lost: Vec<_> = at_least.iter().filter(|check| !fine.contains(**check)).collect();
    assert!(lost.is_empty(), "{lost:?} were not seen to hold: {:#?}", rows(&output.json));
}
