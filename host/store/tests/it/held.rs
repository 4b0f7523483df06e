//! Who had what, and when.

use crate::links::{linked, links};
use crate::sample::{account, at, directory, entitlement, grant, id, read};
use crate::support::{Fresh, on_both};
use reeve_core::access::{Account, AccountState, GrantSource, Link};
use reeve_store::{Held, Tx};

async fn lines(tx: &mut Tx, person: &str) -> Vec<String> {
    tx.held_by(&person.into()).await.unwrap().iter().map(line).collect()
}

/// `account what since..until`, in seconds.
fn line(held: &Held) -> String {
    let what = match (&held.entitlement, &held.state, &held.source) {
        (None, Some(state), None) => format!("({state})"),
        (Some((_, kind, name)), None, Some(GrantSource::Direct)) => format!("{kind}:{name}"),
        (Some((id, ..)), None, Some(source)) => format!("{id} {source:?}"),
        other => panic!("{other:?}"),
    };
    let second = |at: reeve_core::Timestamp| at.as_second() - crate::sample::at(0).as_second();
    let until = held.until.map_or(String::new(), |until| second(until).to_string());
    format!("{} {what} {}..{until}", held.account, second(held.since))
}

on_both!(an_account_and_its_grants_over_time);
async fn an_account_and_its_grants_over_time(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let people = [account("ada"), account("bob")];
    let staff = [entitlement("staff")];
    let granted = read(&people, &staff, &[grant("ada", "staff"), grant("bob", "staff")]);
    tx.apply_read(&directory(), &granted, true, at(1)).await.unwrap();
    // Learnt after the account was seen first.
    let both = links(&[("ada", linked("i-ada")), ("bob", linked("i-bob"))]);
    tx.put_links(&directory(), &both, at(2)).await.unwrap();
    // A change that is no change of access.
    let mut seen_again = people.clone();
    seen_again[0].etag = Some("2".to_owned());
    let lost = read(&seen_again, &staff, &[grant("bob", "staff")]);
    tx.apply_read(&directory(), &lost, true, at(3)).await.unwrap();
    let disabled = [Account { state: AccountState::Disabled, ..account("ada") }, account("bob")];
    let back = read(&disabled, &staff, &[grant("ada", "staff"), grant("bob", "staff")]);
    tx.apply_read(&directory(), &back, true, at(4)).await.unwrap();
    assert_eq!(
        lines(&mut tx, "i-ada").await,
        ["ada (active) 1..4", "ada (disabled) 4..", "ada group:the staff 1..3", "ada group:the staff 4.."]
    );
    assert_eq!(lines(&mut tx, "i-nobody").await, Vec::<String>::new());
    let held = tx.held_by(&"i-bob".into()).await.unwrap();
    assert_eq!(held[1].entitlement.as_ref().unwrap().0, id("staff"));
    assert_eq!(held[1].login.as_deref(), Some("bob@example.com"));
}

on_both!(an_account_that_passed_on_counts_until_then);
async fn an_account_that_passed_on_counts_until_then(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let all = read(&[account("desk")], &[], &[grant("desk", "staff")]);
    tx.apply_read(&directory(), &all, true, at(1)).await.unwrap();
    tx.put_links(&directory(), &links(&[("desk", linked("i-ada"))]), at(2)).await.unwrap();
    tx.put_links(&directory(), &links(&[("desk", linked("i-bob"))]), at(5)).await.unwrap();
    tx.put_links(&directory(), &links(&[("desk", Link::Unmatched)]), at(8)).await.unwrap();
    // The entitlement was never listed: its id stands for its name.
    assert_eq!(lines(&mut tx, "i-ada").await, ["desk (active) 1..5", "desk :staff 1..5"]);
    assert_eq!(lines(&mut tx, "i-bob").await, ["desk (active) 5..8", "desk :staff 5..8"]);
}

on_both!(an_account_that_is_gone_was_held);
async fn an_account_that_is_gone_was_held(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let one = read(&[account("ada")], &[entitlement("staff")], &[grant("ada", "staff")]);
    tx.apply_read(&directory(), &one, true, at(1)).await.unwrap();
    tx.put_links(&directory(), &links(&[("ada", linked("i-ada"))]), at(1)).await.unwrap();
    tx.apply_account(&directory(), &id("ada"), None, at(4)).await.unwrap();
    assert_eq!(lines(&mut tx, "i-ada").await, ["ada (active) 1..4", "ada group:the staff 1..4"]);
}
