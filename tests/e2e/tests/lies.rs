//! Targets that answer one thing and do another. A change counts when a fresh read shows it, and never before; a change
//! whose answer was lost is looked for before it is asked for again. The workspace's ledger says what really happened.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_e2e::directory::Directory;
use reeve_e2e::people::{Person, crowd};
use reeve_e2e::reeve::Reeve;
use reeve_e2e::workspace::Workspace;
use reeve_sim::misbehaviour::{Act, RetryAfter, Rule, When, Work};
use serde_json::Value;

/// A leaver's exit is due at the workspace; nothing is planned yet.
fn about_to_leave() -> (Workspace, Reeve, Person) {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    let ines = Person::new(1001, "Ines", "Duarte", "Finance");
    let omar = Person::new(1002, "Omar", "Haddad", "Sales");
    reeve.hr(&[ines.clone(), omar.clone()]);
    reeve.day();
    reeve.hr(&[ines.clone().left(), omar]);
    reeve.run(["sync"]).ok();
    reeve.approve();
    (workspace, reeve, ines)
}

fn disabling(act: Act) -> Rule {
    Rule::new(act).on("PATCH", "/Users/*").with_body("active")
}

/// The one operation that a run left undone.
fn only_left(run: &Value) -> &Value {
    let left = run["left"].as_array().unwrap();
    assert_eq!(left.len(), 1, "{run:#}");
    &left[0]
}

/// What the log's entries of one kind say.
fn notes(reeve: &Reeve, event: &str) -> Vec<String> {
    let log = reeve.run(["log", "show", "--limit", "1000"]).ok();
    let entries = log.as_array().unwrap().iter().map(|row| &row["entry"]).filter(|entry| entry["event"] == event);
    entries.filter_map(|entry| entry["data"]["note"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_change_that_was_only_claimed_is_a_residual_and_keeps_the_case_open() {
    let (workspace, reeve, ines) = about_to_leave();
    workspace.misbehave([disabling(Act::Pretend)]);

    let run = reeve.run(["run"]).expect(4);
    let left = only_left(&run);
    assert_eq!((left["phase"].as_str(), left["kind"].as_str()), (Some("residual"), Some("disable")));
    assert!(workspace.is_active(&ines.email()), "the workspace did nothing");
    assert_eq!(reeve.case(&ines.email())["state"], "open");
    let certificate = reeve.certificate(&ines.email());
    assert!(certificate.contains("OPEN: access is left"), "{certificate}");
    assert!(certificate.contains("ACCESS LEFT") && !certificate.contains("NO ACCESS LEFT"), "{certificate}");

    workspace.misbehave([]);
    reeve.run(["run", "retry", left["operation"].as_str().unwrap()]).ok();
    let run = reeve.run(["run"]).ok();
    assert!(!workspace.is_active(&ines.email()));
    assert_eq!(run["cases-closed"].as_array().unwrap().len(), 1, "{run:#}");
    assert!(reeve.certificate(&ines.email()).contains("NO ACCESS LEFT"));
}

#[test]
fn an_error_after_the_work_does_not_make_a_second_account() {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    let people = crowd(3, "Finance");
    reeve.hr(&people);
    reeve.run(["sync"]).ok();
    reeve.approve();
    let lie = Act::Answer { status: 500, work: Work::Done, retry_after: None, body: None, content_type: None };
    workspace.misbehave([Rule::new(lie).on("POST", "/Users").when(When::First(2))]);

    reeve.run(["run"]).ok();
    let mut created = workspace.created();
    created.sort();
    assert_eq!(created, people.iter().map(Person::email).collect::<Vec<_>>());
    assert_eq!(workspace.fitted(), [3], "no creation was asked for twice");
    assert_eq!(reeve.phases().into_keys().collect::<Vec<_>>(), ["verified"]);
}

#[test]
fn an_answer_that_is_lost_costs_a_read_and_no_account() {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    let people = crowd(3, "Finance");
    reeve.hr(&people);
    reeve.run(["sync"]).ok();
    reeve.approve();
    let nth = |number, act| Rule::new(act).on("POST", "/Users").when(When::Nth(number));
    workspace.misbehave([
        nth(1, Act::Close { work: Work::Done }),
        nth(2, Act::Close { work: Work::Skipped }),
        nth(3, Act::Html { status: 200, work: Work::Skipped }),
    ]);

    reeve.run(["run"]).ok();
    let mut created = workspace.created();
    created.sort();
    assert_eq!(created, people.iter().map(Person::email).collect::<Vec<_>>());
    assert_eq!(workspace.fitted()[0], 5, "only the two that were not done are asked for again");
    let page = notes(&reeve, "operation.unknown");
    assert!(page.iter().any(|note| note.contains("did not say under which id")), "{page:?}");
}

#[test]
fn a_target_that_asks_to_wait_is_waited_for() {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    let person = Person::new(1001, "Ines", "Duarte", "Finance");
    reeve.hr(std::slice::from_ref(&person));
    reeve.run(["sync"]).ok();
    reeve.approve();
    let retry_after = Some(RetryAfter::Seconds(2));
    let act = Act::Answer { status: 429, work: Work::Skipped, retry_after, body: None, content_type: None };
    workspace.misbehave([Rule::new(act).on("POST", "/Users").when(When::First(1))]);

    let began = jiff::Timestamp::now();
    reeve.run(["run"]).ok();
    assert_eq!(workspace.created(), [person.email()]);
    assert_eq!(workspace.fitted(), [2]);
    let created = workspace.ledger().iter().find(|entry| entry.name == person.email()).unwrap().at;
    assert!(created.duration_since(began).as_secs() >= 2, "created at {created}, begun at {began}");
}

#[test]
fn a_leavers_change_that_keeps_failing_waits_longer_each_time_and_goes_on_by_itself() {
    let (workspace, reeve, ines) = about_to_leave();
    let fails = Act::Answer { status: 500, work: Work::Skipped, retry_after: None, body: None, content_type: None };
    workspace.misbehave([disabling(fails)]);

    let run = reeve.run(["run", "--patience", "2"]).expect(4);
    let left = only_left(&run);
    assert_eq!((left["phase"].as_str(), left["kind"].as_str()), (Some("waiting"), Some("disable")));
    assert!(left["trouble"].as_str().unwrap().contains("active=true"), "{left:#}");
    assert_eq!(reeve.case(&ines.email())["state"], "open");

    workspace.misbehave([]);
    reeve.run(["run"]).ok();
    assert!(!workspace.is_active(&ines.email()), "no person has to release it");
    assert_eq!(reeve.case(&ines.email())["state"], "closed");
}

#[test]
fn a_system_that_is_down_delays_itself_and_nobody_else() {
    let Some(directory) = Directory::start() else { return };
    let mut workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    directory.govern(&reeve);
    let ines = Person::new(1001, "Ines", "Duarte", "Finance");
    let omar = Person::new(1002, "Omar", "Haddad", "Sales");
    reeve.hr(&[ines.clone(), omar.clone()]);
    reeve.day();
    directory.set_password(&ines.login(), "before");
    reeve.hr(&[ines.clone().left(), omar.clone()]);
    reeve.run(["sync"]).ok();
    reeve.approve();

    workspace.stop();
    let run = reeve.run(["run", "--patience", "2"]).expect(4);
    assert!(run["left"].as_array().unwrap().iter().all(|left| left["system"] == "workspace"), "{run:#}");
    assert!(!directory.signs_in(&ines.login(), "before"), "the directory is done");
    assert_eq!(directory.groups(&ines.login()), [] as [&str; 0]);
    reeve.run(["sync", "directory"]).ok();
    let certificate = reeve.certificate(&ines.email());
    assert!(certificate.contains("directory       CLEAN"), "{certificate}");
    assert!(certificate.contains("OPEN"), "{certificate}");
    assert_eq!(reeve.case(&ines.email())["state"], "open");

    workspace.start_again();
    assert!(workspace.is_active(&ines.email()), "nothing was done meanwhile");
    reeve.run(["run"]).ok();
    assert!(!workspace.is_active(&ines.email()) && workspace.is_active(&omar.email()));
    assert!(reeve.certificate(&ines.email()).contains("NO ACCESS LEFT"));
}

#[test]
fn a_system_is_asked_for_eight_changes_at_a_time_and_no_more() {
    const LEAVERS: u32 = 24;
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    // Without groups, so that no operation of a leaver waits for another one.
    let policy = "[[birthright]]\nname = \"staff\"\nbecause = \"Everybody.\"\ngive = { workspace = [] }\n";
    std::fs::write(reeve.home().join("policy/birthright.toml"), policy).unwrap();
    reeve.guardrails("[feed]\nlost-percent-max = 100\n[plan]\nremoved-percent-max = 100\n");
    let people = crowd(LEAVERS + 1, "Finance");
    reeve.hr(&people);
    reeve.day();
    let left = people.iter().skip(1).map(|leaver| leaver.clone().left());
    reeve.hr(&people.iter().take(1).cloned().chain(left).collect::<Vec<_>>());
    reeve.run(["sync"]).ok();
    reeve.approve();
    workspace.misbehave([disabling(Act::Slow { chunk_bytes: 1_000, delay_ms: 500 })]);
    let before = reeve.run(["log", "show", "--limit", "1000"]).ok().as_array().unwrap().len();
    reeve.run(["run"]).ok();

    let log = reeve.run(["log", "show", "--limit", "1000"]).ok();
    let (mut now, mut most) = (0, 0);
    for row in log.as_array().unwrap().iter().skip(before) {
        match row["entry"]["event"].as_str().unwrap() {
            "operation.intended" => now += 1,
            "operation.verified" => now -= 1,
            _ => {}
        }
        most = most.max(now);
    }
    assert_eq!((most, now), (8, 0));
}

/// It is the first in every plan, and there is more work for the other one than is begun at once.
#[test]
fn a_system_that_is_down_and_comes_first_takes_no_turn_from_the_next_one() {
    const LEAVERS: u32 = 8;
    let Some(mut directory) = Directory::start() else { return };
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    directory.govern(&reeve);
    reeve.guardrails("[feed]\nlost-percent-max = 100\n[plan]\nremoved-percent-max = 100\n");
    let people = crowd(LEAVERS + 1, "Finance");
    reeve.hr(&people);
    reeve.day();
    let (stays, leavers) = people.split_first().unwrap();
    let left = leavers.iter().map(|leaver| leaver.clone().left());
    reeve.hr(&[stays.clone()].into_iter().chain(left).collect::<Vec<_>>());
    reeve.run(["sync"]).ok();
    let operations = reeve.approve();
    assert_eq!(operations[0]["system"], "directory", "{operations:#?}");

    directory.stop();
    let run = reeve.run(["run", "--patience", "2"]).expect(4);
    let left = run["left"].as_array().unwrap();
    assert!(left.iter().all(|left| left["system"] == "directory"), "the workspace was not served meanwhile: {run:#}");
    for leaver in leavers {
        let login = leaver.email();
        assert!(!workspace.is_active(&login) && workspace.groups(&login).is_empty(), "{login} is out of the workspace");
    }

    directory.start_again();
    reeve.run(["run"]).ok();
    for leaver in leavers {
        assert_eq!(directory.groups(&leaver.login()), [] as [&str; 0], "{} is out of the directory", leaver.login());
        assert_eq!(reeve.case(&leaver.email())["state"], "closed");
    }
    assert!(workspace.is_active(&stays.email()) && !directory.groups(&stays.login()).is_empty(), "nobody else");
}
