//! What holds for every feed: heard twice it changes nothing, and the order of its rows does not matter.

use crate::given::{now, person, worker};
use proptest::prelude::*;
use reeve_core::id::IdentityId;
use reeve_core::identity::{Identity, Reconciled, Worker, WorkerKind, WorkerStatus, reconcile};
use reeve_core::policy::{FeedRules, MissingWorker};
use std::collections::BTreeMap;

/// Few numbers, keys and dates, so that rows meet each other and the people who are known. Two numbers share one key, and a
/// row may lack it; that HR gives a number another key is left out, because it takes two feeds to settle.
fn row() -> impl Strategy<Value = Worker> {
    let date = || prop::sample::select(vec![None, Some("2025-03-01"), Some("2026-06-01"), Some("2026-09-01")]);
    let status = prop::sample::select(vec![
        WorkerStatus::NotStarted,
        WorkerStatus::Active,
        WorkerStatus::OnLeave,
        WorkerStatus::Terminated,
    ]);
    let kind = prop::sample::select(vec![WorkerKind::Employee, WorkerKind::Contractor]);
    let name = prop::sample::select(vec!["Mia Okafor", "Ben Aydin", "Eve Marsh"]);
    let key = any::<bool>();
    (0..8_u8, key, kind, status, name, date(), date()).prop_map(|(number, key, kind, status, name, start, end)| {
        Worker {
            person_key: key.then(|| format!("K{}", number / 2)),
            kind,
            status,
            start_at: start.map(str::to_owned),
            end_at: end.map(str::to_owned),
            ..worker(&number.to_string(), name)
        }
    })
}

fn rows() -> impl Strategy<Value = Vec<Worker>> {
    prop::collection::vec(row(), 1..9)
}

fn apply(known: &[Identity], feed: Vec<Worker>, missing: MissingWorker) -> Reconciled {
    let mut ids = 100..;
    let new_id = || IdentityId::new(format!("new-{}", ids.next().unwrap()));
    let rules = FeedRules { lost_percent_max: 30, missing };
    reconcile(&"hr".into(), known, feed, &rules, true, now(), new_id).unwrap()
}

fn merged(known: &[Identity], done: Reconciled) -> Vec<Identity> {
    let all = known.iter().cloned().chain(done.identities);
    all.map(|person| (person.id.clone(), person)).collect::<BTreeMap<_, _>>().into_values().collect()
}

/// People as an earlier feed left them: some of them gone, some with former numbers.
fn after(earlier: &[Vec<Worker>], missing: MissingWorker) -> Vec<Identity> {
    let start = vec![person(worker("0", "Mia Okafor")), person(worker("1", "Ben Aydin"))];
    earlier.iter().fold(start, |known, feed| {
        let mut done = apply(&known, feed.clone(), missing);
        let numbered = done.identities.iter_mut().filter(|one| !known.iter().any(|before| before.id == one.id));
        for (n, newcomer) in numbered.enumerate() {
            newcomer.id = IdentityId::new(format!("id-{:03}", known.len() + n));
        }
        merged(&known, done)
    })
}

/// Without the ids that are made in the order of the rows.
fn nameless(done: &Reconciled) -> (Vec<String>, Vec<String>, Vec<String>) {
    let sorted = |mut all: Vec<String>| {
        all.sort();
        all
    };
    let id = |id: &IdentityId| if id.as_str().starts_with("new") { IdentityId::new("new") } else { id.clone() };
    (
        sorted(
            done.identities.iter().map(|one| format!("{:?}", Identity { id: id(&one.id), ..one.clone() })).collect(),
        ),
        sorted(done.events.iter().map(|one| format!("{} {:?} {}", id(&one.identity), one.kind, one.text)).collect()),
        sorted(done.findings.iter().map(|one| format!("{:?} {} {}", one.kind, one.subject, one.text)).collect()),
    )
}

fn policies() -> impl Strategy<Value = MissingWorker> {
    prop::sample::select(vec![MissingWorker::Finding, MissingWorker::Leaver])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_feed_a_second_time_changes_nothing(
        earlier in prop::collection::vec(rows(), 0..3),
        feed in rows(),
        missing in policies(),
    ) {
        let known = after(&earlier, missing);
        let known = merged(&known, apply(&known, feed.clone(), missing));
        let again = apply(&known, feed, missing);
        prop_assert_eq!(again.identities, vec![]);
        prop_assert_eq!(again.events, vec![]);
    }

    #[test]
    fn the_order_of_rows_and_of_known_people_does_not_matter(
        earlier in prop::collection::vec(rows(), 0..3),
        (feed, shuffled) in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        missing in policies(),
    ) {
        let known = after(&earlier, missing);
        let backwards: Vec<_> = known.iter().rev().cloned().collect();
        prop_assert_eq!(nameless(&apply(&known, feed, missing)), nameless(&apply(&backwards, shuffled, missing)));
    }

    #[test]
    fn no_feed_makes_two_people_of_one_or_drops_one(
        earlier in prop::collection::vec(rows(), 0..3),
        feed in rows(),
        missing in policies(),
    ) {
        let known = after(&earlier, missing);
        let done = apply(&known, feed, missing);
        let mut changed: Vec<_> = done.identities.iter().map(|one| &one.id).collect();
        changed.sort();
        let before = changed.len();
        changed.dedup();
        prop_assert_eq!(changed.len(), before, "one new state for each person");
        let counted = done.counts.new + done.counts.held_back;
        prop_assert!(counted <= done.counts.workers);
    }
}
