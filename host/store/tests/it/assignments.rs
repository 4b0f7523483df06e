//! Kept desired state and its reasons.

use crate::sample::{at, directory, id, origin};
use crate::support::{Fresh, on_both};
use reeve_core::policy::Assignment;

fn assignment(person: &str, entitlement: Option<&str>, rule: &str, since: i64) -> Assignment {
    Assignment {
        identity: person.into(),
        system: directory(),
        entitlement: entitlement.map(id),
        origin: origin(rule),
        since: at(since),
        until: None,
    }
}

on_both!(an_assignment_is_opened_once_and_ended_once);
async fn an_assignment_is_opened_once_and_ended_once(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let account = assignment("i-ada", None, "everybody", 1);
    let staff = assignment("i-ada", Some("staff"), "everybody", 1);
    let nameless = assignment("i-ada", Some(""), "everybody", 1);
    tx.open_assignment(&[staff.clone(), account.clone(), nameless.clone()]).await.unwrap();
    let later = Assignment { since: at(5), ..staff.clone() };
    tx.open_assignment(&[later]).await.unwrap();
    assert_eq!(tx.open_assignments().await.unwrap(), [account.clone(), nameless.clone(), staff.clone()]);

    tx.end_assignments(&[("i-ada".into(), directory(), None), ("i-bob".into(), directory(), None)], at(6))
        .await
        .unwrap();
    assert_eq!(tx.open_assignments().await.unwrap(), [nameless.clone(), staff.clone()]);
    tx.end_assignments(&[("i-ada".into(), directory(), None)], at(7)).await.unwrap();
    let ended = Assignment { until: Some(at(6)), ..account };
    assert_eq!(tx.assignments_of(&"i-ada".into()).await.unwrap(), [ended, nameless, staff]);
    assert_eq!(tx.assignments_of(&"i-bob".into()).await.unwrap(), []);
}

on_both!(another_reason_begins_another_span);
async fn another_reason_begins_another_span(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let old = assignment("i-ada", Some("staff"), "everybody", 1);
    let new = assignment("i-ada", Some("staff"), "engineers", 4);
    tx.open_assignment(&[old.clone(), assignment("i-bob", Some("staff"), "everybody", 1)]).await.unwrap();
    tx.open_assignment(std::slice::from_ref(&new)).await.unwrap();
    let ended = Assignment { until: Some(at(4)), ..old };
    assert_eq!(tx.assignments_of(&"i-ada".into()).await.unwrap(), [ended.clone(), new]);
    // At the same moment, the reason is put right.
    let better = assignment("i-ada", Some("staff"), "leads", 4);
    tx.open_assignment(std::slice::from_ref(&better)).await.unwrap();
    assert_eq!(tx.assignments_of(&"i-ada".into()).await.unwrap(), [ended, better]);
    assert_eq!(tx.assignments_of(&"i-bob".into()).await.unwrap().len(), 1);
}

on_both!(what_ends_at_its_beginning_never_was);
async fn what_ends_at_its_beginning_never_was(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let one = assignment("i-ada", Some("staff"), "everybody", 3);
    tx.open_assignment(std::slice::from_ref(&one)).await.unwrap();
    tx.end_assignments(&[("i-ada".into(), directory(), Some(id("staff")))], at(3)).await.unwrap();
    assert_eq!(tx.assignments_of(&"i-ada".into()).await.unwrap(), []);
    tx.open_assignment(std::slice::from_ref(&one)).await.unwrap();
    assert_eq!(tx.open_assignments().await.unwrap(), [one]);
}
