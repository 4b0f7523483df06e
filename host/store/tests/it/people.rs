//! Identities and their events.

use crate::sample::{at, identity};
use crate::support::{Fresh, on_both};
use reeve_core::identity::{EventKind, Identity, LifecycleEvent};
use reeve_store::Tx;

async fn found(tx: &mut Tx, text: &str) -> Vec<String> {
    let found = tx.find_identities(text, 10).await.unwrap();
    found.into_iter().map(|person| person.worker.given_name).collect()
}

on_both!(people_are_kept_whole_and_replaced);
async fn people_are_kept_whole_and_replaced(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let people = ["cleo", "ada", "bob"].map(identity);
    tx.put_identities(&people).await.unwrap();
    let mut moved = identity("bob");
    moved.worker.department = Some("Risk\u{0}".to_owned());
    // Of two versions in one call, the last counts.
    tx.put_identities(&[identity("bob"), moved.clone()]).await.unwrap();
    assert_eq!(tx.identities().await.unwrap(), [identity("ada"), moved.clone(), identity("cleo")]);
    assert_eq!(tx.identity(&"i-bob".into()).await.unwrap(), Some(moved));
    assert_eq!(tx.identity(&"i-dan".into()).await.unwrap(), None);
    let first = tx.identities_page(None, 2).await.unwrap();
    assert_eq!(first.len(), 2);
    assert_eq!(tx.identities_page(Some(&first[1].id), 2).await.unwrap(), [identity("cleo")]);
    tx.put_identities(&[]).await.unwrap();
}

on_both!(people_are_found_exactly_or_by_a_part_of_the_name);
async fn people_are_found_exactly_or_by_a_part_of_the_name(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let mut rehired = identity("Ada");
    rehired.former_ids = vec!["W-old".into()];
    let mut odd = identity("Zoë_100%");
    odd.worker.email = None;
    tx.put_identities(&[rehired.clone(), odd, identity("Adaeze")]).await.unwrap();
    assert_eq!(found(&mut tx, "i-Ada").await, ["Ada"]);
    assert_eq!(found(&mut tx, " w-ada ").await, ["Ada"]);
    assert_eq!(found(&mut tx, "W-OLD").await, ["Ada"]);
    assert_eq!(found(&mut tx, "ADA@example.com").await, ["Ada"]);
    assert_eq!(found(&mut tx, "ada").await, ["Ada", "Adaeze"]);
    assert_eq!(found(&mut tx, "ada okon").await, ["Ada"]);
    assert_eq!(found(&mut tx, "ZOË").await, ["Zoë_100%"]);
    assert_eq!(found(&mut tx, "%").await, ["Zoë_100%"]);
    assert_eq!(found(&mut tx, "_").await, ["Zoë_100%"]);
    for nothing in ["", "  ", "\u{0}", "a\u{0}", "'", "!"] {
        assert_eq!(found(&mut tx, nothing).await, Vec::<String>::new(), "{nothing:?}");
    }
    assert_eq!(tx.find_identities("okonkwo", 2).await.unwrap().len(), 2);
    // A worker number that is no longer theirs does not find them.
    let renumbered = Identity { former_ids: Vec::new(), ..rehired };
    tx.put_identities(&[renumbered]).await.unwrap();
    assert_eq!(found(&mut tx, "W-old").await, Vec::<String>::new());
}

on_both!(events_keep_their_order);
async fn events_keep_their_order(db: Fresh) {
    let event = |person: &str, kind: EventKind, second: i64| LifecycleEvent {
        identity: person.into(),
        kind,
        effective_at: at(second),
        detected_at: at(9),
        changes: Vec::new(),
        text: format!("{person} at {second}"),
    };
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let all = [
        event("i-ada", EventKind::Joiner, 3),
        event("i-bob", EventKind::Joiner, 2),
        event("i-ada", EventKind::Mover, 1),
    ];
    tx.add_events(&all[..2]).await.unwrap();
    tx.add_events(&all[2..]).await.unwrap();
    tx.add_events(&[]).await.unwrap();
    assert_eq!(tx.events_of(&"i-ada".into()).await.unwrap(), [all[0].clone(), all[2].clone()]);
    assert_eq!(tx.recent_events(2).await.unwrap(), [all[2].clone(), all[1].clone()]);
}
