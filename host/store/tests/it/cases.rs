//! Leaver cases.

use crate::sample::at;
use crate::support::{Fresh, on_both};
use reeve_core::identity::ExitCause;
use reeve_core::leaver::{Case, CaseState};
use reeve_store::StoreError;
use std::collections::BTreeMap;

fn case(id: &str, person: &str, detected: i64, state: CaseState) -> Case {
    Case {
        id: id.into(),
        identity: person.into(),
        person: "Ada Okonkwo".to_owned(),
        cause: ExitCause::Terminated,
        effective_at: at(0),
        told_at: at(0),
        detected_at: at(detected),
        state,
        systems: BTreeMap::new(),
        ended_at: None,
    }
}

on_both!(cases_are_found_listed_and_moved_on);
async fn cases_are_found_listed_and_moved_on(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let first = case("c-1", "i-ada", 1, CaseState::Withdrawn);
    let second = case("c-10", "i-ada", 5, CaseState::Open);
    let third = case("c-2", "i-bob", 5, CaseState::Open);
    for one in [&first, &second, &third] {
        tx.put_case(one).await.unwrap();
    }
    assert_eq!(tx.case_of(&"i-ada".into()).await.unwrap().as_ref(), Some(&second));
    assert_eq!(tx.open_cases().await.unwrap(), [second.clone(), third.clone()]);
    assert_eq!(tx.cases(None, 2).await.unwrap(), [third.clone(), second.clone()]);
    assert_eq!(tx.cases(Some(&second.id), 2).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(tx.case("c-1").await.unwrap(), Some(first), "exactly this one");
    assert_eq!(tx.case("c-2").await.unwrap().as_ref(), Some(&third));
    assert!(matches!(tx.case("c-").await, Err(StoreError::Conflict(_))));
    for none in ["", "d", "C-1", "c-%"] {
        assert_eq!(tx.case(none).await.unwrap(), None, "{none}");
    }
    let closed = Case { state: CaseState::Closed, ended_at: Some(at(9)), ..third };
    tx.put_case(&closed).await.unwrap();
    assert_eq!(tx.open_cases().await.unwrap(), [second]);
    assert_eq!(tx.case("c-2").await.unwrap(), Some(closed));
}
