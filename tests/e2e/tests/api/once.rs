//! A POST with an `Idempotency-Key` is done once, whoever repeats it and however fast.

use crate::requests::problem;
use crate::{furnished, planned, read_all, served};
use reeve_e2e::api::{Caller, token};
use reeve_e2e::database::{Database, query};
use reeve_e2e::http::Answer;
use reeve_e2e::people::{Person, crowd};
use serde_json::json;
use sqlx::Row;
use std::sync::Barrier;

fn keyed(caller: &Caller, key: &str, path: &str, body: &str) -> Answer {
    caller.send("POST", path, &format!("idempotency-key: {key}\r\n"), body)
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

#[test]
fn the_same_key_gets_the_first_answer_again_and_belongs_to_one_request() {
    let (_workspace, reeve) = furnished(Database::Sqlite);
    let operator = token(&reeve, "grace", "operator", &[]);
    let (server, admin) = served(&reeve);
    let first = keyed(&admin, "k1", "/v1/sync-runs", r#"{"systems":["hr"]}"#);
    let again = keyed(&admin, "k1", "/v1/sync-runs", r#"{"systems":["hr"]}"#);
    assert_eq!((first.status, again.status, replayed(&first), replayed(&again)), (202, 202, false, true));
    assert_eq!((&first.body, first.header("location")), (&again.body, again.header("location")));
    assert_eq!(again.header("content-type"), Some("application/json"));
    problem(&keyed(&admin, "k1", "/v1/sync-runs", r#"{"systems":["workspace"]}"#), 422, "key-reused");
    problem(&keyed(&admin, "k1", "/v1/plans", r#"{"systems":["hr"]}"#), 422, "key-reused");
    assert_eq!(admin.walk("/v1/sync-runs", 50).len(), 1);

    let others = keyed(&server.caller(&operator), "k1", "/v1/sync-runs", r#"{"systems":["hr"]}"#);
    assert_eq!((others.status, replayed(&others)), (202, false), "a key is its caller's own");
    assert_eq!(admin.walk("/v1/sync-runs", 50).len(), 2);

    let refused = keyed(&admin, "k2", &format!("/v1/plans/{}/approval", "0".repeat(64)), "{}");
    problem(&refused, 404, "not-found");
    let free = keyed(&admin, "k2", "/v1/sync-runs", r#"{"systems":["hr"]}"#);
    assert_eq!((free.status, replayed(&free)), (202, false), "what did nothing leaves the key free");
    for key in ["", "two words", &"x".repeat(256), "k\u{e9}"] {
        let answer = keyed(&admin, key, "/v1/sync-runs", "{}");
        assert_eq!(answer.status, 400, "the key {key:?}: {answer:?}");
        problem(&answer, 400, "bad-request");
    }
    let twice = "idempotency-key: a\r\nidempotency-key: b\r\n";
    problem(&admin.send("POST", "/v1/sync-runs", twice, "{}"), 400, "bad-request");
    assert_eq!(admin.walk("/v1/sync-runs", 50).len(), 3);
    server.end();
}

/// Sends the same request from many callers at one moment.
fn at_once(caller: &Caller, count: usize, key: &str, path: &str, body: &str) -> Vec<Answer> {
    let barrier = Barrier::new(count);
    std::thread::scope(|scope| {
        let send = || {
            barrier.wait();
            keyed(caller, key, path, body)
        };
        let senders: Vec<_> = (0..count).map(|_| scope.spawn(send)).collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    })
}

#[test]
fn requests_at_one_moment_with_one_key_have_one_effect_on_sqlite() {
    at_one_moment(Database::Sqlite);
}

#[test]
fn requests_at_one_moment_with_one_key_have_one_effect_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    at_one_moment(database);
}

fn at_one_moment(database: Database) {
    let (workspace, reeve) = furnished(database);
    let (server, admin) = served(&reeve);
    read_all(&admin);
    let hash = planned(&admin);
    let [approval, runs] = [format!("/v1/plans/{hash}/approval"), "/v1/sync-runs".to_owned()];
    for (path, body) in [(&approval, "{}"), (&runs, r#"{"systems":["hr"]}"#)] {
        let answers = at_once(&admin, 4, "pair", path, body);
        let done: Vec<_> = answers.iter().filter(|answer| answer.status == 202).collect();
        assert_eq!(done.iter().filter(|answer| !replayed(answer)).count(), 1, "{path}: {answers:?}");
        assert!(done.iter().all(|answer| answer.body == done[0].body), "{path}: {answers:?}");
        let others = answers.iter().filter(|answer| answer.status != 202);
        others.for_each(|answer| problem(answer, 409, "refused"));
        // The key is this request's now.
        problem(&keyed(&admin, "pair", path, r#"{"reason":"x"}"#), 422, "key-reused");
        if path == &approval {
            admin.ended(&format!("/v1/runs/{hash}/events"));
            assert!(replayed(&keyed(&admin, "pair", path, body)), "the answer is kept beyond the run");
            let mut created = workspace.created();
            created.sort();
            let people = crowd(crate::PEOPLE, "Finance");
            assert_eq!(created, people.iter().map(Person::email).collect::<Vec<_>>(), "everybody once");
            // Free for the next round.
            query(&reeve.database_url(), "DELETE FROM idempotency");
        }
    }
    assert_eq!(admin.walk("/v1/sync-runs", 50).len(), 2, "the one that read all, and one of four");
    server.end();
}

#[test]
fn a_token_is_shown_once_also_to_whoever_repeats_the_request() {
    let (_workspace, reeve) = furnished(Database::Sqlite);
    let (server, admin) = served(&reeve);
    let wish = json!({ "name": "robot", "role": "operator", "scopes": ["plans:read"] }).to_string();
    let made = keyed(&admin, "new-token", "/v1/tokens", &wish);
    assert_eq!(made.status, 201, "{made:?}");
    let text = made.json()["text"].as_str().unwrap().to_owned();
    assert_eq!(server.caller(&text).get("/v1/me")["scopes"], json!(["plans:read"]));
    let again = keyed(&admin, "new-token", "/v1/tokens", &wish);
    problem(&again, 409, "refused");
    assert!(replayed(&again) && !again.body.contains(&text) && !again.head.contains(&text), "{again:?}");
    let named = admin.walk("/v1/tokens", 50).into_iter().filter(|token| token["name"] == "robot").count();
    assert_eq!(named, 1);
    let kept = query(&reeve.database_url(), "SELECT bytes FROM idempotency WHERE bytes IS NOT NULL");
    assert_eq!(kept.len(), 1);
    let bytes: Vec<u8> = kept[0].get(0);
    assert!(!String::from_utf8_lossy(&bytes).contains(&text), "no copy of it is kept");

    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(admin.send("DELETE", &format!("/v1/tokens/{id}"), "", "").status, 200);
    problem(&server.caller(&text).send("GET", "/v1/me", "", ""), 401, "unauthenticated");
    server.end();
}
