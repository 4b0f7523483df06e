//! What was changed behind the store's back is found and named.

use crate::log::{append, key, sign_and_store};
use crate::sample::entry;
use crate::support::{Fresh, on_both};
use reeve_core::audit::{Checkpoint, SigningKey, Tree, leaf_hash};
use reeve_store::{Dialect, Store, StoreError, Tx};

/// A log of four entries, with heads of size 2 and 4.
async fn signed_log(db: &Fresh) -> Store {
    let store = db.store().await;
    append(&store, &["zero", "one"]).await;
    assert!(sign_and_store(&store, None).await);
    append(&store, &["two", "three"]).await;
    assert!(sign_and_store(&store, Some(2)).await);
    store
}

async fn damage(store: &Store) -> String {
    match store.check_log(&[key().verifier().clone()]).await {
        Err(StoreError::Damaged(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn blob(db: &Fresh, bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match db.dialect {
        Dialect::Sqlite => format!("x'{hex}'"),
        Dialect::Postgres => format!("'\\x{hex}'::bytea"),
    }
}

on_both!(a_whole_log_is_healthy);
async fn a_whole_log_is_healthy(db: Fresh) {
    let store = db.store().await;
    assert_eq!(store.check_log(&[]).await.unwrap().checkpoint, None, "nothing is signed yet");
    let store = {
        drop(store);
        signed_log(&db).await
    };
    let health = store.check_log(&[key().verifier().clone()]).await.unwrap();
    assert_eq!(health.size, 4);
    assert_eq!(health.checkpoint.unwrap().root, health.root);
    append(&store, &["not signed yet"]).await;
    assert_eq!(store.check_log(&[key().verifier().clone()]).await.unwrap().size, 5);
}

on_both!(an_edited_entry_is_named);
async fn an_edited_entry_is_named(db: Fresh) {
    let store = signed_log(&db).await;
    let forged = blob(&db, &entry("forged").encode().unwrap());
    db.meddle(&format!("UPDATE log_entry SET entry = {forged} WHERE seq = 2")).await;
    assert!(damage(&store).await.starts_with("audit entry 2 "), "{}", damage(&store).await);
}

on_both!(an_entry_edited_together_with_its_leaf_breaks_the_checkpoint);
async fn an_entry_edited_together_with_its_leaf_breaks_the_checkpoint(db: Fresh) {
    let store = signed_log(&db).await;
    let forged = entry("forged").encode().unwrap();
    let (entry, leaf) = (blob(&db, &forged), blob(&db, leaf_hash(&forged).as_bytes()));
    db.meddle(&format!("UPDATE log_entry SET entry = {entry}, leaf = {leaf} WHERE seq = 1")).await;
    let why = damage(&store).await;
    // The older head narrows it down.
    assert!(why.starts_with("the first 2 audit entries have the root"), "{why}");
}

on_both!(a_missing_entry_is_named);
async fn a_missing_entry_is_named(db: Fresh) {
    let store = signed_log(&db).await;
    db.meddle("DELETE FROM log_entry WHERE seq = 1").await;
    assert_eq!(damage(&store).await, "audit entry 1 is missing; the next one is 2");
}

on_both!(a_log_cut_at_its_end_is_found);
async fn a_log_cut_at_its_end_is_found(db: Fresh) {
    let store = signed_log(&db).await;
    db.meddle("DELETE FROM log_entry WHERE seq = 3").await;
    assert_eq!(damage(&store).await, "the audit log has 3 entries, and its head row states 4");
    db.meddle("UPDATE log_head SET size = 3").await;
    let why = damage(&store).await;
    assert!(why.starts_with("the latest checkpoint signs 4 audit entries, and there are 3"), "{why}");
    // Somebody who also removes the head leaves the trace that it was signed.
    db.meddle("DELETE FROM log_checkpoint WHERE size = 4").await;
    let why = damage(&store).await;
    assert!(why.starts_with("the latest checkpoint of the audit log is not the one"), "{why}");
}

on_both!(a_head_by_another_key_is_refused);
async fn a_head_by_another_key_is_refused(db: Fresh) {
    let store = signed_log(&db).await;
    let other = SigningKey::new(crate::log::ORIGIN, &[8; 32]).unwrap();
    match store.check_log(&[other.verifier().clone()]).await {
        Err(StoreError::Damaged(why)) => assert!(why.contains("of 4 audit entries, is not to be trusted"), "{why}"),
        unexpected => panic!("{unexpected:?}"),
    }
}

on_both!(a_head_with_another_root_is_found);
async fn a_head_with_another_root_is_found(db: Fresh) {
    let store = signed_log(&db).await;
    db.meddle("UPDATE log_checkpoint SET note = replace(note, '\n2\n', '\n3\n') WHERE size = 2").await;
    let why = damage(&store).await;
    assert!(why.contains("the checkpoint of 3 entries"), "{why}");
}

/// The latest signed head, opened.
async fn latest(tx: &mut Tx) -> Option<Checkpoint> {
    let head = tx.checkpoint().await.unwrap()?;
    Some(Checkpoint::open(head.note.as_bytes(), &[key().verifier().clone()]).unwrap())
}

/// The tree of the whole log, from a signed one on; why not, where its rows don't lead there.
async fn grown(store: &Store, signed: &Tree) -> Result<Tree, String> {
    let mut tx = store.read().await.unwrap();
    let head = latest(&mut tx).await;
    match tx.grown_tree(signed, head.as_ref()).await {
        Err(StoreError::Damaged(why)) => Err(why),
        other => Ok(other.unwrap()),
    }
}

on_both!(a_signed_tree_grows_by_what_came_since);
async fn a_signed_tree_grows_by_what_came_since(db: Fresh) {
    let store = db.store().await;
    assert!(!store.read().await.unwrap().log_grew().await.unwrap(), "there is nothing yet");
    drop(store);
    let store = signed_log(&db).await;
    assert!(!store.read().await.unwrap().log_grew().await.unwrap());
    let health = store.check_log(&[key().verifier().clone()]).await.unwrap();
    assert_eq!((health.signed.size(), health.signed.root()), (4, health.root));

    append(&store, &["four"]).await;
    assert!(store.read().await.unwrap().log_grew().await.unwrap());
    let health = store.check_log(&[key().verifier().clone()]).await.unwrap();
    assert_eq!((health.size, health.signed.size()), (5, 4));
    // From any earlier head on, also one that others signed after.
    for signed in [Tree::new(), health.signed.clone()] {
        assert_eq!(grown(&store, &signed).await.unwrap().root(), health.root);
    }
    // Costs what came since: what stands before is the whole check's.
    db.meddle("UPDATE log_entry SET leaf = entry WHERE seq = 0").await;
    assert_eq!(grown(&store, &health.signed).await.unwrap().root(), health.root);
    assert!(damage(&store).await.starts_with("audit entry 0 "));
}

on_both!(a_signed_tree_grows_over_no_row_that_was_changed);
async fn a_signed_tree_grows_over_no_row_that_was_changed(db: Fresh) {
    let store = db.store().await;
    append(&store, &["zero", "one"]).await;
    assert!(sign_and_store(&store, None).await);
    let signed = store.check_log(&[key().verifier().clone()]).await.unwrap().signed;
    append(&store, &["two", "three"]).await;
    assert!(sign_and_store(&store, Some(2)).await);
    append(&store, &["four"]).await;
    let forged = blob(&db, leaf_hash(b"forged").as_bytes());
    db.meddle(&format!("UPDATE log_entry SET leaf = {forged} WHERE seq = 2")).await;
    let why = grown(&store, &signed).await.unwrap_err();
    assert!(why.starts_with("the audit log was changed before entry 4 after it was signed"), "{why}");

    // A tree of another log is none of this one's heads.
    let mut other = Tree::new();
    (0..4).for_each(|_| other.push(leaf_hash(b"other")));
    let why = grown(&store, &other).await.unwrap_err();
    assert!(why.starts_with("the audit log was changed before entry 4 after it was signed"), "{why}");
}

on_both!(a_database_that_is_older_than_a_head_seen_before_is_refused);
async fn a_database_that_is_older_than_a_head_seen_before_is_refused(db: Fresh) {
    let store = signed_log(&db).await;
    let signed = store.check_log(&[key().verifier().clone()]).await.unwrap().signed;
    db.meddle("DELETE FROM log_checkpoint WHERE size = 4").await;
    append(&store, &["four"]).await;
    let why = grown(&store, &signed).await.unwrap_err();
    assert!(why.contains("a head of 4 audit entries was signed") && why.contains("a head of 2"), "{why}");
}
