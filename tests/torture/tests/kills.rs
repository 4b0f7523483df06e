//! Cases 6 and 58: `kill -9` by chance, many times in each of a few worlds, and at boundaries of one kind, one after
//! the other, in a small one. The long run over thousands of worlds is `make torture`.

use reeve_e2e::database::Database;
use reeve_torture::harm::{Harm, Kind, Orders, Side};
use reeve_torture::site::Site;
use reeve_torture::story::Story;
use reeve_torture::world::World;

/// Worlds by seed, on each database.
const SEEDS: std::ops::Range<u64> = 1..4;
const KILLS_MIN: u64 = 10;
/// Of the boundaries of a small world every third has its turn here; `make torture` leaves no commit out.
const STRIDE: usize = 3;

fn seeds(mut site: Site) {
    let mut kills = 0;
    for seed in SEEDS {
        let outcome = World::of_seed(&mut site, seed);
        assert!(outcome.broken.is_empty(), "seed {seed}: {:#?}", outcome.broken);
        kills += outcome.kills.values().sum::<u64>();
    }
    assert!(kills >= KILLS_MIN, "only {kills} kills were done");
}

#[test]
fn kills_by_chance_leave_nothing_undone_and_nothing_twice_on_sqlite() {
    seeds(Site::new(Database::Sqlite));
}

#[test]
fn kills_by_chance_leave_nothing_undone_and_nothing_twice_on_postgres() {
    let Some(site) = Site::on_postgres() else { return };
    seeds(site);
}

/// Kills the run of one joiner at boundaries of a kind in turn. The run is the world's fourth step.
fn at_every(kind: Kind, side: Side, mut site: Site) {
    const RUN: std::ops::Range<usize> = 3..4;
    let story = Story::joiner();
    for at in (1..).step_by(STRIDE) {
        let outcome = World::once(&mut site, &story, RUN, Harm::kill(at, side).among(&[kind]));
        assert!(outcome.broken.is_empty(), "{side:?} {kind:?} {at}: {:#?}", outcome.broken);
        if outcome.kills.is_empty() {
            assert!(at > 6, "only {} boundaries of {kind:?} were met", at - 1);
            return;
        }
    }
}

#[test]
fn a_run_killed_after_a_request_left_goes_on() {
    at_every(Kind::HttpSend, Side::After, Site::new(Database::Sqlite));
}

#[test]
fn a_run_killed_after_a_commit_left_and_before_its_answer_goes_on() {
    let Some(site) = Site::on_postgres() else { return };
    at_every(Kind::PgCommit, Side::After, site);
}

#[test]
fn an_export_that_was_killed_leaves_the_last_one_whole() {
    let mut site = Site::new(Database::Sqlite);
    site.begin_anew();
    let folder = site.log_folder_text();
    site.clean(&["log", "export", &folder], &[0]);
    for at in 1.. {
        let orders = Orders { harm: Some(Harm::kill(at, Side::Before).among(&[Kind::Rename])), ..Orders::default() };
        if site.live(&["log", "export", &folder], &orders).struck.is_none() {
            assert!(at > 2, "the export renames nothing");
            return;
        }
        let known = std::path::Path::new(&folder).exists();
        if known {
            site.clean(&["log", "verify", &folder], &[0]);
        }
        // Between two renames neither is in its place; the next export puts one there.
        site.clean(&["log", "export", &folder], &[0]);
        site.clean(&["log", "verify", &folder], &[0]);
    }
}
