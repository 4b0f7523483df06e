//! Servers that lack something, change in between, lose answers or lie.

use crate::model::{Model, Ways, refused};
use crate::*;
use reeve_sdk::LdapError;
use serde_json::json;

const KIM: &str = "uid=kim,ou=people,dc=example,dc=com";
const TEAM: &str = "cn=team,ou=groups,dc=example,dc=com";

fn directory(ways: Ways) -> Model {
    let settings = json!({
        "people": "ou=people,dc=example,dc=com",
        "groups": "ou=groups,dc=example,dc=com",
        "placeholder-member": "cn=nobody,dc=example,dc=com",
    });
    let model = Model::new(settings, Ways { id_attribute: "entryUUID", needs_member: true, ..ways });
    put_person(&model, "kim");
    put_person(&model, "lou");
    model.put(TEAM, &[("objectClass", &["groupOfNames"]), ("cn", &["team"]), ("member", &[KIM])]);
    model
}

fn put_person(model: &Model, login: &str) {
    let dn = format!("uid={login},ou=people,dc=example,dc=com");
    model.put(&dn, &[("objectClass", &["person"]), ("uid", &[login])]);
}

#[test]
fn a_server_that_ignores_filters_is_not_believed() {
    let model = directory(Ways::default());
    let (id, team) = (id_of(&model, "kim"), group_id(&model, "team"));
    model.ways(|ways| ways.ignores_filters = true);
    for operation in [Operation::Disable(id.clone()), Operation::Delete(id.clone()), Operation::Enable(id.clone())] {
        assert!(matches!(apply(&model, operation), Err(Failure::Protocol(_))));
    }
    assert!(matches!(revoke_from(&model, &id, &team), Err(Failure::Protocol(_))));
    assert!(matches!(call(&model, |ldap| ldap.get_account(&id)), Err(Failure::Protocol(_))));
    assert_eq!(model.writes(), [""; 0]);
}

#[test]
fn a_server_that_knows_no_entry_dn_is_asked_name_by_name() {
    let model = directory(Ways { no_entry_dn: true, ..Ways::default() });
    assert_eq!(told(&model, &grants(&model, 10).items), ["kim > team"]);
}

#[test]
fn many_groups_stay_within_the_operations_of_a_call() {
    let model = directory(Ways { no_entry_dn: true, ..Ways::default() });
    for number in 0..1400 {
        let name = format!("g{number:04}");
        let dn = format!("cn={name},ou=groups,dc=example,dc=com");
        // Groups that hold nobody cost a look as well.
        let member = if number < 1100 { "cn=nobody,dc=example,dc=com" } else { KIM };
        model.put(&dn, &[("objectClass", &["groupOfNames"]), ("cn", &[&name]), ("member", &[member])]);
    }
    assert_eq!(walk_within_budget(&model).items.len(), 301);
}

#[test]
fn members_that_are_gone_are_looked_for_within_the_operations_of_a_call_and_told_of() {
    let model = directory(Ways::default());
    let gone: Vec<_> = (0..1200).map(|number| format!("uid=gone{number:04},ou=people,dc=example,dc=com")).collect();
    let members: Vec<_> = gone.iter().map(String::as_str).chain([KIM]).collect();
    model.set(TEAM, "member", &members);
    let listed = walk_within_budget(&model);
    assert_eq!(told(&model, &listed.items), ["kim > team"]);
    let numbers = listed.warnings.iter().map(|warning| warning.split(' ').next().unwrap().parse::<usize>().unwrap());
    assert_eq!(numbers.sum::<usize>(), 1200, "{:?}", listed.warnings);
}

/// The host allows 1,000 operations in a call.
fn walk_within_budget(model: &Model) -> Listed<Grant> {
    let listed = walk(model, 1000, |ldap, page| {
        model.operations();
        let listed = ldap.list_grants(page);
        assert!(model.operations() < 1000);
        listed
    });
    listed.unwrap()
}

#[test]
fn a_place_in_the_listing_outlives_the_group_and_the_member_it_names() {
    let model = directory(Ways::default());
    let names: Vec<_> = (0..6).map(|number| format!("m{number}")).collect();
    for name in &names {
        put_person(&model, name);
    }
    let members: Vec<_> = names.iter().map(|name| format!("uid={name},ou=people,dc=example,dc=com")).collect();
    model.set(TEAM, "member", &members.iter().map(String::as_str).collect::<Vec<_>>());
    let first = call(&model, |ldap| ldap.list_grants(PageRequest::first(3))).unwrap();
    assert_eq!(told(&model, &first.items), ["m0 > team", "m1 > team", "m2 > team"]);
    let cursor = first.state().next.clone();
    model.set(TEAM, "member", &[&members[0], &members[4], &members[5]]);
    let rest = call(&model, |ldap| ldap.list_grants(PageRequest { cursor: cursor.clone(), size: 3 })).unwrap();
    assert_eq!(told(&model, &rest.items), ["m4 > team", "m5 > team"]);
    let id = group_id(&model, "team");
    model.0.borrow_mut().entries.retain(|(dn, _)| dn != TEAM);
    let rest = call(&model, |ldap| ldap.list_grants(PageRequest { cursor, size: 3 })).unwrap();
    assert!(rest.items.is_empty() && rest.state().complete, "{id}");
}

#[test]
fn a_lost_connection_starts_the_listing_anew() {
    let model = directory(Ways::default());
    let page = call(&model, |ldap| ldap.list_accounts(PageRequest::first(1))).unwrap();
    model.ways(|ways| ways.forgets_cursors = true);
    let cursor = page.state().next.clone();
    let next = call(&model, |ldap| ldap.list_accounts(PageRequest { cursor, size: 1 }));
    assert_eq!(next.err(), Some(Failure::CursorExpired));
}

#[test]
fn an_id_that_cannot_be_read_is_an_error_and_no_missing_account() {
    let model = directory(Ways::default());
    model.set(KIM, "entryUUID", &[]);
    let listed = call(&model, |ldap| ldap.list_accounts(PageRequest::first(10))).err();
    assert!(matches!(listed, Some(Failure::Protocol(why)) if why.contains("operational attributes")));
    assert!(matches!(call(&model, |ldap| ldap.list_grants(PageRequest::first(10))).err(), Some(Failure::Protocol(_))));
}

#[test]
fn a_lost_answer_to_a_write_is_not_called_a_failure() {
    let model = directory(Ways::default());
    let id = id_of(&model, "kim");
    let lost = || Some((true, LdapError::AnswerLost("reset".into())));
    model.ways(|ways| ways.next_modify = lost());
    assert!(matches!(apply(&model, Operation::Disable(id.clone())), Err(Failure::OutcomeUnknown(_))));
    assert_eq!(apply(&model, Operation::Disable(id.clone())).unwrap().status, Status::AlreadySo);
    model.ways(|ways| ways.next_add = lost());
    assert!(matches!(apply(&model, Operation::Create(person("ines"))), Err(Failure::OutcomeUnknown(_))));
    assert!(matches!(apply(&model, Operation::Create(person("ines"))), Err(Failure::Conflict(_))));
    // The look-up before a write changes nothing, so a lost answer to it does not either.
    model.ways(|ways| ways.next_search = Some(LdapError::AnswerLost("reset".into())));
    assert!(matches!(apply(&model, Operation::Delete(id.clone())), Err(Failure::Unavailable(_))));
}

#[test]
fn an_account_that_was_made_and_shows_no_id_is_not_called_a_failure() {
    let model = directory(Ways { id_attribute: "somethingElse", ..Ways::default() });
    model.ways(|ways| ways.id_attribute = "somethingElse");
    assert!(matches!(apply(&model, Operation::Create(person("ines"))), Err(Failure::OutcomeUnknown(_))));
    assert_eq!(model.writes().len(), 1);
}

#[test]
fn refusals_of_the_directory_keep_their_meaning() {
    let model = directory(Ways::default());
    let (kim, lou, team) = (id_of(&model, "kim"), id_of(&model, "lou"), group_id(&model, "team"));
    let next = |code: u32| model.ways(|ways| ways.next_modify = Some((false, refused(code, "no"))));
    next(50);
    assert!(matches!(apply(&model, Operation::Disable(kim.clone())), Err(Failure::Forbidden(_))));
    next(17);
    let unknown = apply(&model, Operation::Disable(kim.clone()));
    assert!(matches!(unknown, Err(Failure::Unsupported(why)) if why.contains("ppolicy")));
    next(53);
    assert!(matches!(grant_to(&model, &lou, &team), Err(Failure::RefusedByTarget(_))));
    next(51);
    assert!(matches!(revoke_from(&model, &kim, &team), Err(Failure::Unavailable(_))));
    // Refused for its last member, and by then it has another one.
    next(65);
    assert_eq!(revoke_from(&model, &kim, &team).unwrap().status, Status::Done);
}

#[test]
fn what_a_group_cannot_do_is_said() {
    let model = directory(Ways::default());
    let (lou, team) = (id_of(&model, "lou"), group_id(&model, "team"));
    let until = Some("2027-01-01T00:00:00Z".to_owned());
    let grant = NewGrant { account: lou.clone(), entitlement: team, expires_at: until };
    assert!(matches!(apply(&model, Operation::Grant(grant)), Err(Failure::Unsupported(_))));
    let born = NewAccount { entitlements: vec!["x".into()], ..person("ines") };
    assert!(matches!(apply(&model, Operation::Create(born)), Err(Failure::Unsupported(_))));
    assert!(matches!(apply(&model, Operation::Freeze(lou.clone())), Err(Failure::Unsupported(_))));
    let none = "00000099-0000-0000-0000-000000000000";
    assert!(matches!(grant_to(&model, &lou, none), Err(Failure::NotFound(_))));
    assert_eq!(model.writes(), [""; 0]);
}
