//! Units of work: whole or not at all, and one writer after the other.

use crate::sample::{at, directory, entry, id, read};
use crate::support::{Fresh, on_both};
use reeve_store::{Store, StoreError};

on_both!(a_state_row_and_its_audit_entry_vanish_together);
async fn a_state_row_and_its_audit_entry_vanish_together(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    tx.set_meta("policy", "2").await.unwrap();
    assert_eq!(tx.audit(&entry("lost")).await.unwrap(), 0);
    drop(tx);

    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.meta("policy").await.unwrap(), None);
    assert_eq!(tx.log_size().await.unwrap(), 0);
    tx.set_meta("policy", "3").await.unwrap();
    assert_eq!(tx.audit(&entry("kept")).await.unwrap(), 0, "the number of a lost entry is free again");
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.meta("policy").await.unwrap().as_deref(), Some("3"));
    assert_eq!(tx.log_entries(0, 10).await.unwrap(), vec![(0, entry("kept").encode().unwrap())]);
}

on_both!(a_unit_of_work_that_reads_refuses_to_write);
async fn a_unit_of_work_that_reads_refuses_to_write(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.read().await.unwrap();
    assert!(matches!(tx.set_meta("a", "b").await, Err(StoreError::ReadOnly)));
    assert!(matches!(tx.audit(&entry("no")).await, Err(StoreError::ReadOnly)));
    drop(tx);
    assert_eq!(db.count("meta").await, 0);
}

on_both!(after_a_failed_statement_nothing_is_committed);
async fn after_a_failed_statement_nothing_is_committed(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    tx.set_meta("before", "it").await.unwrap();
    // No such operation: the journal may not stand alone.
    assert!(matches!(tx.add_journal(&"none".into(), 1, "digest", b"", at(0)).await, Err(StoreError::Db(_))));
    assert!(matches!(tx.commit().await, Err(StoreError::Spoiled)));
    assert_eq!(db.count("meta").await, 0);
}

on_both!(what_a_writer_has_read_stays_so_until_it_commits);
async fn what_a_writer_has_read_stays_so_until_it_commits(db: Fresh) {
    const WRITERS: u32 = 8;
    const TURNS: u32 = 10;
    async fn count_up(store: Store) {
        for _ in 0..TURNS {
            let mut tx = store.write().await.unwrap();
            let seen = tx.meta("counter").await.unwrap().map_or(0, |n| n.parse::<u32>().unwrap());
            tokio::task::yield_now().await;
            tx.set_meta("counter", &(seen + 1).to_string()).await.unwrap();
            tx.commit().await.unwrap();
        }
    }
    // Two processes have a store each.
    let (one, other) = (db.store().await, db.store().await);
    let tasks: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(count_up(if writer % 2 == 0 { one.clone() } else { other.clone() })))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let counted = one.read().await.unwrap().meta("counter").await.unwrap();
    assert_eq!(counted, Some((WRITERS * TURNS).to_string()));
}

on_both!(a_reader_sees_one_moment);
async fn a_reader_sees_one_moment(db: Fresh) {
    let store = db.store().await;
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.meta("a").await.unwrap(), None);
    let mut writer = store.write().await.unwrap();
    writer.set_meta("a", "b").await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(reader.meta("a").await.unwrap(), None);
    drop(reader);
    assert_eq!(store.read().await.unwrap().meta("a").await.unwrap().as_deref(), Some("b"));
}

on_both!(a_writer_that_waits_too_long_gives_up_busy);
async fn a_writer_that_waits_too_long_gives_up_busy(db: Fresh) {
    let (one, other) = (db.store().await, db.store().await);
    let held = one.write().await.unwrap();
    assert!(matches!(other.write().await.map(drop), Err(StoreError::Busy)), "of another process");
    drop(held);
    other.write().await.unwrap().commit().await.unwrap();
    one.close().await;
}

on_both!(units_of_work_move_between_threads);
async fn units_of_work_move_between_threads(db: Fresh) {
    fn moves<T: Send>(work: T) -> T {
        work
    }
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let nothing = read(&[], &[], &[]);
    moves(tx.apply_read(&directory(), &nothing, true, at(1))).await.unwrap();
    moves(tx.apply_account(&directory(), &id("ada"), None, at(1))).await.unwrap();
    moves(tx.put_links(&directory(), &Default::default(), at(1))).await.unwrap();
    moves(tx.held_by(&"i-ada".into())).await.unwrap();
    moves(tx.settle(&[], None, &[], at(1))).await.unwrap();
    moves(tx.open_assignment(&[])).await.unwrap();
    moves(tx.end_assignments(&[], at(1))).await.unwrap();
    moves(tx.put_identities(&[])).await.unwrap();
    moves(tx.put_operations(&[])).await.unwrap();
    moves(tx.commit()).await.unwrap();
    moves(store.check_log(&[])).await.unwrap();
    moves(reeve_store::Store::open(&db.url)).await.unwrap();
}

on_both!(a_name_with_a_nul_is_nobodys);
async fn a_name_with_a_nul_is_nobodys(db: Fresh) {
    let store = db.store().await;
    let found = store.read().await.unwrap().system(&"a\u{0}".into()).await;
    assert!(matches!(found, Ok(None) | Err(StoreError::Conflict(_))), "{found:?}");
    let found = store.read().await.unwrap().plugin("a\u{0}").await;
    assert!(matches!(found, Ok(None) | Err(StoreError::Conflict(_))), "{found:?}");
}
