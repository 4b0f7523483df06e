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

/// The number of the entry that a checker names.
fn entry_named(said: &str) -> Option<u64> {
    let after = said.split_once("entry ")?.1;
    after.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
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
    let (ok, theirs) = checked(&python[0], "check_tree.py", &log);
    assert!(!ok && entry_named(&theirs).is_some(), "{theirs}");
    let ours = reeve.run(["log", "verify", log.to_str().unwrap()]).refused(1);
    assert!(ours.contains("changed after it was signed"), "{ours}");
    assert_eq!(entry_named(&ours), entry_named(&theirs), "{ours}; {theirs}");

    let log = reeve.export_and_verify(&[]);
    flip_a_byte(&log.join("checkpoint"));
    assert!(!checked("bash", "openssl_check.sh", &log).0);
    assert!(!checked(&python[0], "check_tree.py", &log).0);
}

#[test]
fn a_row_that_was_edited_behind_reeves_back_stops_every_change_and_no_question_on_sqlite() {
    edited(Database::Sqlite, "x'7b7d'");
}

#[test]
fn a_row_that_was_edited_behind_reeves_back_stops_every_change_and_no_question_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    edited(database, "'\\x7b7d'");
}

fn edited(database: Database, braces: &str) {
    let workspace = Workspace::start();
    let reeve = Reeve::new(database);
    workspace.govern(&reeve);
    let people = crowd(3, "Finance");
    reeve.hr(&people);
    reeve.day();
    query(&reeve.database_url(), &format!("UPDATE log_entry SET entry = {braces} WHERE seq = 20"));
    let ledger = workspace.ledger();
    reeve.hr(&[people[0].clone().left()]);
    let hash = "0".repeat(12);
    let person = people[1].email();
    let changes: [&[&str]; 7] = [
        &["sync"],
        &["plan"],
        &["approve", &hash],
        &["run"],
        &["leaver", "start", &person, "--reason", "now"],
        &["system", "remove", "workspace", "--reason", "none"],
        &["secret", "remove", "workspace/api/token"],
    ];
    for change in changes {
        let refusal = reeve.run(change.iter().copied()).refused(3);
        assert!(refusal.contains("nothing is written") && refusal.contains("entry 20"), "{change:?}: {refusal}");
    }
    let questions: [&[&str]; 5] = [
        &["identity", "list"],
        &["identity", "show", &person],
        &["leaver", "list"],
        &["plan", "list"],
        &["log", "show"],
    ];
    for question in questions {
        reeve.run(question.iter().copied()).ok();
    }
    assert_eq!(workspace.ledger(), ledger);
}

#[test]
fn an_export_replaces_an_earlier_one_and_nothing_else() {
    let (reeve, _workspace) = used();
    let first = reeve.export_and_verify(&[]);
    let head = reeve.path("first-head");
    std::fs::copy(first.join("checkpoint"), &head).unwrap();
    std::fs::write(first.join("tile/stray"), "left by the first").unwrap();
    reeve.run(["sync"]).ok();
    let second = reeve.export_and_verify(&[head]);
    assert_eq!(first, second);
    assert!(!second.join("tile/stray").exists(), "nothing of the first is left");

    let other = reeve.path("documents");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("letter"), "dear").unwrap();
    reeve.run(["log", "export", other.to_str().unwrap()]).refused(3);
    assert_eq!(std::fs::read_to_string(other.join("letter")).unwrap(), "dear");
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

/// Why a system could not be read is part of a case's story: each reason once.
#[test]
fn a_case_that_waits_for_a_system_that_can_not_be_read_says_so_in_the_log_once() {
    let (reeve, _workspace) = used();
    reeve.run(["leaver", "start", "5001", "--reason", "told by phone"]).ok();
    let notes = || {
        let log = reeve.run(["log", "show", "--limit", "1000"]).ok();
        let entries = log.as_array().unwrap().iter().map(|row| &row["entry"]);
        let reads = entries.filter(|entry| entry["event"] == "case.read").cloned();
        reads.filter(|entry| entry["data"]["proof"]["proof"] == "unread").collect::<Vec<_>>()
    };
    for (text, count) in [("[[[", 1), ("[[[", 1), ("no-such-rule = 1", 2)] {
        reeve.guardrails(text);
        reeve.run(["leaver", "check"]).ok();
        assert_eq!(notes().len(), count, "after {text:?}");
    }
    let last = notes().pop().unwrap();
    assert_eq!(last["data"]["system"], "workspace");
    assert_eq!(last["data"]["proof"], reeve.case("5001")["systems"]["workspace"]);
}

#[test]
fn what_a_command_failed_at_is_told_also_where_its_log_can_not_be_copied() {
    let (reeve, _workspace) = used();
    let config = reeve.home().join("reeve.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}\ncheckpoint-copy = \"/dev/null/copy\"\n")).unwrap();
    reeve.hr_text(b"");
    let refusal = reeve.run(["sync", "hr"]).refused(3);
    assert!(refusal.contains("feed of hr"), "{refusal}");
    let fault = reeve.run(["leaver", "start", "5001", "--reason", "told by phone"]).refused(1);
    assert!(fault.contains("/dev/null/copy"), "a command that did its work says what it could not do: {fault}");
}
