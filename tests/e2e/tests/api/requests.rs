//! Requests that are not carried out, each with a problem that says why; lists by pages; and how much one caller may ask.

use crate::{carried_out, furnished, planned, read_all, served};
use reeve_e2e::api::{Caller, token};
use reeve_e2e::database::Database;
use reeve_e2e::http::Answer;
use reeve_e2e::wait::until;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

/// What the description of the interface says of a JSON body: 256 KiB.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// A problem as RFC 9457 describes one, of this kind.
#[track_caller]
pub fn problem(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let body = answer.json();
    assert_eq!(body["type"], format!("/v1/problems/{kind}"), "{body:#}");
    assert_eq!(body["status"], status);
    let names: BTreeSet<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["detail", "status", "title", "type"]));
    assert!(["title", "detail"].iter().all(|name| body[name].as_str().is_some_and(|text| text.len() > 5)), "{body:#}");
}

#[test]
fn what_is_not_done_is_answered_with_a_problem_that_has_a_page() {
    let (workspace, reeve) = furnished(Database::Sqlite);
    let auditor = token(&reeve, "otto", "auditor", &[]);
    let (server, admin) = served(&reeve);
    let (auditor, nobody) = (server.caller(&auditor), server.nobody());
    let large = json!({ "identity": "x".repeat(BODY_BYTES_MAX) }).to_string();
    let system = workspace.definition().to_string();
    let mut odd = workspace.definition();
    odd["ownr"] = json!("ada");
    let (odd, hash) = (odd.to_string(), "0".repeat(64));
    let approval = format!("/v1/plans/{hash}/approval");
    let text = "content-type: text/plain\r\n";
    let [other, new] = ["if-match: \"other\"\r\n", "if-none-match: *\r\n"];
    let keyed = "idempotency-key: large\r\n";
    let cases: &[(&Caller, &str, &str, &str, &str, u16, &str)] = &[
        (&nobody, "GET", "/v1/systems", "", "", 401, "unauthenticated"),
        (&nobody, "GET", "/v1/systems", "authorization: Basic YTpi\r\n", "", 401, "unauthenticated"),
        (&nobody, "GET", "/v1/systems", "authorization: Bearer \r\n", "", 401, "unauthenticated"),
        (&nobody, "GET", "/v1/systems", "authorization: Bearer reeve_x_y\r\n", "", 401, "unauthenticated"),
        (&admin, "GET", "/v1/systems", "authorization: Bearer reeve_x_y\r\n", "", 401, "unauthenticated"),
        (&auditor, "POST", "/v1/plans", "", "{}", 403, "forbidden"),
        (&admin, "GET", "/v1/nowhere", "", "", 404, "not-found"),
        (&admin, "GET", "/v1/systems/none", "", "", 404, "not-found"),
        (&admin, "GET", "/v1/identities/none/timeline", "", "", 404, "not-found"),
        (&admin, "POST", &approval, "", "{}", 404, "not-found"),
        (&admin, "PATCH", "/v1/systems/workspace", "", "{}", 405, "method-not-allowed"),
        (&nobody, "DELETE", "/healthz", "", "", 405, "method-not-allowed"),
        (&admin, "DELETE", "/v1/plugins/scim", "", "", 409, "refused"),
        (&admin, "POST", "/v1/tokens", "", r#"{"name":"ada","role":"admin"}"#, 409, "refused"),
        (&admin, "PUT", "/v1/systems/workspace", other, &system, 412, "changed"),
        (&admin, "POST", "/v1/plans", "", &large, 413, "too-large"),
        (&admin, "POST", "/v1/plans", keyed, &large, 413, "too-large"),
        (&admin, "PUT", "/v1/systems/workspace/secrets/api/token", "", &large, 413, "too-large"),
        (&admin, "POST", "/v1/plans", text, "{}", 415, "unsupported-media-type"),
        (&admin, "PUT", "/v1/systems/workspace", "", &system, 428, "version-needed"),
        (&admin, "POST", "/v1/plans", "", "{", 400, "bad-request"),
        (&admin, "POST", "/v1/plans", "", "[]", 400, "bad-request"),
        (&admin, "POST", "/v1/plans", "", r#"{"identty":"x"}"#, 400, "bad-request"),
        (&admin, "POST", "/v1/sync-runs", "", r#"{"all":true}"#, 400, "bad-request"),
        (&admin, "POST", "/v1/tokens", "", r#"{"name":"x","role":"root"}"#, 400, "bad-request"),
        (&admin, "POST", "/v1/tokens", "", r#"{"name":"x","role":"admin","days":367}"#, 400, "bad-request"),
        (&admin, "POST", "/v1/tokens", "", r#"{"name":"x","role":"admin","scopes":["all:write"]}"#, 400, "bad-request"),
        (&admin, "PUT", "/v1/systems/workspace", new, &odd, 400, "bad-request"),
        (&admin, "PUT", "/v1/systems/another", new, &system, 400, "bad-request"),
        (&admin, "PUT", "/v1/systems/workspace/secrets/api/pin", "", r#"{"value":"x"}"#, 404, "not-found"),
        (&admin, "GET", "/v1/systems?limit=0", "", "", 400, "bad-request"),
        (&admin, "GET", "/v1/systems?limit=501", "", "", 400, "bad-request"),
        (&admin, "GET", "/v1/systems?limit=-1", "", "", 400, "bad-request"),
        (&admin, "GET", "/v1/systems?limt=1", "", "", 400, "bad-request"),
        (&admin, "GET", "/v1/systems/%ff", "", "", 400, "bad-request"),
        (&admin, "GET", "/v1/log/entries/-1", "", "", 400, "bad-request"),
        (&admin, "GET", "/v1/plans/abc", "", "", 400, "bad-request"),
    ];
    let mut pages = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (caller, method, path, headers, body, status, kind) in cases {
        let answer = caller.send(method, path, headers, body);
        eprintln!("{method} {path} {headers:?}");
        problem(&answer, *status, kind);
        assert!(*status != 401 || answer.header("www-authenticate").is_some_and(|text| text.starts_with("Bearer")));
        assert!(*status != 405 || answer.header("allow").is_some_and(|methods| methods.contains("GET")), "{answer:?}");
        guarded_against_browsers(&answer);
        pages.insert(answer.json()["type"].as_str().unwrap().to_owned());
        ids.insert(answer.header("x-request-id").unwrap().to_owned());
    }
    assert_eq!(ids.len(), cases.len(), "each request has an id of its own");
    for page in pages {
        let text = nobody.text(&page).body;
        assert!(text.starts_with(page.rsplit('/').next().unwrap()), "{page}: {text}");
    }
    for answer in [nobody.text("/healthz"), nobody.text("/v1/openapi.json"), admin.text("/v1/systems")] {
        guarded_against_browsers(&answer);
    }
    assert_eq!(workspace.ledger().len(), 0);
    assert_eq!(admin.walk("/v1/plans", 50).len() + admin.walk("/v1/sync-runs", 50).len(), 0, "nothing was begun");
    server.end();
}

/// Nothing is kept by a proxy, guessed at, or shown inside another page.
#[track_caller]
fn guarded_against_browsers(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

/// Every list, with at least two items in it.
fn lists(admin: &Caller) -> Vec<String> {
    let lists =
        ["plugins", "systems", "identities", "sync-runs", "plans", "runs", "operations", "leaver-cases", "tokens"];
    let mut all: Vec<_> = lists.iter().map(|name| format!("/v1/{name}")).collect();
    let of_system = ["accounts", "entitlements", "grants", "snapshots"];
    all.extend(of_system.iter().map(|name| format!("/v1/systems/workspace/{name}")));
    all.push("/v1/findings?all=true".to_owned());
    let described = admin.get("/v1/openapi.json");
    let with_cursor = described["paths"].as_object().unwrap().values().filter(|item| {
        let parameters = item["get"]["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "cursor"))
    });
    assert_eq!(with_cursor.count(), all.len() + 1, "a list is missing here; the log's has a test of its own");
    all
}

#[test]
fn every_list_gives_every_item_once_in_pages_of_one_on_sqlite() {
    page_by_page(Database::Sqlite);
}

#[test]
fn every_list_gives_every_item_once_in_pages_of_one_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    page_by_page(database);
}

fn page_by_page(database: Database) {
    let (workspace, reeve) = furnished(database);
    token(&reeve, "grace", "operator", &[]);
    let (server, admin) = served(&reeve);
    for stranger in ["one@example.com", "two@example.com"] {
        workspace.add_stranger(stranger);
    }
    read_all(&admin);
    carried_out(&admin, &planned(&admin));
    for person in admin.walk("/v1/identities", 500).iter().take(2) {
        let at = format!("/v1/identities/{}/exit", person["id"].as_str().unwrap());
        let told = admin.post(&at, &json!({ "reason": "told by phone" }));
        carried_out(&admin, told.json()["plan"].as_str().unwrap());
    }
    read_all(&admin);
    let open = || admin.walk("/v1/leaver-cases", 50).iter().all(|case| case["state"] == "closed").then_some(());
    until("the cases are closed", open);

    let mut foreign = None;
    for list in lists(&admin) {
        let all = admin.walk(&list, 500);
        assert!(all.len() >= 2, "{list} has too little to turn a page");
        assert_eq!(admin.walk(&list, 1), all, "{list}");
        let mark = if list.contains('?') { '&' } else { '?' };
        let page = admin.get(&format!("{list}{mark}limit=1"));
        let cursor = page["next-cursor"].as_str().unwrap().to_owned();
        for wrong in ["garbage", "", "eyJ", &"A".repeat(5000)].into_iter().chain(foreign.as_deref()) {
            problem(&admin.send("GET", &format!("{list}{mark}cursor={wrong}"), "", ""), 404, "not-found");
        }
        foreign = Some(cursor);
    }
    let entries = admin.walk("/v1/log/entries", 500);
    let by_sevens = admin.walk("/v1/log/entries", 7);
    assert!(entries.len() > 20 && by_sevens.len() >= entries.len());
    assert_eq!(by_sevens[..entries.len()], entries);
    assert_eq!(admin.walk("/v1/log/entries?from=15", 500)[..5], entries[15..20]);
    problem(&admin.send("GET", &format!("/v1/log/entries?cursor={}", foreign.unwrap()), "", ""), 404, "not-found");
    server.end();
}

/// Many requests in a row on one connection, faster than anybody waits for answers.
fn burst(address: &str, path: &str, token: &str, count: usize) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n");
    let last = format!("{request}connection: close\r\n\r\n");
    let mut stream = TcpStream::connect(address).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let all = format!("{request}\r\n").repeat(count - 1) + &last;
    let sending = std::thread::spawn(move || writer.write_all(all.as_bytes()));
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    sending.join().unwrap().unwrap();
    assert_eq!(answers.matches("HTTP/1.1 ").count(), count);
    answers
}

#[test]
fn who_asks_too_much_is_told_how_long_to_wait() {
    let (_workspace, reeve) = furnished(Database::Sqlite);
    let busy = token(&reeve, "busy", "auditor", &[]);
    let calm = token(&reeve, "calm", "auditor", &[]);
    let (server, _) = served(&reeve);
    let asked = |path: &str, token: &str, count: usize, limit: &str| {
        let answers = burst(&server.address, path, token, count);
        let refused: Vec<_> = answers.split("HTTP/1.1 ").filter(|answer| answer.starts_with("429 ")).collect();
        for answer in &refused {
            let wait = answer.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap();
            assert!((1..=10).contains(&wait.parse::<u64>().unwrap()), "{answer}");
            assert!(answer.contains("application/problem+json") && answer.contains("/v1/problems/too-many-requests"));
        }
        refused.iter().any(|answer| answer.contains(limit)).then_some(())
    };
    // One token's limit is lower than that of the address, so others from there are still heard.
    until("one token asks too much", || asked("/v1/me", &busy, 300, "of one token"));
    let calms = server.caller(&calm).send_once("GET", "/v1/me", "", "");
    assert!(calms.status == 200 || calms.body.contains("from one address"), "{calms:?}");
    until("one address asks too much", || asked("/v1/nowhere", "none", 1000, "from one address"));
    assert_eq!(server.caller(&calm).get("/v1/me")["name"], "calm", "and is heard after a while");
    server.end();
}
