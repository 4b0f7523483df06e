//! A small org: two licences, three profiles, sets, groups in groups, roles, and people who hold them.

use crate::model::{Model, Shared};
use serde_json::{Value as Json, json};

/// An id of this kind, of Salesforce's 18 characters.
pub fn id(prefix: &str, number: usize) -> String {
    format!("{prefix}{number:012}AAA")
}

pub fn user(number: usize) -> String {
    id("005", number)
}

pub fn profile(name: &str, license: &str) -> Json {
    let key = match license {
        "Salesforce" => "SFDC",
        "Digital Agent" => "PID_DigitalAgent",
        other => other,
    };
    json!({ "Name": name, "UserLicenseId": id("100", license.len()), "PermissionsModifyAllData": name == "System Administrator",
            "UserLicense": { "Name": license, "LicenseDefinitionKey": key } })
}

/// A person with a standard profile; `change` is laid over it.
pub fn add_user(org: &Shared, number: usize, change: Json) {
    let mut row = json!({
        "Id": user(number), "Username": format!("u{number}@acme.example"), "Email": format!("u{number}@acme.example"),
        "Name": format!("Given{number} Family{number}"), "FirstName": format!("Given{number}"),
        "LastName": format!("Family{number}"), "IsActive": true, "UserType": "Standard", "ProfileId": id("00e", 1),
        "Profile": profile("Standard User", "Salesforce"), "UserRoleId": null, "EmployeeNumber": format!("{number}"),
        "CreatedDate": "2025-03-01T08:00:00.000+0000", "LastLoginDate": "2026-01-01T10:00:00.000+0000",
    });
    row.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let mut model = org.borrow_mut();
    model.add("User", row);
    let login =
        json!({ "Id": id("0Yw", number), "UserId": user(number), "IsFrozen": false, "IsPasswordLocked": false });
    model.add("UserLogin", login);
}

pub fn set_login(org: &Shared, number: usize, field: &str, value: bool) {
    let mut model = org.borrow_mut();
    let logins = model.rows.get_mut("UserLogin").unwrap();
    logins.iter_mut().find(|row| row["UserId"] == user(number).as_str()).unwrap()[field] = json!(value);
}

/// Profiles 1 (Standard User) and 2 (Minimum Access), sets 1 and 2, group of sets 1 with both, licence 1,
/// public groups 1 and 2, queue 3, groups 4 and 5 that stand for role 1 and for role 1 and below; role 2 is below 1.
pub fn org() -> Shared {
    let org = Model::shared();
    let mut model = org.borrow_mut();
    for (number, name) in [(1, "Standard User"), (2, "Minimum Access - Salesforce")] {
        let mut row = profile(name, "Salesforce");
        row["Id"] = json!(id("00e", number));
        model.add("Profile", row);
    }
    model.add("UserLicense", json!({ "Id": id("100", 10), "Name": "Salesforce", "LicenseDefinitionKey": "SFDC", "TotalLicenses": 10, "UsedLicenses": 3 }));
    for number in [1, 2] {
        model.add("PermissionSet", json!({ "Id": id("0PS", number), "Name": format!("Set_{number}"), "Label": format!("Set {number}"), "Type": "Regular", "IsOwnedByProfile": false, "PermissionsModifyAllData": number == 2 }));
    }
    model.add(
        "PermissionSet",
        json!({ "Id": id("0PS", 8), "Name": "X00e1", "Label": "X00e1", "Type": "Profile", "IsOwnedByProfile": true }),
    );
    model.add(
        "PermissionSet",
        json!({ "Id": id("0PS", 9), "Name": "Bundle", "Label": "Bundle", "Type": "Group", "IsOwnedByProfile": false }),
    );
    model.add("PermissionSetGroup", json!({ "Id": id("0PG", 1), "DeveloperName": "Bundle", "MasterLabel": "Bundle" }));
    for set in [1, 2] {
        model.add(
            "PermissionSetGroupComponent",
            json!({ "PermissionSetGroupId": id("0PG", 1), "PermissionSetId": id("0PS", set) }),
        );
    }
    model.add("PermissionSetLicense", json!({ "Id": id("0PL", 1), "DeveloperName": "CRM", "MasterLabel": "CRM User" }));
    for (number, name, kind, related) in [
        (1, Some("Inner"), "Regular", None),
        (2, Some("Outer"), "Regular", None),
        (3, Some("Support"), "Queue", None),
        (4, None, "Role", Some(id("00E", 1))),
        (5, None, "RoleAndSubordinates", Some(id("00E", 1))),
    ] {
        model.add(
            "Group",
            json!({ "Id": id("00G", number), "Name": name, "DeveloperName": name, "Type": kind, "RelatedId": related }),
        );
    }
    for (number, name, parent) in [(1, "Chief", None), (2, "Clerk", Some(id("00E", 1)))] {
        model.add(
            "UserRole",
            json!({ "Id": id("00E", number), "Name": name, "DeveloperName": name, "ParentRoleId": parent }),
        );
    }
    model.rows.entry("ConnectedApplication".into()).or_default();
    let rights = json!({ "PermissionsManageUsers": true, "PermissionsAssignPermissionSets": true, "PermissionsManageRoles": true, "PermissionsCustomizeApplication": true });
    model.add("UserPermissionAccess", rights);
    drop(model);
    org
}

/// Puts a user, or a group, into a group.
pub fn add_member(org: &Shared, number: usize, group: usize, member: &str) {
    let row = json!({ "Id": id("011", number), "GroupId": id("00G", group), "UserOrGroupId": member });
    org.borrow_mut().add("GroupMember", row);
}

/// Gives a user a set (`0PS`) or a group of sets (`0PG`).
pub fn assign(org: &Shared, number: usize, user: &str, given: &str, change: Json) {
    let mut row = json!({
        "Id": id("0Pa", number), "AssigneeId": user, "PermissionSetId": given, "PermissionSetGroupId": null,
        "IsActive": true, "PermissionSet": { "IsOwnedByProfile": false },
    });
    if given.starts_with("0PG") {
        row["PermissionSetId"] = json!(id("0PS", 9));
        row["PermissionSetGroupId"] = json!(given);
    }
    row.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    org.borrow_mut().add("PermissionSetAssignment", row);
}
