//! Whose accounts are: what changed is told, and the past is kept.

use crate::sample::{at, directory, id};
use crate::support::{Fresh, on_both};
use reeve_core::access::{Link, LinkedBy};
use reeve_core::id::{IdentityId, NativeId};
use std::collections::BTreeMap;

pub fn linked(person: &str) -> Link {
    Link::Linked { identity: IdentityId::from(person), by: LinkedBy::Creation }
}

pub fn links(all: &[(&str, Link)]) -> BTreeMap<NativeId, Link> {
    all.iter().map(|(account, link)| (id(account), link.clone())).collect()
}

on_both!(only_changes_are_told_and_written);
async fn only_changes_are_told_and_written(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let first = links(&[("ada", linked("i-ada")), ("svc\u{0}", Link::Unmatched)]);
    let changed = tx.put_links(&directory(), &first, at(1)).await.unwrap();
    assert_eq!(changed, [(id("ada"), None, linked("i-ada")), (id("svc\u{0}"), None, Link::Unmatched)]);
    assert_eq!(tx.put_links(&directory(), &first, at(2)).await.unwrap(), []);

    let disputed = Link::Disputed { candidates: vec!["i-ada".into(), "i-bob".into()] };
    let second = links(&[("ada", disputed.clone())]);
    let changed = tx.put_links(&directory(), &second, at(3)).await.unwrap();
    assert_eq!(changed, [(id("ada"), Some(linked("i-ada")), disputed.clone())]);
    // An account that is not named keeps its link.
    let now = tx.links(&directory()).await.unwrap();
    assert_eq!(now, links(&[("ada", disputed), ("svc\u{0}", Link::Unmatched)]));
    assert_eq!(tx.links(&"elsewhere".into()).await.unwrap(), BTreeMap::new());
    tx.commit().await.unwrap();
    assert_eq!(db.count("link_span").await, 3);
}

on_both!(a_link_that_changes_at_once_leaves_no_empty_span);
async fn a_link_that_changes_at_once_leaves_no_empty_span(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    tx.put_links(&directory(), &links(&[("ada", Link::Unmatched)]), at(1)).await.unwrap();
    tx.put_links(&directory(), &links(&[("ada", linked("i-ada"))]), at(1)).await.unwrap();
    assert_eq!(tx.links(&directory()).await.unwrap(), links(&[("ada", linked("i-ada"))]));
    tx.commit().await.unwrap();
    assert_eq!(db.count("link_span").await, 1);
}
