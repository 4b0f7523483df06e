//! Opening a database: its file, its settings, its schema.

use crate::sample::{at, entry};
use crate::support::{Fresh, on_both, run};
use reeve_store::{Dialect, Store, StoreError};
use sqlx::{Connection, Row};
use std::fs;
use std::os::unix::fs::PermissionsExt;

async fn refusal(url: &str) -> String {
    Store::open(url).await.unwrap_err().to_string()
}

on_both!(an_opened_database_opens_again);
async fn an_opened_database_opens_again(db: Fresh) {
    let store = db.store().await;
    assert_eq!(store.dialect(), db.dialect);
    let mut tx = store.write().await.unwrap();
    tx.audit(&entry("kept")).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    assert_eq!(db.store().await.read().await.unwrap().log_size().await.unwrap(), 1);
}

on_both!(a_database_opens_while_somebody_writes);
async fn a_database_opens_while_somebody_writes(db: Fresh) {
    let store = db.store().await;
    let mut writer = store.write().await.unwrap();
    writer.set_meta("a", "b").await.unwrap();
    assert_eq!(db.store().await.read().await.unwrap().meta("a").await.unwrap(), None);
    writer.commit().await.unwrap();
}

on_both!(two_that_open_a_new_database_at_once_both_can);
async fn two_that_open_a_new_database_at_once_both_can(db: Fresh) {
    let (one, other) = tokio::join!(Store::open(&db.url), Store::open(&db.url));
    assert_eq!(one.unwrap().read().await.unwrap().log_size().await.unwrap(), 0);
    assert_eq!(other.unwrap().read().await.unwrap().log_size().await.unwrap(), 0);
}

on_both!(an_interrupted_migration_leaves_whole_steps_and_goes_on);
async fn an_interrupted_migration_leaves_whole_steps_and_goes_on(db: Fresh) {
    if db.dialect == Dialect::Sqlite {
        fs::write(db.file(), "").unwrap();
        fs::set_permissions(db.file(), fs::Permissions::from_mode(0o600)).unwrap();
    }
    // The fourth migration breaks at its last statements, after it made most of its tables.
    db.meddle("CREATE TABLE link_span (in_the_way bigint)").await;
    assert!(matches!(Store::open(&db.url).await, Err(StoreError::Db(_))));
    assert_eq!(db.count("schema_version").await, 3);
    assert_eq!(db.count("finding").await, 0, "the third one is there");
    let tables = match db.dialect {
        Dialect::Sqlite => "sqlite_master WHERE name IN ('snapshot', 'account_span', 'plan')",
        Dialect::Postgres => "pg_tables WHERE tablename IN ('snapshot', 'account_span', 'plan')",
    };
    assert_eq!(db.count(tables).await, 0, "nothing is left of the fourth");
    db.meddle("DROP TABLE link_span").await;
    let store = db.store().await;
    assert_eq!(db.count(tables).await, 3);
    assert_eq!(store.read().await.unwrap().links(&"directory".into()).await.unwrap().len(), 0);
}

on_both!(a_newer_schema_is_refused);
async fn a_newer_schema_is_refused(db: Fresh) {
    db.store().await.close().await;
    let next = db.count("schema_version").await + 1;
    db.meddle(&format!("INSERT INTO schema_version (version, sha256) VALUES ({next}, 'of the future')")).await;
    let why = refusal(&db.url).await;
    assert!(
        why.starts_with(&format!("the database was made by a newer version of Reeve (its schema is {next}")),
        "{why}"
    );
}

on_both!(another_builds_schema_is_refused);
async fn another_builds_schema_is_refused(db: Fresh) {
    db.store().await.close().await;
    db.meddle("UPDATE schema_version SET sha256 = 'other' WHERE version = 2").await;
    let why = refusal(&db.url).await;
    assert!(why.contains("its schema 2 was made by another build"), "{why}");
    db.meddle("DELETE FROM schema_version WHERE version = 2").await;
    let why = refusal(&db.url).await;
    assert!(why.contains("its schema 2 is missing"), "{why}");
}

on_both!(the_database_confirms_only_what_it_keeps);
async fn the_database_confirms_only_what_it_keeps(db: Fresh) {
    let settings = db.store().await.settings().await.unwrap();
    let expected: &[(&str, &str)] = match db.dialect {
        Dialect::Sqlite => {
            &[("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1"), ("busy_timeout", "5000")]
        }
        Dialect::Postgres => &[("synchronous_commit", "on"), ("lock_timeout", "5s")],
    };
    for (name, value) in expected {
        assert!(settings.contains(&(*name, (*value).to_owned())), "{name}: {settings:?}");
    }
}

#[test]
fn a_file_is_for_its_owner_alone() {
    run(Dialect::Sqlite, async |db: Fresh| {
        let store = db.store().await;
        let mut tx = store.write().await.unwrap();
        tx.set_meta("a", "b").await.unwrap();
        tx.commit().await.unwrap();
        for entry in fs::read_dir(db.file().parent().unwrap()).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o7777;
            assert_eq!(mode, 0o600, "{:?}", entry.path());
        }
        store.close().await;
        fs::set_permissions(db.file(), fs::Permissions::from_mode(0o640)).unwrap();
        let why = refusal(&db.url).await;
        assert!(why.contains("has mode 0640") && why.contains("chmod 600"), "{why}");
    });
}

#[test]
fn a_file_that_cannot_be_switched_to_the_safe_journal_is_refused() {
    run(Dialect::Sqlite, async |db: Fresh| {
        let mut other = db.raw().await;
        fs::set_permissions(db.file(), fs::Permissions::from_mode(0o600)).unwrap();
        // Somebody reads it with another journal, so the switch can't be made.
        sqlx::raw_sql("PRAGMA journal_mode = DELETE; CREATE TABLE a (b bigint); BEGIN; SELECT * FROM a;")
            .execute(&mut other)
            .await
            .unwrap();
        assert!(matches!(Store::open(&db.url).await, Err(StoreError::Busy | StoreError::Unfit(_))));
        other.close().await.unwrap();
        db.store().await;
    });
}

#[test]
fn an_address_that_is_none_is_refused_with_a_sentence() {
    run(Dialect::Sqlite, async |db: Fresh| {
        for (address, why) in [
            ("reeve.db", "must be sqlite:PATH or postgres://"),
            ("mysql://localhost/reeve", "must be sqlite:PATH or postgres://"),
            ("sqlite:", "needs the path of a file"),
            ("sqlite::memory:", "needs the path of a file"),
            ("sqlite:/no/such/folder/reeve.db", "/no/such/folder/reeve.db can't be opened"),
            ("postgres://reeve@127.0.0.1:1/reeve", "the database failed: "),
        ] {
            let said = refusal(address).await;
            assert!(said.contains(why), "{address}: {said}");
        }
        drop(db);
    });
}

on_both!(times_are_kept_to_the_microsecond);
async fn times_are_kept_to_the_microsecond(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let exact = reeve_core::Timestamp::from_microsecond(at(1).as_microsecond() + 7).unwrap();
    tx.put_plan(&crate::sample::plan("one").0, &crate::sample::plan("one").1, exact).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.read().await.unwrap().plans(None, 1).await.unwrap()[0].made_at, exact);
    let row = &db.ask("SELECT made_at FROM plan").await[0];
    assert_eq!(row.get::<i64, _>("made_at"), exact.as_microsecond());
}
