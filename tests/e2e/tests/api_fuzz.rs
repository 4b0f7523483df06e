//! The interface tried by schemathesis, from its own description: what fits the description is taken, what does not is
//! refused, and every answer is as described. Never a fault, and never an answer without a valid token.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_e2e::people::crowd;
use reeve_e2e::reeve::Reeve;
use reeve_e2e::workspace::Workspace;
use reeve_e2e::{peer, repo};
use std::io::{BufRead, BufReader};
use std::process::Command;

/// A world in which every list has something in it.
fn world(database: Database) -> (Workspace, Reeve) {
    let workspace = Workspace::start();
    let reeve = Reeve::new(database);
    workspace.govern(&reeve);
    reeve.hr(&crowd(6, "Finance"));
    reeve.run(["sync"]).ok();
    reeve.approve();
    reeve.run(["run"]).ok();
    reeve.run(["sync"]).ok();
    reeve.run(["leaver", "start", "5001", "--reason", "told by phone"]).ok();
    (workspace, reeve)
}

#[test]
fn schemathesis_finds_nothing_on_sqlite() {
    schemathesis(Database::Sqlite);
}

#[test]
fn schemathesis_finds_nothing_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    schemathesis(database);
}

fn schemathesis(database: Database) {
    let Some(found) = peer("schemathesis", &["REEVE_SCHEMATHESIS"]) else { return };
    let (_workspace, reeve) = world(database);
    let token = reeve.run(["token", "create", "schemathesis", "--role", "admin"]).ok();
    let token = token.get("token").unwrap().as_str().unwrap();
    let mut server = reeve.start(["serve", "--listen", "127.0.0.1:0"]);
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let line = lines.map_while(Result::ok).find(|line| line.contains("listening")).unwrap();
    let address = line.split('"').nth(3).unwrap();

    let tried = Command::new(&found[0])
        .current_dir(reeve.home())
        .arg("--config-file")
        .arg(repo().join("tests/e2e/schemathesis.toml"))
        .args(["run", &format!("http://{address}/v1/openapi.json"), "--no-color", "--header"])
        .arg(format!("Authorization: Bearer {token}"))
        .output()
        .unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let said = String::from_utf8_lossy(&tried.stdout);
    assert!(tried.status.success(), "{said}");
    assert!(said.contains("generated"), "it tried something: {said}");
    reeve.export_and_verify(&[]);
}
