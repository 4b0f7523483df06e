//! Leases between processes.

use crate::sample::at;
use crate::support::{Fresh, on_both};

on_both!(one_process_at_a_time);
async fn one_process_at_a_time(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    assert!(tx.acquire("lifecycle", "one", at(1), at(10)).await.unwrap());
    assert!(!tx.acquire("lifecycle", "two", at(9), at(20)).await.unwrap());
    assert!(tx.acquire("another", "two", at(9), at(20)).await.unwrap());
    assert!(tx.acquire("lifecycle", "one", at(9), at(15)).await.unwrap(), "renewed");
    assert!(!tx.acquire("lifecycle", "two", at(14), at(20)).await.unwrap());
    assert!(tx.holds("lifecycle", "one", at(14)).await.unwrap());
    assert!(tx.acquire("lifecycle", "two", at(15), at(20)).await.unwrap(), "it had ended");
    assert!(!tx.holds("lifecycle", "one", at(15)).await.unwrap());
    tx.release("lifecycle", "one").await.unwrap();
    assert!(tx.holds("lifecycle", "two", at(16)).await.unwrap(), "who lost it can't give it back");
    tx.release("lifecycle", "two").await.unwrap();
    assert!(!tx.holds("lifecycle", "two", at(16)).await.unwrap());
    assert!(tx.acquire("lifecycle", "one", at(16), at(20)).await.unwrap());
}

on_both!(of_two_that_try_at_once_one_gets_it);
async fn of_two_that_try_at_once_one_gets_it(db: Fresh) {
    let (one, other) = (db.store().await, db.store().await);
    let take = async |store: &reeve_store::Store, owner: &str| {
        let mut tx = store.write().await.unwrap();
        let got = tx.acquire("lifecycle", owner, at(1), at(10)).await.unwrap();
        tx.commit().await.unwrap();
        got
    };
    let (first, second) = tokio::join!(take(&one, "one"), take(&other, "two"));
    assert!(first ^ second, "{first} {second}");
}
