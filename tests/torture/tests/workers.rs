//! Several workers on one database: one that sleeps past its lease and wakes up late (case 59), and two that are killed by
//! turns (cases 5 and 61).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::{Database, query};
use reeve_e2e::wait::until;
use reeve_torture::dice::Dice;
use reeve_torture::harm::{Act, Count, Harm, Kind, Orders, Side};
use reeve_torture::site::Site;
use reeve_torture::story::Story;
use reeve_torture::world::{Plan, World};
use sqlx::Row;
use std::process::Command;

/// A lease holds for 10 s.
const PAST_THE_LEASE_S: i64 = 11;

/// Whether a process is stopped (true) or gone (false); none while it still runs.
fn stopped(id: u32) -> Option<bool> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    match stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()) {
        Some('T') => Some(true),
        None | Some('Z') => Some(false),
        Some(_) => None,
    }
}

/// Whether a stopped process holds what all writers need: then nothing can be done while it sleeps, and that is so on
/// purpose.
fn holds_the_database(site: &Site, id: u32) -> bool {
    // The server may still be at the last statement that was sent, and hold it afterwards.
    const NOT_IDLE: &str = "SELECT count(*) AS held FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND state <> 'idle'
           AND pid <> pg_backend_pid()";
    match &site.reeve.database {
        // The lock of a WAL's writer is on byte 120 of its shared memory (SQLite's file locking; proc(5), `/proc/locks`).
        Database::Sqlite => std::fs::read_to_string("/proc/locks").unwrap().lines().any(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            fields.get(3) == Some(&"WRITE")
                && fields.get(4) == Some(&id.to_string().as_str())
                && fields.get(6) == Some(&"120")
        }),
        Database::Postgres(url) => query(url, NOT_IDLE)[0].get::<i64, _>("held") > 0,
    }
}

/// A run is stopped at a request; while it sleeps, its lease ends and another run does all. Then it wakes up.
fn sleeper(mut site: Site) {
    let story = Story::come_and_gone();
    for at in 1.. {
        let side = if at % 2 == 0 { Side::Before } else { Side::After };
        let mut world = World::begin(&mut site, Plan::Never);
        world.prepare(&story.days[0]);
        let count = Count::new(world.site.reeve.path("sleeper"));
        let harm = Harm::of(Act::Stop, at, side).among(&[Kind::HttpSend]);
        let child = world.site.start(&["run"], &Orders { harm: Some(harm), ..Orders::default() }, &count);
        let id = child.id();
        assert!(until("the run is stopped", || stopped(id)), "there is no request {at}, and nobody slept");
        world.site.clock.forget_processes();
        world.site.clock.pass(PAST_THE_LEASE_S);
        let mut slept = false;
        if !holds_the_database(world.site, id) {
            let other = world.site.live(&["run"], &Orders::default()).output;
            assert!(other.code == 0 || other.error.contains("busy"), "{} {}", other.code, other.error);
            slept = other.code == 0;
        }
        assert!(Command::new("kill").args(["-CONT", &id.to_string()]).status().unwrap().success());
        let late = world.site.reeve.output("run, late", child);
        // Its patience with the database ran out while it slept.
        let busy = late.code == 1 && late.error.contains("busy");
        assert!([0, 4].contains(&late.code) || busy, "{} {}", late.code, late.error);
        world.site.clock.forget_processes();
        world.site.clock.pass(PAST_THE_LEASE_S);
        world.site.clean(&["run"], &[0]);
        world.day(&story.days[1]);
        let outcome = world.end(&story);
        assert!(outcome.broken.is_empty(), "stopped {side:?} request {at}: {:#?}", outcome.broken);
        if slept {
            return;
        }
    }
}

#[test]
fn a_worker_that_slept_past_its_lease_changes_nothing_on_sqlite() {
    sleeper(Site::new(Database::Sqlite));
}

#[test]
fn a_worker_that_slept_past_its_lease_changes_nothing_on_postgres() {
    let Some(site) = Site::on_postgres() else { return };
    sleeper(site);
}

/// Two runs at a time, one of which is killed at a boundary by chance; then the other. The other may be quicker and leave
/// nothing to be killed at, so worlds are played until enough kills were done.
fn by_turns(mut site: Site) {
    const KILLS_MIN: usize = 2;
    const WORLDS_MAX: usize = 8;
    let mut dice = Dice::new(61);
    let mut kills = 0;
    for _ in 0..WORLDS_MAX {
        if kills < KILLS_MIN {
            kills += turns(&mut site, &mut dice);
        }
    }
    assert!(kills >= KILLS_MIN, "only {kills} kills were done in {WORLDS_MAX} worlds");
}

/// Plays a world, and answers how many were killed.
fn turns(site: &mut Site, dice: &mut Dice) -> usize {
    const ROUNDS: usize = 4;
    let story = Story::small();
    let mut kills = 0;
    let mut world = World::begin(site, Plan::Never);
    let counts = [Count::new(world.site.reeve.path("one")), Count::new(world.site.reeve.path("other"))];
    for people in &story.days {
        world.prepare(people);
        for round in 0..ROUNDS {
            // In later rounds early, because all the work may be done by then.
            let reach = if round < 2 { 30 } else { 8 };
            let harm = Harm::kill(1 + dice.below(reach), *dice.one_of(&Side::ALL).unwrap());
            let start = |harm: Option<Harm>, count: &Count| {
                // Only the work itself takes time here: a clock that jumps for one would end the other's leases.
                world.site.start(
                    &["run", "--patience", "0"],
                    &Orders { harm, real_time: true, ..Orders::default() },
                    count,
                )
            };
            let [victim, other] = [&counts[round % 2], &counts[1 - round % 2]];
            let children = [start(Some(harm), victim), start(None, other)];
            let ended = children.map(|child| world.site.reeve.output("run", child).code);
            kills += ended.iter().filter(|code| **code < 0).count();
            assert!(ended.iter().all(|code| [-1, 0, 4].contains(code)), "{ended:?}");
            world.site.targets.iter().for_each(reeve_torture::target::Target::settle);
            world.site.clock.forget_processes();
            world.site.clock.pass(PAST_THE_LEASE_S);
            world.site.collect_head();
        }
    }
    let outcome = world.end(&story);
    assert!(outcome.broken.is_empty(), "{:#?}", outcome.broken);
    kills
}

#[test]
fn two_workers_that_are_killed_by_turns_do_everything_once_on_sqlite() {
    by_turns(Site::new(Database::Sqlite));
}

#[test]
fn two_workers_that_are_killed_by_turns_do_everything_once_on_postgres() {
    let Some(site) = Site::on_postgres() else { return };
    by_turns(site);
}
