//! Large reads: a few statements, and an unchanged system writes nothing. Figures are printed, not asserted.

use crate::links::linked;
use crate::sample::{account, at, directory, entitlement, grant, id, identity, origin, read};
use crate::support::{Fresh, on_both};
use reeve_core::access::{AccountState, SystemRead};
use reeve_core::finding::{Finding, FindingKind};
use reeve_core::policy::Assignment;
use reeve_store::ReadChanges;
use std::collections::BTreeMap;
use std::time::Instant;

const ACCOUNTS: u64 = 100_000;

/// Enough for a statement that compares each row with each other one to be noticed.
const MANY: usize = 20_000;

fn large() -> SystemRead {
    let names: Vec<String> = (0..ACCOUNTS).map(|number| format!("uid={number},ou=people,dc=example,dc=com")).collect();
    let accounts: Vec<_> = names.iter().map(|name| account(name)).collect();
    let grants: Vec<_> = names.iter().map(|name| grant(name, "staff")).collect();
    read(&accounts, &[entitlement("staff")], &grants)
}

on_both!(a_hundred_thousand_accounts);
async fn a_hundred_thousand_accounts(db: Fresh) {
    let store = db.store().await;
    let mut all = large();
    let mut took = Vec::new();
    for second in 1..=3 {
        if second == 3 {
            all.accounts[7].state = AccountState::Disabled;
            all.grants.truncate(all.grants.len() - 1);
        }
        let started = Instant::now();
        let mut tx = store.write().await.unwrap();
        let changes = tx.apply_read(&directory(), &all, true, at(second)).await.unwrap();
        tx.commit().await.unwrap();
        took.push(started.elapsed().as_secs_f64());
        let nothing = ReadChanges::default();
        let expected = match second {
            1 => ReadChanges { accounts_new: ACCOUNTS, entitlements_new: 1, grants_new: ACCOUNTS, ..nothing },
            2 => nothing,
            _ => ReadChanges { accounts_changed: 1, grants_gone: 1, ..nothing },
        };
        assert_eq!(changes, expected);
    }
    assert_eq!(db.count("account_span").await as u64, ACCOUNTS + 1);
    assert_eq!(db.count("grant_span").await as u64, ACCOUNTS);
    let mut tx = store.write().await.unwrap();
    all.accounts.iter_mut().for_each(|account| account.native_state = "moved".to_owned());
    all.grants.clear();
    let changes = tx.apply_read(&directory(), &all, true, at(4)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((changes.accounts_changed, changes.grants_gone), (ACCOUNTS, ACCOUNTS - 1));
    assert_eq!(db.count("account_span WHERE until_at IS NULL").await as u64, ACCOUNTS);
    let rows = (2 * ACCOUNTS) as f64;
    println!(
        "{:?}: first read {:.0} rows/s, unchanged read {:.0} rows/s, ratio {:.1}",
        db.dialect,
        rows / took[0],
        rows / took[1],
        took[0] / took[1]
    );
}

on_both!(many_assignments_and_links);
async fn many_assignments_and_links(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let assignment = |number: usize, rule: &str, since| Assignment {
        identity: format!("i-{number}").as_str().into(),
        system: directory(),
        entitlement: Some(id("staff")),
        origin: origin(rule),
        since: at(since),
        until: None,
    };
    let first: Vec<_> = (0..MANY).map(|number| assignment(number, "everybody", 1)).collect();
    tx.open_assignment(&first).await.unwrap();
    let second: Vec<_> = (0..MANY).map(|number| assignment(number, "staff", 2)).collect();
    tx.open_assignment(&second).await.unwrap();
    assert_eq!(tx.open_assignments().await.unwrap().len(), MANY);
    let places: Vec<_> = second.into_iter().map(|a| (a.identity, a.system, a.entitlement)).collect();
    tx.end_assignments(&places, at(3)).await.unwrap();
    assert_eq!(tx.open_assignments().await.unwrap(), []);

    let link = |number: usize, to: &str| (id(&format!("a{number}")), linked(&format!("{to}-{number}")));
    for (second, to) in [(1, "i"), (2, "j")] {
        let links: BTreeMap<_, _> = (0..MANY).map(|number| link(number, to)).collect();
        assert_eq!(tx.put_links(&directory(), &links, at(second)).await.unwrap().len(), MANY);
    }
}

on_both!(many_findings_and_people);
async fn many_findings_and_people(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let finding = |number: usize, text: &str| Finding {
        kind: FindingKind::UnmatchedAccount,
        subject: format!("directory/{number}"),
        system: Some(directory()),
        identity: None,
        text: text.to_owned(),
    };
    let found: Vec<_> = (0..MANY).map(|number| finding(number, "first")).collect();
    assert_eq!(tx.raise(&found, at(1)).await.unwrap().len(), MANY);
    let newer: Vec<_> = (0..MANY).map(|number| finding(number, "second")).collect();
    let kinds = [FindingKind::UnmatchedAccount];
    assert_eq!(tx.settle(&kinds, None, &newer, at(2)).await.unwrap(), (vec![], vec![]));
    assert_eq!(tx.settle(&kinds, None, &[], at(3)).await.unwrap().1.len(), MANY);

    let people: Vec<_> = (0..MANY).map(|number| identity(&format!("p{number}"))).collect();
    tx.put_identities(&people).await.unwrap();
    tx.put_identities(&people).await.unwrap();
    assert_eq!(tx.identities().await.unwrap().len(), MANY);
}
