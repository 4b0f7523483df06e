//! What operations do to the server, and what its refusals mean.

#![expect(clippy::indexing_slicing, reason = "tests")]

mod model;

use model::*;
use reeve_sdk::prelude::*;
use serde_json::{Value as Json, json};

const PUT: &str = r#"{"dialect": "put"}"#;

fn staffed(faults: Faults) -> Shared {
    let server = server(faults);
    let mut ada = user("ada", "ada@example.com");
    ada["x:unknown"] = json!({ "kept": [1, 2] });
    ada["groups"] = json!([]);
    ada["meta"] = json!({ "version": "W/\"1\"" });
    ada["emails"] = json!([{ "value": "home@example.com" }, { "value": "ada@example.com", "type": "work" }]);
    server.borrow_mut().users = vec![ada];
    server.borrow_mut().groups = vec![group("team", &["bea"])];
    server.borrow_mut().groups[0]["meta"] = json!({ "version": "W/\"1\"" });
    server
}

fn apply(server: &Shared, settings: &str, operation: Operation) -> Result<Outcome, Failure> {
    call(server, settings, |scim| scim.apply(operation, "op-1"))
}

fn new_account() -> NewAccount {
    NewAccount {
        login: "cleo@example.com".into(),
        email: Some("cleo@example.com".into()),
        display_name: Some("Cleo Mint".into()),
        given_name: Some("Cleo".into()),
        family_name: Some("Mint".into()),
        correlation_key: Some("1003".into()),
        attributes: vec![Attribute::text("department", "Treasury"), Attribute::text("title", "Clerk")],
        entitlements: vec![],
    }
}

fn grant(account: &str) -> Operation {
    Operation::Grant(NewGrant { account: account.into(), entitlement: "team".into(), expires_at: None })
}

fn revoke(account: &str) -> Operation {
    Operation::Revoke(Membership { account: account.into(), entitlement: "team".into() })
}

fn update(attributes: &[(&str, &str)]) -> Operation {
    let attributes = attributes.iter().map(|(name, value)| Attribute::text(*name, *value)).collect();
    Operation::Update(AccountChange { account: "ada".into(), etag: None, attributes })
}

#[test]
fn nobody_is_put_into_a_group_who_is_not_there() {
    let server = server(Faults::default());
    server.borrow_mut().groups = vec![group("team", &[])];
    assert!(matches!(apply(&server, "{}", grant("nobody")), Err(Failure::NotFound(_))));
    assert!(server.borrow().writes().is_empty());
}

#[test]
fn a_new_account_carries_its_key_and_is_found_by_it() {
    let server = staffed(Faults::default());
    let outcome = apply(&server, "{}", Operation::Create(new_account())).unwrap();
    let id = outcome.account.unwrap();
    let found = call(&server, "{}", |scim| scim.find_account(MatchBy::CorrelationKey, "1003")).unwrap();
    assert_eq!(found.len(), 1);
    let account = &found[0];
    assert_eq!((account.id.as_str(), account.state), (id.as_str(), AccountState::Active));
    assert_eq!(account.email.as_deref(), Some("cleo@example.com"));
    assert_eq!(account.display_name.as_deref(), Some("Cleo Mint"));
    for expected in [("given-name", "Cleo"), ("family-name", "Mint"), ("department", "Treasury"), ("title", "Clerk")] {
        assert!(account.attributes.contains(&Attribute::text(expected.0, expected.1)), "{expected:?}");
    }
    let schemas = server.borrow().user(&id)["schemas"].clone();
    assert!(schemas.as_array().unwrap().contains(&json!(ENTERPRISE)), "{schemas}");
}

#[test]
fn a_login_that_is_taken_is_a_conflict() {
    let server = staffed(Faults::default());
    let taken = NewAccount { login: "ada@example.com".into(), ..new_account() };
    assert!(matches!(apply(&server, "{}", Operation::Create(taken)), Err(Failure::Conflict(_))));
}

#[test]
fn an_account_that_was_made_by_a_failing_server_is_found_again() {
    for faults in [
        Faults { create_then_500: true, ..Faults::default() },
        Faults { create_says_nothing: true, ..Faults::default() },
    ] {
        let server = staffed(faults);
        let made = apply(&server, "{}", Operation::Create(new_account()));
        assert!(matches!(made, Err(Failure::OutcomeUnknown(_))), "{made:?}");
        let found = call(&server, "{}", |scim| scim.find_account(MatchBy::Login, "cleo@example.com")).unwrap();
        assert_eq!(found[0].correlation_key.as_deref(), Some("1003"));
    }
}

#[test]
fn entitlements_from_birth_and_unknown_attributes_are_refused_before_anything_is_sent() {
    let server = staffed(Faults::default());
    let with_group = NewAccount { entitlements: vec!["team".into()], ..new_account() };
    assert!(matches!(apply(&server, "{}", Operation::Create(with_group)), Err(Failure::Invalid(_))));
    assert!(matches!(apply(&server, "{}", update(&[("departmnt", "x")])), Err(Failure::Invalid(_))));
    assert!(matches!(apply(&server, "{}", update(&[("active", "false")])), Err(Failure::Invalid(_))));
    assert!(server.borrow().seen.is_empty());
}

#[test]
fn a_change_names_what_it_changes_and_leaves_the_rest() {
    for (settings, faults) in
        [("{}", Faults::default()), ("{}", Faults { no_patch: true, ..Faults::default() }), (PUT, Faults::default())]
    {
        let server = staffed(faults);
        let wished = [("email", "ada@example.org"), ("department", "Audit"), ("given-name", "Ada"), ("login", "ada2")];
        assert_eq!(apply(&server, settings, update(&wished)).unwrap().status, Status::Done);
        let user = server.borrow().user("ada").clone();
        // The server's own, which some refuse to be told.
        assert!(server.borrow().bodies.iter().all(|body| body.get("meta").is_none() && body.get("groups").is_none()));
        assert_eq!(user["x:unknown"], json!({ "kept": [1, 2] }));
        assert_eq!(user["emails"][0]["value"], "home@example.com");
        assert_eq!(user["emails"][1], json!({ "value": "ada@example.org", "type": "work" }));
        assert_eq!((&user[ENTERPRISE]["department"], &user["name"]["givenName"]), (&json!("Audit"), &json!("Ada")));
        let account = view(&server, settings, "ada").unwrap().unwrap().account;
        assert_eq!((account.login.as_deref(), account.email.as_deref()), (Some("ada2"), Some("ada@example.org")));
        server.borrow_mut().seen.clear();
        assert_eq!(apply(&server, settings, update(&wished)).unwrap().status, Status::AlreadySo);
        assert!(server.borrow().writes().is_empty());
    }
}

#[test]
fn the_dialect_is_the_one_that_the_server_says() {
    let writes = |settings: &str, faults: Faults| {
        let server = staffed(faults);
        let result = apply(&server, settings, Operation::Disable("ada".into()));
        let writes = server.borrow().writes().into_iter().cloned().collect::<Vec<_>>();
        (result.map(|outcome| outcome.status), writes)
    };
    let no_patch = || Faults { no_patch: true, ..Faults::default() };
    assert_eq!(writes("{}", Faults::default()), (Ok(Status::Done), vec!["PATCH /Users/ada".to_owned()]));
    assert_eq!(writes("{}", no_patch()), (Ok(Status::Done), vec!["PUT /Users/ada".to_owned()]));
    // Nobody says what there is: PATCH is tried, and its absence changes nothing.
    let silent = Faults { no_config: true, ..no_patch() };
    let both = vec!["PATCH /Users/ada".to_owned(), "PUT /Users/ada".to_owned()];
    assert_eq!(writes("{}", silent), (Ok(Status::Done), both));
    let (refused, _) = writes(r#"{"dialect": "patch"}"#, no_patch());
    assert!(matches!(refused, Err(Failure::Unsupported(_))), "{refused:?}");
}

#[test]
fn disabling_and_enabling_read_first_and_leave_what_is_so() {
    let server = staffed(Faults::default());
    let state = |server: &Shared| view(server, "{}", "ada").unwrap().unwrap().account.state;
    let status = |operation| apply(&server, "{}", operation).map(|outcome| outcome.status);
    assert_eq!(status(Operation::Enable("ada".into())), Ok(Status::AlreadySo));
    assert_eq!(status(Operation::Disable("ada".into())), Ok(Status::Done));
    assert_eq!(state(&server), AccountState::Disabled);
    assert_eq!(status(Operation::Disable("ada".into())), Ok(Status::AlreadySo));
    assert_eq!(status(Operation::Enable("ada".into())), Ok(Status::Done));
    assert_eq!(state(&server), AccountState::Active);
    assert_eq!(server.borrow().writes().len(), 2);
    assert_eq!(status(Operation::Disable("nobody".into())), Ok(Status::AlreadySo));
    assert!(matches!(status(Operation::Enable("nobody".into())), Err(Failure::NotFound(_))));
}

#[test]
fn a_user_without_active_is_disabled_all_the_same() {
    let server = staffed(Faults::default());
    server.borrow_mut().users[0].as_object_mut().unwrap().remove("active");
    assert_eq!(apply(&server, "{}", Operation::Disable("ada".into())).unwrap().status, Status::Done);
    assert_eq!(view(&server, "{}", "ada").unwrap().unwrap().account.state, AccountState::Disabled);
}

#[test]
fn deleting_what_is_gone_is_done_already_unless_html_says_so() {
    let server = staffed(Faults::default());
    let delete = || apply(&server, "{}", Operation::Delete("ada".into())).map(|outcome| outcome.status);
    assert_eq!(delete(), Ok(Status::Done));
    assert_eq!(view(&server, "{}", "ada"), Ok(None));
    assert_eq!(delete(), Ok(Status::AlreadySo));
    server.borrow_mut().faults.html_404 = true;
    assert!(matches!(delete(), Err(Failure::Protocol(_))));
}

#[test]
fn a_membership_comes_and_goes_in_each_dialect() {
    for (settings, faults) in [
        ("{}", Faults::default()),
        ("{}", Faults { remove_by_value_only: true, ..Faults::default() }),
        ("{}", Faults { no_patch: true, etag: true, ..Faults::default() }),
        (PUT, Faults::default()),
    ] {
        let server = staffed(faults.clone());
        let status = |operation| apply(&server, settings, operation).map(|outcome| outcome.status);
        assert_eq!(status(grant("ada")), Ok(Status::Done));
        assert_eq!(server.borrow().members("team"), ["bea", "ada"]);
        assert_eq!(held(&server, settings, "ada"), [("team".to_owned(), GrantSource::Direct)]);
        assert_eq!(status(grant("ada")), Ok(Status::AlreadySo));
        assert_eq!(status(revoke("ada")), Ok(Status::Done), "{faults:?}");
        assert_eq!(server.borrow().members("team"), ["bea"]);
        assert_eq!(held(&server, settings, "ada"), []);
        assert_eq!(status(revoke("ada")), Ok(Status::AlreadySo));
    }
}

#[test]
fn an_id_cannot_end_the_path_that_it_stands_in() {
    let server = staffed(Faults::default());
    let id = r#"x" or value pr or value eq ""#;
    server.borrow_mut().groups[0] = group("team", &["bea", id]);
    apply(&server, "{}", revoke(id)).unwrap();
    assert_eq!(server.borrow().members("team"), ["bea"]);
}

#[test]
fn a_group_that_is_gone_cannot_be_given_and_need_not_be_taken() {
    let server = staffed(Faults::default());
    server.borrow_mut().groups.clear();
    assert!(matches!(apply(&server, "{}", grant("ada")), Err(Failure::NotFound(_))));
    assert_eq!(apply(&server, "{}", revoke("ada")).unwrap().status, Status::AlreadySo);
}

#[test]
fn an_end_date_that_the_target_would_not_keep_is_refused() {
    let server = staffed(Faults::default());
    let expires_at = Some("2026-12-31T00:00:00Z".to_owned());
    let operation = Operation::Grant(NewGrant { account: "ada".into(), entitlement: "team".into(), expires_at });
    assert!(matches!(apply(&server, "{}", operation), Err(Failure::Unsupported(_))));
    assert!(server.borrow().seen.is_empty());
}

#[test]
fn somebody_who_was_faster_is_not_overwritten() {
    for operation in [update(&[("title", "Clerk")]), grant("ada")] {
        let server = staffed(Faults { etag: true, rival: true, ..Faults::default() });
        let before: Json = json!([server.borrow().users[0]["title"], server.borrow().groups[0]["members"]]);
        let result = apply(&server, PUT, operation);
        assert!(matches!(result, Err(Failure::Conflict(_))), "{result:?}");
        assert_eq!(before, json!([server.borrow().users[0]["title"], server.borrow().groups[0]["members"]]));
    }
}

#[test]
fn a_value_of_another_type_is_written_as_what_it_is() {
    let server = staffed(Faults::default());
    let settings = r#"{"attributes": ["urn:example:User:limits", "nickName"]}"#;
    let value = Value::Json(r#"{"daily": 5}"#.into());
    let attribute = Attribute { name: "urn:example:User:limits".into(), value };
    let change = AccountChange { account: "ada".into(), etag: None, attributes: vec![attribute.clone()] };
    // The model's PATCH knows no foreign schema, PUT carries it.
    let put = r#"{"dialect": "put", "attributes": ["urn:example:User:limits", "nickName"]}"#;
    apply(&server, put, Operation::Update(change)).unwrap();
    assert_eq!(server.borrow().user("ada")["urn:example:User"], json!({ "limits": { "daily": 5 } }));
    let attributes = view(&server, settings, "ada").unwrap().unwrap().account.attributes;
    assert!(attributes.iter().any(|one| one.name == attribute.name), "{attributes:?}");
}

#[test]
fn what_it_cannot_do_is_not_described() {
    let server = staffed(Faults::default());
    let described = call(&server, "{}", |scim| Ok(scim.describe())).unwrap();
    let operations: Vec<_> = described.capabilities.iter().map(|capability| capability.operation).collect();
    use OperationKind::*;
    assert_eq!(operations, [Create, Update, Enable, Disable, Delete, Grant, Revoke]);
    let twice_is_once = |c: &&Capability| c.traits.contains(Traits::IDEMPOTENT);
    assert_eq!(described.capabilities.iter().filter(twice_is_once).count(), 6);
    let replacement = Replacement { account: "ada".into(), take: None, give: "team".into() };
    for operation in [Operation::Freeze("ada".into()), Operation::Replace(replacement)] {
        assert!(matches!(apply(&server, "{}", operation), Err(Failure::Unsupported(_))));
    }
    assert!(server.borrow().seen.is_empty(), "a description asks nobody");
}

#[test]
fn a_check_says_what_is_wrong_and_what_to_set() {
    let failed = |faults: Faults| {
        let server = staffed(faults);
        let probes = call(&server, "{}", |scim| scim.check()).unwrap();
        assert!(server.borrow().writes().is_empty());
        probes.into_iter().filter(|probe| !probe.passed).map(|probe| probe.name).collect::<Vec<_>>()
    };
    assert!(failed(Faults::default()).is_empty());
    assert!(failed(Faults { no_config: true, ..Faults::default() }).is_empty());
    assert_eq!(failed(Faults { ignores_filter: true, ..Faults::default() }), ["search"]);
    assert_eq!(failed(Faults { no_total: true, ..Faults::default() }), ["users", "groups"]);
    assert_eq!(failed(Faults { html: true, ..Faults::default() }), ["service provider config"]);
}
