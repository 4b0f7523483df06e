//! Joiner, mover and leaver at Salesforce, over TLS: the compiled plugin in the sandbox, the real program, and the
//! stand-in, whose ledger says what was really done.

#![expect(clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_e2e::org::{Org, SignIn};
use reeve_e2e::people::Person;
use reeve_e2e::reeve::Reeve;
use reeve_sim::misbehaviour::{Act, RetryAfter, Rule, When, Work};
use serde_json::Value;

/// Every query's first page and every further one.
const QUERY: &str = "/services/data/v62.0/query";
const MORE: &str = "/services/data/v62.0/query/*";

fn governed(org: &Org, sign_in: SignIn) -> Reeve {
    let reeve = Reeve::new(Database::Sqlite);
    org.govern(&reeve, sign_in);
    reeve
}

#[track_caller]
fn has(changes: &[String], wanted: &[&str]) {
    for one in wanted {
        assert!(changes.iter().any(|change| change.contains(one)), "{one} is not in {changes:#?}");
    }
}

#[test]
fn people_come_move_and_go() {
    let org = Org::start();
    let reeve = governed(&org, SignIn::Assertion);
    let ines = Person::new(2001, "Ines", "Duarte", "Finance");
    let omar = Person::new(2002, "Omar", "Haddad", "Sales");
    reeve.hr(&[ines.clone(), omar.clone()]);
    reeve.day();
    has(&org.changes(&ines.email()), &["User created", "PermissionSetAssignment created"]);
    has(&org.changes(&omar.email()), &["User created", "User.UserRoleId=\"00E", "GroupMember created"]);

    let moved = ines.clone().moved("Sales", "Account Executive");
    reeve.hr(&[moved.clone(), omar.clone()]);
    reeve.day();
    let changes = org.changes(&ines.email());
    has(&changes, &["PermissionSetAssignment deleted", "User.UserRoleId=\"00E", "GroupMember created"]);
    has(&changes, &["User.Title=\"Account Executive\"", "User.Department=\"Sales\""]);

    let before = org.changes(&omar.email());
    reeve.hr(&[moved.left(), omar.clone()]);
    reeve.day();
    let changes = org.changes(&ines.email());
    has(&changes, &["User.IsActive=false", "User.UserRoleId=null", "User.ProfileId=\"00e", "GroupMember deleted"]);
    assert_eq!(org.changes(&omar.email()), before, "nobody else is touched");
    let certificate = reeve.certificate(&ines.email());
    assert!(certificate.contains("NO ACCESS LEFT"), "{certificate}");
    assert!(certificate.contains("IsActive=false"), "{certificate}");
}

/// Ben has what people gather in years: sets with their licence, a group, a queue, sessions, and tokens of two apps.
#[test]
fn what_outlives_a_deactivation_ends_with_it() {
    let org = Org::start();
    let reeve = governed(&org, SignIn::Secret);
    let ben = Person::new(1002, "Ben", "Buyer", "Sales");
    reeve.hr(std::slice::from_ref(&ben));
    reeve.day();
    reeve.hr(&[ben.clone().left()]);
    reeve.day();
    let changes = org.changes("ben@acme.example");
    let ended = |what: &str| changes.iter().filter(|change| *change == what).count();
    assert_eq!(ended("PermissionSetAssignment deleted"), 2, "{changes:#?}");
    assert_eq!(ended("PermissionSetLicenseAssign deleted"), 1, "{changes:#?}");
    assert_eq!(ended("GroupMember deleted"), 2, "{changes:#?}");
    assert_eq!(ended("AuthSession deleted"), 2, "{changes:#?}");
    assert_eq!(ended("OauthToken deleted"), 2, "{changes:#?}");
    let certificate = reeve.certificate(&ben.email());
    assert!(certificate.contains("NO ACCESS LEFT"), "{certificate}");
}

#[test]
fn a_leaver_who_can_not_be_deactivated_is_frozen_until_it_is_allowed() {
    let mut org = Org::start();
    let reeve = governed(&org, SignIn::Assertion);
    let dora = Person::new(1004, "Dora", "Director", "Finance");
    reeve.hr(std::slice::from_ref(&dora));
    reeve.day();
    reeve.hr(&[dora.clone().left()]);
    reeve.run(["sync"]).ok();
    reeve.approve();
    let run = reeve.run(["run"]).expect(4);
    let left = run["left"].as_array().unwrap();
    assert_eq!((left.len(), left[0]["kind"].as_str()), (1, Some("disable")), "{run:#}");

    let changes = org.changes("dora@acme.example");
    has(&changes, &["UserLogin.IsFrozen=true"]);
    assert!(!changes.iter().any(|change| change.starts_with("User.IsActive")), "{changes:#?}");
    let why = "You cannot disable the Default Lead Owner.";
    let certificate = reeve.certificate(&dora.email());
    let words = certificate.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("OPEN: access is left") && words.contains("IsActive=true, IsFrozen=true"), "{certificate}");
    assert!(words.contains("because: disable dora@acme.example") && words.contains(why), "{certificate}");
    let findings = reeve.run(["finding", "list"]).ok();
    let stuck = |findings: &Value| findings.to_string().matches(why).count();
    assert_eq!(stuck(&findings), 1, "{findings:#}");

    org.free_everybody();
    reeve.day();
    has(&org.changes("dora@acme.example"), &["User.IsActive=false"]);
    let certificate = reeve.certificate(&dora.email());
    assert!(certificate.contains("NO ACCESS LEFT"), "{certificate}");
    assert_eq!(stuck(&reeve.run(["finding", "list"]).ok()), 0);
}

/// What a sync says about `crm`.
fn read(reeve: &Reeve) -> Value {
    reeve.run(["sync", "crm"]).json["read"][0].clone()
}

/// Some 600 users, 200 an answer.
fn large() -> (Org, Reeve) {
    let org = Org::with(600, 200);
    let reeve = governed(&org, SignIn::Assertion);
    (org, reeve)
}

#[test]
fn a_token_that_dies_and_limits_that_pass_cost_no_row() {
    let (org, reeve) = large();
    let busy = |status, code: Option<&str>| match code {
        Some(code) => {
            Act::Refuse { status, code: Some(code.to_owned()), detail: "TotalRequests Limit exceeded.".into() }
        }
        None => Act::Answer {
            status,
            work: Work::Skipped,
            retry_after: Some(RetryAfter::Seconds(0)),
            body: None,
            content_type: None,
        },
    };
    org.misbehave([
        Rule::new(Act::EndToken).on("GET", MORE).when(When::Nth(1)),
        Rule::new(busy(403, Some("REQUEST_LIMIT_EXCEEDED"))).on("GET", MORE).when(When::Nth(3)),
        Rule::new(busy(429, None)).on("GET", QUERY).when(When::Nth(4)),
    ]);
    let read = read(&reeve);
    assert!(read["doubt"].is_null(), "{read:#}");
    assert!(org.fitted().iter().all(|fitted| *fitted > 0), "{:?}", org.fitted());
    assert_eq!(read["accounts"].as_u64(), Some(600 + 9 + 3), "{read:#}");
}

#[test]
fn a_listing_that_goes_round_in_circles_is_doubted() {
    let (org, reeve) = large();
    for (name, path, act) in [
        ("a loop", "/services/data/v62.0/query**", Act::LoopPages),
        ("a page twice", "/services/data/v62.0/query**", Act::RepeatPage),
        ("a lie about the total", QUERY, Act::LieAboutTotal { by: 5 }),
        ("a web page", MORE, Act::Html { status: 200, work: Work::Skipped }),
    ] {
        org.misbehave([Rule::new(act).on("GET", path)]);
        let read = read(&reeve);
        assert!(read["doubt"].is_string(), "{name}: {read:#}");
    }
    assert!(org.ledger().is_empty(), "reading changes nothing");
}
