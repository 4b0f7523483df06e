//! A finding is raised once, kept up to date, and resolved when a look does not find it any more.

use crate::sample::at;
use crate::support::{Fresh, on_both};
use reeve_core::finding::{Finding, FindingKind};
use reeve_core::id::SystemName;
use reeve_store::{FindingRow, StoreError};

fn finding(kind: FindingKind, system: &str, subject: &str) -> Finding {
    Finding {
        kind,
        subject: format!("{system}/{subject}"),
        system: Some(SystemName::from(system)),
        identity: None,
        text: format!("{subject} needs a look"),
    }
}

const UNMATCHED: FindingKind = FindingKind::UnmatchedAccount;
const DISPUTED: FindingKind = FindingKind::DisputedAccount;

fn subjects(rows: &[FindingRow]) -> Vec<&str> {
    rows.iter().map(|row| row.finding.subject.as_str()).collect()
}

on_both!(found_again_it_is_the_same_finding);
async fn found_again_it_is_the_same_finding(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let ada = finding(UNMATCHED, "directory", "ada\u{0}");
    let raised = tx.raise(&[ada.clone(), ada.clone()], at(1)).await.unwrap();
    assert_eq!(raised.len(), 1);
    assert_eq!((raised[0].id.as_str(), raised[0].raised_at), ("F-1", at(1)));
    let newer = Finding { text: "and a newer text".to_owned(), ..ada.clone() };
    let disputed = Finding { kind: DISPUTED, ..ada.clone() };
    assert_eq!(tx.raise(&[newer.clone(), disputed], at(2)).await.unwrap().len(), 1, "another kind is another finding");
    let all = tx.findings(true, None, 10).await.unwrap();
    assert_eq!((&all[0].finding, all[0].raised_at), (&newer, at(1)));

    let resolved = tx.resolve(UNMATCHED, &ada.subject, "linked to Ada", at(3)).await.unwrap().unwrap();
    assert_eq!((resolved.resolved_at, resolved.resolution.as_deref()), (Some(at(3)), Some("linked to Ada")));
    assert_eq!(tx.resolve(UNMATCHED, &ada.subject, "again", at(4)).await.unwrap(), None);
    let raised = tx.raise(std::slice::from_ref(&ada), at(5)).await.unwrap();
    assert_eq!(raised[0].id.as_str(), "F-3", "a resolved one is raised anew");
    let history = tx.findings(false, None, 10).await.unwrap();
    assert_eq!(history[0], resolved);
}

on_both!(what_a_look_does_not_find_is_resolved);
async fn what_a_look_does_not_find_is_resolved(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let here = |subject| finding(UNMATCHED, "directory", subject);
    let elsewhere = finding(UNMATCHED, "payroll", "eve");
    let disputed = finding(DISPUTED, "directory", "dan");
    tx.raise(&[here("ada"), here("bob"), elsewhere.clone(), disputed.clone()], at(1)).await.unwrap();

    let system = SystemName::from("directory");
    let found = [here("bob"), here("cleo")];
    let (raised, resolved) = tx.settle(&[UNMATCHED], Some(&system), &found, at(2)).await.unwrap();
    assert_eq!((subjects(&raised), subjects(&resolved)), (vec!["directory/cleo"], vec!["directory/ada"]));
    assert_eq!(resolved[0].resolved_at, Some(at(2)));
    let (raised, resolved) = tx.settle(&[UNMATCHED], Some(&system), &found, at(3)).await.unwrap();
    assert_eq!((raised, resolved), (vec![], vec![]));
    // Without a system, all of them.
    let (_, resolved) = tx.settle(&[UNMATCHED, DISPUTED], None, &[], at(4)).await.unwrap();
    assert_eq!(resolved.len(), 4);
    assert_eq!(tx.findings(true, None, 10).await.unwrap(), vec![]);
}

on_both!(findings_come_in_pages);
async fn findings_come_in_pages(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let all: Vec<_> = (0..12).map(|n| finding(UNMATCHED, "directory", &format!("{n:02}"))).collect();
    tx.raise(&all, at(1)).await.unwrap();
    tx.resolve(UNMATCHED, "directory/01", "gone", at(2)).await.unwrap();
    let first = tx.findings(true, None, 10).await.unwrap();
    assert_eq!((first.len(), first[1].finding.subject.as_str()), (10, "directory/02"));
    let rest = tx.findings(true, Some(&first[9].id), 10).await.unwrap();
    assert_eq!(subjects(&rest), ["directory/11"]);
    assert_eq!(tx.findings(false, None, 100).await.unwrap().len(), 12);
    assert!(matches!(tx.findings(true, Some(&"x".into()), 1).await, Err(StoreError::Conflict(_))));
}
