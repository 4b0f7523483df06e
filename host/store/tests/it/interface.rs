//! What the interface keeps: tokens, sync runs, requests with a key, messages of HR systems, and pages of access.

use crate::sample::at;
use crate::support::{Fresh, on_both};
use reeve_core::id::SystemName;
use reeve_store::{KeptAnswer, Known, StoreError, SyncRun, SyncRunState, TokenGrant, TokenRow};

fn token(id: &str) -> TokenRow {
    let grant = TokenGrant {
        name: format!("payroll {id}"),
        role: "operator".to_owned(),
        scopes: vec!["plans:read".to_owned()],
        created_by: "ada".to_owned(),
    };
    TokenRow {
        id: id.to_owned(),
        sha256: "00".repeat(32),
        grant,
        created_at: at(1),
        expires_at: at(100),
        revoked_at: None,
        last_used_at: None,
    }
}

on_both!(a_token_is_found_until_it_is_revoked_and_after);
async fn a_token_is_found_until_it_is_revoked_and_after(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    for id in ["t1", "t2", "t3"] {
        tx.add_token(&token(id)).await.unwrap();
    }
    assert!(tx.revoke_token("t2", at(5)).await.unwrap());
    assert!(!tx.revoke_token("t2", at(6)).await.unwrap(), "a second time changes nothing");
    tx.token_used("t1", at(7)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.token("t1").await.unwrap(), Some(TokenRow { last_used_at: Some(at(7)), ..token("t1") }));
    assert_eq!(tx.token("t2").await.unwrap().unwrap().revoked_at, Some(at(5)));
    assert_eq!(tx.token("").await.unwrap(), None);
    let page = tx.tokens(Some("t1"), 10).await.unwrap();
    assert_eq!(page.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["t2", "t3"]);
    drop(tx);
    let mut tx = store.write().await.unwrap();
    assert!(matches!(tx.add_token(&token("t1")).await, Err(StoreError::Conflict(_))));
    let named = |id: &str, name: &str| {
        let grant = TokenGrant { name: name.to_owned(), ..token(id).grant };
        TokenRow { grant, ..token(id) }
    };
    assert!(matches!(tx.add_token(&named("t4", "payroll t1")).await, Err(StoreError::Conflict(_))));
    tx.add_token(&named("t4", "payroll t2")).await.unwrap();
}

fn run(id: &str, second: i64, state: SyncRunState) -> SyncRun {
    SyncRun {
        id: id.to_owned(),
        state,
        systems: Vec::new(),
        requested_by: "ada".to_owned(),
        requested_at: at(second),
        finished_at: None,
        progress: None,
        read: Vec::new(),
        failed: Vec::new(),
    }
}

on_both!(sync_runs_are_listed_newest_first_and_lost_ones_are_noticed);
async fn sync_runs_are_listed_newest_first_and_lost_ones_are_noticed(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    tx.put_sync_run(&run("s1", 1, SyncRunState::Running), at(10)).await.unwrap();
    tx.put_sync_run(&run("s2", 2, SyncRunState::Running), at(30)).await.unwrap();
    tx.put_sync_run(&run("s3", 2, SyncRunState::Running), at(10)).await.unwrap();
    tx.put_sync_run(&run("s3", 2, SyncRunState::Done), at(10)).await.unwrap();
    let ids = |runs: Vec<SyncRun>| runs.into_iter().map(|run| run.id).collect::<Vec<_>>();
    assert_eq!(ids(tx.sync_runs(None, 10).await.unwrap()), ["s3", "s2", "s1"]);
    assert_eq!(ids(tx.sync_runs(Some("s3"), 1).await.unwrap()), ["s2"]);
    assert_eq!(ids(tx.sync_runs(Some("s2"), 5).await.unwrap()), ["s1"]);
    assert_eq!(ids(tx.lost_sync_runs(at(20)).await.unwrap()), ["s1"], "one that is vouched for, or done, is not lost");
    assert_eq!(tx.sync_run("s3").await.unwrap().unwrap().state, SyncRunState::Done);
}

on_both!(a_request_with_a_key_is_answered_once);
async fn a_request_with_a_key_is_answered_once(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.begin_request("t1", "k", "aa", at(1)).await.unwrap(), Known::New);
    assert_eq!(tx.begin_request("t1", "k", "aa", at(2)).await.unwrap(), Known::Begun);
    assert_eq!(tx.begin_request("t1", "k", "bb", at(2)).await.unwrap(), Known::Other);
    assert_eq!(tx.begin_request("t2", "k", "bb", at(2)).await.unwrap(), Known::New, "keys are the owner's");
    let answer = KeptAnswer {
        status: 201,
        location: Some("/v1/plans/1".to_owned()),
        content_type: Some("application/json".to_owned()),
        bytes: b"{\"a\":\"\\u0000\"}".to_vec(),
    };
    tx.answer_request("t1", "k", &answer).await.unwrap();
    assert_eq!(tx.begin_request("t1", "k", "aa", at(3)).await.unwrap(), Known::Answered(answer));
    tx.forget_request("t2", "k").await.unwrap();
    assert_eq!(tx.begin_request("t2", "k", "cc", at(9)).await.unwrap(), Known::New);
    assert_eq!(tx.forget_requests_before(at(9)).await.unwrap(), 1);
    assert_eq!(tx.begin_request("t1", "k", "dd", at(10)).await.unwrap(), Known::New);
}

on_both!(a_message_is_taken_once);
async fn a_message_is_taken_once(db: Fresh) {
    let store = db.store().await;
    let hr = SystemName::new("hr");
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.take_delivery(&hr, "m1", "s1", at(1)).await.unwrap(), None);
    assert_eq!(tx.take_delivery(&hr, "m1", "s2", at(2)).await.unwrap().as_deref(), Some("s1"));
    assert_eq!(tx.take_delivery(&SystemName::new("other"), "m1", "s3", at(2)).await.unwrap(), None);
    assert_eq!(tx.forget_deliveries_before(at(2)).await.unwrap(), 1);
    assert_eq!(tx.take_delivery(&hr, "m1", "s4", at(3)).await.unwrap(), None);
}
