//! From HR's feed to people: who is new, who is the same, and when a feed is not believed.

use crate::given::{leaver, now, person, worker};
use reeve_core::finding::FindingKind;
use reeve_core::id::IdentityId;
use reeve_core::identity::{
    EventKind, ExitCause, FeedRefused, Identity, Reconciled, Standing, Worker, WorkerStatus, reconcile,
};
use reeve_core::policy::{FeedRules, MissingWorker};

fn feed_with(known: &[Identity], feed: Vec<Worker>, rules: FeedRules, loss: bool) -> Result<Reconciled, FeedRefused> {
    let mut number = 0;
    let new_id = || {
        number += 1;
        IdentityId::new(format!("new-{number}"))
    };
    reconcile(&"hr".into(), known, feed, &rules, loss, now(), new_id)
}

fn feed(known: &[Identity], feed: Vec<Worker>) -> Reconciled {
    feed_with(known, feed, FeedRules::default(), false).unwrap()
}

fn kinds(done: &Reconciled) -> Vec<EventKind> {
    done.events.iter().map(|event| event.kind).collect()
}

fn findings(done: &Reconciled) -> Vec<(FindingKind, &str)> {
    done.findings.iter().map(|finding| (finding.kind, finding.subject.as_str())).collect()
}

fn staff(count: usize) -> Vec<Worker> {
    (0..count).map(|n| worker(&format!("{n:03}"), &format!("Person Number{n}"))).collect()
}

fn people(count: usize) -> Vec<Identity> {
    staff(count).into_iter().map(person).collect()
}

const LOSS_IS_LEAVING: FeedRules = FeedRules { lost_percent_max: 30, missing: MissingWorker::Leaver };

#[test]
fn a_new_worker_joins_and_one_with_a_later_start_is_hired() {
    let mut later = worker("2", "Ben Aydin");
    later.start_at = Some("2026-07-01".to_owned());
    let done = feed(&[], vec![worker("1", "Mia Okafor"), later]);
    assert_eq!(kinds(&done), [EventKind::Joiner, EventKind::Hired]);
    let standings: Vec<_> = done.identities.iter().map(|person| person.standing).collect();
    assert_eq!(standings, [Standing::Active, Standing::Pending]);
    assert_eq!(done.counts.new, 2);
}

#[test]
fn a_move_names_what_changed_and_a_new_name_is_not_a_move() {
    let mia = person(worker("1", "Mia Okafor"));
    let mut moved = mia.worker.clone();
    moved.department = Some("Trading".to_owned());
    moved.title = None;
    let done = feed(std::slice::from_ref(&mia), vec![moved]);
    assert_eq!(kinds(&done), [EventKind::Mover]);
    assert_eq!(done.events[0].text, "department from Finance to Trading, title from Clerk to none");

    let mut renamed = mia.worker.clone();
    renamed.family_name = "Lindqvist".to_owned();
    let done = feed(&[mia], vec![renamed]);
    assert_eq!(kinds(&done), [EventKind::Renamed]);
    assert_eq!(done.identities[0].id, IdentityId::new("p-1"), "the person stays the same");
}

#[test]
fn a_rehire_under_a_new_number_is_the_same_person_by_the_person_key() {
    let mut old = worker("1", "Mia Okafor");
    old.person_key = Some("K".to_owned());
    let mut new = worker("9", "Mia Okafor");
    new.person_key = Some("K".to_owned());
    new.start_at = Some("2026-06-01".to_owned());
    let known = leaver(old);
    // HR keeps the ended employment in its feed; the live one counts.
    for rows in [vec![known.worker.clone(), new.clone()], vec![new.clone(), known.worker.clone()], vec![new.clone()]] {
        let done = feed(std::slice::from_ref(&known), rows);
        assert_eq!(kinds(&done), [EventKind::Rehire]);
        let [back] = done.identities.as_slice() else { panic!("one person") };
        assert_eq!((back.id.as_str(), back.standing), ("p-1", Standing::Active));
        assert_eq!(back.former_ids, ["1".into()]);
        assert_eq!(findings(&done), []);
    }
}

/// HR's row of the first employment has lost its key; its number is a former one of the same person.
#[test]
fn a_row_with_a_former_number_does_not_undo_the_row_with_the_present_one() {
    let mut known = person(worker("9", "Mia Okafor"));
    known.former_ids = vec!["1".into()];
    let present = known.worker.clone();
    let former = leaver(worker("1", "Mia Okafor")).worker;
    for rows in [vec![present.clone(), former.clone()], vec![former, present]] {
        let done = feed(std::slice::from_ref(&known), rows);
        assert_eq!((done.identities.len(), done.events.len()), (0, 0));
    }
}

#[test]
fn of_two_ended_employments_of_one_person_the_later_end_counts() {
    let row = |number: &str, end: &str| {
        let mut row = worker(number, "Mia Okafor");
        (row.person_key, row.status, row.end_at) =
            (Some("K".to_owned()), WorkerStatus::Terminated, Some(end.to_owned()));
        row
    };
    let done = feed(&[], vec![row("9", "2026-05-01"), row("1", "2025-01-31")]);
    let [mia] = done.identities.as_slice() else { panic!("one person") };
    assert_eq!(mia.worker.id, "9".into());
    assert_eq!(done.counts.held_back, 1);
}

/// Case 17.
#[test]
fn rows_that_claim_one_number_or_one_person_key_are_not_applied() {
    let mia = person(worker("1", "Mia Okafor"));
    let done = feed(std::slice::from_ref(&mia), vec![worker("1", "Mia Okafor"), worker("1", "Eve Marsh")]);
    assert_eq!(findings(&done), [(FindingKind::DuplicateWorker, "hr/number/1")]);
    assert_eq!((done.identities.len(), done.counts.held_back, done.counts.missing), (0, 2, 0));

    let keyed = |number: &str, name: &str| Worker { person_key: Some("K".to_owned()), ..worker(number, name) };
    let done = feed(&[], vec![keyed("1", "Mia Okafor"), keyed("2", "Eve Marsh"), worker("3", "Ben Aydin")]);
    assert_eq!(findings(&done), [(FindingKind::DuplicateWorker, "hr/person key/K")]);
    assert_eq!(done.identities.len(), 1, "Ben is not held up by it");
}

/// Case 17: HR gives a leaver's number to somebody new.
#[test]
fn a_number_given_to_somebody_with_another_person_key_is_another_person() {
    let keyed = |name: &str, key: &str| Worker { person_key: Some(key.to_owned()), ..worker("1", name) };
    let gone = leaver(keyed("Mia Okafor", "K1"));
    let done = feed(std::slice::from_ref(&gone), vec![keyed("Eve Marsh", "K2")]);
    assert_eq!(kinds(&done), [EventKind::Joiner]);
    assert_eq!(done.identities[0].id, IdentityId::new("new-1"));
    assert_eq!(findings(&done), [(FindingKind::DuplicateWorker, "hr/number/1")]);

    let both = [gone, done.identities[0].clone()];
    let again = feed(&both, vec![keyed("Eve Marsh", "K2")]);
    assert_eq!((again.identities.len(), again.events.len()), (0, 0), "Eve is known by her key from then on");

    let here = person(keyed("Mia Okafor", "K1"));
    let corrected = feed(&[here], vec![keyed("Mia Okafor", "K3")]);
    assert_eq!(corrected.identities[0].id, IdentityId::new("p-1"), "HR may correct the key of who is here");
}

#[test]
fn a_new_worker_who_resembles_a_leaver_is_kept_apart_with_a_finding() {
    let gone = leaver(worker("1", "Mia Okafor"));
    let mut same_address = worker("2", "Maria Okafor-Lind");
    same_address.email = Some("MIA.OKAFOR@example.com".to_owned());
    for newcomer in [worker("2", "mia OKAFOR"), same_address] {
        let done = feed(std::slice::from_ref(&gone), vec![newcomer]);
        assert_eq!(kinds(&done), [EventKind::Joiner]);
        assert_eq!(done.identities[0].id, IdentityId::new("new-1"));
        assert_eq!(findings(&done), [(FindingKind::PossibleRehire, "hr/2")]);
    }
}

#[test]
fn a_missing_worker_is_a_finding_or_a_leaver_as_policy_says() {
    let known = people(20);
    let done = feed(&known, staff(19));
    assert_eq!(findings(&done), [(FindingKind::MissingWorker, "hr/019")]);
    assert_eq!((done.identities.len(), done.counts.missing), (0, 1));

    let done = feed_with(&known, staff(19), LOSS_IS_LEAVING, false).unwrap();
    assert_eq!(kinds(&done), [EventKind::Leaver]);
    assert_eq!(done.identities[0].exit.as_ref().unwrap().cause, ExitCause::Missing);
    assert_eq!(done.identities[0].standing, Standing::Left);
}

#[test]
fn somebody_hired_who_is_gone_from_the_feed_on_the_first_day_is_missing_and_does_not_join() {
    let mut hired = person(worker("x", "Ben Aydin"));
    (hired.standing, hired.starts_at) = (Standing::Pending, Some(now()));
    let known = [people(10), vec![hired]].concat();
    let done = feed(&known, staff(10));
    assert_eq!(kinds(&done), []);
    assert_eq!(findings(&done), [(FindingKind::MissingWorker, "hr/x")]);
    let done = feed_with(&known, staff(10), LOSS_IS_LEAVING, false).unwrap();
    assert_eq!(kinds(&done), [EventKind::Leaver]);
}

#[test]
fn people_of_another_source_are_not_missed() {
    let mut elsewhere = person(worker("x", "Ben Aydin"));
    elsewhere.source = "contractors".into();
    let done = feed(&[people(3), vec![elsewhere]].concat(), staff(3));
    assert_eq!(done, Reconciled { counts: done.counts, ..Reconciled::default() });
    assert_eq!(done.counts.missing, 0);
}

/// Case 16.
#[test]
fn an_empty_feed_is_refused_where_people_are_known() {
    let refused = feed_with(&people(4), vec![], LOSS_IS_LEAVING, true).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the feed of hr is empty, while 4 people are known from it; nothing was changed. Check the export, then sync again"
    );
    assert!(feed_with(&[], vec![], FeedRules::default(), false).is_ok());
    assert!(feed_with(&[leaver(worker("1", "Mia Okafor"))], vec![], FeedRules::default(), false).is_ok());
}

/// Case 15.
#[test]
fn a_feed_cut_to_40_percent_is_refused_and_applied_once_the_loss_is_accepted() {
    let known = people(50);
    let refused = feed_with(&known, staff(20), LOSS_IS_LEAVING, false).unwrap_err();
    let FeedRefused::Shrunk { lost: 30, known: 50, percent: 60, limit_percent: 30, names, .. } = refused else {
        panic!("{refused}")
    };
    assert_eq!((names.len(), names[0].as_str()), (20, "Person Number20"));

    let done = feed_with(&known, staff(20), LOSS_IS_LEAVING, true).unwrap();
    assert_eq!(done.counts.left, 30);
    assert!(done.identities.iter().all(|person| person.standing == Standing::Left));
}

/// The guard counts terminations too: a feed in which HR ends a third of the company may be a wrong export.
#[test]
fn the_guard_trips_at_its_share_and_not_below_three_people() {
    let ending = |count: usize, of: usize| {
        let mut rows = staff(of);
        rows.iter_mut().take(count).for_each(|row| {
            (row.status, row.end_at) = (WorkerStatus::Terminated, Some("2026-05-31".to_owned()));
        });
        feed_with(&people(of), rows, FeedRules::default(), false).is_ok()
    };
    assert!(ending(2, 3), "two of three: too few to be a pattern");
    assert!(!ending(3, 10), "30 % is the limit");
    assert!(ending(29, 100));
    assert!(!ending(30, 100));
}

#[test]
fn a_row_with_an_unreadable_date_leaves_the_person_as_before() {
    let mut row = worker("1", "Mia Okafor");
    row.end_at = Some("31.12.2026".to_owned());
    row.department = Some("Trading".to_owned());
    let done = feed(&[person(worker("1", "Mia Okafor"))], vec![row]);
    assert_eq!((done.identities.len(), done.counts.held_back, done.counts.missing), (0, 1, 0));
    assert_eq!(findings(&done), [(FindingKind::UnreadableDate, "hr/1")]);
    assert_eq!(
        done.findings[0].text,
        "end-at \"31.12.2026\" of worker 1 can't be read: write 2026-03-31, 2026-03-31T18:00 (both in the worker's time \
         zone) or 2026-03-31T18:00:00+11:00. The worker was left as before; mend the date in HR, then sync again."
    );
}

#[test]
fn a_row_that_has_lost_its_person_key_does_not_unsay_it() {
    let keyed = |row: Worker| Worker { person_key: Some("K".to_owned()), ..row };
    let known = person(keyed(worker("9", "Mia Okafor")));
    let history = keyed(leaver(worker("1", "Mia Okafor")).worker);
    let done = feed(&[known], vec![history, worker("9", "Mia Okafor")]);
    assert_eq!((done.identities.len(), done.counts.new, done.counts.held_back), (0, 0, 1));
}

/// HR merges two people that Reeve knows: the one whose row is history now is missing, whatever the row's key says.
#[test]
fn a_history_row_does_not_keep_another_person_from_being_missed() {
    let keyed = |row: Worker| Worker { person_key: Some("K".to_owned()), ..row };
    let known = [person(worker("1", "Mia Okafor")), person(keyed(worker("5", "Maria Okafor")))];
    let history = keyed(leaver(worker("2", "Mia Okafor")).worker);
    let done = feed(&known, vec![history, keyed(worker("1", "Mia Okafor"))]);
    assert_eq!(findings(&done), [(FindingKind::MissingWorker, "hr/5")]);
}
