//! Case 62: PostgreSQL crashes and comes back in the middle of a run. In a program of its own, because the tests of one
//! program share one server.

use reeve_e2e::database::{Database, restart};
use reeve_e2e::wait::until;
use reeve_torture::harm::{Act, Count, Harm, Kind, Orders, Side};
use reeve_torture::site::Site;
use reeve_torture::story::Story;
use reeve_torture::world::{Plan, World};
use std::process::Command;

#[test]
fn a_run_whose_database_crashed_and_came_back_ends_well() {
    let Some(mut site) = Site::on_postgres() else { return };
    assert!(matches!(site.reeve.database, Database::Postgres(_)));
    let story = Story::small();
    let mut restarts = 0;
    for (kind, at) in [(Kind::HttpSend, 3), (Kind::PgCommit, 6)] {
        let mut world = World::begin(&mut site, Plan::Never);
        world.prepare(&story.days[0]);
        let count = Count::new(world.site.reeve.path("stopped"));
        let harm = Some(Harm::of(Act::Stop, at, Side::After).among(&[kind]));
        let child = world.site.start(&["run"], &Orders { harm, ..Orders::default() }, &count);
        let id = child.id();
        until("the run is stopped", || {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
            stat.contains(") T ").then_some(())
        });
        restart();
        restarts += 1;
        assert!(Command::new("kill").args(["-CONT", &id.to_string()]).status().unwrap().success());
        let run = world.site.reeve.output("run", child);
        assert!([0, 1, 4].contains(&run.code), "{} {}", run.code, run.error);
        world.site.clock.forget_processes();
        world.site.clean(&["run"], &[0]);
        world.day(&story.days[1]);
        let outcome = world.end(&story);
        assert!(outcome.broken.is_empty(), "after {kind:?} {at}: {:#?}", outcome.broken);
    }
    assert_eq!(restarts, 2);
}
