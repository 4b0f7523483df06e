//! The audit log's rows: dense numbers, exact bytes, one signed head after the other.

use crate::sample::{at, entry};
use crate::support::{Fresh, on_both};
use reeve_core::audit::{Checkpoint, ENTRY_BYTES_MAX, Entry, SigningKey, Tree, leaf_hash};
use reeve_store::{SignedHead, Store, StoreError};

pub const ORIGIN: &str = "reeve.example.com/audit";

pub fn key() -> SigningKey {
    SigningKey::new(ORIGIN, &[7; 32]).unwrap()
}

/// Signs the log as it stands.
pub async fn sign(store: &Store) -> SignedHead {
    let mut tx = store.read().await.unwrap();
    let mut tree = Tree::new();
    for leaf in tx.log_leaves(0, u32::MAX).await.unwrap() {
        tree.push(leaf);
    }
    SignedHead { size: tree.size(), note: Checkpoint::of(ORIGIN, &tree).sign(&[&key()]).unwrap() }
}

pub async fn append(store: &Store, notes: &[&str]) -> u64 {
    let mut tx = store.write().await.unwrap();
    let first = tx.audit_all(&notes.iter().map(|note| entry(note)).collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    first
}

/// Signs the log and stores the head after the one of size `before`.
pub async fn sign_and_store(store: &Store, before: Option<u64>) -> bool {
    let head = sign(store).await;
    let mut tx = store.write().await.unwrap();
    let won = tx.put_checkpoint(before, &head, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    won
}

on_both!(entries_keep_their_bytes_and_order);
async fn entries_keep_their_bytes_and_order(db: Fresh) {
    let store = db.store().await;
    assert_eq!(append(&store, &["zero", "one \u{0} \u{1F511} \\ \"", "two"]).await, 0);
    assert_eq!(append(&store, &["three"]).await, 3);
    assert_eq!(append(&store, &[]).await, 4);
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.log_size().await.unwrap(), 4);
    let bytes = |note: &str| entry(note).encode().unwrap();
    let one = bytes("one \u{0} \u{1F511} \\ \"");
    assert_eq!(tx.log_entries(1, 2).await.unwrap(), vec![(1, one.clone()), (2, bytes("two"))]);
    assert_eq!(tx.log_leaves(1, 1).await.unwrap(), vec![leaf_hash(&one)]);
    assert_eq!(tx.log_leaves(4, 10).await.unwrap(), vec![]);
}

// Case 8.
on_both!(an_entry_that_is_too_large_keeps_its_particulars_beside_the_log);
async fn an_entry_that_is_too_large_keeps_its_particulars_beside_the_log(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let large = entry(&"x".repeat(ENTRY_BYTES_MAX));
    let particulars = serde_json::to_vec(&large.data).unwrap();
    assert_eq!(tx.audit_all(&[entry("fits"), large]).await.unwrap(), 0);
    let entries = tx.log_entries(0, 10).await.unwrap();
    let kept = Entry::decode(&entries[1].1).unwrap();
    assert!(entries[1].1.len() < 1_000);
    assert_eq!(tx.blob(&kept.evidence[0].sha256).await.unwrap().unwrap(), particulars);
    // What can't be moved out can't be recorded, and takes no number.
    let name = "n".repeat(ENTRY_BYTES_MAX);
    let nameless = entry("y").about(reeve_core::audit::Subject::Token { name });
    assert!(matches!(tx.audit(&nameless).await, Err(StoreError::Entry(_))));
    assert_eq!(tx.audit(&entry("next")).await.unwrap(), 2);
    tx.commit().await.unwrap();
}

on_both!(eight_writers_leave_no_gap);
async fn eight_writers_leave_no_gap(db: Fresh) {
    const WRITERS: u64 = 8;
    const UNITS: u64 = 12;
    let store = db.store().await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for unit in 0..UNITS {
                    // Also where no turn is taken first.
                    let mut tx = match writer % 2 {
                        0 => store.write().await.unwrap(),
                        _ => store.queue().await.unwrap(),
                    };
                    tx.audit(&entry(&format!("{writer}/{unit}"))).await.unwrap();
                    if unit % 3 == 0 {
                        // A number that was given back.
                        tx.rollback().await.unwrap();
                    } else {
                        tx.commit().await.unwrap();
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let kept = WRITERS * UNITS * 2 / 3;
    let numbers: Vec<u64> =
        store.read().await.unwrap().log_entries(0, u32::MAX).await.unwrap().into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(numbers, (0..kept).collect::<Vec<_>>());
    assert_eq!(store.check_log(&[]).await.unwrap().size, kept);
}

on_both!(of_two_that_sign_one_wins);
async fn of_two_that_sign_one_wins(db: Fresh) {
    let (one, other) = (db.store().await, db.store().await);
    append(&one, &["a", "b"]).await;
    assert!(sign_and_store(&one, None).await);
    append(&one, &["c"]).await;
    // Both saw the head of size 2, and both sign the log of size 3.
    let (first, second) = tokio::join!(sign_and_store(&one, Some(2)), sign_and_store(&other, Some(2)));
    assert!(first ^ second, "{first} {second}");
    assert_eq!(one.read().await.unwrap().checkpoint().await.unwrap().map(|head| head.size), Some(3));
    assert_eq!(db.count("log_checkpoint").await, 2, "every head is kept");
    assert!(!sign_and_store(&one, None).await, "the first head is there already");
}

on_both!(a_head_must_follow_the_one_before_and_fit_the_log);
async fn a_head_must_follow_the_one_before_and_fit_the_log(db: Fresh) {
    let store = db.store().await;
    append(&store, &["a", "b"]).await;
    let head = sign(&store).await;
    let mut tx = store.write().await.unwrap();
    for (before, size) in [(None, 3), (Some(2), 2), (Some(5), 2), (None, 1)] {
        // The last one states another size than its note.
        let head = SignedHead { size, note: head.note.clone() };
        assert!(
            matches!(tx.put_checkpoint(before, &head, at(1)).await, Err(StoreError::Conflict(_))),
            "{before:?} {size}"
        );
    }
    assert!(tx.put_checkpoint(None, &head, at(1)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(store.read().await.unwrap().checkpoint().await.unwrap(), Some(head));
}
