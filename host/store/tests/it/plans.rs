//! Plans: exact bytes, and one decision each.

use crate::sample::{at, plan};
use crate::support::{Fresh, on_both};
use reeve_store::{Dialect, PlanState, Store, StoreError};

on_both!(a_plan_keeps_its_bytes_and_first_state);
async fn a_plan_keeps_its_bytes_and_first_state(db: Fresh) {
    let store = db.store().await;
    let (hash, bytes) = plan("one");
    let mut tx = store.write().await.unwrap();
    tx.put_plan(&hash, &bytes, at(1)).await.unwrap();
    assert!(tx.move_plan(&hash, PlanState::Proposed, PlanState::Refused, "ada", None, &[], at(2)).await.unwrap());
    tx.put_plan(&hash, &bytes, at(3)).await.unwrap();
    let row = tx.plan(hash.as_str()).await.unwrap().unwrap();
    assert_eq!((row.state, row.made_at, row.bytes), (PlanState::Refused, at(1), bytes.clone()));
    assert!(matches!(tx.put_plan(&hash, b"other bytes", at(3)).await, Err(StoreError::Conflict(_))));
    assert!(matches!(tx.put_plan(&plan("two").0, &bytes, at(3)).await, Err(StoreError::Conflict(_))));
}

on_both!(bytes_that_changed_in_the_database_are_refused);
async fn bytes_that_changed_in_the_database_are_refused(db: Fresh) {
    let store = db.store().await;
    let (hash, bytes) = plan("one");
    let mut tx = store.write().await.unwrap();
    tx.put_plan(&hash, &bytes, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    let other = if db.dialect == Dialect::Sqlite { "x'20'" } else { "'\\x20'::bytea" };
    db.meddle(&format!("UPDATE plan SET bytes = {other}")).await;
    assert!(matches!(store.read().await.unwrap().plan(hash.short()).await, Err(StoreError::Damaged(_))));
}

on_both!(a_decision_is_made_once);
async fn a_decision_is_made_once(db: Fresh) {
    async fn decide(store: Store, to: PlanState, by: &'static str) -> bool {
        let mut tx = store.write().await.unwrap();
        let accepted = ["leavers".to_owned()];
        let hash = plan("one").0;
        let moved = tx.move_plan(&hash, PlanState::Proposed, to, by, Some("why"), &accepted, at(2)).await.unwrap();
        tx.commit().await.unwrap();
        moved
    }
    let store = db.store().await;
    let (hash, bytes) = plan("one");
    let mut tx = store.write().await.unwrap();
    tx.put_plan(&hash, &bytes, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    let (yes, no) = tokio::join!(
        decide(store.clone(), PlanState::Approved, "ada"),
        decide(store.clone(), PlanState::Refused, "bob")
    );
    assert!(yes ^ no, "{yes} {no}");
    let mut tx = store.write().await.unwrap();
    let row = tx.plan(hash.as_str()).await.unwrap().unwrap();
    let (state, by) = if yes { (PlanState::Approved, "ada") } else { (PlanState::Refused, "bob") };
    assert_eq!((row.state, row.decided_by.as_deref(), row.decided_at), (state, Some(by), Some(at(2))));
    assert_eq!((row.reason.as_deref(), row.accepted), (Some("why"), vec!["leavers".to_owned()]));
    // What comes after the decision leaves it.
    assert!(tx.move_plan(&hash, state, PlanState::Finished, "reeve", None, &[], at(3)).await.unwrap());
    let row = tx.plan(hash.as_str()).await.unwrap().unwrap();
    assert_eq!((row.state, row.decided_by.as_deref()), (PlanState::Finished, Some(by)));
}

on_both!(a_plan_is_named_by_the_beginning_of_its_hash);
async fn a_plan_is_named_by_the_beginning_of_its_hash(db: Fresh) {
    let store = db.store().await;
    let (hash, bytes) = plan("one");
    let mut tx = store.write().await.unwrap();
    tx.put_plan(&hash, &bytes, at(1)).await.unwrap();
    assert_eq!(tx.plan(&hash.as_str()[..6]).await.unwrap().unwrap().hash, hash);
    assert!(matches!(tx.plan(&hash.as_str()[..5]).await, Err(StoreError::Conflict(_))));
    for other in ["zzzzzz", "%%%%%%", "000000000000", "' OR 1=1"] {
        assert_eq!(tx.plan(other).await.unwrap(), None, "{other}");
    }
    tx.commit().await.unwrap();
    // No two hashes in a test begin alike, so one is made up.
    db.meddle(&format!(
        "INSERT INTO plan (hash, made_at, state, bytes, accepted)
         SELECT '{}' || 'f', made_at, state, bytes, accepted FROM plan",
        &hash.as_str()[..8]
    ))
    .await;
    let mut tx = store.read().await.unwrap();
    assert!(matches!(tx.plan(&hash.as_str()[..7]).await, Err(StoreError::Conflict(_))));
    assert_eq!(tx.plan(hash.as_str()).await.unwrap().unwrap().hash, hash);
}

on_both!(a_new_plan_takes_the_place_of_undecided_ones);
async fn a_new_plan_takes_the_place_of_undecided_ones(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let plans: Vec<_> = ["a", "b", "c", "d"].map(plan).to_vec();
    for (second, (hash, bytes)) in (1..).zip(&plans) {
        tx.put_plan(hash, bytes, at(second)).await.unwrap();
    }
    tx.move_plan(&plans[0].0, PlanState::Proposed, PlanState::Approved, "ada", None, &[], at(5)).await.unwrap();
    assert_eq!(tx.supersede_proposed(&plans[3].0, at(6)).await.unwrap(), 2);
    let listed = tx.plans(None, 10).await.unwrap();
    let states: Vec<_> = listed.iter().map(|row| (row.made_at, row.state)).collect();
    let expected = [
        (at(4), PlanState::Proposed),
        (at(3), PlanState::Superseded),
        (at(2), PlanState::Superseded),
        (at(1), PlanState::Approved),
    ];
    assert_eq!(states, expected);
    assert!(listed.iter().all(|row| row.bytes.is_empty()));
    let page = tx.plans(Some(&plans[2].0), 2).await.unwrap();
    assert_eq!(page.iter().map(|row| row.made_at).collect::<Vec<_>>(), [at(2), at(1)]);
}
