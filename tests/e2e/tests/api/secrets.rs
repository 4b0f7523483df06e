//! Secrets that are set over the interface come out nowhere, and figures come out where a token is shown.

use crate::{furnished, served};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reeve_e2e::api::Caller;
use reeve_e2e::database::{Database, query};
use reeve_e2e::peer;
use reeve_e2e::reeve::Reeve;
use serde_json::{Value, json};
use sqlx::Row;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

const CANARY: &str = "canary-4f1c9e07-over-the-interface";
const CANARY_KEY: &str = "whsec_Y2FuYXJ5LW9mLWEtc2lnbmluZy1rZXktMDE=";

/// How a secret could be spelt.
fn spellings(secret: &str) -> Vec<String> {
    let mut all = vec![secret.to_owned(), secret.to_uppercase(), hex::encode(secret), secret.chars().rev().collect()];
    for shift in 0..3 {
        let text = STANDARD.encode("x".repeat(shift) + secret);
        // The ends depend on what stands beside it.
        all.push(text[4..text.len() - 4].to_owned());
    }
    all
}

#[track_caller]
fn holds_no_secret(place: &str, text: &str) {
    for secret in [CANARY, CANARY_KEY] {
        for form in spellings(secret) {
            assert!(!text.contains(&form), "{place} holds {form}: {text}");
        }
    }
}

/// The path of each GET route, with things that there are in the place of its parameters.
fn questions(admin: &Caller) -> Vec<String> {
    let id = |list: &str, field: &str| {
        let items = admin.get(list)["items"].clone();
        items[0][field].as_str().unwrap().to_owned()
    };
    let there: BTreeMap<&str, String> = [
        ("/v1/plugins/{id}", id("/v1/plugins", "id")),
        ("/v1/identities/{id}", id("/v1/identities", "id")),
        ("/v1/identities/{id}/timeline", id("/v1/identities", "id")),
        ("/v1/systems/{name}/accounts/{id}", id("/v1/systems/workspace/accounts", "id")),
        ("/v1/sync-runs/{id}", id("/v1/sync-runs", "id")),
        ("/v1/sync-runs/{id}/events", id("/v1/sync-runs", "id")),
        ("/v1/plans/{hash}", id("/v1/plans", "hash")),
        ("/v1/runs/{plan}", id("/v1/runs", "plan")),
        ("/v1/operations/{id}", id("/v1/operations", "id")),
        ("/v1/operations/{id}/journal", id("/v1/operations", "id")),
        ("/v1/leaver-cases/{id}", id("/v1/leaver-cases", "id")),
        ("/v1/leaver-cases/{id}/certificate", id("/v1/leaver-cases", "id")),
        ("/v1/log/entries/{seq}", "7".to_owned()),
        ("/v1/problems/{kind}", "refused".to_owned()),
    ]
    .into();
    let described = admin.get("/v1/openapi.json");
    let paths = described["paths"].as_object().unwrap().iter();
    let gets = paths.filter(|(_, item)| item.get("get").is_some()).map(|(path, _)| path.as_str());
    let filled = gets.filter_map(|path| {
        let known = there.get(path).map(String::as_str).unwrap_or_default();
        let filled: Vec<_> = path
            .split('/')
            .map(|part| match part {
                "{name}" => "workspace",
                part if part.starts_with('{') => known,
                part => part,
            })
            .collect();
        let filled = filled.join("/");
        match path {
            // The run was approved and can't be carried out, so its stream has no end.
            "/v1/runs/{plan}/events" => None,
            "/v1/log/consistency" => Some(filled + "?from=3"),
            _ => Some(filled),
        }
    });
    filled.collect()
}

/// Every value of every column, as text.
fn database(reeve: &Reeve) -> Vec<(String, String)> {
    let url = reeve.database_url();
    let columns = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'";
    let mut all = Vec::new();
    for row in query(&url, columns) {
        let [table, column]: [String; 2] = [row.get(0), row.get(1)];
        for value in
            query(&url, &format!("SELECT CAST(\"{column}\" AS BLOB) FROM \"{table}\" WHERE \"{column}\" IS NOT NULL"))
        {
            let bytes: Vec<u8> = value.get(0);
            all.push((format!("{table}.{column}"), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    all
}

#[test]
fn a_secret_that_was_set_over_the_interface_comes_out_nowhere() {
    let (_workspace, reeve) = furnished(Database::Sqlite);
    reeve.day();
    let (server, admin) = served(&reeve);
    let put = |name: &str, secret: &str| {
        let set = admin.send("PUT", &format!("/v1/systems/{name}"), "", json!({ "value": secret }).to_string());
        assert_eq!(set.status, 200, "{set:?}");
        holds_no_secret(name, &format!("{set:?}"));
    };
    put("workspace/secrets/api/token", CANARY);
    put("hr/secrets/webhook/signing-key", CANARY_KEY);
    // A body that is not taken is not echoed either.
    for body in [
        format!("\"{CANARY}\""),
        format!("{{\"value\": \"{CANARY}\""),
        json!({ "value": [CANARY] }).to_string(),
        json!({ CANARY: 1 }).to_string(),
    ] {
        let answer = admin.send("PUT", "/v1/systems/workspace/secrets/api/token", "", &body);
        assert_eq!(answer.status, 400, "{answer:?}");
        holds_no_secret("a refused body", &format!("{answer:?}"));
    }
    // The workspace refuses it, and everything that follows from that is told as well.
    let begun = admin.post("/v1/sync-runs", &json!({}));
    admin.ended(&format!("{}/events", begun.header("location").unwrap()));
    let reads = admin.get("/v1/systems/workspace/snapshots");
    assert_eq!(reads["items"][0]["whole"], false, "{reads:#}");
    admin.post("/v1/systems/workspace/check", &Value::Null);
    let person = admin.get("/v1/identities")["items"][0]["id"].as_str().unwrap().to_owned();
    let told = admin.post(&format!("/v1/identities/{person}/exit"), &json!({ "reason": "told by phone" }));
    let plan = told.json()["plan"].as_str().unwrap().to_owned();
    assert_eq!(admin.post(&format!("/v1/plans/{plan}/approval"), &json!({})).status, 202);
    let stuck = || {
        let all = admin.get(&format!("/v1/operations?plan={plan}"));
        all["items"].as_array().unwrap().iter().any(|operation| operation["trouble"].is_string()).then_some(())
    };
    reeve_e2e::wait::until("an operation meets the refusal", stuck);

    let questions = questions(&admin);
    assert!(questions.len() >= 30, "{questions:?}");
    for question in questions {
        let answer = admin.text(&question);
        holds_no_secret(&question, &format!("{}\n{}", answer.head, answer.body));
    }
    let places = database(&reeve);
    assert!(places.iter().any(|(place, _)| place == "secret.sealed" || place.starts_with("secret.")));
    for (place, text) in places {
        holds_no_secret(&place, &text);
    }
    let said = server.end();
    assert!(said.contains("/v1/systems/{name}/secrets/{connection}/{field}"), "the server told its log: {said}");
    holds_no_secret("the server's log", &said);
}

/// Reads the text on its standard input as strictly as the format's own library does.
const READ: &str = "
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        print(family.type, sample.name, sorted(sample.labels.items()), sample.value)
";

#[test]
fn a_monitor_with_a_token_reads_the_metrics() {
    let Some(python) = peer("a Python with prometheus-client", &["REEVE_API_PYTHON"]) else { return };
    let (_workspace, reeve) = furnished(Database::Sqlite);
    reeve.day();
    let (server, admin) = served(&reeve);
    let monitor = reeve_e2e::api::token(&reeve, "monitor", "auditor", &["metrics:read"]);
    let monitor = server.caller(&monitor);
    assert_eq!(server.nobody().send("GET", "/metrics", "", "").status, 401);
    assert_eq!(monitor.send("GET", "/v1/systems", "", "").status, 403);
    admin.get("/v1/systems/workspace");
    admin.get("/v1/systems/workspace");
    let answer = monitor.text("/metrics");
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text; version=1.0.0"));
    let mut child =
        Command::new(&python[0]).args(["-c", READ]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(answer.body.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", answer.body);
    let said = String::from_utf8(output.stdout).unwrap();
    let labels = "[('method', 'GET'), ('route', '/v1/systems/{name}'), ('status', '200')]";
    for line in [
        &format!("counter reeve_requests_total {labels} 2"),
        "gauge reeve_leaver_cases_open [] 0",
        "gauge reeve_log_damaged [] 0",
    ] {
        assert!(said.lines().any(|said| said == line), "{line} is not in {said}");
    }
    assert!(said.contains("histogram reeve_request_duration_seconds_bucket"), "{said}");
    assert!(!said.contains("workspace/"), "routes are told by their pattern: {said}");
    server.end();
}
