//! Claims: one holder at a time, leavers first, and nobody saves over a later claim.

use crate::sample::{at, operations, plan};
use crate::support::{Fresh, on_both};
use reeve_core::id::{PlanHash, SystemName};
use reeve_core::plan::Lane;
use reeve_core::run::{Operation, Phase};
use reeve_store::{Claimed, PlanState, Store, StoreError, Tx};
use std::collections::BTreeSet;

type Planned<'a> = (&'a str, Lane, Option<usize>);

const STANDARD: Planned<'_> = ("directory", Lane::Standard, None);
const LEAVER: Planned<'_> = ("directory", Lane::Leaver, None);

async fn approved(store: &Store, name: &str, made: i64, planned: &[Planned<'_>]) -> PlanHash {
    let (hash, bytes) = plan(name);
    let mut tx = store.write().await.unwrap();
    tx.put_plan(&hash, &bytes, at(made)).await.unwrap();
    tx.put_operations(&operations(&hash, planned)).await.unwrap();
    assert!(tx.move_plan(&hash, PlanState::Proposed, PlanState::Approved, "ada", None, &[], at(made)).await.unwrap());
    tx.commit().await.unwrap();
    hash
}

async fn claim(store: &Store, owner: &str, now: i64, limit: u32) -> Vec<Claimed> {
    let mut tx = store.queue().await.unwrap();
    let claimed = tx.claim(owner, None, &[], at(now), at(now + 30), limit).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

fn names(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.operation.id.as_str()).collect()
}

fn settled(operation: &Operation, phase: Phase) -> Operation {
    Operation { phase, settled_at: Some(at(9)), ..operation.clone() }
}

async fn save(tx: &mut Tx, claimed: &Claimed, phase: Phase) -> Result<(), StoreError> {
    tx.save_claimed(&settled(&claimed.operation, phase), claimed.fence, None).await
}

on_both!(two_workers_never_hold_the_same_operation);
async fn two_workers_never_hold_the_same_operation(db: Fresh) {
    const OPERATIONS: usize = 60;
    async fn work(store: Store, owner: String) -> Vec<Claimed> {
        let mut all = Vec::new();
        loop {
            let claimed = claim(&store, &owner, 1, 3).await;
            if claimed.is_empty() {
                return all;
            }
            all.extend(claimed);
            assert!(all.len() <= OPERATIONS, "{owner} claims without end");
        }
    }
    let (one, other) = (db.store().await, db.store().await);
    approved(&one, "plan", 0, &[STANDARD; OPERATIONS]).await;
    let workers: Vec<_> = (0..4)
        .map(|worker| tokio::spawn(work([&one, &other][worker % 2].clone(), format!("worker {worker}"))))
        .collect();
    let mut seen = BTreeSet::new();
    for worker in workers {
        for claimed in worker.await.unwrap() {
            assert!(seen.insert(claimed.operation.id.clone()), "{} was claimed twice", claimed.operation.id);
        }
    }
    assert_eq!(seen.len(), OPERATIONS);
}

on_both!(leavers_come_first_then_older_plans);
async fn leavers_come_first_then_older_plans(db: Fresh) {
    let store = db.store().await;
    let late = approved(&store, "late", 2, &[STANDARD, LEAVER]).await;
    let early = approved(&store, "early", 1, &[STANDARD, STANDARD, LEAVER]).await;
    let of = |plan: &PlanHash, index: usize| format!("{}-{index}", plan.short());
    let expected = [of(&early, 2), of(&late, 1), of(&early, 0), of(&early, 1), of(&late, 0)];
    assert_eq!(names(&claim(&store, "w", 5, 2).await), expected[..2]);
    assert_eq!(names(&claim(&store, "w", 5, 10).await), expected[2..]);
}

on_both!(a_lane_and_an_exception_narrow_a_claim);
async fn a_lane_and_an_exception_narrow_a_claim(db: Fresh) {
    let store = db.store().await;
    let planned = [LEAVER, STANDARD, ("payroll", Lane::Standard, None), ("payroll", Lane::Leaver, None)];
    approved(&store, "plan", 0, &planned).await;
    let mut tx = store.write().await.unwrap();
    let payroll = [SystemName::from("payroll"), SystemName::from("it's \"gone\"")];
    let leavers = tx.claim("w", Some(Lane::Leaver), &payroll, at(1), at(9), 10).await.unwrap();
    assert_eq!(leavers.iter().map(|c| c.operation.index).collect::<Vec<_>>(), [0]);
    let rest = tx.claim("w", Some(Lane::Standard), &[], at(1), at(9), 10).await.unwrap();
    assert_eq!(rest.iter().map(|c| c.operation.index).collect::<Vec<_>>(), [1, 2]);
}

on_both!(only_what_is_due_and_approved_is_claimed);
async fn only_what_is_due_and_approved_is_claimed(db: Fresh) {
    let store = db.store().await;
    let (hash, bytes) = plan("plan");
    let mut tx = store.write().await.unwrap();
    tx.put_plan(&hash, &bytes, at(0)).await.unwrap();
    let mut all = operations(&hash, &[STANDARD, STANDARD, STANDARD]);
    all[1].not_before = at(7);
    all[2] = settled(&all[2], Phase::Cancelled);
    tx.put_operations(&all).await.unwrap();
    assert_eq!(tx.claim("w", None, &[], at(5), at(9), 10).await.unwrap(), []);
    assert_eq!(tx.next_due(at(5)).await.unwrap(), None, "nothing is approved");
    tx.move_plan(&hash, PlanState::Proposed, PlanState::Approved, "ada", None, &[], at(5)).await.unwrap();
    assert_eq!(tx.next_due(at(5)).await.unwrap(), Some(at(5)), "at once, never in the past");
    let claimed = tx.claim("w", None, &[], at(5), at(9), 10).await.unwrap();
    assert_eq!(claimed.iter().map(|c| c.operation.index).collect::<Vec<_>>(), [0]);
    assert_eq!(tx.next_due(at(5)).await.unwrap(), Some(at(7)), "the other one's time");
    let claimed = tx.claim("w", None, &[], at(8), at(12), 10).await.unwrap();
    assert_eq!(claimed.iter().map(|c| c.operation.index).collect::<Vec<_>>(), [1]);
    assert_eq!(tx.next_due(at(8)).await.unwrap(), Some(at(9)), "the end of the first lease");
}

on_both!(what_comes_after_another_waits_until_that_is_settled);
async fn what_comes_after_another_waits_until_that_is_settled(db: Fresh) {
    let store = db.store().await;
    let planned = [STANDARD, ("directory", Lane::Leaver, Some(0)), ("directory", Lane::Leaver, Some(1))];
    approved(&store, "plan", 0, &planned).await;
    let first = claim(&store, "w", 1, 10).await;
    assert_eq!(first.iter().map(|c| c.operation.index).collect::<Vec<_>>(), [0]);
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.next_due(at(1)).await.unwrap(), Some(at(31)), "time alone frees the lease only");
    save(&mut tx, &first[0], Phase::Verified).await.unwrap();
    tx.commit().await.unwrap();
    let second = claim(&store, "w", 1, 10).await;
    assert_eq!(second.iter().map(|c| c.operation.index).collect::<Vec<_>>(), [1]);
    // One that settled otherwise frees it too: the worker sees why and cancels.
    let mut tx = store.write().await.unwrap();
    save(&mut tx, &second[0], Phase::Refused).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(&store, "w", 1, 10).await.len(), 1);
}

on_both!(an_old_holder_is_fenced_off);
async fn an_old_holder_is_fenced_off(db: Fresh) {
    let store = db.store().await;
    approved(&store, "plan", 0, &[STANDARD]).await;
    let old = claim(&store, "old", 1, 1).await.remove(0);
    assert_eq!(claim(&store, "new", 30, 1).await, [], "the lease lasts until 31");
    let new = claim(&store, "new", 31, 1).await.remove(0);
    assert!(new.fence > old.fence);

    let mut tx = store.write().await.unwrap();
    assert!(matches!(save(&mut tx, &old, Phase::Verified).await, Err(StoreError::Fenced)));
    tx.save_claimed(&new.operation, new.fence, Some(at(90))).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(&store, "third", 62, 1).await, [], "the lease was renewed");

    let mut tx = store.write().await.unwrap();
    tx.save_claimed(&new.operation, new.fence, None).await.unwrap();
    tx.commit().await.unwrap();
    let third = claim(&store, "third", 62, 1).await;
    assert_eq!(third.len(), 1, "it was let go");
    let mut tx = store.write().await.unwrap();
    assert!(matches!(save(&mut tx, &new, Phase::Verified).await, Err(StoreError::Fenced)));
    save(&mut tx, &third[0], Phase::Verified).await.unwrap();
    assert_eq!(tx.operation(&third[0].operation.id).await.unwrap().unwrap().phase, Phase::Verified);
    assert_eq!(tx.underway().await.unwrap(), []);
}

on_both!(a_person_saves_only_what_no_worker_holds);
async fn a_person_saves_only_what_no_worker_holds(db: Fresh) {
    let store = db.store().await;
    approved(&store, "plan", 0, &[STANDARD]).await;
    let held = claim(&store, "w", 1, 1).await.remove(0);
    let cancelled = settled(&held.operation, Phase::Cancelled);
    let mut tx = store.write().await.unwrap();
    assert!(matches!(tx.save_unclaimed(&cancelled, at(2)).await, Err(StoreError::Conflict(_))));
    tx.save_unclaimed(&cancelled, at(31)).await.unwrap();
    assert!(matches!(save(&mut tx, &held, Phase::Verified).await, Err(StoreError::Fenced)), "the lease had ended");
    assert_eq!(tx.operation(&cancelled.id).await.unwrap(), Some(cancelled));
}

on_both!(a_clock_that_was_set_back_holds_no_operation_up);
async fn a_clock_that_was_set_back_holds_no_operation_up(db: Fresh) {
    const BEFORE: i64 = 2 * 3600;
    let store = db.store().await;
    approved(&store, "plan", 0, &[STANDARD]).await;
    let rested = claim(&store, "w", BEFORE, 1).await;
    let mut tx = store.write().await.unwrap();
    let waits = Operation { not_before: at(BEFORE), ..rested[0].operation.clone() };
    tx.save_claimed(&waits, rested[0].fence, None).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(&store, "w", BEFORE - 60, 1).await, [], "it rests for a minute");

    // Two hours are gone: neither the rest nor a lease that was given before may last until they have passed again.
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.next_due(at(5)).await.unwrap(), Some(at(5)));
    drop(tx);
    assert_eq!(claim(&store, "w", BEFORE, 1).await.len(), 1, "held by a worker that dies now");
    assert_eq!(claim(&store, "x", 5, 1).await.len(), 1);
    assert_eq!(claim(&store, "y", 6, 1).await, [], "a lease of this clock holds");
}
