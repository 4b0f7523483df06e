//! Case 9: the machine's clock steps back by two hours while Reeve works. What was approved is done at once all the same,
//! the order of the log is that of its numbers, and no time is negative. A read whose beginning seems older than the last
//! one's is not applied, and says why; so new plans wait until the clock has caught up.

#![expect(clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_torture::harm::{Act, Harm, Kind, Orders, Side};
use reeve_torture::site::Site;
use reeve_torture::story::Story;
use reeve_torture::world::{Plan, World};
use serde_json::json;

const BACK_S: i64 = -2 * 3600;

fn steps_back(mut site: Site, kinds: &[Kind]) {
    let story = Story::small();
    let mut steps = 0;
    for (command, at) in [("approve", 1), ("run", 1), ("run", 9), ("run", 20)] {
        let mut world = World::begin(&mut site, Plan::Never);
        world.day(&story.days[0]);
        world.site.reeve.hr(&story.days[1]);
        let mut live = |args: &[&str]| {
            let harm = Harm::of(Act::Step(BACK_S), at, Side::After).among(kinds);
            let harm = (args[0] == command).then_some(harm);
            let life = world.site.live(args, &Orders { harm, ..Orders::default() });
            steps += u64::from(life.struck.is_some());
            life.output.json
        };
        live(&["sync"]);
        let hash = live(&["plan"])["hash"].as_str().map(str::to_owned).unwrap_or_default();
        live(&["approve", &hash]);
        let run = live(&["run"]);
        assert_eq!(run["left"], json!([]), "back at boundary {at} of {command}: {run:#}");
        for target in &world.site.targets {
            assert_eq!(target.holdings(), story.end(), "what was approved is done");
        }
        let read = world.site.live(&["sync"], &Orders::default()).output;
        assert!(read.code == 0 || read.json.to_string().contains("clock was set back"), "{:#}", read.json);

        world.site.clock.pass(-BACK_S);
        let mut broken = world.end(&story).broken;
        // By the clock an effect may now seem to be earlier than its intent.
        broken.retain(|what| !what.starts_with("intent-before-effect") && !what.contains("a case was closed with"));
        assert!(broken.is_empty(), "back at boundary {at} of {command}: {broken:#?}");
    }
    assert!(steps >= 3, "the clock stepped only {steps} times");
}

#[test]
fn a_clock_that_steps_back_holds_nothing_up_on_sqlite() {
    steps_back(Site::new(Database::Sqlite), &[Kind::Sync]);
}

#[test]
fn a_clock_that_steps_back_holds_nothing_up_on_postgres() {
    let Some(site) = Site::on_postgres() else { return };
    steps_back(site, &[Kind::PgCommit]);
}
