//! Who holds what, and through what.

use crate::org::{add_member, add_user, assign, id, org, user};
use crate::*;
use serde_json::json;

fn held(grants: &[Grant]) -> Vec<(String, GrantSource, bool)> {
    let mut held: Vec<_> =
        grants.iter().map(|one| (one.entitlement.clone(), one.source.clone(), one.revocable)).collect();
    held.sort_by_key(|(entitlement, source, _)| (entitlement.clone(), format!("{source:?}")));
    held
}

fn direct(entitlement: String) -> (String, GrantSource, bool) {
    (entitlement, GrantSource::Direct, true)
}

fn through(entitlement: String, from: String) -> (String, GrantSource, bool) {
    (entitlement, GrantSource::InheritedFrom(from), false)
}

/// Somebody with everything.
fn holder() -> Shared {
    let org = org();
    add_user(&org, 1, json!({ "UserRoleId": id("00E", 2) }));
    add_user(&org, 2, json!({}));
    assign(&org, 1, &user(1), &id("0PG", 1), json!({ "ExpirationDate": "2026-12-31T00:00:00.000+0000" }));
    assign(&org, 2, &user(1), &id("0PS", 1), json!({}));
    let own = json!({ "PermissionSetId": id("0PS", 8), "PermissionSet": { "IsOwnedByProfile": true } });
    assign(&org, 3, &user(1), &id("0PS", 8), own);
    assign(&org, 4, &user(2), &id("0PS", 2), json!({ "IsActive": false }));
    let license = json!({ "Id": id("2LA", 1), "AssigneeId": user(1), "PermissionSetLicenseId": id("0PL", 1) });
    org.borrow_mut().add("PermissionSetLicenseAssign", license);
    add_member(&org, 1, 1, &user(1));
    add_member(&org, 2, 3, &user(1));
    // Inner is in Outer, and Outer in Inner: a circle. Whoever is below the chief is in the queue.
    add_member(&org, 3, 2, &id("00G", 1));
    add_member(&org, 4, 1, &id("00G", 2));
    add_member(&org, 5, 3, &id("00G", 5));
    org
}

#[test]
fn each_grant_names_what_must_be_taken_to_end_it() {
    let org = holder();
    let listed = grants(&org).unwrap();
    let (first, second): (Vec<_>, Vec<_>) = listed.items.into_iter().partition(|grant| grant.account == user(1));
    let mut expected = vec![
        (id("00e", 1), GrantSource::Direct, false),
        through(id("100", 10), id("00e", 1)),
        direct(id("00E", 2)),
        direct(id("0PG", 1)),
        through(id("0PS", 1), id("0PG", 1)),
        through(id("0PS", 2), id("0PG", 1)),
        direct(id("0PS", 1)),
        direct(id("0PL", 1)),
        direct(id("00G", 1)),
        through(id("00G", 2), id("00G", 1)),
        direct(id("00G", 3)),
        through(id("00G", 3), id("00E", 2)),
    ];
    expected.sort_by_key(|(entitlement, source, _)| (entitlement.clone(), format!("{source:?}")));
    assert_eq!(held(&first), expected);
    let ends: Vec<_> =
        first.iter().filter(|grant| grant.expires_at.is_some()).map(|grant| &grant.entitlement).collect();
    assert_eq!(ends.len(), 3);
    // What has run out gives nothing.
    assert_eq!(held(&second).len(), 2);
    assert_eq!(listed.warnings, ["1 assignments of permission sets are not active and give nothing"]);

    let seen = call(&org, |plugin| plugin.get_account(&user(1))).unwrap().unwrap();
    assert_eq!(held(&seen.grants), expected);
}

#[test]
fn a_fresh_read_asks_for_the_groups_once() {
    let org = holder();
    call(&org, |plugin| plugin.get_account(&user(1))).unwrap();
    let asked = org.borrow().seen.iter().filter(|line| line.contains(" FROM Group ")).count();
    assert_eq!(asked, 1);
}

#[test]
fn members_by_a_rule_that_is_not_followed_are_told_of() {
    let org = org();
    add_user(&org, 1, json!({}));
    org.borrow_mut().add("Group", json!({ "Id": id("00G", 6), "Type": "Organization" }));
    add_member(&org, 1, 2, &id("00G", 6));
    let warning = "groups hold members by rules that are not followed here (1 of type Organization); those members are not listed";
    assert_eq!(grants(&org).unwrap().warnings, [warning]);
}

#[test]
fn rows_that_are_stated_and_not_given_fail_the_listing() {
    let org = holder();
    for object in ["User", "GroupMember", "PermissionSetAssignment", "Group"] {
        org.borrow_mut().lost = Some(object);
        assert!(matches!(grants(&org), Err(Failure::Protocol(_))), "{object}");
        let seen = call(&org, |plugin| plugin.get_account(&user(1)));
        assert!(matches!(seen, Err(Failure::Protocol(_))), "{object}: {seen:?}");
    }
}

#[test]
fn a_user_that_is_not_shown_does_not_exist_only_for_somebody_who_sees_all() {
    let org = org();
    assert_eq!(call(&org, |plugin| plugin.get_account(&user(77))), Ok(None));
    org.borrow_mut().rows.get_mut("UserPermissionAccess").unwrap()[0]["PermissionsManageUsers"] = json!(false);
    let seen = call(&org, |plugin| plugin.get_account(&user(77)));
    assert!(matches!(seen, Err(Failure::Forbidden(_))), "{seen:?}");
    assert!(matches!(call(&org, |plugin| plugin.get_account("' OR Id != '")), Err(Failure::Invalid(_))));
}

#[test]
fn somebody_is_found_by_login_address_and_number() {
    let org = org();
    add_user(&org, 1, json!({}));
    add_user(&org, 2, json!({ "Username": "o'hara@acme.example" }));
    let found = |by, key: &str| {
        let found = call(&org, |plugin| plugin.find_account(by, key)).unwrap();
        found.into_iter().map(|account| account.id).collect::<Vec<_>>()
    };
    assert_eq!(found(MatchBy::Login, "O'Hara@acme.example"), [user(2)]);
    assert_eq!(found(MatchBy::Email, "u1@acme.example"), [user(1)]);
    assert_eq!(found(MatchBy::CorrelationKey, "2"), [user(2)]);
    assert!(found(MatchBy::Login, "x' OR Username != '").is_empty());
}
