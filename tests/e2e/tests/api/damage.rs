//! With a log that somebody edited, questions are answered and nothing is written.

use crate::requests::problem;
use crate::{furnished, served};
use reeve_e2e::database::{Database, query};
use reeve_e2e::people::crowd;
use reeve_e2e::workspace::TOKEN;
use serde_json::json;

#[test]
fn a_damaged_log_is_read_and_not_written() {
    let (workspace, reeve) = furnished(Database::Sqlite);
    reeve.day();
    reeve.hr(&crowd(crate::PEOPLE + 1, "Finance"));
    reeve.run(["sync"]).ok();
    let hash = reeve.run(["plan"]).ok()["hash"].as_str().unwrap().to_owned();
    let (server, admin) = served(&reeve);
    let tag = admin.text("/v1/systems/workspace").header("etag").unwrap().to_owned();
    let account = admin.get("/v1/systems/workspace/accounts")["items"][0].clone();
    let account = format!("/v1/systems/workspace/accounts/{}", account["id"].as_str().unwrap());
    let link = admin.text(&account).header("etag").unwrap().to_owned();
    let person = admin.get("/v1/identities")["items"][0]["id"].as_str().unwrap().to_owned();
    let me = admin.get("/v1/me")["id"].as_str().unwrap().to_owned();
    assert_eq!(server.nobody().send("GET", "/healthz", "", "").status, 200);
    server.end();

    query(&reeve.database_url(), "UPDATE log_entry SET entry = x'7b7d' WHERE seq = 20");
    let ledger = workspace.ledger();
    let rows = || query(&reeve.database_url(), "SELECT 1 FROM log_entry UNION ALL SELECT 1 FROM sync_run").len();
    let before = rows();
    let server = reeve_e2e::api::Server::start(&reeve);
    let admin = admin.at(&server);
    let version = |tag: &str| format!("if-match: {tag}\r\n");
    let secret = json!({ "value": TOKEN }).to_string();
    let changes = [
        ("POST", "/v1/sync-runs".to_owned(), String::new(), "{}".to_owned()),
        ("POST", "/v1/sync-runs".to_owned(), "idempotency-key: k\r\n".to_owned(), "{}".to_owned()),
        ("POST", "/v1/plans".to_owned(), String::new(), "{}".to_owned()),
        ("POST", format!("/v1/plans/{hash}/approval"), String::new(), "{}".to_owned()),
        ("POST", format!("/v1/plans/{hash}/refusal"), String::new(), r#"{"reason":"no"}"#.to_owned()),
        ("POST", format!("/v1/identities/{person}/exit"), String::new(), r#"{"reason":"now"}"#.to_owned()),
        ("POST", "/v1/tokens".to_owned(), String::new(), r#"{"name":"new","role":"auditor"}"#.to_owned()),
        ("DELETE", format!("/v1/tokens/{me}"), String::new(), String::new()),
        ("PUT", "/v1/systems/workspace".to_owned(), version(&tag), workspace.definition().to_string()),
        ("DELETE", "/v1/systems/workspace?reason=gone".to_owned(), String::new(), String::new()),
        ("PUT", "/v1/systems/workspace/secrets/api/token".to_owned(), String::new(), secret),
        ("DELETE", "/v1/systems/workspace/secrets/api/token".to_owned(), String::new(), String::new()),
        ("PUT", format!("{account}/link"), version(&link), json!({ "identity": person }).to_string()),
    ];
    for (method, path, headers, body) in &changes {
        let answer = admin.send(method, path, headers, body);
        eprintln!("{method} {path}");
        problem(&answer, 503, "log-damaged");
        assert!(answer.body.contains("entry 20"), "{answer:?}");
    }
    for question in [
        "/v1/me",
        "/v1/systems",
        "/v1/identities",
        &format!("/v1/identities/{person}/timeline"),
        &account,
        "/v1/plans",
        &format!("/v1/plans/{hash}"),
        "/v1/operations",
        "/v1/leaver-cases",
        "/v1/findings",
        "/v1/log/entries?limit=500",
        "/v1/log/checkpoint",
        "/metrics",
    ] {
        admin.text(question);
    }
    assert!(admin.text("/metrics").body.contains("reeve_log_damaged 1"));
    let health = server.nobody().send("GET", "/healthz", "", "");
    assert_eq!((health.status, health.body.contains("log damaged")), (503, true));
    assert_eq!((workspace.ledger(), rows()), (ledger, before), "nothing was done and nothing was written");
    // As every command does that finds the log damaged.
    server.end_with(3);
}
