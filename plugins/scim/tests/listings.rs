//! Whether a listing is whole, and what becomes of one that is not.

mod model;

use model::*;
use reeve_sdk::prelude::*;
use serde_json::json;

const FLAT: &str = r#"{"nested-groups": false}"#;

fn many(faults: Faults, users: usize) -> Shared {
    let server = server(faults);
    server.borrow_mut().users = (0..users).map(|n| user(&format!("u{n}"), &format!("u{n}@example.com"))).collect();
    server
}

fn is_whole(listed: &Listed<Account>, users: usize) {
    let expected: Vec<String> = (0..users).map(|n| format!("u{n}")).collect();
    assert_eq!(listed.items.iter().map(|account| account.id.clone()).collect::<Vec<_>>(), expected);
}

#[test]
fn a_page_shorter_than_asked_for_is_not_the_end() {
    let server = many(Faults { page_max: Some(7), ..Faults::default() }, 30);
    let listed = accounts(&server, "{}").unwrap();
    is_whole(&listed, 30);
    assert_eq!((listed.pages, listed.stated_total), (5, Some(30)));
}

#[test]
fn a_cursor_is_followed_to_its_end_where_the_server_says_that_it_has_cursors() {
    let server = many(Faults { by_cursor: true, page_max: Some(8), ..Faults::default() }, 20);
    is_whole(&accounts(&server, "{}").unwrap(), 20);
    let asked = server.borrow().seen.clone();
    assert_eq!(asked[1], "GET /Users cursor=&count=100");
    assert_eq!(asked[2], "GET /Users cursor=after-8&count=100");
    assert_eq!(asked.iter().filter(|line| line.contains("ServiceProviderConfig")).count(), 1);
}

#[test]
fn an_expired_cursor_starts_the_listing_anew() {
    let server = many(Faults { by_cursor: true, ..Faults::default() }, 3);
    let page = PageRequest { cursor: Some(r#"{"cursor":{"cursor":"old","count":2}}"#.to_owned()), size: 2 };
    assert_eq!(call(&server, "{}", |scim| scim.list_accounts(page).map(|_| ())), Err(Failure::CursorExpired));
}

#[test]
fn a_server_that_gives_less_than_it_states_is_shown_to_be_short() {
    let server = many(Faults { lost_users: 100, ..Faults::default() }, 900);
    let listed = accounts(&server, "{}").unwrap();
    assert_eq!((listed.items.len(), listed.stated_total), (900, Some(1_000)));
}

#[test]
fn a_server_without_a_total_is_read_to_its_first_empty_page_with_a_warning() {
    let server = many(Faults { no_total: true, page_max: Some(10), ..Faults::default() }, 20);
    let listed = accounts(&server, "{}").unwrap();
    is_whole(&listed, 20);
    assert_eq!((listed.pages, listed.stated_total, listed.warnings.len()), (3, None, 1));
}

#[test]
fn a_server_that_always_gives_its_first_page_is_refused() {
    let server = many(Faults { ignores_start: true, page_max: Some(10), ..Faults::default() }, 25);
    assert!(matches!(accounts(&server, "{}"), Err(Failure::Protocol(_))));
}

#[test]
fn groups_whose_cursor_comes_again_are_no_listing_without_end() {
    for no_total in [true, false] {
        let server =
            server(Faults { by_cursor: true, ignores_start: true, page_max: Some(2), no_total, ..Faults::default() });
        server.borrow_mut().groups = ["a", "b", "c"].map(|id| group(id, &[])).to_vec();
        assert!(matches!(grants(&server, FLAT), Err(Failure::Protocol(_))), "no total: {no_total}");
    }
}

#[test]
fn the_servers_own_maximum_is_not_exceeded() {
    let server = many(Faults::default(), 3);
    accounts(&server, r#"{"page-size": 1000}"#).unwrap();
    assert_eq!(server.borrow().seen[1], "GET /Users startIndex=1&count=200");
}

#[test]
fn a_page_of_html_is_a_fault_and_not_an_empty_listing() {
    let server = many(Faults { html: true, ..Faults::default() }, 3);
    assert!(matches!(accounts(&server, "{}"), Err(Failure::Protocol(_))));
    assert!(matches!(view(&server, "{}", "u1"), Err(Failure::Protocol(_))));
}

#[test]
fn groups_that_are_stated_and_not_given_fail_the_listing_of_grants() {
    let server = many(Faults { lost_groups: 1, ..Faults::default() }, 2);
    server.borrow_mut().groups = vec![group("g1", &["u0"])];
    let Err(Failure::Protocol(text)) = grants(&server, "{}") else { panic!("the listing was believed") };
    assert_eq!(text, "the target states 2 resources at /Groups and gave 1");
    let flat = grants(&server, r#"{"nested-groups": false}"#);
    assert!(matches!(flat, Err(Failure::Protocol(_))), "{flat:?}");
    let entitlements = list(&server, "{}", |scim, page| scim.list_entitlements(page)).unwrap();
    assert_eq!((entitlements.items.len(), entitlements.stated_total), (1, Some(2)));
}

#[test]
fn a_group_with_more_members_than_a_page_holds_is_given_in_parts() {
    let server = server(Faults::default());
    let ids: Vec<String> = (0..25_000).map(|n| format!("u{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    server.borrow_mut().groups = vec![group("g1", &ids), group("g2", &ids[..3])];
    let listed = grants(&server, r#"{"nested-groups": false}"#).unwrap();
    assert_eq!((listed.pages, listed.items.len()), (3, 25_003));
    let mut pairs: Vec<_> = listed.items.iter().map(|grant| (&grant.account, &grant.entitlement)).collect();
    pairs.sort();
    pairs.dedup();
    assert_eq!(pairs.len(), 25_003);
}

#[test]
fn a_group_that_changes_between_two_parts_starts_the_listing_anew() {
    let server = server(Faults::default());
    let ids: Vec<String> = (0..15_000).map(|n| format!("u{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    server.borrow_mut().groups = vec![group("g1", &ids)];
    let settings = r#"{"nested-groups": false}"#;
    let first = call(&server, settings, |scim| scim.list_grants(PageRequest::first(100))).unwrap();
    server.borrow_mut().groups = vec![group("g1", &ids[1..])];
    let next = PageRequest { cursor: first.state().next.clone(), size: 100 };
    assert_eq!(call(&server, settings, |scim| scim.list_grants(next)).map(|_| ()), Err(Failure::CursorExpired));
}

#[test]
fn what_a_user_says_becomes_an_account() {
    let server = server(Faults::default());
    server.borrow_mut().users = vec![json!({
        "id": "a/1", "userName": "ada", "externalId": "1001", "userType": "Contractor", "title": "Clerk",
        "name": { "givenName": "Ada", "familyName": "Ledger", "formatted": "Ada Ledger" },
        "emails": [{ "value": "home@example.com", "type": "home" }, { "value": "ada@example.com", "type": "work" }],
        "meta": { "created": "2026-01-02T03:04:05.123Z", "version": "W/\"7\"" },
        "roles": [{ "value": "auditor" }], "password": "never",
        ENTERPRISE: { "department": "Finance", "employeeNumber": "77", "manager": { "value": "b" } },
        "urn:example:User": { "badge": 12, "secret": "no" }
    })];
    let settings = r#"{"attributes": ["urn:example:User:badge"]}"#;
    let account = accounts(&server, settings).unwrap().items.remove(0);
    assert_eq!(account.login.as_deref(), Some("ada"));
    assert_eq!(account.email.as_deref(), Some("ada@example.com"));
    assert_eq!(account.display_name.as_deref(), Some("Ada Ledger"));
    assert_eq!(account.correlation_key.as_deref(), Some("1001"));
    assert_eq!(account.created_at.as_deref(), Some("2026-01-02T03:04:05.123Z"));
    assert_eq!(account.etag.as_deref(), Some("W/\"7\""));
    assert_eq!((account.kind, account.state), (AccountKind::Person, AccountState::Unknown));
    assert_eq!(account.native_state, "active is not given");
    let shown: Vec<_> = account.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    let expected = ["given-name", "family-name", "title", "userType", "department", "employeeNumber", "manager"];
    assert_eq!(shown, [&expected[..], &["urn:example:User:badge", "roles"]].concat());
    let by_number = accounts(&server, r#"{"correlation": "employee-number"}"#).unwrap().items.remove(0);
    assert_eq!(by_number.correlation_key.as_deref(), Some("77"));
}

#[test]
fn the_words_true_and_false_are_understood_and_others_are_not_guessed() {
    let server = server(Faults::default());
    let states = [json!(false), json!("False"), json!("TRUE"), json!("maybe"), json!(null)];
    server.borrow_mut().users =
        states.iter().map(|active| json!({ "id": active.to_string(), "active": active })).collect();
    let found: Vec<_> = accounts(&server, "{}").unwrap().items.into_iter().map(|a| (a.state, a.native_state)).collect();
    let expected = [
        (AccountState::Disabled, "active=false"),
        (AccountState::Disabled, "active=\"False\""),
        (AccountState::Active, "active=\"TRUE\""),
        (AccountState::Unknown, "active=\"maybe\""),
        (AccountState::Unknown, "active=null"),
    ];
    assert_eq!(found, expected.map(|(state, native)| (state, native.to_owned())));
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let server = server(Faults::default());
    for settings in
        [r#"{"page-size": 0}"#, r#"{"attributes": ["emails[type eq \"x\"]"]}"#, r#"{"attributes": ["a:b"]}"#]
    {
        assert!(matches!(accounts(&server, settings), Err(Failure::Invalid(_))), "{settings}");
    }
    assert!(server.borrow().seen.is_empty());
}
