//! `reeve serve`: ready at once, does approved work, answers /healthz, and ends when told. Beside it and beside each other
//! commands change the same database, and every effect still happens once.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_e2e::http;
use reeve_e2e::people::crowd;
use reeve_e2e::reeve::Reeve;
use reeve_e2e::wait::until;
use reeve_e2e::workspace::Workspace;
use reeve_sim::misbehaviour::{Act, Rule, Work};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

const PEOPLE: u32 = 12;
/// How long a server may take to end what it has begun.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// A workspace with a plan approved for everybody.
fn approved(database: Database) -> (Workspace, Reeve) {
    let workspace = Workspace::start();
    let reeve = Reeve::new(database);
    workspace.govern(&reeve);
    reeve.hr(&crowd(PEOPLE, "Finance"));
    reeve.run(["sync"]).ok();
    reeve.approve();
    // Slow enough that work meets other work, and each change is counted as it is asked for.
    let slow = || Act::Slow { chunk_bytes: 400, delay_ms: 20 };
    workspace.misbehave([Rule::new(slow()).on("POST", "/Users"), Rule::new(slow()).on("PATCH", "/Groups/*")]);
    (workspace, reeve)
}

fn everybody_once(workspace: &Workspace) {
    assert_eq!(workspace.fitted(), [u64::from(PEOPLE), 2 * u64::from(PEOPLE)], "requests to create and to join");
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
    let Some(line) = lines.map_while(Result::ok).find(|line| line.contains("listening")) else {
        panic!("the server does not start: {}", reeve.output("serve", child).error);
    };
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
    reeve.run(["sync"]).ok();
    until("everybody is there", || (workspace.joined().len() == 2 * PEOPLE as usize).then_some(()));
    until("everything is verified", || reeve.run(["run", "show"]).ok().as_array().unwrap().is_empty().then_some(()));
    end(&mut child);
    everybody_once(&workspace);
    reeve.export_and_verify(&[]);
}

/// Tells a server to end, and sees it end in peace.
fn end(child: &mut Child) {
    let told = Instant::now();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let ended = until("the server ends", || child.try_wait().unwrap());
    assert!(ended.success(), "{ended}");
    assert!(told.elapsed() < ENDS_WITHIN, "it took {:?}", told.elapsed());
}

#[test]
fn a_server_that_is_told_to_end_leaves_nothing_half_done() {
    let (workspace, reeve) = approved(Database::Sqlite);
    let (mut child, address) = serve(&reeve);
    until("some work is done", || (workspace.ledger().len() >= 3).then_some(()));
    end(&mut child);
    assert!(http::exchange(&address, "GET", "/healthz", "", "").is_err(), "nobody answers any more");
    let left = reeve.run(["run", "show"]).ok();
    let left = left.as_array().unwrap();
    assert!(!left.is_empty(), "it ended before everything was done");
    for operation in left {
        // What was not begun waits; nothing is claimed, and so nothing has to be found out.
        assert_eq!(operation.get("phase").unwrap(), "waiting", "{operation:#}");
    }
    reeve.run(["run", "--patience", "1"]).ok();
    everybody_once(&workspace);
    reeve.export_and_verify(&[]);
}

/// Opens no case yet: the server's clock has to, when the time has come.
fn leaves_in_a_second(reeve: &Reeve, number: &str) {
    let at = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(1)).unwrap().to_string();
    let told = reeve.run(["leaver", "start", number, "--reason", "told by phone", "--at", &at]).ok();
    assert!(told.get("case").is_none(), "{told:#}");
}

fn case_opens(reeve: &Reeve, count: usize) {
    let opened = || (reeve.run(["leaver", "list"]).ok().as_array().unwrap().len() == count).then_some(());
    until("the exit is noticed", opened);
}

#[test]
fn a_system_that_does_not_answer_holds_up_neither_the_clock_nor_the_end_and_is_read_at_the_next_start() {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    reeve.hr(&crowd(PEOPLE, "Finance"));
    reeve.run(["sync", "hr"]).ok();
    workspace.misbehave([Rule::new(Act::Hang { work: Work::Skipped }).on("GET", "/Users")]);
    let (mut child, _) = serve(&reeve);
    until("the workspace is asked", || (workspace.fitted() == [1]).then_some(()));
    leaves_in_a_second(&reeve, "5001");
    case_opens(&reeve, 1);
    assert_eq!(workspace.fitted(), [1], "it is still being waited for");
    end(&mut child);

    // Its read was cut off, so it is due; the next server finds it read.
    let never_slow = || Rule::new(Act::Slow { chunk_bytes: 1_000_000, delay_ms: 0 }).on("GET", "/Users");
    workspace.misbehave([never_slow()]);
    let (mut child, _) = serve(&reeve);
    let read = || reeve.case("5001").pointer("/systems/workspace/proof").is_some_and(|proof| proof == "clean");
    until("it is read", || read().then_some(()));
    end(&mut child);
    let asked = workspace.fitted();
    let (mut child, _) = serve(&reeve);
    leaves_in_a_second(&reeve, "5002");
    case_opens(&reeve, 2);
    end(&mut child);
    assert_eq!(workspace.fitted(), asked, "it was read a moment ago, by another server");
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
