//! `reeve serve`: ready at once, does approved work, answers /healthz, and ends when told. Beside it and beside each other
//! commands change the same database, and every effect still happens once.

#![expect(clippy::unwrap_used, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_e2e::http;
use reeve_e2e::people::crowd;
use reeve_e2e::reeve::Reeve;
use reeve_e2e::wait::until;
use reeve_e2e::workspace::Workspace;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};

const PEOPLE: u32 = 12;

/// A workspace with a plan approved for everybody.
fn approved(database: Database) -> (Workspace, Reeve) {
    let workspace = Workspace::start();
    let reeve = Reeve::new(database);
    workspace.govern(&reeve);
    reeve.hr(&crowd(PEOPLE, "Finance"));
    reeve.run(["sync"]).ok();
    reeve.approve();
    (workspace, reeve)
}

fn everybody_once(workspace: &Workspace) {
    let created = workspace.created();
    assert_eq!(created.len(), PEOPLE as usize);
    assert_eq!(created.into_iter().collect::<BTreeSet<_>>().len(), PEOPLE as usize);
    let joined = workspace.joined();
    assert_eq!(joined.len(), 2 * PEOPLE as usize);
    assert_eq!(joined.into_iter().collect::<BTreeSet<_>>().len(), 2 * PEOPLE as usize);
}

/// Starts a server on a free port, and waits for its address. The result is printed as JSON over a few lines.
fn serve(reeve: &Reeve) -> (Child, String) {
    let mut child = reeve.start(["serve", "--listen", "127.0.0.1:0"]);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.map_while(Result::ok).find(|line| line.contains("listening")).unwrap();
    let address = line.split('"').nth(3).unwrap().to_owned();
    (child, address)
}

#[test]
fn the_server_does_approved_work_tells_that_it_is_well_and_ends_when_told() {
    let (workspace, reeve) = approved(Database::Sqlite);
    let (mut child, address) = serve(&reeve);
    let answer = http::exchange(&address, "GET", "/healthz", "", "").unwrap();
    assert_eq!((answer.status, answer.body.contains("ok")), (200, true));
    // A command beside it waits its turn, and neither stands in the other's way.
    reeve.run(["sync", "hr"]).ok();
    until("everybody is there", || (workspace.joined().len() == 2 * PEOPLE as usize).then_some(()));
    until("everything is verified", || reeve.run(["run", "show"]).ok().as_array().unwrap().is_empty().then_some(()));
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success(), "it ends in peace");
    everybody_once(&workspace);
    reeve.export_and_verify(&[]);
}

#[test]
fn two_runs_at_once_do_everything_once_on_sqlite() {
    two_at_once(Database::Sqlite);
}

#[test]
fn two_runs_at_once_do_everything_once_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    two_at_once(database);
}

fn two_at_once(database: Database) {
    let (workspace, reeve) = approved(database);
    let (one, two) = (reeve.start(["run"]), reeve.start(["run"]));
    reeve.output("run", one).ok();
    reeve.output("run", two).ok();
    everybody_once(&workspace);
    assert_eq!(reeve.phases().into_keys().collect::<Vec<_>>(), ["verified"]);
    reeve.export_and_verify(&[]);
}
