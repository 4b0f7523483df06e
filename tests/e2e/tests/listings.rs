//! Targets that show less, or more, than they hold. Nothing is taken from anybody because of a listing that is not whole;
//! only exits go on, because what they need was seen before.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_e2e::people::{Person, crowd};
use reeve_e2e::reeve::Reeve;
use reeve_e2e::workspace::Workspace;
use reeve_sim::misbehaviour::{Act, Rule, Work};
use serde_json::Value;

#[test]
fn a_listing_that_is_not_whole_removes_nothing_and_holds_up_no_exit() {
    let (workspace, reeve) = (Workspace::start(), Reeve::new(Database::Sqlite));
    // Several pages each, so that a listing can go wrong between them.
    workspace.govern_with(&reeve, "visible-after-s = 0\npage-size = 2");
    let people = [(1001, "Ines"), (1002, "Omar"), (1003, "Lena")];
    let people = people.map(|(number, given)| Person::new(number, given, "Duarte", "Finance"));
    reeve.hr(&people);
    reeve.day();
    let [mover, leaver, stays] = people;
    reeve.hr(&[mover.clone().moved("Sales", "Account Executive"), leaver.clone().left(), stays]);
    reeve.run(["sync", "hr"]).ok();
    let ledger = workspace.ledger();

    let faults = [
        ("lie about the total", "/Users", Act::LieAboutTotal { by: 2 }),
        ("a loop", "/Users", Act::LoopPages),
        ("a page twice", "/Users", Act::RepeatPage),
        ("an empty page", "/Users", Act::EmptyPage),
        ("web page", "/Users", Act::Html { status: 200, work: Work::Skipped }),
        ("broken JSON", "/Groups", Act::InvalidJson),
        ("lie about the total", "/Groups", Act::LieAboutTotal { by: -1 }),
    ];
    for (name, path, act) in faults {
        workspace.misbehave([Rule::new(act).on("GET", path)]);
        let read = reeve.run(["sync", "workspace"]);
        let doubt = read.json["read"][0]["doubt"].as_str().map(str::to_owned);
        assert!(doubt.is_some(), "{name} of {path}: {:#} {}", read.json, read.error);

        let plan = reeve.run(["plan"]).ok();
        assert_eq!(plan["plan"]["basis"]["systems"]["workspace"]["complete"], false, "{name} of {path}: {plan:#}");
        let taken = taken(&plan);
        assert!(!taken.is_empty(), "{name} of {path}: the exit is planned");
        assert!(taken.iter().all(|person| person == "Omar Duarte"), "{name} of {path}: {taken:?}");
    }
    assert_eq!(workspace.ledger(), ledger, "reading and planning change nothing");

    workspace.misbehave([]);
    reeve.run(["sync", "workspace"]).ok();
    let plan = reeve.run(["plan"]).ok();
    assert!(taken(&plan).contains(&"Ines Duarte".to_owned()), "a whole read moves the mover: {plan:#}");
    reeve.approve();
    reeve.run(["run"]).ok();
    assert_eq!(workspace.groups(&mover.email()), ["sales", "staff"]);
    assert!(!workspace.is_active(&leaver.email()));
}

#[test]
fn what_reeve_itself_took_away_is_no_loss() {
    let (workspace, reeve) = (Workspace::start(), Reeve::new(Database::Sqlite));
    workspace.govern(&reeve);
    reeve.guardrails("[feed]\nlost-percent-max = 100\n[plan]\nremoved-percent-max = 100\n");
    let people = crowd(5, "Finance");
    reeve.hr(&people);
    reeve.day();
    let after: Vec<_> =
        people.iter().enumerate().map(|(n, one)| if n == 0 { one.clone() } else { one.clone().left() }).collect();
    reeve.hr(&after);
    reeve.day();
    let read = reeve.run(["sync", "workspace"]).ok();
    assert_eq!(read["read"][0]["doubt"], Value::Null, "{read:#}");
    for person in &people[1..] {
        assert_eq!(reeve.case(&person.email())["state"], "closed", "four fifths left at once, and that was approved");
    }
}

/// What `reeve sync` may hold while a target sends what no target should, in bytes: some of the longest answers that are
/// taken, and the program itself.
const MEMORY_BYTES_MAX: u64 = 400 * 1024 * 1024;

#[test]
fn a_target_that_sends_too_much_or_nonsense_costs_little_memory_and_a_doubt() {
    let (workspace, reeve) = (Workspace::start(), Reeve::new(Database::Sqlite));
    workspace.govern(&reeve);
    let ines = Person::new(1001, "Ines", "Duarte", "Finance");
    reeve.hr(std::slice::from_ref(&ines));
    reeve.day();
    let body = |body: &str| Act::Answer {
        status: 200,
        work: Work::Skipped,
        retry_after: None,
        body: Some(body.to_owned()),
        content_type: None,
    };
    let listed = |user: &str| format!("{{\"totalResults\": 1, \"itemsPerPage\": 1, \"Resources\": [{user}]}}");
    for (name, act) in [
        ("ten gigabytes in ten megabytes", Act::GzipBomb { bytes: 10 << 30 }),
        ("a body without end", Act::Endless),
        ("brackets in brackets", Act::DeepJson { depth: 100_000 }),
        ("no text", Act::InvalidUtf8),
        ("a number beyond numbers", body("{\"totalResults\": 1e999, \"Resources\": []}")),
        ("a total below none", body("{\"totalResults\": -1, \"Resources\": []}")),
        ("a fraction of a user", body("{\"totalResults\": 0.5, \"Resources\": []}")),
        ("users that are no list", body("{\"totalResults\": 1, \"Resources\": {\"id\": \"1\"}}")),
        ("an id that is a number", body(&listed("{\"id\": 1, \"userName\": \"x\", \"active\": true}"))),
        ("an id that is long", body(&listed(&format!("{{\"id\": {:?}, \"userName\": \"x\"}}", "x".repeat(1025))))),
        ("an id with a NUL", body(&listed("{\"id\": \"a\\u0000b\", \"userName\": \"x\"}"))),
    ] {
        workspace.misbehave([Rule::new(act).on("GET", "/Users")]);
        let (read, peak_bytes) = reeve.run_weighed(["sync", "workspace"]);
        let doubt = read.json["read"][0]["doubt"].as_str();
        println!("{name}: {} MiB at most; {doubt:?}", peak_bytes >> 20);
        assert!(doubt.is_some(), "{name}: {:#} {}", read.json, read.error);
        assert!(peak_bytes < MEMORY_BYTES_MAX, "{name}: {peak_bytes} bytes");
        assert_eq!(reeve.run(["plan"]).ok()["hash"], Value::Null, "{name}");
    }
}

/// The people from whom a plan takes something.
fn taken(plan: &Value) -> Vec<String> {
    let takes =
        |operation: &&Value| ["disable", "delete", "revoke"].contains(&operation["action"]["do"].as_str().unwrap());
    let operations = plan["plan"]["operations"].as_array().unwrap().iter().filter(takes);
    operations.map(|operation| operation["person"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_answer_that_breaks_off_is_read_again_and_then_doubted() {
    let (workspace, reeve) = (Workspace::start(), Reeve::new(Database::Sqlite));
    workspace.govern(&reeve);
    reeve.hr(&[Person::new(1001, "Ines", "Duarte", "Finance")]);
    reeve.day();
    workspace.misbehave([Rule::new(Act::Truncate { keep_bytes: None }).on("GET", "/Users")]);
    let read = reeve.run(["sync", "workspace"]);
    assert!(read.error.contains("workspace was not read whole"), "{:#} {}", read.json, read.error);
    assert!(read.expect(4)["read"][0]["doubt"].is_string());
    assert!(workspace.fitted()[0] > 1, "a broken connection is worth another try");
    let shown = reeve.run(["identity", "show", "1001"]).ok();
    let held = shown["held"].as_array().unwrap();
    assert!(held.iter().all(|held| held["until"].is_null()), "what was known is still held: {shown:#}");
}
