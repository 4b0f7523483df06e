//! Case 7: the disk is full, or broken, when the log is to be appended to. The command fails and leaves nothing behind,
//! what is known can still be read, and when there is space again the work goes on.

use reeve_e2e::database::Database;
use reeve_torture::harm::{DiskFault, EIO, ENOSPC, Orders};
use reeve_torture::site::Site;
use reeve_torture::story::Story;
use reeve_torture::world::{Plan, World};

fn full(errno: i32, from: u64) -> Orders {
    Orders { disk: Some(DiskFault { errno, from }), ..Orders::default() }
}

#[test]
fn a_full_disk_undoes_the_command_and_hides_nothing() {
    let mut site = Site::new(Database::Sqlite);
    let story = Story::small();
    for (errno, from) in [(ENOSPC, 1), (EIO, 6), (ENOSPC, 20), (EIO, 60)] {
        let mut world = World::begin(&mut site, Plan::Never);
        world.site.reeve.hr(&story.days[0]);
        world.site.clean(&["sync"], &[0]);
        let hash = world.site.clean(&["plan"], &[0]).json["hash"].as_str().unwrap().to_owned();
        let before = world.site.clean(&["log", "show", "--limit", "1000"], &[0]).json;

        // Nothing of an approval is left where its entry in the log could not be written.
        let approval = world.site.live(&["approve", &hash], &full(errno, 1)).output;
        assert_eq!(approval.code, 1, "{}", approval.error);
        assert!(approval.error.contains("disk"), "{}", approval.error);
        let after = world.site.live(&["log", "show", "--limit", "1000"], &full(errno, 1)).output.ok();
        assert_eq!(after, before, "the log can be read, and says no more than before");
        let state = world.site.live(&["plan", "show", &hash], &full(errno, 1)).output.ok()["state"].clone();
        assert_eq!(state, "Proposed");

        world.site.clean(&["approve", &hash], &[0]);
        // The run meets the full disk somewhere; it says so, or was done before.
        let run = world.site.live(&["run"], &full(errno, from)).output;
        assert!([0, 1, 4].contains(&run.code), "{} {}", run.code, run.error);
        if from < 20 {
            assert_ne!(run.code, 0, "a run that could store nothing did not fail");
        }
        world.site.clean(&["run"], &[0]);
        world.day(&story.days[1]);
        let outcome = world.end(&story);
        assert!(outcome.broken.is_empty(), "errno {errno} from write {from}: {:#?}", outcome.broken);
    }
}
