//! Feeds that must not be believed, and the one exit that passes all the same.

use reeve_e2e::database::Database;
use reeve_e2e::people::{Person, crowd};
use reeve_e2e::reeve::Reeve;
use reeve_e2e::workspace::Workspace;

/// Ten people with accounts.
fn ten() -> (Workspace, Reeve, Vec<Person>) {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    let people = crowd(10, "Finance");
    reeve.hr(&people);
    reeve.day();
    (workspace, reeve, people)
}

#[test]
fn a_broken_feed_changes_nothing_and_one_named_exit_still_passes() {
    let (workspace, reeve, people) = ten();
    let before = workspace.ledger().len();
    let header = String::from_utf8(reeve_e2e::people::csv(&[]).into_bytes()).unwrap();
    for (what, bytes) in [
        ("cut to 40 %", reeve_e2e::people::csv(&people[..4]).into_bytes()),
        ("a header alone", header.into_bytes()),
        ("nothing", Vec::new()),
        ("a page", b"<!doctype html><html><body>Please sign in</body></html>".to_vec()),
    ] {
        reeve.hr_text(&bytes);
        let refusal = reeve.run(["sync"]).refused(3);
        assert!(refusal.contains("feed of hr"), "{what}: {refusal}");
        assert_eq!(reeve.run(["plan"]).ok()["hash"], serde_json::Value::Null, "{what}");
    }
    assert_eq!(workspace.ledger().len(), before);

    let leaver = people[7].email();
    let started = reeve.run(["leaver", "start", &leaver, "--reason", "security said so"]).ok();
    reeve.run(["approve", started["plan"].as_str().unwrap()]).ok();
    reeve.run(["run"]).ok();
    assert!(!workspace.is_active(&leaver));
    assert!(people.iter().filter(|person| person.email() != leaver).all(|person| workspace.is_active(&person.email())));
    assert!(reeve.certificate(&leaver).contains("NO ACCESS LEFT"));

    // What an operator answers for is applied.
    reeve.hr(&people[..4]);
    reeve.run(["sync", "hr", "--accept-loss", "--reason", "a branch was sold"]).ok();
}

#[test]
fn a_contract_that_ends_ends_access_without_a_word_from_hr() {
    let (workspace, reeve, mut people) = ten();
    people[3].kind = "Contractor";
    people[3].end = "2026-01-31".to_owned();
    reeve.hr(&people);
    reeve.day();
    assert!(!workspace.is_active(&people[3].email()) && workspace.is_active(&people[4].email()));
    assert_eq!(reeve.case(&people[3].email())["cause"], "contract-end");
}
