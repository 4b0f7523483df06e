//! How a person's time ends: by HR's dates in their zones, by an operator's word, by the clock alone.

use crate::given::{at, leaver, now, person, worker};
use jiff::Timestamp;
use reeve_core::identity::{
    EventKind, Exit, ExitCause, Identity, LifecycleEvent, NamedExit, Standing, Term, Worker, WorkerKind, WorkerStatus,
    advance, apply, name_exit, withdraw_exit,
};

fn heard(before: &Identity, worker: Worker, now: Timestamp) -> (Identity, Vec<LifecycleEvent>) {
    let term = Term::of(&worker).unwrap();
    apply(before, worker, term, now)
}

fn kinds(events: &[LifecycleEvent]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind).collect()
}

fn ends(text: &str, zone: &str) -> Worker {
    let mut worker = worker("1", "Mia Okafor");
    worker.end_at = Some(text.to_owned());
    worker.time_zone = Some(zone.to_owned());
    worker
}

fn named(at: &str) -> NamedExit {
    NamedExit { at: self::at(at), by: "ada".to_owned(), reason: "urgent".to_owned() }
}

fn exit(cause: ExitCause, effective: &str, told: &str) -> Option<Exit> {
    Some(Exit { cause, effective_at: at(effective), told_at: at(told) })
}

/// Case 19. Sydney goes back an hour on 5 April 2026 and forward on 4 October.
#[test]
fn an_end_falls_at_the_right_instant_in_gaps_and_overlaps() {
    for (zone, local, instant) in [
        ("Australia/Sydney", "2026-06-05T18:00", "2026-06-05T08:00:00Z"),
        ("Australia/Sydney", "2026-01-09T18:00", "2026-01-09T07:00:00Z"),
        // 02:30 comes twice: the first one counts.
        ("Australia/Sydney", "2026-04-05T02:30", "2026-04-04T15:30:00Z"),
        // 02:30 does not come: it is 03:30.
        ("Australia/Sydney", "2026-10-04T02:30", "2026-10-03T16:30:00Z"),
        // A bare day ends with its last moment, also a day of 25 or 23 hours.
        ("Australia/Sydney", "2026-04-05", "2026-04-05T14:00:00Z"),
        ("Australia/Sydney", "2026-10-04", "2026-10-04T13:00:00Z"),
        // Midnight does not come in Cairo on 24 April.
        ("Africa/Cairo", "2026-04-23", "2026-04-23T22:00:00Z"),
        ("", "2026-06-30", "2026-07-01T00:00:00Z"),
        ("Australia/Sydney", "2026-06-05T18:00:00+02:00", "2026-06-05T16:00:00Z"),
    ] {
        assert_eq!(Term::of(&ends(local, zone)).unwrap().ends_at, Some(at(instant)), "{local} in {zone}");
    }
    let mut starts = ends("2026-10-05", "Australia/Sydney");
    starts.start_at = Some("2026-10-04".to_owned());
    assert_eq!(Term::of(&starts).unwrap().starts_at, Some(at("2026-10-03T14:00:00Z")));
}

#[test]
fn dates_that_can_not_be_read_are_refused_and_never_guessed() {
    for (end, zone, field) in [
        ("2026-02-30", "", "end-at"),
        ("05/06/2026", "", "end-at"),
        ("2026-06-05T25:00", "", "end-at"),
        ("soon", "", "end-at"),
        ("2023-12-31", "", "end-at"),
        ("2026-06-05", "Sydney", "time-zone"),
    ] {
        let refused = Term::of(&ends(end, zone)).unwrap_err();
        assert_eq!(refused.field, field, "{end} {zone}");
    }
}

#[test]
fn an_exit_in_the_future_is_scheduled_and_time_alone_carries_it_out() {
    let mia = person(worker("1", "Mia Okafor"));
    let (mia, events) = heard(&mia, ends("2026-06-05T18:00", "Australia/Sydney"), now());
    assert_eq!(kinds(&events), [EventKind::ExitScheduled]);
    assert_eq!(mia.exit, exit(ExitCause::Terminated, "2026-06-05T08:00:00Z", "2026-06-01T09:00:00Z"));
    assert_eq!(advance(&mia, at("2026-06-05T07:59:59Z")), None);
    let (mia, event) = advance(&mia, at("2026-06-05T08:00:00Z")).unwrap();
    assert_eq!((mia.standing, event.kind), (Standing::Left, EventKind::Leaver));
    assert_eq!(event.effective_at, at("2026-06-05T08:00:00Z"));
    assert_eq!(advance(&mia, at("2026-06-06T08:00:00Z")), None);
}

/// Case 18.
#[test]
fn an_exit_that_is_moved_or_taken_back_says_so_and_its_clock_starts_anew() {
    let mia = person(worker("1", "Mia Okafor"));
    let (mia, _) = heard(&mia, ends("2026-06-10", ""), now());
    let tomorrow = at("2026-06-02T09:00:00Z");
    let (moved, events) = heard(&mia, ends("2026-06-20", ""), tomorrow);
    assert_eq!(kinds(&events), [EventKind::ExitMoved]);
    assert_eq!(moved.exit, exit(ExitCause::Terminated, "2026-06-21T00:00:00Z", "2026-06-02T09:00:00Z"));
    let (stays, events) = heard(&moved, worker("1", "Mia Okafor"), tomorrow);
    assert_eq!((stays.exit, kinds(&events)), (None, vec![EventKind::ExitRescinded]));
}

/// Case 18, after the exit.
#[test]
fn a_termination_taken_back_after_the_fact_brings_the_person_back() {
    let gone = leaver(worker("1", "Mia Okafor"));
    let (back, events) = heard(&gone, worker("1", "Mia Okafor"), now());
    assert_eq!((back.standing, back.exit), (Standing::Active, None));
    assert_eq!(kinds(&events), [EventKind::ExitRescinded]);
}

/// Case 18: the next day, under the same number.
#[test]
fn a_rehire_the_next_day_is_a_rehire() {
    let gone = leaver(worker("1", "Mia Okafor"));
    let mut again = worker("1", "Mia Okafor");
    again.start_at = Some("2026-06-01".to_owned());
    let (back, events) = heard(&gone, again, now());
    assert_eq!((back.standing, kinds(&events)), (Standing::Active, vec![EventKind::Rehire]));
}

/// Until then the case of the first exit goes on, and what is left of it is still taken away.
#[test]
fn who_will_come_back_later_stays_out_until_that_day() {
    let gone = leaver(worker("1", "Mia Okafor"));
    let mut again = worker("1", "Mia Okafor");
    again.start_at = Some("2026-07-01".to_owned());
    let (waits, events) = heard(&gone, again.clone(), now());
    assert_eq!((waits.standing, kinds(&events)), (Standing::Left, vec![EventKind::Hired]));
    let (same, events) = heard(&waits, again.clone(), now());
    assert_eq!((same, events), (waits.clone(), vec![]));
    let (back, events) = heard(&waits, again, at("2026-07-01T00:00:00Z"));
    assert_eq!((back.standing, kinds(&events)), (Standing::Active, vec![EventKind::Rehire]));
}

/// Case 20.
#[test]
fn a_contract_ends_on_its_date_without_a_word_from_hr() {
    let mut contract = ends("2026-06-30", "");
    contract.kind = WorkerKind::Contractor;
    let (ben, _) = heard(&person(contract.clone()), contract, now());
    let (ben, event) = advance(&ben, at("2026-07-01T00:00:00Z")).unwrap();
    assert_eq!((ben.standing, event.kind), (Standing::Left, EventKind::Leaver));
    assert_eq!(ben.exit.unwrap().cause, ExitCause::ContractEnd);
}

#[test]
fn a_termination_without_a_date_holds_from_when_it_was_heard_of() {
    let mut row = worker("1", "Mia Okafor");
    row.status = WorkerStatus::Terminated;
    let (gone, events) = heard(&person(worker("1", "Mia Okafor")), row.clone(), now());
    assert_eq!(kinds(&events), [EventKind::Leaver]);
    assert_eq!(gone.exit.as_ref().unwrap().effective_at, now());
    let (same, events) = heard(&gone, row, at("2026-06-09T00:00:00Z"));
    assert_eq!((same, events), (gone, vec![]), "and stays there");
}

/// HR ends the employment at once and clears the date that had been agreed.
#[test]
fn a_termination_without_a_date_does_not_keep_a_later_date_of_before() {
    let (mia, _) = heard(&person(worker("1", "Mia Okafor")), ends("2026-12-31", ""), now());
    let mut row = worker("1", "Mia Okafor");
    row.status = WorkerStatus::Terminated;
    let (gone, events) = heard(&mia, row, now());
    assert_eq!(gone.standing, Standing::Left);
    assert_eq!(kinds(&events), [EventKind::ExitMoved, EventKind::Leaver]);
}

#[test]
fn a_named_exit_holds_against_hr_until_it_is_withdrawn() {
    let mia = person(worker("1", "Mia Okafor"));
    let (gone, event) = name_exit(&mia, named("2026-06-01T09:00:00Z"), now()).unwrap();
    assert_eq!((gone.standing, event.kind), (Standing::Left, EventKind::Leaver));
    let (same, events) = heard(&gone, worker("1", "Mia Okafor"), now());
    assert_eq!((&same, events), (&gone, vec![]), "HR still lists the person as active");
    assert_eq!(name_exit(&gone, named("2026-06-02T09:00:00Z"), now()), None);

    let (back, events) = withdraw_exit(&gone, now()).unwrap();
    assert_eq!((back.standing, back.exit, back.named_exit), (Standing::Active, None, None));
    assert_eq!(kinds(&events), [EventKind::ExitRescinded]);
    assert_eq!(withdraw_exit(&mia, now()), None);
}

#[test]
fn a_withdrawn_exit_leaves_what_hr_says() {
    let (mia, _) = heard(&person(worker("1", "Mia Okafor")), ends("2026-06-10", ""), now());
    let (gone, event) = name_exit(&mia, named("2026-06-05T00:00:00Z"), now()).unwrap();
    assert_eq!((event.kind, gone.standing), (EventKind::ExitMoved, Standing::Active));
    let (back, events) = withdraw_exit(&gone, now()).unwrap();
    assert_eq!(kinds(&events), [EventKind::ExitMoved]);
    assert_eq!(back.exit.unwrap().effective_at, at("2026-06-11T00:00:00Z"));
}

#[test]
fn an_exit_named_for_later_than_hr_says_does_not_put_hrs_off() {
    let (mia, _) = heard(&person(worker("1", "Mia Okafor")), ends("2026-06-05T18:00", ""), now());
    assert_eq!(name_exit(&mia, named("2026-06-20T00:00:00Z"), now()), None);
}

#[test]
fn an_exit_named_before_the_first_day_holds_on_the_first_day() {
    let mut hired = worker("1", "Mia Okafor");
    hired.start_at = Some("2026-07-01".to_owned());
    let mut mia = person(hired.clone());
    (mia.standing, mia.starts_at) = (Standing::Pending, Some(at("2026-07-01T00:00:00Z")));
    let (gone, _) = name_exit(&mia, named("2026-06-01T09:00:00Z"), now()).unwrap();
    for day in ["2026-06-02T00:00:00Z", "2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z"] {
        let (still, events) = heard(&gone, hired.clone(), at(day));
        assert_eq!((still.standing, events), (Standing::Left, vec![]), "{day}");
    }
    let (back, _) = withdraw_exit(&gone, now()).unwrap();
    assert_eq!(back.standing, Standing::Pending);
}

#[test]
fn a_new_employment_after_a_named_exit_ends_it() {
    let mia = person(worker("1", "Mia Okafor"));
    let (gone, _) = name_exit(&mia, named("2026-06-01T09:00:00Z"), now()).unwrap();
    let mut again = worker("1", "Mia Okafor");
    again.start_at = Some("2026-06-15".to_owned());
    let (waits, _) = heard(&gone, again.clone(), at("2026-06-10T00:00:00Z"));
    assert_eq!(waits.standing, Standing::Left);
    let (back, events) = heard(&waits, again, at("2026-06-15T00:00:00Z"));
    assert_eq!((back.standing, kinds(&events)), (Standing::Active, vec![EventKind::Rehire]));
}

/// Case 9.
#[test]
fn a_clock_that_steps_back_brings_nobody_back() {
    let gone = leaver(worker("1", "Mia Okafor"));
    let before = at("2026-05-30T09:00:00Z");
    assert_eq!(advance(&gone, before), None);
    let (still, events) = heard(&gone, gone.worker.clone(), before);
    assert_eq!((still.standing, events), (Standing::Left, vec![]));
}

#[test]
fn hired_people_join_when_their_day_comes() {
    let mut hired = person(worker("1", "Mia Okafor"));
    hired.worker.status = WorkerStatus::NotStarted;
    (hired.standing, hired.starts_at) = (Standing::Pending, Some(at("2026-06-08T00:00:00Z")));
    assert_eq!(advance(&hired, now()), None);
    let (joined, event) = advance(&hired, at("2026-06-08T00:00:00Z")).unwrap();
    assert_eq!((joined.standing, event.kind), (Standing::Active, EventKind::Joiner));
}
