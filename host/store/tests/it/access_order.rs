//! Reads take time, and what a fresh read of one account showed meanwhile stands.

use crate::sample::{account, at, directory, entitlement, grant, id, read, view};
use crate::support::{Fresh, on_both};
use reeve_core::access::{Account, AccountState};
use reeve_store::{ReadChanges, StoreError};

fn disabled(name: &str) -> Account {
    Account { state: AccountState::Disabled, ..account(name) }
}

on_both!(what_was_read_afresh_since_the_read_began_stands);
async fn what_was_read_afresh_since_the_read_began_stands(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let before = read(
        &[account("ada"), account("bob"), account("cleo")],
        &[entitlement("staff")],
        &[grant("ada", "staff"), grant("cleo", "staff")],
    );
    tx.apply_read(&directory(), &before, true, at(1)).await.unwrap();
    // A long read began at 10. Then ada was disabled and lost a grant, bob was removed, and dan was made.
    tx.apply_account(&directory(), &id("ada"), Some(&view(&disabled("ada"), &[])), at(12)).await.unwrap();
    tx.apply_account(&directory(), &id("bob"), None, at(13)).await.unwrap();
    let dan = view(&account("dan"), &[grant("dan", "staff")]);
    tx.apply_account(&directory(), &id("dan"), Some(&dan), at(14)).await.unwrap();
    // It comes home with what was so before.
    let changes = tx.apply_read(&directory(), &before, true, at(10)).await.unwrap();
    assert_eq!(changes, ReadChanges::default());
    assert_eq!(tx.accounts(&directory()).await.unwrap(), [disabled("ada"), account("cleo"), account("dan")]);
    assert_eq!(tx.grants(&directory()).await.unwrap(), [grant("cleo", "staff"), grant("dan", "staff")]);
    // A read that began later is believed.
    let changes = tx.apply_read(&directory(), &before, true, at(20)).await.unwrap();
    assert_eq!((changes.accounts_new, changes.accounts_changed, changes.accounts_gone), (1, 1, 1));
}

on_both!(a_read_that_began_before_the_last_one_is_not_applied);
async fn a_read_that_began_before_the_last_one_is_not_applied(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let all = read(&[account("ada")], &[], &[]);
    tx.apply_read(&directory(), &all, true, at(5)).await.unwrap();
    let none = read(&[], &[], &[]);
    match tx.apply_read(&directory(), &none, true, at(4)).await {
        Err(StoreError::Conflict(why)) => assert!(why.contains("one that began later was"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(tx.accounts(&directory()).await.unwrap(), [account("ada")]);
    tx.apply_read(&"elsewhere".into(), &all, true, at(4)).await.unwrap();
}

on_both!(a_second_look_at_the_same_moment_leaves_no_empty_span);
async fn a_second_look_at_the_same_moment_leaves_no_empty_span(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let one = view(&account("ada"), &[grant("ada", "staff")]);
    tx.apply_account(&directory(), &id("ada"), Some(&one), at(1)).await.unwrap();
    let changes = tx.apply_account(&directory(), &id("ada"), Some(&view(&disabled("ada"), &[])), at(1)).await.unwrap();
    assert_eq!((changes.accounts_changed, changes.grants_gone), (1, 1));
    assert_eq!(tx.accounts(&directory()).await.unwrap(), [disabled("ada")]);
    tx.apply_account(&directory(), &id("ada"), Some(&one), at(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((db.count("account_span").await, db.count("grant_span").await), (1, 1));
    let mut tx = store.write().await.unwrap();
    tx.apply_account(&directory(), &id("ada"), None, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((db.count("account_span").await, db.count("grant_span").await), (0, 0));
}
