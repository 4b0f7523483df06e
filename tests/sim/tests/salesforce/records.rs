//! Records made, changed and deleted, and what the ledger says of it.

use crate::org::{DATA, Org, refusal, refused};
use reeve_sim::salesforce::{Blocker, Options};
use serde_json::{Value, json};

fn used(org: &Org, licence: &str) -> String {
    org.one(&format!("SELECT UsedLicenses FROM UserLicense WHERE LicenseDefinitionKey = '{licence}'"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_made_changed_frozen_deactivated_and_never_deleted() {
    let org = Org::start().await;
    assert_eq!(used(&org, "SFDC"), "6");
    let id = org.make("User", &org.newcomer("hal"));
    assert_eq!(used(&org, "SFDC"), "7");
    let read = org.get(&format!("/sobjects/User/{id}")).json();
    assert_eq!(
        (&read["Name"], &read["UserType"], &read["IsActive"]),
        (&json!("hal"), &json!("Standard"), &json!(true))
    );
    assert_eq!(read["CreatedById"], org.user("integration").as_str());
    let fields = org.get(&format!("/sobjects/User/{id}?fields=Email,Alias")).json();
    assert_eq!(fields.as_object().unwrap().keys().collect::<Vec<_>>(), ["Alias", "Email", "attributes"]);

    assert_eq!(org.patch("User", &id, &json!({"Title": "Clerk", "UserRoleId": null})).status, 204);
    let login = org.one(&format!("SELECT Id FROM UserLogin WHERE UserId = '{id}'"));
    assert_eq!(org.patch("UserLogin", &login, &json!({"IsFrozen": true})).status, 204);
    assert_eq!(used(&org, "SFDC"), "7");
    assert_eq!(org.patch("User", &id, &json!({"IsActive": false})).status, 204);
    assert_eq!(used(&org, "SFDC"), "6");
    // What is so already is no change.
    assert_eq!(org.patch("User", &id, &json!({"IsActive": false})).status, 204);
    assert_eq!(refusal(&org.delete("User", &id)), refused(400, "INVALID_TYPE_FOR_OPERATION"));
    assert_eq!(org.one(&format!("SELECT IsActive FROM User WHERE Id = '{id}'")), "false");
    let hal = "hal@acme.example";
    assert_eq!(
        org.done(),
        [format!("created {hal}"), format!("changed {hal}"), format!("changed {hal}"), format!("changed {hal}")]
    );
    let entries = org.stand_in.ledger().entries();
    assert_eq!(Value::from(entries[2].changed.clone()), json!({"IsFrozen": {"before": false, "after": true}}));
    assert_eq!(entries[3].resource, format!("User/{id}"));
    assert_eq!(Value::from(entries[3].changed.clone()), json!({"IsActive": {"before": true, "after": false}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_does_not_fit_is_refused_by_what_does_not() {
    let org = Org::start().await;
    let with = |name: &str, value: Value| {
        let mut user = org.newcomer("ivy");
        user[name] = value;
        user
    };
    let missing = org.post("User", &json!({"Username": "ivy@acme.example"}));
    let fields = json!([
        "LastName",
        "Email",
        "Alias",
        "TimeZoneSidKey",
        "LocaleSidKey",
        "EmailEncodingKey",
        "ProfileId",
        "LanguageLocaleKey"
    ]);
    assert_eq!(missing.json()[0]["fields"], fields);
    assert_eq!(refusal(&missing), refused(400, "REQUIRED_FIELD_MISSING"));
    let role = org.one("SELECT Id FROM UserRole WHERE Name = 'Sales Manager'");
    let gone = "00eAk0zzzzzzzzz";
    for (user, code) in [
        (with("Username", "BEN@acme.example".into()), "DUPLICATE_USERNAME"),
        // An inactive user keeps the name.
        (with("Username", "emil@acme.example".into()), "DUPLICATE_USERNAME"),
        (with("Username", "ivy".into()), "INVALID_EMAIL_ADDRESS"),
        (with("Email", "ivy".into()), "INVALID_EMAIL_ADDRESS"),
        (with("Alias", "much-too-long".into()), "STRING_TOO_LONG"),
        (with("Colour", "blue".into()), "INVALID_FIELD"),
        (with("UserType", "Guest".into()), "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (with("IsActive", "yes".into()), "JSON_PARSER_ERROR"),
        (with("ProfileId", role.into()), "MALFORMED_ID"),
        (with("ProfileId", gone.into()), "INVALID_CROSS_REFERENCE_KEY"),
        (with("LastName", "  ".into()), "REQUIRED_FIELD_MISSING"),
    ] {
        assert_eq!(refusal(&org.post("User", &user)), refused(400, code), "{user}");
    }
    let broken = org.send_as(&org.token, "POST", &format!("{DATA}/sobjects/User"), b"{\"Alias\":", &[]);
    assert_eq!(refusal(&broken), refused(400, "JSON_PARSER_ERROR"));
    let ben = org.user("ben");
    assert_eq!(refusal(&org.patch("User", &ben, &json!({"LastName": null}))), refused(400, "REQUIRED_FIELD_MISSING"));
    assert_eq!(
        refusal(&org.patch("User", &ben, &json!({"CreatedDate": "2026-01-01T00:00:00.000+0000"}))),
        refused(400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    );
    assert_eq!(refusal(&org.get("/sobjects/User/005Ak0zzzzzzzzz")), refused(404, "NOT_FOUND"));
    assert_eq!(refusal(&org.get("/sobjects/Nothing")), refused(404, "NOT_FOUND"));
    assert_eq!(refusal(&org.patch("User", "005Ak0zzzzzzzzz", &json!({}))), refused(404, "INVALID_CROSS_REFERENCE_KEY"));
    assert_eq!(
        refusal(&org.post("Profile", &json!({"Name": "P"}))),
        refused(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    );
    assert!(org.done().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn licences_run_out_and_a_deactivation_frees_one() {
    let org = Org::start().await;
    for number in 0..14 {
        org.make("User", &org.newcomer(&format!("n{number}")));
    }
    let one_more = org.newcomer("late");
    assert_eq!(refusal(&org.post("User", &one_more)), refused(400, "LICENSE_LIMIT_EXCEEDED"));
    let emil = org.user("emil");
    assert_eq!(refusal(&org.patch("User", &emil, &json!({"IsActive": true}))), refused(400, "LICENSE_LIMIT_EXCEEDED"));
    // Whoever is inactive takes none up.
    let mut inactive = one_more.clone();
    inactive["IsActive"] = false.into();
    org.make("User", &inactive);
    assert_eq!(org.patch("User", &org.user("n0"), &json!({"IsActive": false})).status, 204);
    assert_eq!(org.patch("User", &emil, &json!({"IsActive": true})).status, 204);
    assert_eq!(used(&org, "SFDC"), "20");
    // Another licence by another profile.
    assert_eq!(org.patch("User", &emil, &json!({"ProfileId": org.profile("Chatter Free User")})).status, 204);
    assert_eq!((used(&org, "SFDC"), used(&org, "PID_CHATTER")), ("19".to_owned(), "2".to_owned()));
    assert_eq!(org.one("SELECT UserType FROM User WHERE Alias = 'emil'"), "CsnOnly");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivation_is_refused_while_something_hangs_on_the_user() {
    let blockers = vec![("ben@acme.example".to_owned(), Blocker::WebToLeadDefaultCreator)];
    let org = Org::with(Options { blockers, ..Options::default() }).await;
    let deactivate = |name: &str| org.patch("User", &org.user(name), &json!({"IsActive": false}));
    for (name, message) in [
        ("ben", "You cannot disable the Web to Lead Default Creator."),
        ("dora", "You cannot disable the Default Lead Owner."),
        ("cleo", "Cannot inactivate user that is the value of a hierarchy field: Mentor"),
    ] {
        let reply = deactivate(name);
        assert_eq!((reply.status, &reply.json()[0]["message"]), (400, &json!(message)));
        assert_eq!(reply.json()[0]["errorCode"], "FIELD_INTEGRITY_EXCEPTION");
    }
    // Freezing is the way out, and the hierarchy can be mended.
    let login = org.one(&format!("SELECT Id FROM UserLogin WHERE UserId = '{}'", org.user("cleo")));
    assert_eq!(org.patch("UserLogin", &login, &json!({"IsFrozen": true})).status, 204);
    assert_eq!(org.patch("User", &org.user("flo"), &json!({"Mentor__c": null})).status, 204);
    assert_eq!(deactivate("cleo").status, 204);
    assert_eq!(deactivate("ada").status, 204);
    assert_eq!(refusal(&deactivate("integration")), refused(400, "CANNOT_DISABLE_LAST_ADMIN"));
    assert_eq!(org.done().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn permission_sets_are_assigned_once_and_stay_with_the_inactive() {
    let org = Org::start().await;
    let (ben, cleo, emil) = (org.user("ben"), org.user("cleo"), org.user("emil"));
    let approve = org.set("Approve_Invoices");
    let assignment = |user: &str, set: &str| json!({"AssigneeId": user, "PermissionSetId": set});
    let id = org.make("PermissionSetAssignment", &assignment(&ben, &approve));
    let again = org.post("PermissionSetAssignment", &assignment(&ben[..15], &approve));
    assert_eq!(refusal(&again), refused(400, "DUPLICATE_VALUE"));
    assert!(again.json()[0]["message"].as_str().unwrap().contains("Duplicate PermissionSetAssignment"));
    let held = |user: &str| {
        let soql = format!(
            "SELECT PermissionSet.Name FROM PermissionSetAssignment WHERE AssigneeId = '{user}' \
             AND PermissionSet.IsOwnedByProfile = false ORDER BY PermissionSet.Name"
        );
        let name = |row: &Value| row["PermissionSet"]["Name"].as_str().unwrap().to_owned();
        org.rows(&soql).iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(held(&ben), ["Approve_Invoices", "Create_Vendors", "Sales_Console"]);
    assert_eq!(held(&emil), ["Read_Reports"]);
    let moved = org.patch("PermissionSetAssignment", &id, &json!({"AssigneeId": cleo}));
    assert_eq!(refusal(&moved), refused(400, "INVALID_FIELD_FOR_INSERT_UPDATE"));
    let active = || org.one(&format!("SELECT IsActive FROM PermissionSetAssignment WHERE Id = '{id}'"));
    for (end, expected) in [("2099-01-01T00:00:00Z", "true"), ("2026-01-01T00:00:00.000+0000", "false")] {
        assert_eq!(org.patch("PermissionSetAssignment", &id, &json!({"ExpirationDate": end})).status, 204);
        assert_eq!(active(), expected);
    }
    assert_eq!(org.delete("PermissionSetAssignment", &id).status, 204);
    assert_eq!(refusal(&org.delete("PermissionSetAssignment", &id)), refused(404, "ENTITY_IS_DELETED"));
    assert_eq!(held(&ben), ["Create_Vendors", "Sales_Console"]);

    // A group comes as a whole.
    let group = org.one("SELECT Id FROM PermissionSetGroup WHERE DeveloperName = 'Finance_Team'");
    let by_group = json!({"AssigneeId": ben, "PermissionSetGroupId": group});
    org.make("PermissionSetAssignment", &by_group);
    assert_eq!(refusal(&org.post("PermissionSetAssignment", &by_group)), refused(400, "DUPLICATE_VALUE"));
    assert_eq!(held(&cleo), ["Finance_Team"]);
    assert_eq!(
        refusal(&org.post("PermissionSetAssignment", &json!({"AssigneeId": ben}))),
        refused(400, "REQUIRED_FIELD_MISSING")
    );

    // A profile's shadow goes where the profile goes.
    let shadow = |user: &str| {
        let soql = format!(
            "SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{user}' \
             AND PermissionSet.IsOwnedByProfile = true"
        );
        org.one(&soql)
    };
    let before = shadow(&ben);
    assert_eq!(
        refusal(&org.post("PermissionSetAssignment", &assignment(&cleo, &before))),
        refused(400, "FIELD_INTEGRITY_EXCEPTION")
    );
    let own = org.one(&format!(
        "SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{ben}' AND PermissionSetId = '{before}'"
    ));
    assert_eq!(refusal(&org.delete("PermissionSetAssignment", &own)), refused(400, "FIELD_INTEGRITY_EXCEPTION"));
    let minimal = org.profile("Minimum Access - Salesforce");
    assert_eq!(org.patch("User", &ben, &json!({"ProfileId": minimal})).status, 204);
    assert_ne!(shadow(&ben), before);
    assert_eq!(
        org.done(),
        [
            "created ben@acme.example has Approve_Invoices",
            "changed ben@acme.example has Approve_Invoices",
            "changed ben@acme.example has Approve_Invoices",
            "deleted ben@acme.example has Approve_Invoices",
            "created ben@acme.example has Finance_Team",
            "changed ben@acme.example",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn permission_set_licences_are_counted() {
    let org = Org::start().await;
    let licence = org.one("SELECT Id FROM PermissionSetLicense");
    let assign = |name: &str| {
        org.post(
            "PermissionSetLicenseAssign",
            &json!({"AssigneeId": org.user(name), "PermissionSetLicenseId": licence}),
        )
    };
    assert_eq!(refusal(&assign("ben")), refused(400, "DUPLICATE_VALUE"));
    assert_eq!(assign("cleo").status, 201);
    assert_eq!(refusal(&assign("dora")), refused(400, "LICENSE_LIMIT_EXCEEDED"));
    let id = org.one(&format!("SELECT Id FROM PermissionSetLicenseAssign WHERE AssigneeId = '{}'", org.user("ben")));
    assert_eq!(org.delete("PermissionSetLicenseAssign", &id).status, 204);
    assert_eq!(assign("dora").status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_nest_and_never_hold_themselves() {
    let org = Org::start().await;
    let group = |name: &str| {
        org.one(&format!("SELECT Id FROM Group WHERE DeveloperName = '{name}' AND Type != 'RoleAndSubordinates'"))
    };
    let join = |group: &str, member: &str| org.post("GroupMember", &json!({"GroupId": group, "UserOrGroupId": member}));
    let (sales, approvers, queue) = (group("Everybody_in_Sales"), group("Approvers"), group("Incoming_Orders"));
    assert_eq!(refusal(&join(&approvers, &sales)), refused(400, "FIELD_INTEGRITY_EXCEPTION"));
    assert_eq!(refusal(&join(&sales, &sales)), refused(400, "FIELD_INTEGRITY_EXCEPTION"));
    let soql = format!("SELECT Id FROM GroupMember WHERE GroupId = '{sales}' AND UserOrGroup.Name = 'Ben Buyer'");
    let again = join(&sales, &org.user("ben"));
    assert_eq!((again.status, &again.json()["id"]), (201, &json!(org.one(&soql))));
    assert_eq!(refusal(&join(&group("Sales_Manager"), &org.user("ben"))), refused(400, "FIELD_INTEGRITY_EXCEPTION"));
    assert_eq!(join(&queue, &org.user("cleo")).status, 201);
    let new = org.make("Group", &json!({"Name": "New Group"}));
    assert_eq!(org.one(&format!("SELECT Type FROM Group WHERE Id = '{new}'")), "Regular");
    assert_eq!(
        refusal(&org.post("Group", &json!({"Name": "Odd", "Type": "Role"}))),
        refused(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    );
    assert_eq!(org.delete("Group", &approvers).status, 204);
    assert_eq!(
        org.done(),
        [
            "created cleo@acme.example in Incoming Orders",
            "created New Group",
            "deleted dora@acme.example in Approvers",
            "deleted Approvers in Everybody in Sales",
            "deleted Approvers",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_org_may_have_a_rule_of_its_own() {
    let org = Org::with(Options { cost_center_required: true, ..Options::default() }).await;
    let mut user = org.newcomer("joe");
    assert_eq!(refusal(&org.post("User", &user)), refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION"));
    user["Cost_Center__c"] = "4711".into();
    org.make("User", &user);
    let described = org.get("/sobjects/User/describe").json();
    let fields = described["fields"].as_array().unwrap();
    let field = |name: &str| fields.iter().find(|field| field["name"] == name).unwrap();
    assert_eq!((&described["deletable"], &field("Username")["nillable"]), (&json!(false), &json!(false)));
    assert_eq!(field("ProfileId")["referenceTo"], json!(["Profile"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_and_run_out() {
    let org = Org::with(Options { daily_requests: 3, ..Options::default() }).await;
    assert_eq!(org.get("/limits").header("sforce-limit-info"), Some("api-usage=1/3"));
    assert_eq!(org.ask("SELECT nonsense").header("sforce-limit-info"), Some("api-usage=2/3"));
    assert_eq!(org.get("/limits").json()["DailyApiRequests"]["Remaining"], 0);
    assert_eq!(refusal(&org.get("/limits")), refused(403, "REQUEST_LIMIT_EXCEEDED"));
}
