//! What the connector says about itself, which settings it refuses, and what it tries for an administrator.

use crate::org::{add_user, org};
use crate::*;
use serde_json::{Value as Json, json};

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let opens = |settings: Json| {
        let org = org();
        org.borrow_mut().settings = settings;
        call(&org, |_| Ok(()))
    };
    assert_eq!(opens(json!({})), Ok(()));
    assert_eq!(opens(json!({ "attributes": ["Region__c", "Department"], "correlation-field": "HR_Id__c" })), Ok(()));
    for (name, value) in [
        ("page-size", json!(199)),
        ("page-size", json!(2_001)),
        ("correlation-field", json!("")),
        ("correlation-field", json!("Username")),
        ("attributes", json!(["Id FROM User --"])),
        ("attributes", json!(["isactive"])),
        ("attributes", json!(["Manager.Name"])),
        ("attributes", json!(vec!["A".repeat(301); 10])),
        ("new-user-fields", json!(["TimeZoneSidKey"])),
        ("new-user-fields", json!(["X__c:=nonsense"])),
        ("new-user-fields", json!(["ProfileId=00e"])),
    ] {
        match opens(json!({ name: value })) {
            Err(Failure::Invalid(faults)) => assert_eq!(faults[0].field, name, "{value}"),
            other => panic!("{name} {value}: {other:?}"),
        }
    }
}

#[test]
fn it_says_that_nothing_is_deleted_and_that_a_profile_is_only_replaced() {
    let org = org();
    let description = call(&org, |plugin| Ok(plugin.describe())).unwrap();
    let has = |operation, kind: Option<&str>| {
        description.capabilities.iter().any(|one| one.operation == operation && one.entitlement_kind.as_deref() == kind)
    };
    assert!(!has(OperationKind::Delete, None));
    assert!(has(OperationKind::Freeze, None) && has(OperationKind::Disable, None));
    assert!(has(OperationKind::Replace, Some("profile")) && !has(OperationKind::Revoke, Some("profile")));
    for kind in &description.entitlement_kinds {
        let given = has(OperationKind::Grant, Some(kind)) || has(OperationKind::Replace, Some(kind));
        assert_eq!(given, kind != "user-license", "{kind}");
    }
    let listed = entitlements(&org).unwrap();
    assert!(listed.items.iter().all(|one| description.entitlement_kinds.contains(&one.kind)));
    assert_eq!(org.borrow().seen.iter().filter(|line| line.starts_with("PATCH")).count(), 0);
}

fn probes(org: &Shared) -> Vec<(String, bool, String)> {
    let probes = call(org, |plugin| plugin.check()).unwrap();
    probes.into_iter().map(|probe| (probe.name, probe.passed, probe.detail)).collect()
}

#[test]
fn check_tries_each_right_and_changes_nothing() {
    let org = org();
    add_user(&org, 1, json!({}));
    org.borrow_mut().settings = json!({ "floor-profiles": ["Minimum Access - Salesforce"] });
    let found = probes(&org);
    assert!(found.iter().all(|(_, passed, _)| *passed), "{found:#?}");
    assert_eq!(found.len(), 12);
    assert!(org.borrow().writes().is_empty());
}

#[test]
fn check_names_what_is_missing_and_what_follows_from_it() {
    let org = org();
    {
        let mut model = org.borrow_mut();
        model.rows.get_mut("UserPermissionAccess").unwrap()[0]["PermissionsCustomizeApplication"] = json!(false);
        model.missing = vec!["UserLogin", "BotDefinition"];
        model.instead("GET /services/data", 200, r#"[{"version":"50.0"}]"#);
    }
    let failed: Vec<_> = probes(&org).into_iter().filter(|(_, passed, _)| !passed).map(|(name, ..)| name).collect();
    assert_eq!(failed, ["API version", "frozen users", "tokens of everybody", "least privileged profiles"]);
    org.borrow_mut().instead("SELECT COUNT() FROM User", 401, r#"[{"errorCode":"INVALID_SESSION_ID","message":"no"}]"#);
    assert!(matches!(call(&org, |plugin| plugin.check()), Err(Failure::AuthFailed(_))));
}
