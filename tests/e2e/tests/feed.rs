//! Feeds that must not be believed, the one exit that passes all the same, and an exit that no feed tells of.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_e2e::people::{Person, crowd, csv};
use reeve_e2e::reeve::Reeve;
use reeve_e2e::wait::until;
use reeve_e2e::workspace::Workspace;
use serde_json::Value;
use std::time::Duration;

const GUARDRAILS: &str = "[feed]\nlost-percent-max = 30\nmissing = \"leaver\"\n[plan]\nremoved-percent-max = 30\n";

/// Ten people with accounts. Whoever is missing from HR's file counts as leaving.
fn ten() -> (Workspace, Reeve, Vec<Person>) {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    reeve.guardrails(GUARDRAILS);
    let people = crowd(10, "Finance");
    reeve.hr(&people);
    reeve.day();
    (workspace, reeve, people)
}

#[test]
fn a_broken_feed_changes_nothing_and_one_named_exit_still_passes() {
    let (workspace, reeve, people) = ten();
    let before = workspace.ledger();
    let known = reeve.run(["identity", "list"]).ok();
    let whole = csv(&people).into_bytes();
    // Each by the guard that is there for it, so that none of them can be gone and stay unmissed behind another.
    for (what, bytes, why) in [
        ("cut to 40 % within a row", whole[..whole.len() * 2 / 5].to_vec(), "could not be read whole"),
        ("cut within the last row", whole[..whole.len() - 60].to_vec(), "could not be read whole"),
        ("cut to 40 % between two rows", csv(&people[..4]).into_bytes(), "would end the access of 6 of 10 people"),
        ("a header alone", csv(&[]).into_bytes(), "is empty, while 10 people are known from it"),
        ("nothing", Vec::new(), "could not be read whole"),
        ("a page", b"<!doctype html><html><body>Please sign in</body></html>".to_vec(), "could not be read whole"),
    ] {
        reeve.hr_text(&bytes);
        let read = reeve.run(["sync"]);
        assert_eq!(read.code, 3, "{what} was not refused: {:#} {}", read.json, read.error);
        let refusal = read.error;
        assert!(refusal.contains("feed of hr") && refusal.contains(why), "{what}: {refusal}");
        assert_eq!(reeve.run(["plan"]).ok()["hash"], Value::Null, "{what}");
        assert_eq!(reeve.run(["identity", "list"]).ok(), known, "{what}");
    }

    // What else is to be done waits for a plan of its own.
    reeve.birthrights(
        "[[birthright]]\nname = \"all\"\nbecause = \"The sales fair needs everybody.\"\nwhen = { department = [\"Finance\"] }\n\
         give = { workspace = [\"group:sales\"] }\n",
    );
    let leaver = people[7].email();
    let started = reeve.run(["leaver", "start", &leaver, "--reason", "security said so"]).ok();
    let plan = started["plan"].as_str().unwrap();
    let shown = reeve.run(["plan", "show", plan]).ok();
    let operations = shown["plan"]["operations"].as_array().unwrap();
    assert_eq!(operations.len(), 3, "an account and two groups: {operations:#?}");
    assert!(operations.iter().all(|operation| operation["identity"] == started["identity"]), "{operations:#?}");
    reeve.run(["approve", plan]).ok();
    reeve.run(["run"]).ok();
    assert!(!workspace.is_active(&leaver));
    assert!(people.iter().filter(|person| person.email() != leaver).all(|person| workspace.is_active(&person.email())));
    assert_eq!(workspace.ledger().len(), before.len() + 3);
    assert!(reeve.certificate(&leaver).contains("NO ACCESS LEFT"));
}

#[test]
fn a_loss_that_an_operator_answers_for_is_applied_once_and_the_plan_asks_again() {
    let (workspace, reeve, people) = ten();
    reeve.hr(&people[..4]);
    reeve.run(["sync"]).refused(3);
    reeve.run(["sync", "--accept-loss"]).expect(2);
    let read = reeve.run(["sync", "--accept-loss", "--reason", "a branch was sold"]).ok();
    assert_eq!(read["read"][0]["counts"]["missing"], 6, "{read:#}");

    let plan = reeve.run(["plan"]).ok();
    let hash = plan["hash"].as_str().unwrap();
    let refusal = reeve.run(["approve", hash]).refused(3);
    assert!(refusal.contains("removals/workspace"), "{refusal}");
    reeve.run(["approve", hash, "--accept", "removals/workspace"]).refused(3);
    assert!(people.iter().all(|person| workspace.is_active(&person.email())));
    reeve.run(["approve", hash, "--accept", "removals/workspace", "--reason", "a branch was sold"]).ok();
    reeve.run(["run"]).ok();
    for (at, person) in people.iter().enumerate() {
        assert_eq!(workspace.is_active(&person.email()), at < 4, "{}", person.email());
    }
}

#[test]
fn a_contract_ends_at_its_time_without_a_word_from_hr() {
    // A busy machine may need longer than the contract runs; then there is nothing to see, and the next one runs longer.
    let contracts = [15, 30, 60].map(Duration::from_secs);
    assert!(contracts.into_iter().any(contract_ends), "HR's file was not read in time, not even within {contracts:?}");
}

/// Whether the contract still ran when HR's word of its end had been read.
fn contract_ends(after: Duration) -> bool {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    let mut people = crowd(2, "Finance");
    people[0].kind = "Contractor";
    reeve.hr(&people);
    reeve.day();
    let (leaver, stays) = (people[0].email(), people[1].email());
    let end = jiff::Timestamp::now() + after;
    people[0].end = end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    reeve.hr(&people);
    reeve.run(["sync", "hr"]).ok();
    let planned = reeve.run(["plan"]).ok();
    if jiff::Timestamp::now() >= end - Duration::from_secs(1) {
        return false;
    }
    assert_eq!(planned["hash"], Value::Null, "the contract runs until {end}: {planned:#}");
    assert!(workspace.is_active(&leaver));

    // From here on nobody reads HR's file.
    let hash = until("the contract ends", || reeve.run(["plan"]).ok()["hash"].as_str().map(str::to_owned));
    reeve.run(["approve", &hash]).ok();
    reeve.run(["run"]).ok();
    assert!(!workspace.is_active(&leaver) && workspace.is_active(&stays));
    let disabled = workspace.ledger().into_iter().rfind(|entry| entry.changed.contains_key("active")).unwrap();
    assert!(disabled.at >= end - Duration::from_secs(1), "disabled at {}, and the contract ends at {end}", disabled.at);
    let case = reeve.case(&leaver);
    assert_eq!((case["cause"].as_str(), case["state"].as_str()), (Some("contract-end"), Some("closed")));
    true
}
