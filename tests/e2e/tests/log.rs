//! The exported log, checked by tools that share no code with Reeve; and what happens when somebody edits it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::{Database, query};
use reeve_e2e::people::crowd;
use reeve_e2e::reeve::Reeve;
use reeve_e2e::workspace::Workspace;
use reeve_e2e::{peer, repo};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Reeve that has done something.
fn used() -> (Reeve, Workspace) {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    reeve.hr(&crowd(30, "Finance"));
    reeve.day();
    (reeve, workspace)
}

/// Whether a checker accepts the log, and what it says.
fn checked(program: impl AsRef<std::ffi::OsStr>, script: &str, log: &Path) -> (bool, String) {
    let script = repo().join("tests/log").join(script);
    let output = Command::new(program).arg(script).arg(log).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

fn flip_a_byte(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn two_checkers_that_are_not_ours_accept_the_log_and_refuse_a_changed_one() {
    let Some(python) = peer("a Python with pymerkle and tlog-scales", &["REEVE_LOG_PYTHON"]) else { return };
    let (reeve, _workspace) = used();
    let log = reeve.export_and_verify(&[reeve.checkpoint("head")]);
    let (ok, said) = checked("bash", "openssl_check.sh", &log);
    assert!(ok && said.starts_with("ok:"), "{said}");
    let (ok, said) = checked(&python[0], "check_tree.py", &log);
    assert!(ok && said.starts_with("ok:"), "{said}");

    flip_a_byte(&log.join("tile/entries/000"));
    let (ok, said) = checked(&python[0], "check_tree.py", &log);
    assert!(!ok && said.contains("entry"), "{said}");
    let ours = reeve.run(["log", "verify", log.to_str().unwrap()]).refused(1);
    assert!(ours.contains("entry ") && ours.contains("changed after it was signed"), "{ours}");

    let log = reeve.export_and_verify(&[]);
    flip_a_byte(&log.join("checkpoint"));
    assert!(!checked("bash", "openssl_check.sh", &log).0);
    assert!(!checked(&python[0], "check_tree.py", &log).0);
}

#[test]
fn a_row_that_was_edited_behind_reeves_back_stops_every_change_and_no_question() {
    let (reeve, _workspace) = used();
    query(&reeve.database_url(), "UPDATE log_entry SET entry = x'7b7d' WHERE seq = 20");
    let refusal = reeve.run(["sync"]).refused(3);
    assert!(refusal.contains("nothing is written") && refusal.contains("20"), "{refusal}");
    reeve.run(["identity", "list"]).ok();
    reeve.run(["leaver", "list"]).ok();
}

#[test]
fn a_log_that_was_begun_anew_does_not_continue_a_head_that_was_kept() {
    let (reeve, _workspace) = used();
    let (other, _other_workspace) = used();
    let head: PathBuf = other.checkpoint("head");
    let log = reeve.export_and_verify(&[]);
    let args = ["log", "verify", log.to_str().unwrap(), "--pinned", head.to_str().unwrap()];
    // Both have one origin; the key of the other is not trusted.
    assert!(reeve.run(args).refused(1).contains("pinned checkpoint"));
}
