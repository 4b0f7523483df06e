//! Operations as rows, and what was said on the wire for them.

use crate::sample::{at, operations, plan};
use crate::support::{Fresh, on_both};
use reeve_core::plan::Lane;
use reeve_core::run::Phase;
use reeve_store::StoreError;

on_both!(operations_are_found_by_plan_and_person);
async fn operations_are_found_by_plan_and_person(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let ((first, first_bytes), (second, second_bytes)) = (plan("first"), plan("second"));
    tx.put_plan(&first, &first_bytes, at(1)).await.unwrap();
    tx.put_plan(&second, &second_bytes, at(2)).await.unwrap();
    let planned: Vec<_> = (0..12).map(|_| ("directory", Lane::Standard, None)).collect();
    let mut early = operations(&first, &planned);
    let mut late = operations(&second, &planned[..2]);
    late[1].planned.identity = "i-bob".into();
    early[3].phase = Phase::Held;
    tx.put_operations(&late).await.unwrap();
    tx.put_operations(&early).await.unwrap();
    assert_eq!(tx.operations_of(&first).await.unwrap(), early, "in the plan's order, 10 after 9");
    assert_eq!(tx.operation(&late[1].id).await.unwrap().as_ref(), Some(&late[1]));
    assert_eq!(tx.operation(&"none-1".into()).await.unwrap(), None);
    assert_eq!(tx.operations_of_identity(&"i-bob".into()).await.unwrap(), [late[1].clone()]);
    assert_eq!(tx.operations_of_identity(&"i-ada".into()).await.unwrap().len(), 13);
    let underway = tx.underway().await.unwrap();
    assert_eq!((underway.len(), &underway[0]), (13, &early[0]));
    let (third, third_bytes) = plan("third");
    tx.put_plan(&third, &third_bytes, at(3)).await.unwrap();
    let mut last = operations(&third, &planned[..1]);
    last[0].phase = Phase::Verified;
    tx.put_operations(&last).await.unwrap();
    assert!(tx.has_unsettled(&first).await.unwrap());
    assert!(!tx.has_unsettled(&third).await.unwrap());
}

on_both!(operations_belong_to_a_stored_plan_and_are_added_once);
async fn operations_belong_to_a_stored_plan_and_are_added_once(db: Fresh) {
    let store = db.store().await;
    let (hash, bytes) = plan("plan");
    let all = operations(&hash, &[("directory", Lane::Standard, None)]);
    let mut tx = store.write().await.unwrap();
    assert!(matches!(tx.put_operations(&all).await, Err(StoreError::Db(_))), "without its plan");
    drop(tx);
    let mut tx = store.write().await.unwrap();
    tx.put_plan(&hash, &bytes, at(1)).await.unwrap();
    let dangling = operations(&hash, &[("directory", Lane::Standard, Some(7))]);
    assert!(matches!(tx.put_operations(&dangling).await, Err(StoreError::Conflict(_))));
    tx.put_operations(&all).await.unwrap();
    assert!(matches!(tx.put_operations(&all).await, Err(StoreError::Db(_))), "twice");
}

on_both!(a_journal_is_never_written_over);
async fn a_journal_is_never_written_over(db: Fresh) {
    let store = db.store().await;
    let (hash, bytes) = plan("plan");
    let all = operations(&hash, &[("directory", Lane::Standard, None)]);
    let id = &all[0].id;
    let mut tx = store.write().await.unwrap();
    tx.put_plan(&hash, &bytes, at(1)).await.unwrap();
    tx.put_operations(&all).await.unwrap();
    assert_eq!((tx.journal(id, 1).await.unwrap(), tx.latest_attempt(id).await.unwrap()), (None, None));
    tx.add_journal(id, 1, "digest", b"\x00one", at(2)).await.unwrap();
    tx.add_journal(id, 2, "digest", b"", at(3)).await.unwrap();
    assert_eq!(tx.latest_attempt(id).await.unwrap(), Some(2));
    // A person let the operation start anew.
    tx.add_journal(id, 1, "newer", b"again", at(4)).await.unwrap();
    assert_eq!(tx.journal(id, 1).await.unwrap(), Some(("newer".to_owned(), b"again".to_vec())));
    assert_eq!(tx.latest_attempt(id).await.unwrap(), Some(1));
    assert_eq!(tx.journal(id, 2).await.unwrap(), Some(("digest".to_owned(), Vec::new())));
    tx.commit().await.unwrap();
    assert_eq!(db.count("journal").await, 3);
}
