//! The connectors that come with Reeve.

use crate::{check, passes};
use reeve_e2e::database::Database;
use reeve_e2e::directory::{Directory, SERVICE_PASSWORD};
use reeve_e2e::org::{self, Org, SignIn};
use reeve_e2e::people::Person;
use reeve_e2e::plugins::packed;
use reeve_e2e::reeve::Reeve;
use reeve_e2e::scim_server::{self, ScimServer};
use reeve_e2e::workspace::{self, Workspace};
use std::collections::BTreeSet;

const PASSWORD: &str = "the-password-of-ines-in-a-test";

/// What holds of every connector that reads and writes over HTTP.
const HTTP: &[&str] = &[
    "package",
    "loads",
    "describe-same",
    "describe-static",
    "capabilities",
    "probes",
    "read-whole",
    "read-again",
    "small-pages",
    "cursor-again",
    "cursor-garbage",
    "references",
    "account-agrees",
    "unknown-id",
    "find-agrees",
    "busy",
    "server-error",
    "unavailable",
    "web-page",
    "cut",
    "unreachable",
    "page-again",
    "write",
    "write-again",
    "read-back",
    "create-again",
    "undeclared",
    "missing-account",
    "write-busy",
    "write-error",
    "write-lost",
    "create-lost",
    "clean-up",
];

fn people() -> Vec<Person> {
    let of = |at: u32, given: &str, family: &str, department| Person::new(1000 + at, given, family, department);
    vec![
        of(1, "Ines", "Duarte", "Finance"),
        of(2, "Jo", "Park", "Sales"),
        of(3, "Kai", "Lund", "Sales"),
        of(4, "Mia", "Rossi", "Finance"),
        of(5, "Noor", "Aziz", "Legal"),
    ]
}

/// A target with people in it, and its system file beside Reeve.
fn populated(govern: impl FnOnce(&Reeve)) -> (Reeve, String) {
    let reeve = Reeve::new(Database::Sqlite);
    reeve.hr(&people());
    govern(&reeve);
    reeve.day();
    let system = reeve.path("system.toml").to_str().unwrap().to_owned();
    (reeve, system)
}

#[test]
fn scim_keeps_the_contract_at_the_stand_in() {
    let workspace = Workspace::start();
    let (reeve, system) = populated(|reeve| workspace.govern(reeve));
    let secret = Some(("REEVE_SECRET_API_TOKEN", workspace::TOKEN));
    let before = workspace.ledger().len();
    passes(check(&reeve, &packed("scim"), &["--against", &system], secret), &HTTP[..22]);
    assert_eq!(workspace.ledger().len(), before, "without --write nothing is changed");
    let more = ["--against", system.as_str(), "--write", "workspace"];
    passes(check(&reeve, &packed("scim"), &more, secret), HTTP);
    let made = workspace.created().into_iter().filter(|login| login.starts_with("reeve.kit"));
    let mut made: Vec<_> = made.collect();
    assert!(made.iter().all(|login| workspace.user(login).is_none()), "what was made is gone");
    assert_eq!(made.len(), 2, "{made:?}");
    made.dedup();
    assert_eq!(made.len(), 2, "nothing was made twice");
}

#[test]
fn scim_keeps_the_contract_at_a_server_that_is_not_ours() {
    let Some(server) = ScimServer::start() else { return };
    let (reeve, system) = populated(|reeve| server.govern(reeve));
    let secret = Some(("REEVE_SECRET_API_TOKEN", scim_server::TOKEN));
    let users = server.users();
    passes(check(&reeve, &packed("scim"), &["--against", &system, "--write", "workspace"], secret), HTTP);
    assert_eq!(server.users(), users);
}

#[test]
fn salesforce_keeps_the_contract_at_the_stand_in() {
    // More users than one answer has, so that a listing goes on at a locator.
    let org = Org::with(200, 200);
    let (reeve, system) = populated(|reeve| org.govern(reeve, SignIn::Assertion));
    let key = org::private_key();
    let secret = Some(("REEVE_SECRET_API_PRIVATE_KEY", key.as_str()));
    let before = org.ledger().len();
    passes(check(&reeve, &packed("salesforce"), &["--against", &system], secret), &HTTP[..22]);
    assert_eq!(org.ledger().len(), before, "without --write nothing is changed");

    let born = ["--born-with", "profile:Standard User", "--born-with", "role:Sales Representative"];
    let more = [["--against", system.as_str(), "--write", "crm"].as_slice(), &born].concat();
    let expected: Vec<_> = HTTP.iter().chain(&["totals", "credentials"]).copied().collect();
    passes(check(&reeve, &packed("salesforce"), &more, secret), &expected);
    let done = org.ledger().split_off(before);
    assert!(done.iter().all(|entry| entry.name.contains("reeve.kit")), "nobody else is touched: {done:#?}");
    let how_many = |object: &str, change: &str| {
        done.iter().filter(|entry| entry.resource.starts_with(object) && entry.change == change).count()
    };
    for object in ["PermissionSetAssignment/", "PermissionSetLicenseAssign/", "GroupMember/"] {
        let made = how_many(object, "created");
        assert!(made > 0, "{object} was never made");
        assert_eq!(how_many(object, "deleted"), made, "{object} that was made is gone");
    }
    let users = done.iter().filter(|entry| entry.resource.starts_with("User/") && entry.change == "created");
    let users: BTreeSet<_> = users.map(|entry| &entry.name).collect();
    assert_eq!((users.len(), how_many("User/", "created")), (2, 2), "nobody was made twice");
    let changes = org.changes("reeve.kit");
    let fields = ["User.LastName=", "User.ProfileId=", "User.UserRoleId="];
    for change in fields.into_iter().chain(["UserLogin.IsFrozen=true", "UserLogin.IsFrozen=false"]) {
        assert!(changes.iter().any(|one| one.starts_with(change)), "{change} was never done: {changes:#?}");
    }
    for user in users {
        // Salesforce deletes no users.
        let changes = org.changes(user);
        let last = |field: &str| changes.iter().rfind(|change| change.starts_with(field)).map(String::as_str);
        assert_eq!(last("User.IsActive="), Some("User.IsActive=false"), "{changes:#?}");
    }
}

#[test]
fn ldap_keeps_the_contract_at_openldap() {
    let Some(directory) = Directory::start() else { return };
    let (reeve, system) = populated(|reeve| directory.govern(reeve));
    // The plugin's own check wants to see that sign-ins are kept.
    directory.set_password("ines.duarte", PASSWORD);
    assert!(directory.signs_in("ines.duarte", PASSWORD));
    let secret = Some(("REEVE_SECRET_DIRECTORY_PASSWORD", SERVICE_PASSWORD));
    let before = directory.people();
    // A directory has no 500.
    let expected: Vec<_> = HTTP.iter().filter(|check| !["server-error", "write-error"].contains(check)).collect();
    let expected: Vec<_> = expected.into_iter().copied().chain(["cursor-expired"]).collect();
    passes(check(&reeve, &packed("ldap"), &["--against", &system, "--write", "directory"], secret), &expected);
    assert_eq!(directory.people(), before);
}

#[test]
fn hr_csv_keeps_the_contract_at_a_folder() {
    let reeve = Reeve::new(Database::Sqlite);
    reeve.hr(&people());
    let system = reeve.path("system.toml").to_str().unwrap().to_owned();
    let expected =
        ["read-whole", "read-again", "small-pages", "cursor-again", "cursor-garbage", "cursor-expired", "unavailable"];
    passes(check(&reeve, &packed("hr-csv"), &["--against", &system], None), &expected);
}
