//! For any sequence of reads: what is present is what the reads say, and spans never overlap.

use crate::sample::{account, at, entitlement, grant, read};
use crate::support::{Fresh, runtime};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reeve_core::access::{Account, Grant, SystemRead};
use reeve_core::id::{NativeId, SystemName};
use reeve_store::{Dialect, Store};
use sqlx::Row;
use std::collections::{BTreeMap, BTreeSet};

const CASES: u32 = 24;
const NAMES: [&str; 4] = ["ada", "bob", "cleo", "dan"];

#[derive(Clone, Debug)]
struct OneRead {
    /// Version of each account that it shows, if it shows it.
    accounts: [Option<u8>; NAMES.len()],
    grants: [bool; NAMES.len()],
    whole: bool,
    seconds_later: i64,
}

fn one_read() -> impl Strategy<Value = OneRead> {
    (
        proptest::array::uniform(proptest::option::weighted(0.7, 0u8..3)),
        any::<[bool; NAMES.len()]>(),
        proptest::bool::weighted(0.7),
        0i64..3,
    )
        .prop_map(|(accounts, grants, whole, seconds_later)| OneRead { accounts, grants, whole, seconds_later })
}

fn system_read(one: &OneRead) -> SystemRead {
    let version = |(name, version): (&&str, &Option<u8>)| {
        version.map(|version| Account { native_state: format!("v{version}"), ..account(name) })
    };
    let accounts: Vec<_> = NAMES.iter().zip(&one.accounts).filter_map(version).collect();
    let held = NAMES.iter().zip(&one.grants).filter(|(_, held)| **held);
    let grants: Vec<_> = held.map(|(name, _)| grant(name, "staff")).collect();
    read(&accounts, &[entitlement("staff")], &grants)
}

/// What must be present: whole reads say all of it, others add and change.
#[derive(Default)]
struct Model {
    accounts: BTreeMap<NativeId, Account>,
    grants: BTreeSet<Grant>,
}

impl Model {
    fn apply(&mut self, read: &SystemRead, whole: bool) {
        if whole {
            *self = Self::default();
        }
        self.accounts.extend(read.accounts.iter().map(|account| (account.id.clone(), account.clone())));
        self.grants.extend(read.grants.iter().cloned());
    }
}

async fn check(db: &Fresh, store: &Store, system: SystemName, reads: &[OneRead]) {
    let mut model = Model::default();
    let mut second = 1;
    for one in reads {
        second += one.seconds_later;
        let read = system_read(one);
        model.apply(&read, one.whole);
        let mut tx = store.write().await.unwrap();
        tx.apply_read(&system, &read, one.whole, at(second)).await.unwrap();
        assert_eq!(tx.accounts(&system).await.unwrap(), model.accounts.values().cloned().collect::<Vec<_>>());
        assert_eq!(tx.grants(&system).await.unwrap(), model.grants.iter().cloned().collect::<Vec<_>>());
        tx.commit().await.unwrap();
    }
    for table in ["account_span", "entitlement_span", "grant_span"] {
        spans_are_apart(db, table, &system).await;
    }
}

async fn spans_are_apart(db: &Fresh, table: &str, system: &SystemName) {
    let sql = format!("SELECT id, since_at, until_at FROM {table} WHERE system = '{system}' ORDER BY id, since_at");
    let mut last: BTreeMap<String, Option<i64>> = BTreeMap::new();
    for row in db.ask(&sql).await {
        let (since, until): (i64, Option<i64>) = (row.get("since_at"), row.get("until_at"));
        assert!(until.is_none_or(|until| since < until), "{table}: a span of no length");
        if let Some(before) = last.insert(row.get("id"), until) {
            assert!(before.is_some_and(|before| before <= since), "{table}: spans overlap");
        }
    }
}

fn any_sequence_of_reads(dialect: Dialect) {
    let runtime = runtime();
    let Some(db) = runtime.block_on(Fresh::new(dialect)) else { return };
    let store = runtime.block_on(db.store());
    let number = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let reads = proptest::collection::vec(one_read(), 1..8);
    let result = runner.run(&reads, |reads| {
        number.set(number.get() + 1);
        // A system of its own for each case saves making a database.
        runtime.block_on(check(&db, &store, SystemName::new(format!("s{}", number.get())), &reads));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

#[test]
fn any_sequence_of_reads_on_sqlite() {
    any_sequence_of_reads(Dialect::Sqlite);
}

#[test]
fn any_sequence_of_reads_on_postgres() {
    any_sequence_of_reads(Dialect::Postgres);
}
