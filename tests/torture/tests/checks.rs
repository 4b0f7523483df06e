//! Each check is seen failing: the record of a sound world is spoiled in one way, and the check that must notice does.

#![expect(clippy::unwrap_used, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_torture::checks::{CHECKS, Wished, broken};
use reeve_torture::record::{Effect, Record};
use reeve_torture::site::Site;
use reeve_torture::story::Story;
use reeve_torture::world::{Plan, World};
use serde_json::json;
use std::collections::BTreeSet;

type Spoil = fn(&mut Record);

const SPOILED: [(&str, Spoil); 12] = [
    ("intent-before-effect", |record| record.log.retain(|logged| logged.event != "operation.intended")),
    ("intent-before-effect", |record| {
        let created = record.happened.iter_mut().find(|one| matches!(one.effect, Effect::Created { .. })).unwrap();
        created.at = record.log.first().unwrap().at;
    }),
    ("one-end", |record| record.log.retain(|logged| logged.event != "operation.verified")),
    ("one-end", |record| {
        let end = record.log.iter().find(|logged| logged.event == "operation.verified").unwrap().clone();
        record.log.push(end);
    }),
    ("one-end", |record| {
        let at = record.log.iter().position(|logged| logged.event == "operation.intended").unwrap();
        let again = record.log.get(at).unwrap().clone();
        record.log.insert(at, again);
    }),
    ("nothing-twice", |record| {
        let created = record.happened.iter().find(|one| matches!(one.effect, Effect::Created { .. })).unwrap().clone();
        record.happened.push(created);
    }),
    ("nothing-twice", |record| {
        let joined = record.happened.iter().find(|one| matches!(one.effect, Effect::Joined { .. })).unwrap().clone();
        record.happened.push(joined);
    }),
    ("leavers-out", |record| {
        let holdings = record.holdings.get_mut("crm").unwrap();
        holdings.get_mut("robin.bois@example.com").unwrap().active = true;
    }),
    ("wished-end", |record| drop(record.holdings.get_mut("crm").unwrap().remove("robin.cruz@example.com"))),
    ("log-verifies", |record| record.refused = Some("an entry is not the one that was signed".to_owned())),
    ("heads-are-prefixes", |record| {
        record.log.get_mut(2).unwrap().bytes.push(b' ');
    }),
    ("closed-on-proof", |record| {
        record.happened.retain(|one| !matches!(one.effect, Effect::Disabled { .. }));
    }),
];

#[test]
fn every_check_notices_what_it_is_there_for() {
    let mut site = Site::new(Database::Sqlite);
    let story = Story::small();
    let mut world = World::begin(&mut site, Plan::Never);
    for people in &story.days {
        world.day(people);
    }
    let plan = world.site.clean(&["plan"], &[0]).json;
    let sound = world.record(&plan);
    let wished = Wished { end: story.end(), leavers: story.leavers() };
    assert_eq!(broken(&sound, &wished), [""; 0], "the world is sound");

    let mut seen = BTreeSet::from(["nothing-stuck"]);
    for (name, spoil) in SPOILED {
        let mut record = sound.clone();
        spoil(&mut record);
        let broken = broken(&record, &wished);
        assert!(broken.iter().any(|what| what.starts_with(name)), "{name} did not notice: {broken:#?}");
        seen.insert(name);
    }
    for which in 0..3 {
        let mut record = sound.clone();
        let Record { left, planned, cases, .. } = &mut record;
        [left, planned, cases][which].push(json!({ "state": "open" }));
        let broken = broken(&record, &wished);
        assert!(
            broken.iter().any(|what| what.starts_with("nothing-stuck")),
            "nothing-stuck did not notice: {broken:#?}"
        );
    }
    assert_eq!(seen.len(), CHECKS.len(), "a check was never seen failing");
}
