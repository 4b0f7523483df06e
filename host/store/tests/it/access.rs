//! What a read changes in what is kept: differences only, in spans.

use crate::sample::{account, at, directory, entitlement, grant, id, read, view};
use crate::support::{Fresh, on_both};
use reeve_core::access::{Account, AccountState, GrantSource};
use reeve_store::{ReadChanges, Snapshot, StoreError};
use sqlx::Row;

fn disabled(name: &str) -> Account {
    Account { state: AccountState::Disabled, ..account(name) }
}

/// All spans of accounts, as `id since..until`, in seconds.
async fn account_spans(db: &Fresh) -> Vec<String> {
    let rows = db.ask("SELECT id, since_at, until_at FROM account_span ORDER BY id, since_at").await;
    let second = |micros: i64| (1..100).find(|second| at(*second).as_microsecond() == micros).unwrap();
    let until = |micros: Option<i64>| micros.map_or(String::new(), |micros| second(micros).to_string());
    rows.iter()
        .map(|row| {
            let (id, since): (String, i64) = (row.get("id"), row.get("since_at"));
            format!("{id} {}..{}", second(since), until(row.get("until_at")))
        })
        .collect()
}

on_both!(new_changed_and_gone);
async fn new_changed_and_gone(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let first = read(
        &[account("cleo"), account("ada"), account("bob")],
        &[entitlement("staff"), entitlement("admin")],
        &[grant("ada", "staff"), grant("bob", "staff")],
    );
    let changes = tx.apply_read(&directory(), &first, true, at(1)).await.unwrap();
    assert_eq!(changes, ReadChanges { accounts_new: 3, entitlements_new: 2, grants_new: 2, ..ReadChanges::default() });

    let mut renamed = entitlement("staff");
    renamed.name = "everybody".to_owned();
    let second = read(
        &[account("ada"), disabled("bob"), account("dan")],
        std::slice::from_ref(&renamed),
        &[grant("ada", "staff"), grant("dan", "staff")],
    );
    let changes = tx.apply_read(&directory(), &second, true, at(2)).await.unwrap();
    let expected = ReadChanges {
        accounts_new: 1,
        accounts_changed: 1,
        accounts_gone: 1,
        entitlements_new: 0,
        entitlements_changed: 1,
        entitlements_gone: 1,
        grants_new: 1,
        grants_gone: 1,
    };
    assert_eq!(changes, expected);
    assert_eq!(tx.accounts(&directory()).await.unwrap(), second.accounts);
    assert_eq!(tx.entitlements(&directory()).await.unwrap(), second.entitlements);
    assert_eq!(tx.grants(&directory()).await.unwrap(), second.grants);
    assert_eq!(tx.accounts(&"elsewhere".into()).await.unwrap(), vec![]);
    tx.commit().await.unwrap();
    assert_eq!(account_spans(&db).await, ["ada 1..", "bob 1..2", "bob 2..", "cleo 1..2", "dan 2.."]);
}

on_both!(the_same_read_again_writes_nothing);
async fn the_same_read_again_writes_nothing(db: Fresh) {
    let store = db.store().await;
    let all = read(&[account("ada"), account("bob")], &[entitlement("staff")], &[grant("ada", "staff")]);
    let nothing = ReadChanges::default();
    let first = ReadChanges { accounts_new: 2, entitlements_new: 1, grants_new: 1, ..nothing };
    for (second, expected) in [(1, first), (1, nothing), (2, nothing), (3, nothing)] {
        let mut tx = store.write().await.unwrap();
        assert_eq!(tx.apply_read(&directory(), &all, true, at(second)).await.unwrap(), expected);
        tx.commit().await.unwrap();
    }
    assert_eq!(account_spans(&db).await, ["ada 1..", "bob 1.."]);
    assert_eq!((db.count("entitlement_span").await, db.count("grant_span").await), (1, 1));
}

on_both!(a_read_that_is_not_whole_ends_nothing);
async fn a_read_that_is_not_whole_ends_nothing(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let all = read(&[account("ada"), account("bob")], &[entitlement("staff")], &[grant("ada", "staff")]);
    tx.apply_read(&directory(), &all, true, at(1)).await.unwrap();
    let part = read(&[disabled("bob"), account("cleo")], &[], &[]);
    let changes = tx.apply_read(&directory(), &part, false, at(2)).await.unwrap();
    assert_eq!(changes, ReadChanges { accounts_new: 1, accounts_changed: 1, ..ReadChanges::default() });
    assert_eq!(tx.grants(&directory()).await.unwrap(), all.grants);
    let now = tx.accounts(&directory()).await.unwrap();
    assert_eq!(now, [account("ada"), disabled("bob"), account("cleo")]);
    // The next whole read ends what it does not show.
    let changes = tx.apply_read(&directory(), &part, true, at(3)).await.unwrap();
    assert_eq!((changes.accounts_gone, changes.entitlements_gone, changes.grants_gone), (1, 1, 1));
}

on_both!(one_account_read_alone_changes_only_itself);
async fn one_account_read_alone_changes_only_itself(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let all = read(
        &[account("ada"), account("bob")],
        &[entitlement("staff"), entitlement("admin")],
        &[grant("ada", "admin"), grant("ada", "staff"), grant("bob", "staff")],
    );
    tx.apply_read(&directory(), &all, true, at(1)).await.unwrap();
    // A grant of somebody else in the answer is not believed.
    let seen = view(&disabled("ada"), &[grant("ada", "staff"), grant("bob", "admin")]);
    let changes = tx.apply_account(&directory(), &id("ada"), Some(&seen), at(2)).await.unwrap();
    assert_eq!(changes, ReadChanges { accounts_changed: 1, grants_gone: 1, ..ReadChanges::default() });
    assert_eq!(tx.grants(&directory()).await.unwrap(), [grant("ada", "staff"), grant("bob", "staff")]);
    let changes = tx.apply_account(&directory(), &id("ada"), None, at(3)).await.unwrap();
    assert_eq!(changes, ReadChanges { accounts_gone: 1, grants_gone: 1, ..ReadChanges::default() });
    assert_eq!(tx.accounts(&directory()).await.unwrap(), [account("bob")]);
    tx.commit().await.unwrap();
    assert_eq!(account_spans(&db).await, ["ada 1..2", "ada 2..3", "bob 1.."]);
}

on_both!(grants_that_differ_in_their_source_are_two);
async fn grants_that_differ_in_their_source_are_two(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let direct = grant("ada", "staff");
    let mut inherited = grant("ada", "staff");
    inherited.source = GrantSource::InheritedFrom(id("everybody"));
    let both = read(&[account("ada")], &[entitlement("staff")], &[direct.clone(), inherited.clone()]);
    assert_eq!(tx.apply_read(&directory(), &both, true, at(1)).await.unwrap().grants_new, 2);
    let one = read(&[account("ada")], &[entitlement("staff")], std::slice::from_ref(&inherited));
    assert_eq!(tx.apply_read(&directory(), &one, true, at(2)).await.unwrap().grants_gone, 1);
    assert_eq!(tx.grants(&directory()).await.unwrap(), [inherited]);
}

on_both!(an_id_is_opaque_whatever_is_in_it);
async fn an_id_is_opaque_whatever_is_in_it(db: Fresh) {
    let names = ["", "\u{0}", "\\0", "\\", "a\u{0}b", "a\\0b", "'; DROP TABLE plan; --", "%", "_", "\u{10FFFF}", "\\e"];
    let accounts: Vec<_> = names.iter().map(|name| account(name)).collect();
    let grants: Vec<_> = names.iter().map(|name| grant(name, name)).collect();
    let entitlements: Vec<_> = names.iter().map(|name| entitlement(name)).collect();
    let all = read(&accounts, &entitlements, &grants);
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let changes = tx.apply_read(&directory(), &all, true, at(1)).await.unwrap();
    assert_eq!((changes.accounts_new, changes.grants_new), (names.len() as u64, names.len() as u64));
    let mut sorted = accounts.clone();
    sorted.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(tx.accounts(&directory()).await.unwrap(), sorted);
    assert_eq!(tx.apply_read(&directory(), &all, true, at(2)).await.unwrap(), ReadChanges::default());
    let gone = tx.apply_account(&directory(), &id("\u{0}"), None, at(3)).await.unwrap();
    assert_eq!((gone.accounts_gone, gone.grants_gone), (1, 1));
}

on_both!(text_that_means_the_same_is_no_change);
async fn text_that_means_the_same_is_no_change(db: Fresh) {
    let store = db.store().await;
    let all = read(&[account("ada")], &[], &[]);
    let mut tx = store.write().await.unwrap();
    tx.apply_read(&directory(), &all, true, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    // As a version that writes one more space would have left it.
    db.meddle("UPDATE account_span SET body = replace(body, ':', ': ') WHERE body NOT LIKE '%: %'").await;
    let mut tx = store.write().await.unwrap();
    let changes = tx.apply_read(&directory(), &all, true, at(2)).await.unwrap();
    assert_eq!(changes, ReadChanges::default());
}

on_both!(a_system_that_is_removed_shows_nothing_any_more);
async fn a_system_that_is_removed_shows_nothing_any_more(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let all = read(&[account("ada")], &[entitlement("staff")], &[grant("ada", "staff")]);
    tx.put_system(&crate::inventory::system("directory"), at(0)).await.unwrap();
    tx.apply_read(&directory(), &all, true, at(1)).await.unwrap();
    assert!(tx.remove_system(&directory(), at(2)).await.unwrap());
    assert_eq!(tx.accounts(&directory()).await.unwrap(), vec![]);
    assert_eq!(tx.grants(&directory()).await.unwrap(), vec![]);
    tx.commit().await.unwrap();
    assert_eq!(account_spans(&db).await, ["ada 1..2"]);
}

on_both!(snapshots_come_latest_first);
async fn snapshots_come_latest_first(db: Fresh) {
    let snapshot = |second: i64, whole: bool| Snapshot {
        id: format!("s-{second}").as_str().into(),
        system: directory(),
        read_at: at(second),
        finished_at: at(second + 1),
        whole,
        doubt: (!whole).then(|| "it lost a third of its accounts".to_owned()),
        accounts: 3,
        entitlements: 2,
        grants: 1,
        description: Default::default(),
        listings: Vec::new(),
    };
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.last_snapshot(&directory(), false).await.unwrap(), None);
    let all = [snapshot(1, true), snapshot(3, false), snapshot(2, true)];
    for one in &all {
        tx.put_snapshot(one).await.unwrap();
    }
    assert_eq!(tx.last_snapshot(&directory(), false).await.unwrap().as_ref(), Some(&all[1]));
    assert_eq!(tx.last_snapshot(&directory(), true).await.unwrap().as_ref(), Some(&all[2]));
    assert_eq!(tx.snapshots(&directory(), None, 2).await.unwrap(), [all[1].clone(), all[2].clone()]);
    assert_eq!(tx.snapshots(&directory(), Some(&all[1].id), 2).await.unwrap()[0], all[2]);
    assert_eq!(tx.snapshot(&"s-1".into()).await.unwrap().as_ref(), Some(&all[0]));
    assert_eq!(tx.last_snapshot(&"elsewhere".into(), false).await.unwrap(), None);
    assert!(matches!(tx.put_snapshot(&all[0]).await, Err(StoreError::Db(_))), "a snapshot is never written over");
}
