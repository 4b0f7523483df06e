//! `kill -9` in the middle of a run, again and again. What the last life may have done is read before anything is sent
//! again, so the workspace's own ledger and its count of requests show every change asked for once and made once.

#![expect(clippy::unwrap_used, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_e2e::people::crowd;
use reeve_e2e::reeve::Reeve;
use reeve_e2e::wait::until;
use reeve_e2e::workspace::Workspace;
use reeve_sim::misbehaviour::{Act, Rule};
use std::collections::BTreeSet;

/// How many changes a life gets done before it is killed. Each life begins with what the one before left half done: its
/// claims hold for 10 s after its death, so the early kills come while others' claims stand and the later ones after that.
const LIVES: [usize; 6] = [1, 3, 14, 2, 12, 1];
const PEOPLE: u32 = 30;

#[test]
fn no_change_is_made_twice_however_often_the_run_is_killed_on_sqlite() {
    kill_again_and_again(Database::Sqlite);
}

#[test]
fn no_change_is_made_twice_however_often_the_run_is_killed_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    kill_again_and_again(database);
}

fn kill_again_and_again(database: Database) {
    let workspace = Workspace::start();
    let reeve = Reeve::new(database);
    workspace.govern(&reeve);
    let people = crowd(PEOPLE, "Finance");
    reeve.hr(&people);
    reeve.run(["sync"]).ok();
    let operations = reeve.approve().len();
    assert_eq!(operations, 3 * people.len(), "an account and two groups for each");
    // Answers take a while, so that a kill comes between a change and its answer.
    let slow = || Act::Slow { chunk_bytes: 400, delay_ms: 50 };
    workspace.misbehave([Rule::new(slow()).on("POST", "/Users"), Rule::new(slow()).on("PATCH", "/Groups/*")]);

    let mut heads = vec![reeve.checkpoint("head-0")];
    for (life, changes) in LIVES.into_iter().enumerate() {
        let before = workspace.ledger().len();
        let mut run = reeve.start(["run"]);
        until("the run changes something", || {
            assert!(run.try_wait().unwrap().is_none(), "the run of life {life} ended before it was killed");
            (workspace.ledger().len() >= before + changes).then_some(())
        });
        run.kill().unwrap();
        run.wait().unwrap();
        heads.push(reeve.checkpoint(&format!("head-{}", life + 1)));
    }
    let left = reeve.run(["run", "show"]).ok().as_array().unwrap().len();
    assert!(left > 0 && left < operations, "{left} of {operations} are left after the last kill");
    reeve.run(["run"]).ok();

    assert_eq!(workspace.created().len(), people.len());
    assert_eq!(workspace.created().into_iter().collect::<BTreeSet<_>>().len(), people.len());
    let joined = workspace.joined();
    assert_eq!(joined.len(), 2 * people.len());
    assert_eq!(joined.into_iter().collect::<BTreeSet<_>>().len(), 2 * people.len());
    assert_eq!(workspace.fitted(), [people.len() as u64, 2 * people.len() as u64], "requests to create and to join");
    assert_eq!(reeve.phases().into_iter().collect::<Vec<_>>(), [("verified".to_owned(), operations)]);
    reeve.export_and_verify(&heads);
}
