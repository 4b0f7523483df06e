//! Operations: what is sent, and what is not sent because it is so already.

use crate::org::{add_member, add_user, assign, id, org, user};
use crate::*;
use serde_json::{Value as Json, json};

fn one() -> Shared {
    let org = org();
    add_user(&org, 1, json!({}));
    org
}

fn done(org: &Shared, operation: Operation) -> Status {
    apply(org, operation).unwrap().status
}

fn new(login: &str) -> NewAccount {
    NewAccount {
        login: login.to_owned(),
        email: Some("ada@acme.example".to_owned()),
        display_name: Some("Ada Ledger".to_owned()),
        given_name: Some("Ada".to_owned()),
        family_name: Some("Ledger-Byron".to_owned()),
        correlation_key: Some("4711".to_owned()),
        attributes: vec![Attribute::text("Department", "Finance")],
        entitlements: vec![id("00e", 1)],
    }
}

#[test]
fn a_new_user_has_all_that_salesforce_wants_and_what_the_settings_add() {
    let org = org();
    org.borrow_mut().settings =
        json!({ "new-user-fields": ["TimeZoneSidKey=Europe/London", "UserPermissionsKnowledgeUser:=true"] });
    let outcome = apply(&org, Operation::Create(new("ada@acme.example"))).unwrap();
    assert_eq!(outcome.status, Status::Done);
    let expected = json!({
        "Username": "ada@acme.example", "Email": "ada@acme.example", "FirstName": "Ada", "LastName": "Ledger-Byron",
        "Alias": "aledgerb", "EmployeeNumber": "4711", "Department": "Finance", "ProfileId": id("00e", 1),
        "TimeZoneSidKey": "Europe/London", "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8", "UserPermissionsKnowledgeUser": true, "IsActive": true,
    });
    assert_eq!(org.borrow().bodies, [expected]);
    assert_eq!(outcome.account.as_deref(), Some(org.borrow().rows["User"][0]["Id"].as_str().unwrap()));
}

#[test]
fn a_new_user_who_cannot_be_is_refused_before_anything_is_sent() {
    let org = org();
    let refused = |change: &dyn Fn(&mut NewAccount)| {
        let mut account = new("ada@acme.example");
        change(&mut account);
        match apply(&org, Operation::Create(account)) {
            Err(Failure::Invalid(faults)) => faults[0].field.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&|one| one.login = "ada".into()), "login");
    assert_eq!(refused(&|one| one.login = "ada@localhost".into()), "login");
    assert_eq!(refused(&|one| one.entitlements.clear()), "entitlements");
    assert_eq!(refused(&|one| one.entitlements.push(id("00e", 2))), "entitlements");
    assert_eq!(refused(&|one| one.entitlements.push(id("0PS", 1))), "entitlements");
    assert_eq!(refused(&|one| one.attributes.push(Attribute::text("Salary__c", "1"))), "Salary__c");
    assert!(org.borrow().seen.is_empty());
}

#[test]
fn what_stops_a_user_are_two_switches() {
    let org = one();
    let state = || call(&org, |plugin| plugin.get_account(&user(1))).unwrap().unwrap().account.state;
    assert_eq!((done(&org, Operation::Freeze(user(1))), state()), (Status::Done, AccountState::Frozen));
    assert_eq!(done(&org, Operation::Freeze(user(1))), Status::AlreadySo);
    assert_eq!((done(&org, Operation::Disable(user(1))), state()), (Status::Done, AccountState::Disabled));
    assert_eq!(done(&org, Operation::Disable(user(1))), Status::AlreadySo);
    assert_eq!(done(&org, Operation::Freeze(user(1))), Status::AlreadySo);
    let outcome = apply(&org, Operation::Enable(user(1))).unwrap();
    assert_eq!((outcome.status, outcome.side_effects), (Status::Done, vec!["unfrozen".to_owned()]));
    assert_eq!(state(), AccountState::Active);
    assert_eq!(done(&org, Operation::Enable(user(1))), Status::AlreadySo);
    let login = format!("PATCH /services/data/v62.0/sobjects/UserLogin/{}", id("0Yw", 1));
    let own = format!("PATCH /services/data/v62.0/sobjects/User/{}", user(1));
    assert_eq!(org.borrow().writes(), [login.as_str(), own.as_str(), own.as_str(), login.as_str()]);
}

#[test]
fn a_refused_deactivation_says_why_in_salesforces_words() {
    let org = one();
    let reasons = json!([
        { "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "message": "cannot inactivate user that is the value of a hierarchy field: Mentor", "fields": ["IsActive"] },
        { "errorCode": "FIELD_INTEGRITY_EXCEPTION", "message": "This user is the default lead owner.", "fields": [] },
    ]);
    org.borrow_mut().instead("PATCH", 400, &reasons.to_string());
    let refused = apply(&org, Operation::Disable(user(1)));
    let expected = [
        "INVALID_FIELD_FOR_INSERT_UPDATE: cannot inactivate user that is the value of a hierarchy field: Mentor",
        "FIELD_INTEGRITY_EXCEPTION: This user is the default lead owner.",
    ];
    assert_eq!(refused, Err(Failure::RefusedByTarget(expected.map(str::to_owned).to_vec())));
    // The same words for another change are about a value of that change.
    let code = r#"[{"errorCode":"INVALID_FIELD_FOR_INSERT_UPDATE","message":"no","fields":["Title"]}]"#;
    org.borrow_mut().instead("PATCH", 400, code);
    let change = AccountChange { account: user(1), etag: None, attributes: vec![Attribute::text("Title", "Boss")] };
    assert!(matches!(apply(&org, Operation::Update(change)), Err(Failure::Invalid(_))));
}

#[test]
fn somebody_without_a_login_cannot_be_frozen() {
    let org = one();
    org.borrow_mut().rows.get_mut("UserLogin").unwrap().clear();
    assert!(matches!(apply(&org, Operation::Freeze(user(1))), Err(Failure::RefusedByTarget(_))));
}

#[test]
fn whoever_is_not_there_has_nothing_to_lose_and_can_be_given_nothing() {
    let org = one();
    let nobody = user(7);
    let revoke = |kind| Operation::Revoke(member(&nobody, &id(kind, 1)));
    let ends = || [Operation::Disable(nobody.clone()), Operation::Freeze(nobody.clone())];
    for operation in ends().into_iter().chain([revoke("0PS"), revoke("00E")]) {
        assert_eq!(done(&org, operation.clone()), Status::AlreadySo, "{operation:?}");
    }
    let grant =
        |kind| Operation::Grant(NewGrant { account: nobody.clone(), entitlement: id(kind, 1), expires_at: None });
    for code in ["INVALID_CROSS_REFERENCE_KEY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"] {
        org.borrow_mut().instead("POST", 400, &format!(r#"[{{"errorCode":"{code}","message":"words"}}]"#));
        assert!(matches!(apply(&org, grant("0PS")), Err(Failure::NotFound(_))), "{code}");
    }
    for operation in [grant("00E"), Operation::Enable(nobody.clone())] {
        assert!(matches!(apply(&org, operation), Err(Failure::NotFound(_))));
    }
    // Without the right to see everybody the user may be there.
    org.borrow_mut().rows.get_mut("UserPermissionAccess").unwrap()[0]["PermissionsManageUsers"] = json!(false);
    for operation in ends().into_iter().chain([revoke("00E")]) {
        assert!(matches!(apply(&org, operation), Err(Failure::Forbidden(_))));
    }
}

#[test]
fn an_update_sends_what_differs_and_nothing_else() {
    let org = one();
    org.borrow_mut().settings = json!({ "attributes": ["Region__c"] });
    let update = |wishes: Vec<Attribute>| {
        apply(&org, Operation::Update(AccountChange { account: user(1), etag: None, attributes: wishes }))
    };
    let wishes = vec![
        Attribute::text("given-name", "Given1"),
        Attribute::text("family-name", "Byron"),
        Attribute::text("login", "byron@acme.example"),
        Attribute { name: "Region__c".into(), value: Value::Texts(vec!["North".into(), "East".into()]) },
        Attribute::text("correlation-key", ""),
    ];
    assert_eq!(update(wishes.clone()).unwrap().status, Status::Done);
    let sent = json!({ "LastName": "Byron", "Username": "byron@acme.example", "Region__c": "North;East", "EmployeeNumber": null });
    assert_eq!(org.borrow().bodies, [sent]);
    assert_eq!(update(wishes).unwrap().status, Status::AlreadySo);
    for name in ["display-name", "IsActive", "ProfileId", "Salary__c"] {
        assert!(matches!(update(vec![Attribute::text(name, "x")]), Err(Failure::Invalid(_))), "{name}");
    }
}

#[test]
fn each_kind_of_row_is_made_once_and_taken_once() {
    let org = one();
    for (given, object, fields) in [
        (id("0PS", 1), "PermissionSetAssignment", json!({ "AssigneeId": user(1), "PermissionSetId": id("0PS", 1) })),
        (
            id("0PG", 1),
            "PermissionSetAssignment",
            json!({ "AssigneeId": user(1), "PermissionSetGroupId": id("0PG", 1) }),
        ),
        (
            id("0PL", 1),
            "PermissionSetLicenseAssign",
            json!({ "AssigneeId": user(1), "PermissionSetLicenseId": id("0PL", 1) }),
        ),
        (id("00G", 3), "GroupMember", json!({ "UserOrGroupId": user(1), "GroupId": id("00G", 3) })),
    ] {
        let grant = || Operation::Grant(NewGrant { account: user(1), entitlement: given.clone(), expires_at: None });
        assert_eq!((done(&org, grant()), done(&org, grant())), (Status::Done, Status::AlreadySo), "{object}");
        assert_eq!(org.borrow().bodies.last(), Some(&fields));
        let made = org.borrow().rows[object].last().unwrap()["Id"].as_str().unwrap().to_owned();
        let revoke = || Operation::Revoke(member(&user(1), &given));
        assert_eq!((done(&org, revoke()), done(&org, revoke())), (Status::Done, Status::AlreadySo), "{object}");
        let last = org.borrow().writes().last().map(|line| (*line).to_owned());
        assert_eq!(last, Some(format!("DELETE /services/data/v62.0/sobjects/{object}/{made}")));
    }
}

#[test]
fn an_end_date_is_passed_on_where_salesforce_has_one() {
    let org = one();
    let until = |entitlement: String| {
        let expires_at = Some("2026-12-31T23:00:00Z".to_owned());
        apply(&org, Operation::Grant(NewGrant { account: user(1), entitlement, expires_at }))
    };
    assert_eq!(until(id("0PS", 1)).unwrap().status, Status::Done);
    assert_eq!(org.borrow().bodies[0]["ExpirationDate"], "2026-12-31T23:00:00Z");
    for entitlement in [id("00G", 1), id("0PL", 1), id("00E", 1)] {
        assert!(matches!(until(entitlement.clone()), Err(Failure::Unsupported(_))), "{entitlement}");
    }
    assert_eq!(org.borrow().bodies.len(), 1);
}

#[test]
fn a_grant_that_somebody_else_gave_meanwhile_is_there() {
    let org = one();
    org.borrow_mut().instead("POST", 400, r#"[{"errorCode":"DUPLICATE_VALUE","message":"duplicate value found"}]"#);
    let grant = NewGrant { account: user(1), entitlement: id("0PS", 1), expires_at: None };
    assert_eq!(done(&org, Operation::Grant(grant.clone())), Status::AlreadySo);
    assign(&org, 1, &user(1), &id("0PS", 1), json!({ "IsActive": false }));
    assert!(matches!(apply(&org, Operation::Grant(grant)), Err(Failure::RefusedByTarget(_))));
}

#[test]
fn a_row_that_goes_between_the_search_and_the_delete_is_gone() {
    let org = one();
    add_member(&org, 1, 1, &user(1));
    org.borrow_mut().instead("DELETE", 404, r#"[{"errorCode":"NOT_FOUND","message":"gone"}]"#);
    assert_eq!(done(&org, Operation::Revoke(member(&user(1), &id("00G", 1)))), Status::AlreadySo);
}

#[test]
fn a_profile_is_exchanged_and_never_taken() {
    let org = one();
    let replace = |take: usize| {
        let replacement = Replacement { account: user(1), take: Some(id("00e", take)), give: id("00e", 2) };
        apply(&org, Operation::Replace(replacement))
    };
    assert!(matches!(replace(7), Err(Failure::Conflict(_))));
    assert_eq!(replace(1).unwrap().status, Status::Done);
    assert_eq!(org.borrow().row("User", &user(1))["ProfileId"], json!(id("00e", 2)));
    assert_eq!(replace(1).unwrap().status, Status::AlreadySo);
    for entitlement in [id("00e", 1), id("100", 10)] {
        let revoke = apply(&org, Operation::Revoke(member(&user(1), &entitlement)));
        assert!(matches!(revoke, Err(Failure::Unsupported(_))), "{revoke:?}");
    }
    assert_eq!(org.borrow().writes().len(), 1);
}

#[test]
fn a_role_is_one_at_most() {
    let org = one();
    let role = || org.borrow().row("User", &user(1))["UserRoleId"].clone();
    let give =
        |number| Operation::Grant(NewGrant { account: user(1), entitlement: id("00E", number), expires_at: None });
    assert_eq!((done(&org, give(1)), role()), (Status::Done, json!(id("00E", 1))));
    assert!(matches!(apply(&org, give(2)), Err(Failure::Conflict(_))));
    let exchange = Replacement { account: user(1), take: Some(id("00E", 1)), give: id("00E", 2) };
    assert_eq!((done(&org, Operation::Replace(exchange)), role()), (Status::Done, json!(id("00E", 2))));
    assert_eq!(done(&org, Operation::Revoke(member(&user(1), &id("00E", 1)))), Status::AlreadySo);
    assert_eq!((done(&org, Operation::Revoke(member(&user(1), &id("00E", 2)))), role()), (Status::Done, Json::Null));
}

#[test]
fn nothing_is_deleted() {
    assert!(matches!(apply(&one(), Operation::Delete(user(1))), Err(Failure::Unsupported(_))));
}
