//! The interface under `/v1` of a real server, over real HTTP: its story from the first system to a leaver's certificate, and
//! what it does with requests that it should not carry out, or not twice.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod damage;
mod hooks;
mod once;
mod proofs;
mod requests;
mod secrets;
mod story;

use reeve_e2e::api::{Caller, Server, token};
use reeve_e2e::database::Database;
use reeve_e2e::people::crowd;
use reeve_e2e::reeve::Reeve;
use reeve_e2e::workspace::Workspace;
use serde_json::{Value, json};

const PEOPLE: u32 = 3;

/// A Reeve with three people of Finance and a workspace; nothing is read yet.
fn furnished(database: Database) -> (Workspace, Reeve) {
    let workspace = Workspace::start();
    let reeve = Reeve::new(database);
    workspace.govern(&reeve);
    reeve.hr(&crowd(PEOPLE, "Finance"));
    (workspace, reeve)
}

/// Its server, and an administrator.
fn served(reeve: &Reeve) -> (Server, Caller) {
    let text = token(reeve, "ada", "admin", &[]);
    let server = Server::start(reeve);
    let admin = server.caller(&text);
    (server, admin)
}

/// Reads all systems.
fn read_all(admin: &Caller) {
    let begun = admin.post("/v1/sync-runs", &json!({}));
    assert_eq!(begun.status, 202, "{begun:?}");
    let done = admin.ended(&format!("{}/events", begun.header("location").unwrap()));
    assert_eq!(done["state"], "done", "{done:#}");
}

/// Makes a plan for everybody, and answers its hash.
fn planned(admin: &Caller) -> String {
    let made = admin.post("/v1/plans", &json!({}));
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["hash"].as_str().unwrap().to_owned()
}

/// Approves a plan, and follows its run to the end.
fn carried_out(admin: &Caller, hash: &str) -> Value {
    let approved = admin.post(&format!("/v1/plans/{hash}/approval"), &json!({}));
    assert_eq!(approved.status, 202, "{approved:?}");
    admin.ended(&format!("{}/events", approved.header("location").unwrap()))
}
