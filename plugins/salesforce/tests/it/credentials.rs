//! Sessions and the tokens of apps: listed, and ended.

use crate::org::{id, org, user};
use crate::*;
use serde_json::json;

fn token(org: &Shared, number: usize, app: &str, secret: &str) {
    let used =
        format!("2026-02-0{}T10:00:00.000+0000", org.borrow().rows.get("OauthToken").map_or(0, Vec::len) % 9 + 1);
    let row =
        json!({ "UserId": user(number), "AppName": app, "LastUsedDate": used, "UseCount": 1, "DeleteToken": secret });
    org.borrow_mut().add("OauthToken", row);
}

fn session(org: &Shared, number: usize, of: usize, current: bool) {
    let row = json!({
        "Id": id("0Ak", number), "UsersId": user(of), "SessionType": "UI", "LoginType": "Application",
        "CreatedDate": "2026-02-01T10:00:00.000+0000", "LastModifiedDate": "2026-02-28T23:59:30.000+0000",
        "NumSecondsValid": 7_200, "IsCurrent": current,
    });
    org.borrow_mut().add("AuthSession", row);
}

fn listed(org: &Shared, account: Option<usize>) -> Result<Listed<Credential>, Failure> {
    let account = account.map(user);
    list(org, |plugin, page| plugin.list_credentials(account.as_deref(), page))
}

fn end(org: &Shared, id: &str) -> Result<Outcome, Failure> {
    call(org, |plugin| plugin.end_credential(id, "operation-1"))
}

#[test]
fn a_users_sessions_and_tokens_are_listed_without_their_secrets() {
    let org = org();
    session(&org, 1, 1, false);
    session(&org, 2, 1, true);
    session(&org, 3, 2, false);
    token(&org, 1, "Data Loader", "secret-1");
    token(&org, 1, "Data Loader", "secret-2");
    token(&org, 1, "Mail", "secret-3");
    token(&org, 2, "Mail", "secret-4");
    let found = listed(&org, Some(1)).unwrap().items;
    let words: Vec<_> = found.iter().map(|one| (one.kind, one.name.as_deref().unwrap(), one.endable)).collect();
    let expected = [
        (CredentialKind::Session, "UI, Application", true),
        (CredentialKind::Session, "UI, Application", false),
        (CredentialKind::RefreshToken, "Data Loader (2 tokens)", true),
        (CredentialKind::RefreshToken, "Mail", true),
    ];
    assert_eq!(words, expected);
    assert_eq!(found[0].expires_at.as_deref(), Some("2026-03-01T01:59:30Z"));
    assert_eq!(found[2].last_used.at.as_deref(), Some("2026-02-02T10:00:00.000+00:00"));
    assert!(found.iter().all(|one| one.account.as_deref() == Some(user(1).as_str())));
    assert!(org.borrow().seen.iter().all(|line| !line.contains("DeleteToken")));
    assert_eq!(listed(&org, None).unwrap().items.len(), 6);
}

#[test]
fn more_tokens_than_one_query_gives_are_read_user_by_user() {
    let org = org();
    for number in 1..=9 {
        (0..3).for_each(|app| token(&org, number, &format!("App {app}"), "x"));
    }
    org.borrow_mut().rows_max = Some(10);
    org.borrow_mut().page_max = Some(4);
    let found = listed(&org, None).unwrap();
    let mut ids: Vec<_> = found.items.iter().map(|one| one.id.clone()).collect();
    assert_eq!(ids.len(), 27);
    ids.dedup();
    assert_eq!(ids.len(), 27);
    // One user alone has more than a query gives: that is no whole listing.
    (0..11).for_each(|app| token(&org, 5, &format!("Other {app}"), "x"));
    assert!(matches!(listed(&org, None), Err(Failure::Protocol(_))));
    assert!(matches!(listed(&org, Some(5)), Err(Failure::Protocol(_))));
}

#[test]
fn a_session_ends_by_its_id_and_an_apps_tokens_all_at_once() {
    let org = org();
    session(&org, 1, 1, false);
    token(&org, 1, "Data: Loader's", "secret-1");
    token(&org, 1, "Data: Loader's", "secret-2");
    token(&org, 2, "Data: Loader's", "secret-3");
    let found = listed(&org, Some(1)).unwrap().items;
    let outcome = end(&org, &found[1].id).unwrap();
    assert_eq!((outcome.status, outcome.side_effects), (Status::Done, vec!["2 tokens ended".to_owned()]));
    assert_eq!(org.borrow().revoked, ["secret-1", "secret-2"]);
    assert_eq!(end(&org, &found[0].id).unwrap().status, Status::Done);
    assert_eq!(listed(&org, Some(1)).unwrap().items, []);
    for one in &found {
        assert_eq!(end(&org, &one.id).unwrap().status, Status::AlreadySo);
    }
    assert!(matches!(end(&org, "0PS000000000001AAA"), Err(Failure::Invalid(_))));
}

#[test]
fn a_token_that_cannot_be_ended_is_not_told_to_be_gone() {
    let org = org();
    token(&org, 1, "Mail", "secret-1");
    let id = listed(&org, Some(1)).unwrap().items[0].id.clone();
    org.borrow_mut().instead("POST /services/oauth2/revoke", 503, "<html>busy</html>");
    assert!(matches!(end(&org, &id), Err(Failure::Unavailable(_))));
    // Somebody else ended it between the read and the call.
    org.borrow_mut().instead("POST /services/oauth2/revoke", 400, r#"{"error":"invalid_token"}"#);
    assert_eq!(end(&org, &id).unwrap().status, Status::Done);
    // Without the permission, the rows come without what ends them.
    org.borrow_mut().rows.get_mut("OauthToken").unwrap()[0]["DeleteToken"] = json!(null);
    assert!(matches!(end(&org, &id), Err(Failure::Forbidden(_))));
}
