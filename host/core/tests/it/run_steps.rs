//! One operation's life, step by step: what each thing that happens makes of it.

use crate::given::{account, now};
use crate::run_world::{Run, answered, busy, create, disable, failed, later, lost, planned, read, seen};
use jiff::SignedDuration;
use reeve_core::access::{Account, AccountState, OperationKind};
use reeve_core::audit::Event;
use reeve_core::finding::FindingKind;
use reeve_core::id::NativeId;
use reeve_core::identity::Standing;
use reeve_core::plan::{AccountRef, Action, Lane};
use reeve_core::run::{Failure, Happened, Operation, Phase, RateHint, Sight, Status, Task, pace};

#[test]
fn the_good_way_is_intended_done_verified() {
    let mut run = Run::of(disable(Lane::Standard));
    assert_eq!((run.phase(), run.operation.task()), (Phase::Waiting, Task::Send));
    assert_eq!(run.operation.id.as_str(), "0123456789ab-3");
    let step = run.step(0, Happened::Intended { account: None });
    assert_eq!((run.phase(), step.event), (Phase::Intended, Some(Event::OperationIntended)));
    assert_eq!((run.operation.sends, run.operation.sent_at), (1, Some(now())));
    let step = run.step(1, answered(Status::Done));
    assert_eq!((run.operation.task(), step.event), (Task::Verify, Some(Event::OperationDone)));
    let step = run.step(1, seen(AccountState::Disabled));
    assert_eq!((run.phase(), step.event, step.finding), (Phase::Verified, Some(Event::OperationVerified), None));
    assert_eq!((run.operation.task(), run.operation.settled_at), (Task::Nothing, Some(later(1))));
}

/// What each answer to a request leads to, by whether the request had left.
#[test]
fn every_failure_leads_where_its_meaning_says() {
    let text = || "text".to_owned();
    for (failure, unreached, reached) in [
        (Failure::AuthFailed(text()), Phase::Waiting, Phase::Unknown),
        (Failure::RateLimited(RateHint::default()), Phase::Waiting, Phase::Unknown),
        (busy(None), Phase::Waiting, Phase::Unknown),
        (Failure::Stopped(text()), Phase::Waiting, Phase::Unknown),
        (lost(), Phase::Unknown, Phase::Unknown),
        (Failure::Conflict(text()), Phase::Unknown, Phase::Unknown),
        (Failure::Protocol(text()), Phase::Refused, Phase::Unknown),
        (Failure::Internal(text()), Phase::Refused, Phase::Unknown),
        (Failure::Forbidden(text()), Phase::Refused, Phase::Refused),
        (Failure::Invalid(vec![]), Phase::Refused, Phase::Refused),
        (Failure::Unsupported(text()), Phase::Refused, Phase::Refused),
        (Failure::LicenceExhausted(text()), Phase::Refused, Phase::Refused),
        (Failure::RefusedByTarget(vec![]), Phase::Refused, Phase::Refused),
        (Failure::CursorExpired, Phase::Refused, Phase::Refused),
        (Failure::Denied(text()), Phase::Refused, Phase::Refused),
    ] {
        let after = |reached| {
            let mut run = Run::of(create()).sent();
            run.step(1, failed(failure.clone(), reached));
            run.phase()
        };
        assert_eq!((after(false), after(true)), (unreached, reached), "{failure:?}");
    }
}

#[test]
fn a_removal_of_what_is_not_found_is_read_and_not_refused() {
    let not_found = || failed(Failure::NotFound("no such account".to_owned()), false);
    let mut run = Run::of(disable(Lane::Leaver)).sent();
    run.step(1, not_found());
    assert_eq!(run.phase(), Phase::Unknown);
    run.step(1, read(Ok(Sight::Account(None))));
    assert_eq!(run.phase(), Phase::Verified);
    let mut run = Run::of(create()).sent();
    run.step(1, not_found());
    assert_eq!(run.phase(), Phase::Refused);
}

/// Cases 25 and 26: the effect came about, and the answer was lost.
#[test]
fn a_lost_answer_is_read_and_what_holds_is_never_sent_again() {
    for happened in [failed(lost(), true), Happened::Interrupted, failed(busy(None), true)] {
        let mut run = Run::of(disable(Lane::Standard)).sent();
        let step = run.step(1, happened);
        assert_eq!((run.operation.task(), step.event), (Task::Observe, Some(Event::OperationUnknown)));
        let step = run.step(1, seen(AccountState::Disabled));
        assert_eq!((run.phase(), step.note.as_str()), (Phase::Verified, "found done by a fresh read"));
        assert_eq!(run.operation.sends, 1);
    }
}

/// A request whose answer was lost may still be at work: absence counts after a while only.
#[test]
fn what_does_not_show_is_sent_again_after_patience_and_only_where_twice_is_safe() {
    let mut run = Run::of(disable(Lane::Standard)).sent();
    run.step(1, failed(lost(), true));
    run.step(1, seen(AccountState::Active));
    assert_eq!((run.phase(), run.operation.not_before > later(1)), (Phase::Unknown, true));
    let step = run.step(2, seen(AccountState::Active));
    assert_eq!((run.operation.task(), step.event), (Task::Send, Some(Event::OperationRetried)));

    let mut run = Run::of(disable(Lane::Standard)).unsafe_twice().sent();
    run.step(1, Happened::Interrupted);
    let step = run.step(15, seen(AccountState::Active));
    assert_eq!((run.phase(), step.finding), (Phase::Unknown, None));
    let step = run.step(16, seen(AccountState::Active));
    assert_eq!((run.phase(), step.finding.unwrap().kind), (Phase::Held, FindingKind::OperationStuck));
}

/// A second one would be a second account: the wait is counted from when the answer was lost, and from the last loss.
#[test]
fn what_must_not_happen_twice_waits_from_when_its_answer_was_lost() {
    assert_eq!(pace::UNKNOWN_PATIENCE, SignedDuration::from_secs(15));
    let nothing = || read(Ok(Sight::Found(vec![])));
    let mut run = Run::of(create()).unsafe_twice().sent();
    let mut sent_at = 0;
    for _ in 0..2 {
        // The call itself took longer than the patience.
        let lost_at = sent_at + 60;
        run.step(lost_at, failed(lost(), true));
        assert_eq!(run.operation.unknown_since, Some(later(lost_at)));
        for wait in [0, 1, 8, 14] {
            assert_eq!(run.step(lost_at + wait, nothing()).event, None);
            assert_eq!(run.operation.task(), Task::Observe, "after {wait} s");
            assert_eq!(run.operation.unknown_since, Some(later(lost_at)), "a read does not start the wait again");
        }
        run.step(lost_at + 14, read(Err(busy(None))));
        assert_eq!(run.operation.unknown_since, Some(later(lost_at)), "nor does one that fails");
        run.step(lost_at + 15, nothing());
        assert_eq!(run.operation.task(), Task::Send);
        sent_at = lost_at + 16;
        run.step(sent_at, Happened::Intended { account: None });
    }

    // What the target needs to show a change comes on top.
    let mut run = Run::of(create()).unsafe_twice().sent();
    run.capability.visible_after_s = 60;
    run.step(1, failed(lost(), true));
    run.step(75, nothing());
    assert_eq!(run.operation.task(), Task::Observe);
    run.step(76, nothing());
    assert_eq!(run.operation.task(), Task::Send);

    // Where twice is as good as once, the wait is short and counts from the sending.
    let mut run = Run::of(disable(Lane::Standard)).sent();
    run.step(60, failed(lost(), true));
    run.step(60, seen(AccountState::Active));
    assert_eq!(run.operation.task(), Task::Send);
}

#[test]
fn a_read_waits_for_as_long_as_the_target_needs_to_show_a_change() {
    let mut run = Run::of(disable(Lane::Standard)).sent();
    run.capability.visible_after_s = 60;
    run.step(1, failed(lost(), true));
    run.step(61, seen(AccountState::Active));
    assert_eq!(run.phase(), Phase::Unknown);
    run.step(62, seen(AccountState::Active));
    assert_eq!(run.phase(), Phase::Waiting);
}

/// A target that takes a minute to answer a read, or a worker that stood still: the request may have worked meanwhile.
#[test]
fn what_a_read_shows_is_as_old_as_its_beginning() {
    let nothing = |began| Happened::Read { began: later(began), sight: Ok(Sight::Found(vec![])) };
    let mut run = Run::of(create()).unsafe_twice().sent();
    run.step(1, failed(lost(), true));
    run.step_late(60, nothing(15));
    assert_eq!(run.operation.task(), Task::Observe, "it began within the 15 s");
    run.step_late(61, nothing(16));
    assert_eq!(run.operation.task(), Task::Send);

    let mut run = Run::of(create()).unsafe_twice().sent();
    run.step(10, failed(lost(), true));
    run.step_late(20, nothing(60));
    assert_eq!(run.operation.task(), Task::Observe, "a clock that was set back meanwhile makes it no younger");
}

/// A target that fails every time is asked ever more rarely, however surely nothing happened.
#[test]
fn what_did_not_happen_is_sent_again_after_a_wait_that_doubles() {
    let mut run = Run::of(disable(Lane::Leaver)).sent();
    let mut at = 0;
    for wait_ms in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000] {
        at += 3;
        run.step(at, failed(lost(), true));
        let step = run.step(at, seen(AccountState::Active));
        assert_eq!((run.phase(), step.event), (Phase::Waiting, Some(Event::OperationRetried)));
        let waits = run.operation.not_before.duration_since(later(at));
        assert_eq!(waits, SignedDuration::from_millis(wait_ms), "after attempt {}", run.operation.sends);
        at += 1_000;
        run.step(at, Happened::Intended { account: None });
    }
}

/// Case 26: a create is safe to send again where its key finds nothing, also where sending twice is not.
#[test]
fn a_create_is_looked_for_by_its_key_before_it_is_sent_again() {
    let mut run = Run::of(create()).unsafe_twice().sent();
    run.step(1, failed(lost(), true));
    run.step(15, read(Ok(Sight::Found(vec![]))));
    assert_eq!(run.operation.task(), Task::Observe);
    run.step(16, read(Ok(Sight::Found(vec![]))));
    assert_eq!(run.operation.task(), Task::Send);

    let mut run = Run::of(create()).unsafe_twice().sent();
    run.step(1, failed(lost(), true));
    let ours = Account { correlation_key: Some("1".to_owned()), ..account("a7", "mia") };
    run.step(1, read(Ok(Sight::Found(vec![ours]))));
    assert_eq!((run.phase(), run.operation.account.clone()), (Phase::Verified, Some("a7".into())));

    let mut run = Run::of(create()).sent();
    run.step(1, failed(lost(), true));
    run.step(9, read(Ok(Sight::Blind)));
    assert_eq!(run.phase(), Phase::Held, "a connector that can't search leaves it to a person");

    let mut run = Run::of(create()).sent();
    run.step(1, answered(Status::Done));
    assert_eq!(run.phase(), Phase::Unknown, "the target did not name what it made");
}

/// Case 24: the target says 200 and does nothing.
#[test]
fn a_claim_that_no_read_confirms_is_residual_after_patience() {
    for (status, patience) in [
        (Status::Done, pace::READ_PATIENCE),
        (Status::AlreadySo, pace::READ_PATIENCE),
        (Status::Partial(vec![]), pace::READ_PATIENCE),
        (Status::Accepted("job 7".to_owned()), pace::ACCEPTED_PATIENCE),
        (Status::PendingApproval("the owner".to_owned()), pace::APPROVAL_PATIENCE),
    ] {
        let seconds = patience.as_secs();
        let mut run = Run::of(disable(Lane::Leaver)).sent();
        run.step(0, answered(status));
        for read in 0..i64::from(pace::READS_MIN) {
            assert_eq!(run.step(read.min(seconds - 1), seen(AccountState::Active)).event, None);
        }
        assert_eq!(run.phase(), Phase::Done);
        let step = run.step(seconds, seen(AccountState::Active));
        assert_eq!((run.phase(), step.event), (Phase::Residual, Some(Event::OperationResidual)));
        let finding = step.finding.unwrap();
        assert_eq!(finding.kind, FindingKind::Residual);
        assert_eq!(
            finding.text,
            "disable mia for Mia Okafor at crm: the account is active (active). Mend the cause, then `reeve run retry \
             0123456789ab-3`."
        );
    }
}

#[test]
fn patience_asks_for_several_reads_however_late_the_first_one_is() {
    let mut run = Run::of(disable(Lane::Standard)).sent();
    run.step(0, answered(Status::Done));
    for _ in 1..pace::READS_MIN {
        run.step(3600, seen(AccountState::Active));
        assert_eq!(run.phase(), Phase::Done);
    }
    run.step(3600, seen(AccountState::Active));
    assert_eq!(run.phase(), Phase::Residual);
}

#[test]
fn attempts_are_bounded_but_for_leavers() {
    let attempt = |lane| {
        let mut run = Run::of(disable(lane));
        let mut last = None;
        for n in 0..pace::SENDS_MAX {
            assert_eq!(run.operation.task(), Task::Send, "attempt {n}");
            run.step(0, Happened::Intended { account: None });
            last = run.step(0, failed(busy(None), false)).finding;
        }
        (run.phase(), last.unwrap().kind)
    };
    assert_eq!(attempt(Lane::Standard), (Phase::Held, FindingKind::OperationStuck));
    assert_eq!(attempt(Lane::Leaver), (Phase::Waiting, FindingKind::OperationStuck), "told, and not given up");
}

#[test]
fn reads_that_fail_are_bounded_but_for_leavers() {
    let reads = |lane| {
        let mut run = Run::of(disable(lane)).sent();
        run.step(0, answered(Status::Done));
        (0..pace::SENDS_MAX).for_each(|_| drop(run.step(0, read(Err(busy(None))))));
        run.phase()
    };
    assert_eq!((reads(Lane::Standard), reads(Lane::Leaver)), (Phase::Held, Phase::Done));
}

/// Case 28.
#[test]
fn refused_credentials_keep_the_operation_and_tell_at_once() {
    let mut run = Run::of(disable(Lane::Leaver)).sent();
    let step = run.step(1, failed(Failure::AuthFailed("token expired".to_owned()), false));
    assert_eq!((run.phase(), step.finding.unwrap().kind), (Phase::Waiting, FindingKind::OperationStuck));
}

/// A plugin may send more than one request: the last one was refused, and an earlier one may have done it.
#[test]
fn what_had_left_is_read_first_whatever_the_last_request_was_refused_for() {
    for failure in [Failure::AuthFailed("token expired".to_owned()), Failure::RateLimited(RateHint::default())] {
        let mut run = Run::of(disable(Lane::Standard)).unsafe_twice().sent();
        let step = run.step(1, failed(failure.clone(), true));
        assert_eq!((run.operation.task(), step.event), (Task::Observe, Some(Event::OperationUnknown)));
        run.step(1, seen(AccountState::Disabled));
        assert_eq!((run.phase(), run.operation.sends), (Phase::Verified, 1));

        let mut run = Run::of(disable(Lane::Standard)).unsafe_twice().sent();
        let step = run.step(1, failed(failure, false));
        assert_eq!((run.operation.task(), step.event), (Task::Send, Some(Event::OperationRetried)));
        assert_eq!(run.operation.unknown_since, None);
    }
}

#[test]
fn what_a_person_releases_is_read_first_where_it_was_sent_and_then_sent() {
    let mut run = Run::of(disable(Lane::Standard));
    run.step(0, failed(Failure::Denied("no secret is set".to_owned()), false));
    run.step(1, Happened::Released { by: "ada".to_owned() });
    assert_eq!(run.operation.task(), Task::Send, "it was never sent");

    let mut run = Run::of(disable(Lane::Standard)).unsafe_twice().sent();
    run.step(1, Happened::Interrupted);
    run.step(16, seen(AccountState::Active));
    assert_eq!(run.phase(), Phase::Held);
    for _ in 0..2 {
        run.step(16, Happened::Released { by: "ada".to_owned() });
        assert_eq!((run.operation.task(), run.operation.settled_at), (Task::Observe, None));
    }
    run.step(16, seen(AccountState::Active));
    assert_eq!(run.operation.task(), Task::Send, "the person has answered for sending it again");
    run.step(16, Happened::Intended { account: None });
    run.step(17, Happened::Interrupted);
    run.step(31, seen(AccountState::Active));
    assert_eq!(run.phase(), Phase::Unknown, "the next one waits again");
    run.step(32, seen(AccountState::Active));
    assert_eq!(run.phase(), Phase::Held, "once");

    // Who releases it while it still waits has answered for that too.
    let mut run = Run::of(disable(Lane::Standard)).unsafe_twice().sent();
    run.step(1, Happened::Interrupted);
    run.step(3, seen(AccountState::Active));
    assert_eq!(run.operation.task(), Task::Observe);
    run.step(3, Happened::Released { by: "ada".to_owned() });
    run.step(3, seen(AccountState::Active));
    assert_eq!(run.operation.task(), Task::Send);
}

/// What a later plan did leaves nothing to look at, and takes nothing else back.
#[test]
fn a_later_plan_that_did_the_same_ends_only_what_waits_for_a_person() {
    let outdated = || Happened::Outdated { why: "operation 0-1 of a later plan did it".to_owned() };
    for phase in Phase::ALL {
        let mut run = Run::of(disable(Lane::Standard)).sent();
        run.operation.phase = phase;
        run.operation.settled_at = phase.is_settled().then(now);
        let before = run.operation.clone();
        let step = run.step(5, outdated());
        if matches!(phase, Phase::Held | Phase::Refused | Phase::Residual) {
            assert_eq!((run.phase(), run.operation.settled_at), (Phase::Cancelled, Some(later(5))), "{phase:?}");
            assert_eq!((step.event, step.finding), (Some(Event::OperationCancelled), None));
        } else {
            assert_eq!((run.operation, step.event), (before, None), "{phase:?}");
        }
    }
}

/// Case 18: HR changes its mind between plan and run.
#[test]
fn an_operation_may_run_only_while_its_cause_holds() {
    let leaver = disable(Lane::Leaver);
    assert_eq!(leaver.withdrawn(Some(Standing::Left)), None);
    assert_eq!(leaver.withdrawn(Some(Standing::Pending)), None, "who will come back has still left");
    assert_eq!(leaver.withdrawn(Some(Standing::Active)).unwrap(), "mia okafor is active now, so its cause is gone");
    let joiner = create();
    assert_eq!(joiner.withdrawn(Some(Standing::Active)), None);
    assert!(joiner.withdrawn(Some(Standing::Left)).is_some());
    assert!(joiner.withdrawn(Some(Standing::Pending)).is_some());
    assert_eq!(joiner.withdrawn(None).unwrap(), "the person is not known any more");
    let mut run = Run::of(leaver);
    let step = run.step(0, Happened::Withdrawn { why: "HR took it back".to_owned() });
    assert_eq!((run.phase(), step.event, step.finding), (Phase::Cancelled, Some(Event::OperationCancelled), None));
}

#[test]
fn an_action_is_sent_only_to_an_account_that_is_known() {
    let grant = Action::Grant { account: AccountRef::CreatedBy(0), entitlement: "g".into(), expires_at: None };
    let mut run = Run::of(Operation::new(&"ab".into(), 1, planned(grant, Lane::Standard), now()));
    assert_eq!(run.operation.action(), None);
    run.step(0, Happened::Intended { account: Some("a7".into()) });
    let named = Action::Grant { account: NativeId::new("a7"), entitlement: "g".into(), expires_at: None };
    assert_eq!(run.operation.action(), Some(named));
    assert_eq!(run.operation.planned.action.kind(), OperationKind::Grant);
}
