//! The program `reeve-sim` as the demo runs it.

mod common;

use common::{names, send, user};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_writes_its_ports_keeps_its_ledger_and_starts_again_where_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("token"), "sesame\n").unwrap();
    let rule = json!({"match": {"method": "DELETE"}, "act": {"do": "refuse", "status": 409, "detail": "owns 2 open envelopes"}});
    fs::write(folder.path().join("rules"), rule.to_string()).unwrap();
    let start = || {
        let mut program = Command::new(env!("CARGO_BIN_EXE_reeve-sim"))
            .current_dir(&folder)
            .args(["scim", "--listen", "127.0.0.1:0", "--port-file", "port", "--admin-port-file", "admin"])
            .args(["--token-file", "token", "--state", "state", "--ledger", "ledger", "--misbehave", "rules"])
            .args(["--seed-groups", "staff,finance", "--without", "patch", "--page-max", "50"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        // Said once the port files are there.
        BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("serving http://127.0.0.1:"), "{line}");
        let port = |file| {
            let number = fs::read_to_string(folder.path().join(file)).unwrap();
            SocketAddr::from(([127, 0, 0, 1], number.trim().parse().unwrap()))
        };
        (Program(program), port("port"), port("admin"))
    };
    let headers = [("authorization", "Bearer sesame"), ("content-type", "application/scim+json")];
    let ask = |address: SocketAddr, method: &str, path: &str, body: &Value| {
        send(address, method, path, &headers, body.to_string().as_bytes()).unwrap()
    };

    let (program, scim, _) = start();
    let created = ask(scim, "POST", "/scim/v2/Users", &user("ann"));
    assert_eq!(created.status, 201);
    let path = format!("/scim/v2/Users/{}", created.json()["id"].as_str().unwrap());
    assert_eq!(ask(scim, "DELETE", &path, &Value::Null).json()["detail"], "owns 2 open envelopes");
    drop(program);

    let (_program, scim, admin) = start();
    assert_eq!(names(&ask(scim, "GET", "/scim/v2/Users", &Value::Null).json()), ["ann"]);
    assert_eq!(names(&ask(scim, "GET", "/scim/v2/Groups", &Value::Null).json()), ["staff", "finance"]);
    assert_eq!(ask(scim, "PATCH", &path, &Value::Null).status, 501);
    let ledger = ask(admin, "GET", "/ledger", &Value::Null).json();
    assert_eq!((ledger.as_array().unwrap().len(), &ledger[0]["name"]), (1, &json!("ann")));
    let line: Value = serde_json::from_str(fs::read_to_string(folder.path().join("ledger")).unwrap().trim()).unwrap();
    assert_eq!(line, ledger[0]);
}
