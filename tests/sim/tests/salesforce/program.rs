//! The program `reeve-sim salesforce`, and the file in which its org outlives it.

use crate::common::{Reply, send};
use crate::org::{APP_CERTIFICATE, DATA, assertion, claims, encode};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The program, logged in to.
struct Program {
    child: Child,
    address: SocketAddr,
    token: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    fn start(folder: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_reeve-sim"))
            .current_dir(folder)
            .args(["salesforce", "--port-file", "port", "--consumer-key", "3MVG9-consumer", "--jwt-key", "app.crt"])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("serving http://127.0.0.1:"), "{line}");
        let port: u16 = fs::read_to_string(folder.join("port")).unwrap().trim().parse().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut program = Self { child, address, token: String::new() };
        let grant = encode("urn:ietf:params:oauth:grant-type:jwt-bearer");
        let form = format!("grant_type={grant}&assertion={}", assertion(&claims("integration@acme.example")));
        let reply = send(address, "POST", "/services/oauth2/token", &[], form.as_bytes()).unwrap();
        program.token = reply.json()["access_token"].as_str().unwrap().to_owned();
        program
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        send(self.address, method, &format!("{DATA}{path}"), &headers, body.as_bytes()).unwrap()
    }

    fn rows(&self, soql: &str) -> Vec<Value> {
        let reply = self.send("GET", &format!("/query?q={}", encode(soql)), &Value::Null);
        reply.json()["records"].as_array().unwrap().clone()
    }

    fn used(&self) -> Value {
        self.rows("SELECT UsedLicenses FROM UserLicense WHERE LicenseDefinitionKey = 'SFDC'")[0]["UsedLicenses"].clone()
    }
}

fn folder() -> TempDir {
    let folder = TempDir::with_prefix("reeve-sim-").unwrap();
    fs::write(folder.path().join("app.crt"), APP_CERTIFICATE).unwrap();
    folder
}

#[test]
fn it_goes_on_where_it_was_killed_but_for_its_sessions() {
    let folder = folder();
    let options = ["--state", "state", "--ledger", "ledger"];
    let program = Program::start(folder.path(), &options);
    assert_eq!(program.used(), 6);
    let ben = program.rows("SELECT Id FROM User WHERE Alias = 'ben'")[0]["Id"].as_str().unwrap().to_owned();
    assert_eq!(program.send("PATCH", &format!("/sobjects/User/{ben}"), &json!({"IsActive": false})).status, 204);
    let group = program.send("POST", "/sobjects/Group", &json!({"Name": "Night Shift"})).json();
    let (id, token) = (group["id"].as_str().unwrap().to_owned(), program.token.clone());
    drop(program);

    let mut program = Program::start(folder.path(), &options);
    assert_eq!(program.used(), 5);
    let inactive = program.rows("SELECT Alias FROM User WHERE IsActive = false ORDER BY Alias");
    assert_eq!(inactive.iter().map(|row| row["Alias"].as_str().unwrap()).collect::<Vec<_>>(), ["ben", "emil"]);
    let kept = program.rows("SELECT Id FROM Group WHERE Name = 'Night Shift'");
    assert_eq!(kept[0]["Id"], id.as_str());
    let other = program.send("POST", "/sobjects/Group", &json!({"Name": "Day Shift"})).json();
    assert_ne!(other["id"], id.as_str());
    program.token = token;
    assert_eq!(program.send("GET", "/limits", &Value::Null).status, 401);
    let ledger = fs::read_to_string(folder.path().join("ledger")).unwrap();
    let names = ledger.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["name"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["ben@acme.example", "Night Shift", "Day Shift"]);
}

#[test]
fn it_starts_with_the_org_that_it_is_given_and_a_crowd_beside() {
    let folder = folder();
    let user = |name: &str, active: bool| {
        json!({
            "object": "User", "Username": format!("{name}@acme.example"), "LastName": name, "Alias": name,
            "Email": format!("{name}@acme.example"), "ProfileId": "@Profile:Admin", "IsActive": active,
        })
    };
    let seed = json!({
        "records": [
            {"object": "Organization", "Name": "Tiny"},
            {"object": "UserLicense", "LicenseDefinitionKey": "SFDC", "Name": "Salesforce", "TotalLicenses": 3},
            {"object": "Profile", "Name": "Admin", "UserLicenseId": "@UserLicense:SFDC", "UserType": "Standard"},
            user("integration", true),
            user("mia", true),
        ],
        "blockers": [["mia@acme.example", "default-case-owner"]],
    });
    fs::write(folder.path().join("seed"), seed.to_string()).unwrap();
    let program =
        Program::start(folder.path(), &["--seed", "seed", "--users", "30", "--assignments", "45", "--page-max", "90"]);
    assert_eq!(program.used(), 32);
    let held = |user: &str| {
        let soql = format!(
            "SELECT PermissionSet.Name FROM PermissionSetAssignment WHERE Assignee.Username = '{user}@acme.example' \
             AND PermissionSet.IsOwnedByProfile = false ORDER BY PermissionSet.Name"
        );
        let rows = program.rows(&soql);
        rows.iter().map(|row| row["PermissionSet"]["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (held("crowd1"), held("crowd30")),
        (vec!["Crowd_1".to_owned(), "Crowd_2".to_owned()], vec!["Crowd_1".to_owned()])
    );
    let mia = program.rows("SELECT Id FROM User WHERE Alias = 'mia'")[0]["Id"].as_str().unwrap().to_owned();
    let refused = program.send("PATCH", &format!("/sobjects/User/{mia}"), &json!({"IsActive": false}));
    assert_eq!(refused.json()[0]["message"], "You cannot disable the Default Case Owner.");
}

#[test]
fn it_says_what_is_wrong_with_a_seed() {
    let folder = folder();
    let wrong = json!({"records": [{"object": "UserLicense", "Nmae": "Salesforce"}]});
    fs::write(folder.path().join("seed"), wrong.to_string()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_reeve-sim"))
        .current_dir(&folder)
        .args(["salesforce", "--seed", "seed"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("UserLicense has no field Nmae"), "{said}");
}
