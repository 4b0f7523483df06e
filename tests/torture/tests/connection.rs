//! Case 60: the connection to PostgreSQL is lost at a commit, before it left or before its answer came.

use reeve_torture::harm::{Act, Harm, Kind, Orders, Side};
use reeve_torture::site::Site;
use reeve_torture::story::Story;
use reeve_torture::world::{Plan, World};

#[test]
fn a_commit_whose_answer_was_lost_is_neither_lost_nor_done_twice() {
    let Some(mut site) = Site::on_postgres() else { return };
    let story = Story::joiner();
    let mut cuts = 0;
    for side in [Side::Before, Side::After] {
        for at in [1, 3, 6, 10] {
            let mut world = World::begin(&mut site, Plan::Never);
            world.prepare(&story.days[0]);
            let harm = Some(Harm::of(Act::Cut, at, side).among(&[Kind::PgCommit]));
            let life = world.site.live(&["run"], &Orders { harm, ..Orders::default() });
            cuts += u64::from(life.struck.is_some());
            assert!([0, 1, 4].contains(&life.output.code), "{} {}", life.output.code, life.output.error);
            let outcome = world.end(&story);
            assert!(outcome.broken.is_empty(), "cut {side:?} commit {at}: {:#?}", outcome.broken);
        }
    }
    assert!(cuts >= 6, "only {cuts} connections were cut");
}
