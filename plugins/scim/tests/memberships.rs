//! Who holds what: directly, through groups inside groups, and by what the user's own copy says.

#![expect(clippy::unwrap_used, reason = "tests")]

mod model;

use model::*;
use reeve_sdk::prelude::*;
use serde_json::json;

const FLAT: &str = r#"{"nested-groups": false}"#;

fn through(group: &str) -> GrantSource {
    GrantSource::InheritedFrom(group.to_owned())
}

/// Ada is in `team`, which is in `unit`, which is in `firm`; Bea is in `unit` herself. `firm` is in `team` again, so that
/// the groups go round in a circle.
fn nested(typed: bool, faults: Faults) -> Shared {
    let server = server(faults);
    let member = |id: &str, kind: &str| {
        if typed { json!({ "value": id, "type": kind }) } else { json!({ "value": id }) }
    };
    let group = |id: &str, members: Vec<serde_json::Value>| json!({ "id": id, "displayName": id, "members": members });
    let mut state = server.borrow_mut();
    state.users = vec![user("ada", "ada@example.com"), user("bea", "bea@example.com")];
    state.groups = vec![
        group("firm", vec![member("unit", "Group")]),
        group("team", vec![member("ada", "User"), member("firm", "Group")]),
        group("unit", vec![member("team", "Group"), member("bea", "User")]),
        group("other", vec![]),
    ];
    drop(state);
    server
}

fn listed(server: &Shared, settings: &str) -> Vec<(String, String, GrantSource)> {
    let grants = grants(server, settings).unwrap().items;
    let mut grants: Vec<_> = grants.into_iter().map(|g| (g.account, g.entitlement, g.source)).collect();
    grants.sort_by_key(|grant| format!("{grant:?}"));
    grants
}

fn expected() -> Vec<(String, String, GrantSource)> {
    let all = [
        ("ada", "firm", through("team")),
        ("ada", "team", GrantSource::Direct),
        ("ada", "unit", through("team")),
        ("bea", "firm", through("unit")),
        ("bea", "team", through("unit")),
        ("bea", "unit", GrantSource::Direct),
    ];
    all.map(|(account, group, source)| (account.to_owned(), group.to_owned(), source)).to_vec()
}

#[test]
fn a_group_inside_a_group_gives_the_outer_one_too() {
    for typed in [true, false] {
        for page_max in [None, Some(1)] {
            let server = nested(typed, Faults { page_max, ..Faults::default() });
            assert_eq!(listed(&server, "{}"), expected(), "typed: {typed}, pages of {page_max:?}");
        }
    }
}

#[test]
fn a_fresh_read_of_an_account_agrees_with_the_listing() {
    for faults in [
        Faults::default(),
        Faults { refuses_filter: true, ..Faults::default() },
        Faults { ignores_filter: true, ..Faults::default() },
        Faults { finds_no_members: true, ..Faults::default() },
        Faults { page_max: Some(1), ..Faults::default() },
        Faults { by_cursor: true, page_max: Some(1), ..Faults::default() },
    ] {
        let server = nested(false, faults.clone());
        for account in ["ada", "bea"] {
            let of_listing = expected().into_iter().filter(|(id, ..)| id == account).map(|(_, group, s)| (group, s));
            assert_eq!(held(&server, "{}", account), of_listing.collect::<Vec<_>>(), "{faults:?}");
        }
    }
}

#[test]
fn only_what_was_given_to_the_account_itself_can_be_revoked() {
    let grants = grants(&nested(true, Faults::default()), "{}").unwrap().items;
    assert!(grants.iter().all(|grant| grant.revocable == (grant.source == GrantSource::Direct)), "{grants:?}");
}

#[test]
fn holding_a_group_brings_along_the_groups_that_it_is_in() {
    for typed in [true, false] {
        let server = nested(typed, Faults { page_max: Some(2), ..Faults::default() });
        server.borrow_mut().groups.push(group("circle", &["circle"]));
        let listed = list(&server, "{}", |scim, page| scim.list_entitlements(page)).unwrap();
        let contains: Vec<_> = listed.items.iter().map(|e| (e.id.as_str(), e.contains.join(","))).collect();
        let expected = [("firm", "team"), ("team", "unit"), ("unit", "firm"), ("other", ""), ("circle", "")];
        assert_eq!(contains, expected.map(|(id, of)| (id, of.to_owned())));
        assert_eq!(listed.stated_total, Some(5));
    }
}

#[test]
fn without_nesting_groups_are_listed_page_by_page_and_without_their_members() {
    let server = nested(true, Faults { page_max: Some(2), ..Faults::default() });
    let listed = list(&server, FLAT, |scim, page| scim.list_entitlements(page)).unwrap();
    assert_eq!((listed.pages, listed.items.len()), (2, 4));
    assert!(server.borrow().seen[1].contains("excludedAttributes=members"));
    let direct: Vec<_> = expected().into_iter().filter(|(.., source)| *source == GrantSource::Direct).collect();
    assert_eq!(self::listed(&server, FLAT), direct);
}

#[test]
fn a_user_and_a_group_of_the_same_id_are_told_apart_where_the_server_says_which_is_meant() {
    let server = server(Faults::default());
    server.borrow_mut().users = vec![user("1", "one@example.com")];
    server.borrow_mut().groups = vec![
        json!({ "id": "1", "members": [] }),
        json!({ "id": "2", "members": [{ "value": "1", "$ref": "https://id.example.com/v2/Users/1" }] }),
        json!({ "id": "3", "members": [{ "value": "1", "type": "Group" }] }),
    ];
    assert_eq!(held(&server, "{}", "1"), [("2".to_owned(), GrantSource::Direct)]);
    assert_eq!(listed(&server, "{}"), [("1".to_owned(), "2".to_owned(), GrantSource::Direct)]);
}

#[test]
fn a_member_that_is_neither_user_nor_group_is_nobodys_account() {
    let server = server(Faults::default());
    server.borrow_mut().groups = vec![json!({ "id": "g", "members": [{ "value": "printer", "type": "Device" }] })];
    assert_eq!(listed(&server, "{}"), []);
}

#[test]
fn a_listing_that_leaves_members_out_is_not_taken_for_empty_groups() {
    for search in ["{}", r#"{"filter": false}"#] {
        let server = nested(true, Faults { hides_members: Some(0), ..Faults::default() });
        assert_eq!(listed(&server, search), expected());
        assert_eq!(held(&server, search, "bea").len(), 3);
    }
}

#[test]
fn a_group_that_was_found_is_looked_into_even_if_the_search_does_not_show_its_members() {
    let server = nested(true, Faults { hides_members: Some(2), ..Faults::default() });
    assert_eq!(held(&server, "{}", "ada").len(), 3);
}

#[test]
fn a_server_that_ignored_one_search_is_not_asked_again() {
    let server = nested(true, Faults { ignores_filter: true, ..Faults::default() });
    assert_eq!(held(&server, "{}", "ada").len(), 3);
    let seen = server.borrow().seen.clone();
    assert_eq!(seen.iter().filter(|line| line.contains("filter=")).count(), 1, "{seen:?}");
}

#[test]
fn large_groups_that_hide_their_members_are_found_by_a_check_and_read_one_by_one() {
    let server = nested(true, Faults { hides_members: Some(2), ..Faults::default() });
    let probes = call(&server, "{}", |scim| scim.check()).unwrap();
    let members = probes.iter().find(|probe| probe.name == "members").unwrap();
    assert!(!members.passed && members.detail.contains("read-each-group"), "{members:?}");
    let each = r#"{"read-each-group": true}"#;
    assert_eq!(listed(&server, each), expected());
    assert_eq!(held(&server, each, "bea").len(), 3);
    assert!(call(&server, each, |scim| scim.check()).unwrap().iter().all(|probe| probe.passed));
}

#[test]
fn the_users_own_copy_adds_to_what_the_groups_say() {
    let server = server(Faults::default());
    let mut ada = user("ada", "ada@example.com");
    ada["groups"] =
        json!([{ "value": "team", "type": "direct" }, { "value": "rule", "type": "indirect" }, { "value": "old" }]);
    server.borrow_mut().users = vec![ada];
    server.borrow_mut().groups = vec![group("team", &["ada"])];
    let held = held(&server, "{}", "ada");
    assert_eq!(held[0], ("old".to_owned(), GrantSource::Unknown));
    assert!(matches!(&held[1], (group, GrantSource::ByRule(_)) if group == "rule"), "{held:?}");
    assert_eq!(held[2], ("team".to_owned(), GrantSource::Direct));
    assert_eq!(held.len(), 3);
}

#[test]
fn without_search_a_copy_is_enough_and_without_a_copy_all_groups_are_looked_through() {
    let server = nested(true, Faults::default());
    let blind = r#"{"filter": false}"#;
    assert_eq!(held(&server, blind, "bea").len(), 3);
    server.borrow_mut().users[1]["groups"] = json!([{ "value": "unit", "type": "direct" }]);
    server.borrow_mut().seen.clear();
    assert_eq!(held(&server, blind, "bea"), [("unit".to_owned(), GrantSource::Direct)]);
    assert!(!server.borrow().seen.iter().any(|line| line.contains("/Groups")));
}

#[test]
fn nothing_found_is_believed_only_of_a_server_that_finds() {
    let server = nested(true, Faults::default());
    server.borrow_mut().users.push(user("cleo", "cleo@example.com"));
    assert_eq!(held(&server, "{}", "cleo"), []);
    let asked = server.borrow().seen.clone();
    let searched = |id: &str| asked.iter().any(|line| line.contains(&format!("filter=members.value eq \"{id}\"")));
    assert!(searched("cleo") && searched("unit"), "{asked:?}");
}

#[test]
fn a_short_answer_to_a_search_for_groups_is_no_proof_that_nothing_is_held() {
    let server = nested(true, Faults { refuses_filter: true, lost_groups: 1, ..Faults::default() });
    assert!(matches!(view(&server, "{}", "ada"), Err(Failure::Protocol(_))));
}

#[test]
fn a_group_that_comes_twice_hides_another_and_is_no_proof_either() {
    let server = nested(true, Faults { refuses_filter: true, drifts: true, page_max: Some(2), ..Faults::default() });
    assert!(matches!(view(&server, "{}", "ada"), Err(Failure::Unavailable(_))));
}

#[test]
fn only_scim_itself_can_say_that_an_account_does_not_exist() {
    let server = nested(true, Faults::default());
    assert_eq!(view(&server, "{}", "nobody"), Ok(None));
    server.borrow_mut().faults.html_404 = true;
    let Err(Failure::Protocol(text)) = view(&server, "{}", "ada") else { panic!("a page of HTML was believed") };
    assert!(text.contains("base URL"), "{text}");
}

#[test]
fn a_search_is_checked_again_and_an_ignored_one_is_searched_through() {
    for ignores_filter in [false, true] {
        let server = server(Faults { ignores_filter, page_max: Some(2), ..Faults::default() });
        let names = ["a@example.com", "b@example.com", "B@example.com.au", "c@example.com", "d@example.com"];
        server.borrow_mut().users = names.iter().map(|name| user(&format!("id-{name}"), name)).collect();
        let find = |by, key: &'static str| {
            let found = call(&server, "{}", |scim| scim.find_account(by, key)).unwrap();
            found.into_iter().map(|account| account.id).collect::<Vec<_>>()
        };
        assert_eq!(find(MatchBy::Login, "B@EXAMPLE.COM"), ["id-b@example.com"]);
        assert_eq!(find(MatchBy::Email, "d@example.com"), ["id-d@example.com"]);
        assert!(find(MatchBy::CorrelationKey, "1001").is_empty());
        assert!(find(MatchBy::Login, "nobody\" or userName pr or userName eq \"\\").is_empty());
    }
}

#[test]
fn a_value_cannot_end_the_filter_that_it_stands_in() {
    let server = server(Faults::default());
    call(&server, "{}", |scim| scim.find_account(MatchBy::CorrelationKey, "a\"b\\c\n")).unwrap();
    let asked = server.borrow().seen[1].clone();
    assert!(asked.contains(r#"filter=externalId eq "a\"b\\c\n"&"#), "{asked}");
}

#[test]
fn a_target_that_cannot_search_says_so() {
    let refused = nested(true, Faults { refuses_filter: true, ..Faults::default() });
    for (server, settings) in [(&refused, "{}"), (&refused, r#"{"filter": false}"#)] {
        let found = call(server, settings, |scim| scim.find_account(MatchBy::Login, "ada@example.com"));
        assert!(matches!(found, Err(Failure::Unsupported(_))), "{found:?}");
    }
    let described = call(&refused, r#"{"filter": false}"#, |scim| Ok(scim.describe())).unwrap();
    assert!(described.finds_by.is_empty());
}
