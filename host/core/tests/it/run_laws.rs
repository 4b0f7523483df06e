//! What holds for every life of an operation, whatever a target, a crash or a person does to it; and the bounds of pace.

use crate::given::{account, capability, now};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use reeve_core::access::{Account, AccountState, AccountView, OperationKind};
use reeve_core::audit::Event;
use reeve_core::id::NativeId;
use reeve_core::identity::ExitCause;
use reeve_core::plan::{AccountRef, Action, Cause, Lane, PlannedOperation};
use reeve_core::run::{Breaker, Failure, Happened, Operation, Outcome, Phase, RateHint, Sight, Status, pace};

/// Anything that may come, also at a wrong time: a worker that lost its claim speaks late.
fn happened() -> impl Strategy<Value = Happened> {
    let outcome = |status| Outcome { status, account: None, request_id: None, side_effects: vec![] };
    let hint = RateHint { retry_after_ms: Some(1000), ..RateHint::default() };
    let failures = prop::sample::select(vec![
        Failure::Unavailable(hint.clone()),
        Failure::RateLimited(hint),
        Failure::AuthFailed("expired".to_owned()),
        Failure::OutcomeUnknown("lost".to_owned()),
        Failure::NotFound("gone".to_owned()),
        Failure::Protocol("HTML".to_owned()),
        Failure::Forbidden("no".to_owned()),
        Failure::Denied("no".to_owned()),
    ]);
    let statuses = prop::sample::select(vec![Status::Done, Status::AlreadySo, Status::Accepted("7".to_owned())]);
    let states = prop::sample::select(vec![AccountState::Active, AccountState::Disabled, AccountState::Frozen]);
    prop_oneof![
        4 => Just(Happened::Intended { account: None }),
        1 => Just(Happened::Interrupted),
        3 => statuses.prop_map(move |status| Happened::Answered { result: Ok(outcome(status)), reached: true }),
        3 => (failures.clone(), any::<bool>())
            .prop_map(|(failure, reached)| Happened::Answered { result: Err(failure), reached }),
        4 => prop::option::of(states).prop_map(|state| {
            let view = state.map(|state| Account { state, ..account("a1", "mia") });
            let view = view.map(|account| Box::new(AccountView { account, grants: vec![] }));
            Happened::Read { began: now(), sight: Ok(Sight::Account(view)) }
        }),
        1 => failures.prop_map(|failure| Happened::Read { began: now(), sight: Err(failure) }),
        1 => Just(Happened::Withdrawn { why: "HR took it back".to_owned() }),
        1 => Just(Happened::Outdated { why: "a later plan did it".to_owned() }),
        1 => Just(Happened::Released { by: "ada".to_owned() }),
    ]
}

fn operation(lane: Lane) -> Operation {
    let planned = PlannedOperation {
        system: "crm".into(),
        lane,
        identity: "p-1".into(),
        person: "Mia Okafor".to_owned(),
        what: "mia".to_owned(),
        action: Action::Disable { account: AccountRef::Existing(NativeId::new("a1")) },
        cause: Cause::Leaver { cause: ExitCause::Terminated, effective_at: now() },
        after: None,
        mechanism: "by its API".to_owned(),
    };
    Operation::new(&"0123456789abcdef".into(), 0, planned, now())
}

fn shows_the_end(happened: &Happened) -> bool {
    match happened {
        Happened::Read { sight: Ok(Sight::Account(view)), .. } => {
            view.as_ref().is_none_or(|view| view.account.state == AccountState::Disabled)
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_life_of_an_operation_breaks_these_laws(
        lane in prop::sample::select(vec![Lane::Leaver, Lane::Standard]),
        idempotent in any::<bool>(),
        life in prop::collection::vec((happened(), 0..4000_i64, 0.0..=1.0_f64), 1..40),
    ) {
        let mut operation = operation(lane);
        let mut capability = capability(OperationKind::Disable);
        capability.idempotent = idempotent;
        let mut clock = now();
        let mut intents = 0;
        for (mut happened, wait, jitter) in life {
            // The worker sends only what waits.
            if matches!(happened, Happened::Intended { .. }) && operation.phase != Phase::Waiting
                && !operation.phase.is_settled() {
                continue;
            }
            clock = clock.checked_add(SignedDuration::from_millis(wait)).unwrap();
            if let Happened::Read { began, .. } = &mut happened {
                *began = clock;
            }
            let (before, sends) = (operation.phase, operation.sends);
            let step = operation.step(happened.clone(), &capability, clock, jitter);
            let released = matches!(happened, Happened::Released { .. });

            let outdated = matches!(happened, Happened::Outdated { .. });
            if outdated && before.needs_person() {
                prop_assert_eq!((operation.phase, step.event), (Phase::Cancelled, Some(Event::OperationCancelled)));
                prop_assert_eq!((operation.settled_at, step.finding), (Some(clock), None));
                continue;
            }
            if outdated || (before.is_settled() && !released) {
                prop_assert_eq!((operation.phase, step.event), (before, None), "{:?} moved it", happened);
            }
            // Where twice is not as good as once, what may have happened is not sent again before it is sure.
            let lost = matches!(before, Phase::Intended | Phase::Unknown) && operation.phase == Phase::Waiting;
            if lost && !idempotent && matches!(happened, Happened::Read { .. }) {
                prop_assert_eq!(operation.sends, 0, "nobody has answered for sending it again");
            }
            if operation.phase == Phase::Verified && before != Phase::Verified {
                prop_assert!(shows_the_end(&happened), "{happened:?} verified it");
                prop_assert_eq!(step.event, Some(Event::OperationVerified));
            }
            if operation.sends > sends {
                let sent_from_waiting = matches!(happened, Happened::Intended { .. }) && before == Phase::Waiting;
                prop_assert!(sent_from_waiting);
                prop_assert_eq!(operation.sends, sends + 1);
                intents += 1;
            }
            prop_assert!(operation.sends < sends + 2 && (operation.sends >= sends || released));
            if released && operation.phase == Phase::Waiting {
                prop_assert_eq!(intents, 0, "what was sent once is read before it is sent again");
            }
            prop_assert_eq!(operation.settled_at.is_some(), operation.phase.is_settled());
            if operation.phase.needs_person() && before != operation.phase {
                prop_assert!(step.finding.is_some(), "a person is told");
            }
            if lane == Lane::Standard {
                prop_assert!(operation.sends <= pace::SENDS_MAX);
            }
            prop_assert!(operation.not_before <= clock.checked_add(pace::RETRY_AFTER_MAX).unwrap());
        }
    }

    #[test]
    fn a_retry_never_comes_before_the_target_allows_and_never_beyond_the_bounds(
        attempts in any::<u32>(),
        retry_after_ms in prop::option::of(prop_oneof![0..10_000_u64, any::<u64>()]),
        jitter in prop_oneof![0.0..=1.0_f64, any::<f64>()],
    ) {
        let at = pace::retry_at(attempts, retry_after_ms, now(), jitter);
        let wait = at.duration_since(now());
        let asked = retry_after_ms.map_or(0, |ms| ms.min(3_600_000));
        prop_assert!(wait >= SignedDuration::from_millis(asked as i64));
        prop_assert!(wait <= pace::RETRY_MAX.max(SignedDuration::from_millis(asked as i64)));
        let read = pace::read_again_at(attempts, now(), jitter).duration_since(now());
        prop_assert!(read >= pace::READ_BASE / 2 && read <= pace::READ_MAX);
    }
}

#[test]
fn waits_double_up_to_their_bound() {
    let wait = |attempts| pace::retry_at(attempts, None, now(), 1.0).duration_since(now()).as_millis();
    assert_eq!([1, 2, 3, 4, 5].map(wait), [500, 1_000, 2_000, 4_000, 8_000]);
    assert_eq!([20, 1_000].map(wait), [300_000, 300_000]);
    assert_eq!(pace::retry_at(5, None, now(), 0.0), now(), "full jitter");
}

fn after(seconds: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn ill() -> Failure {
    Failure::Unavailable(RateHint::default())
}

/// Case 64.
#[test]
fn a_breaker_opens_after_failures_in_a_row_tries_again_later_and_closes_on_success() {
    let mut breaker = Breaker::default();
    for _ in 0..4 {
        breaker.record(Some(&ill()), now());
        assert!(breaker.allows(now()));
    }
    breaker.record(Some(&ill()), now());
    assert!(!breaker.allows(after(4)));
    assert_eq!(breaker.shut_until(now()), Some(after(5)));
    assert!(breaker.allows(after(5)));
    // The trial fails: the pause doubles, up to ten minutes.
    breaker.record(Some(&ill()), after(5));
    assert_eq!(breaker.shut_until(after(5)), Some(after(15)));
    let mut clock = 15;
    for _ in 0..20 {
        breaker.record(Some(&ill()), after(clock));
        let until = breaker.shut_until(after(clock)).unwrap();
        assert!(until <= after(clock + 600));
        clock = until.duration_since(now()).as_secs();
    }
    breaker.record(None, after(clock));
    assert!(breaker.allows(after(clock)));
    breaker.record(Some(&ill()), after(clock));
    assert!(breaker.allows(after(clock)), "it counts from the start again");
}

/// Case 64: a system that comes back is not met by everything that waited for it.
#[test]
fn after_its_pause_a_breaker_lets_one_operation_try_at_a_time() {
    let opened = || {
        let mut breaker = Breaker::default();
        assert!((0..9).all(|_| breaker.begin(now()).is_some()), "closed, it lets everything through");
        (0..5).for_each(|_| breaker.record(Some(&ill()), now()));
        assert!(breaker.begin(after(4)).is_none(), "open, it lets nothing through");
        breaker
    };
    let mut breaker = opened();
    let trial = breaker.begin(after(5)).unwrap();
    assert!(!breaker.allows(after(5)) && breaker.begin(after(6)).is_none());
    breaker.record(None, after(7));
    assert!((0..9).all(|_| breaker.begin(after(7)).is_some()), "it worked");
    breaker.end(trial);

    let mut breaker = opened();
    let trial = breaker.begin(after(5)).unwrap();
    breaker.record(Some(&ill()), after(6));
    breaker.end(trial);
    assert_eq!(breaker.shut_until(after(6)), Some(after(16)), "it failed, and the pause doubles");
    let second = breaker.begin(after(16)).unwrap();
    assert!(breaker.begin(after(16)).is_none());
    // Its operation was withdrawn before anything was asked: the next one is the trial.
    breaker.end(second);
    let third = breaker.begin(after(17)).expect("a trial that asked nothing makes room for another");
    assert!(breaker.begin(after(17)).is_none());
    // Nobody ever hears of it again.
    assert_eq!(breaker.shut_until(after(17)), Some(after(137)));
    let fourth = breaker.begin(after(137)).unwrap();
    breaker.end(third);
    assert!(breaker.begin(after(138)).is_none(), "who comes late makes no room");
    breaker.record(Some(&ill()), after(138));
    breaker.end(fourth);
    assert_eq!(breaker.shut_until(after(138)), Some(after(158)));
}

#[test]
fn a_refusal_is_an_answer_and_opens_no_breaker() {
    let mut breaker = Breaker::default();
    for failure in [Failure::Forbidden("no".into()), Failure::Conflict("taken".into()), Failure::NotFound("?".into())] {
        (0..10).for_each(|_| breaker.record(Some(&failure), now()));
    }
    assert!(breaker.allows(now()));
    (0..4).for_each(|_| breaker.record(Some(&ill()), now()));
    breaker.record(Some(&Failure::Forbidden("no".into())), now());
    breaker.record(Some(&ill()), now());
    assert!(breaker.allows(now()), "an answer in between shows that the system is there");
}

#[test]
fn a_plugin_that_is_stopped_is_ill_too() {
    let mut breaker = Breaker::default();
    (0..4).for_each(|_| breaker.record(Some(&Failure::Stopped("it ran too long".into())), now()));
    assert!(breaker.allows(now()));
    breaker.record(Some(&Failure::Stopped("it ran too long".into())), now());
    assert_eq!(breaker.shut_until(now()), Some(after(5)));
}

/// Twenty calls at once that all fail are one outage, not a pause of ten minutes; and a late refusal does not end the pause.
#[test]
fn failures_that_end_while_it_is_open_say_nothing_new() {
    let mut breaker = Breaker::default();
    (0..5).for_each(|_| breaker.record(Some(&ill()), now()));
    let opened = breaker.clone();
    for failure in [ill(), Failure::Stopped("?".into()), Failure::Forbidden("no".into())] {
        (0..20).for_each(|n| breaker.record(Some(&failure), after(n % 5)));
        assert_eq!(breaker, opened, "{failure:?}");
    }
    breaker.record(Some(&ill()), after(5));
    assert_eq!(breaker.shut_until(after(5)), Some(after(15)), "the trial counts, and as the first one");
    breaker.record(None, after(6));
    assert!(breaker.allows(after(6)), "a call that worked shows that the system is there");
}

#[test]
fn retries_are_a_budget_that_time_and_calls_that_worked_earn() {
    let mut breaker = Breaker::default();
    assert_eq!((0..30).filter(|_| breaker.take_retry(now())).count(), 20);
    (0..4).for_each(|_| breaker.record(Some(&ill()), now()));
    assert!(!breaker.take_retry(now()), "what fails earns nothing");
    (0..4).for_each(|_| breaker.record(None, now()));
    assert!(!breaker.take_retry(now()));
    breaker.record(None, now());
    assert!(breaker.take_retry(now()), "five calls that worked pay for one");
    assert!(!breaker.take_retry(now()));
    let later = now().checked_add(SignedDuration::from_secs(5)).unwrap();
    assert!(breaker.take_retry(later), "and so do five seconds, or nothing would ever move again");
    assert!(!breaker.take_retry(later));
    (0..1000).for_each(|_| breaker.record(None, later));
    assert_eq!((0..30).filter(|_| breaker.take_retry(later)).count(), 20, "it is bounded");
    let much_later = after(1_000_000);
    assert_eq!((0..30).filter(|_| breaker.take_retry(much_later)).count(), 20, "by time too");
    assert!(!breaker.take_retry(now()), "a clock that is set back takes nothing and earns nothing");
}
