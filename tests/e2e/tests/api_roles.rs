//! Every route of the interface, tried by every kind of caller. The routes come from the description that the server gives
//! out, so a new one fails here until `api_roles.txt` says who may use it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::api::{Caller, Server, token};
use reeve_e2e::database::{Database, query};
use reeve_e2e::people::crowd;
use reeve_e2e::plugins;
use reeve_e2e::reeve::Reeve;
use reeve_e2e::wait::until;
use reeve_e2e::workspace::{TOKEN, Workspace};
use reeve_sim::misbehaviour::{Act, Rule};
use serde_json::{Value, json};
use sqlx::Row;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

const TABLE: &str = include_str!("api_roles.txt");
/// Routes that nobody has decided about, one a line. The fewer the better.
const UNCOVERED: &str = include_str!("api_uncovered.txt");

/// What a route does with each caller, in the order of the table.
type Decided = BTreeMap<(String, String), Vec<String>>;

const CALLERS: [&str; 8] = ["admin", "operator", "auditor", "reading", "elsewhere", "none", "ended", "revoked"];
const AREAS: [&str; 13] = [
    "plugins",
    "systems",
    "secrets",
    "identities",
    "access",
    "sync-runs",
    "plans",
    "runs",
    "leaver-cases",
    "findings",
    "log",
    "tokens",
    "metrics",
];
/// Refusals of one token that the log keeps, at once and per minute.
const NOTED_PER_MINUTE: usize = 10;

fn decided() -> Decided {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let rows = lines.map(|line| {
        let mut words = line.split_whitespace().map(str::to_owned);
        let route = (words.next().unwrap(), words.next().unwrap());
        let verdicts: Vec<_> = words.collect();
        assert_eq!(verdicts.len(), CALLERS.len(), "{line}");
        (route, verdicts)
    });
    rows.collect()
}

/// The routes that the server describes.
fn described(caller: &Caller) -> BTreeSet<(String, String)> {
    let document = caller.get("/v1/openapi.json");
    let paths = document["paths"].as_object().unwrap();
    let methods =
        |item: &Value| -> Vec<String> { item.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect() };
    paths.iter().flat_map(|(path, item)| methods(item).into_iter().map(|method| (method, path.clone()))).collect()
}

/// With things that are not there in the place of parameters: nobody gets further than the question whether they may.
fn path_to_nothing(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "0" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_route_is_tried_by_every_kind_of_caller() {
    let reeve = Reeve::bare(Database::Sqlite);
    let texts: Vec<_> = ["admin", "operator", "auditor"].iter().map(|role| token(&reeve, role, role, &[])).collect();
    let readings = AREAS.map(|area| format!("{area}:read"));
    let reading = token(&reeve, "reading", "admin", &readings.each_ref().map(String::as_str));
    let elsewhere = token(&reeve, "elsewhere", "admin", &["metrics:write"]);
    let elsewhere_too = token(&reeve, "elsewhere too", "admin", &["log:write"]);
    let [ended, revoked] = ["ended", "revoked"].map(|name| token(&reeve, name, "admin", &[]));
    query(&reeve.database_url(), "UPDATE token SET expires_at = created_at WHERE name = 'ended'");
    let id = revoked.split('_').nth(1).unwrap();
    reeve.run(["token", "revoke", id]).ok();
    let server = Server::start(&reeve);
    let began = Instant::now();

    let (table, found) = (decided(), described(&server.nobody()));
    let known: BTreeSet<_> = table.keys().cloned().collect();
    assert_eq!(
        known.difference(&found).collect::<Vec<_>>(),
        [] as [&(String, String); 0],
        "the table knows what there is"
    );
    let undecided: Vec<_> = found.difference(&known).map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!(undecided, UNCOVERED.lines().collect::<Vec<_>>(), "decide in api_roles.txt who may use them");

    for ((method, path), verdicts) in &table {
        for (who, verdict) in CALLERS.iter().zip(verdicts) {
            let caller = match *who {
                "admin" => server.caller(&texts[0]),
                "operator" => server.caller(&texts[1]),
                "auditor" => server.caller(&texts[2]),
                "reading" => server.caller(&reading),
                "elsewhere" if path == "/metrics" => server.caller(&elsewhere_too),
                "elsewhere" => server.caller(&elsewhere),
                "ended" => server.caller(&ended),
                "revoked" => server.caller(&revoked),
                _ => server.nobody(),
            };
            let status = caller.send(method, &path_to_nothing(path), "", "").status;
            let as_decided = match verdict.as_str() {
                "yes" => !matches!(status, 401 | 403 | 405 | 500..),
                refusal => status == refusal.parse::<u16>().unwrap(),
            };
            assert!(as_decided, "{method} {path} by {who}: {status}, and the table says {verdict}");
            assert!(
                *who != "auditor" || method == "GET" || verdict != "yes",
                "an auditor may only read: {method} {path}"
            );
        }
    }
    refusals_are_noted(&server.caller(&texts[0]), &table, began);
    server.end();
}

/// Each attempt beyond one's rights stands in the log, up to a limit, so that nobody fills the log with them.
fn refusals_are_noted(admin: &Caller, table: &Decided, began: Instant) {
    let entries = admin.walk("/v1/log/entries", 500);
    let refused = |who: &str| {
        let noted = entries.iter().map(|row| &row["entry"]).filter(|entry| entry["event"] == "access.refused");
        noted.filter(|entry| entry["actor"].to_string().contains(&format!("\"{who}\""))).cloned().collect::<Vec<_>>()
    };
    let attempts = |who: &str| {
        let column = CALLERS.iter().position(|one| *one == who).unwrap();
        table.values().filter(|verdicts| verdicts[column] == "403").count()
    };
    let minutes = usize::try_from(began.elapsed().as_secs() / 60 + 1).unwrap();
    for who in ["operator", "auditor", "reading", "elsewhere"] {
        let noted = refused(who);
        let (count, attempts) = (noted.len(), attempts(who));
        let most = attempts.min(NOTED_PER_MINUTE * (minutes + 1));
        assert!(
            (1..=most).contains(&count),
            "{who} was refused {attempts} times; the log notes {count} of them, and 1 to {most} were to be noted"
        );
        let data = &noted[0]["data"];
        let said =
            ["method", "path", "why", "token"].map(|name| data[name].as_str().is_some_and(|text| !text.is_empty()));
        assert_eq!(said, [true; 4], "{data:#}");
    }
    assert!(refused("admin").is_empty(), "who may do it is not noted as refused");
}

/// Every table but those that tell of the asking itself: the log's refusals, a token's last use, and the server's own clock.
fn rows(reeve: &Reeve) -> BTreeMap<String, Vec<String>> {
    const OF_THE_ASKING: [&str; 6] =
        ["log_head", "log_entry", "log_checkpoint", "token.last_used_at", "worker_lease", "sqlite_sequence"];
    let url = reeve.database_url();
    let sql = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'";
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in query(&url, sql) {
        let [table, column]: [String; 2] = [row.get(0), row.get(1)];
        if !OF_THE_ASKING.contains(&table.as_str()) && !OF_THE_ASKING.contains(&format!("{table}.{column}").as_str()) {
            columns.entry(table).or_default().push(format!("quote(\"{column}\")"));
        }
    }
    let all = |(table, columns): (String, Vec<String>)| {
        let rows = query(&url, &format!("SELECT {} FROM \"{table}\"", columns.join("||','||")));
        let mut rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        rows.sort();
        (table, rows)
    };
    columns.into_iter().map(all).collect()
}

/// Leaves operations that the workspace refused and that wait for a person.
fn refuse_an_operation(reeve: &Reeve, workspace: &Workspace) {
    let refuse = Act::Refuse { status: 403, code: None, detail: "this group is locked".to_owned() };
    workspace.misbehave([Rule::new(refuse).on("PATCH", "/Groups/*")]);
    reeve.hr(&crowd(2, "Sales"));
    reeve.run(["sync"]).ok();
    reeve.approve();
    reeve.run(["run"]).expect(4);
    workspace.misbehave([]);
}

struct Change {
    route: (&'static str, &'static str),
    path: String,
    headers: String,
    body: Vec<u8>,
}

/// A request that would change something, for every route that changes something, in an order in which all of them work.
fn changes(reeve: &Reeve, workspace: &Workspace, admin: &Caller) -> Vec<Change> {
    let first = |list: &str, field: &str| admin.get(list)["items"][0][field].as_str().unwrap().to_owned();
    let account = first("/v1/systems/workspace/accounts", "id");
    let person = first("/v1/identities", "id");
    let version = |path: &str| format!("if-match: {}\r\n", admin.text(path).header("etag").unwrap());
    let (of_system, account) = (version("/v1/systems/workspace"), format!("/v1/systems/workspace/accounts/{account}"));
    let of_link = version(&account);
    let mut owned = workspace.definition();
    owned["owner"] = json!("mallory");
    let proposed = reeve.run(["plan"]).ok()["hash"].as_str().unwrap().to_owned();
    let robot = token(reeve, "robot", "auditor", &[]).split('_').nth(1).unwrap().to_owned();
    let ldap = std::fs::read(plugins::packed("ldap")).unwrap();
    let digest = admin.get("/v1/plugins/ldap")["digest"].as_str().unwrap().to_owned();
    let operations = admin.walk("/v1/operations", 100);
    let refused = operations.iter().find(|operation| operation["phase"] == "refused").unwrap();
    let operation = refused["id"].as_str().unwrap();
    let none = String::new;
    let text = |value: Value| value.to_string().into_bytes();
    let secret = "/v1/systems/{name}/secrets/{connection}/{field}";
    let exit = format!("/v1/identities/{person}/exit");
    let at = "2100-01-01T00:00:00Z";
    let all = [
        ("POST", "/v1/operations/{id}/release", format!("/v1/operations/{operation}/release"), none(), vec![]),
        ("POST", "/v1/plans/{hash}/approval", format!("/v1/plans/{proposed}/approval"), none(), text(json!({}))),
        (
            "POST",
            "/v1/plans/{hash}/refusal",
            format!("/v1/plans/{proposed}/refusal"),
            none(),
            text(json!({ "reason": "no" })),
        ),
        ("POST", "/v1/plans", "/v1/plans".to_owned(), none(), text(json!({}))),
        ("PUT", "/v1/systems/{name}", "/v1/systems/workspace".to_owned(), of_system, text(owned)),
        ("PUT", secret, "/v1/systems/workspace/secrets/api/token".to_owned(), none(), text(json!({ "value": TOKEN }))),
        ("POST", "/v1/systems/{name}/check", "/v1/systems/workspace/check".to_owned(), none(), vec![]),
        (
            "PUT",
            "/v1/systems/{name}/accounts/{id}/link",
            format!("{account}/link"),
            of_link,
            text(json!({ "identity": person })),
        ),
        ("POST", "/v1/identities/{id}/exit", exit.clone(), none(), text(json!({ "reason": "told", "at": at }))),
        ("DELETE", "/v1/identities/{id}/exit", exit, none(), vec![]),
        ("POST", "/v1/sync-runs", "/v1/sync-runs".to_owned(), none(), text(json!({ "systems": ["hr"] }))),
        ("POST", "/v1/tokens", "/v1/tokens".to_owned(), none(), text(json!({ "name": "backdoor", "role": "admin" }))),
        ("DELETE", "/v1/tokens/{id}", format!("/v1/tokens/{robot}"), none(), vec![]),
        ("DELETE", "/v1/plugins/{id}", "/v1/plugins/ldap".to_owned(), none(), vec![]),
        ("POST", "/v1/plugins", format!("/v1/plugins?allow-unsigned=true&consent={digest}"), none(), ldap),
        ("DELETE", secret, "/v1/systems/workspace/secrets/api/token".to_owned(), none(), vec![]),
        ("DELETE", "/v1/systems/{name}", "/v1/systems/workspace?reason=gone".to_owned(), none(), vec![]),
    ];
    all.map(|(method, route, path, headers, body)| Change { route: (method, route), path, headers, body }).into()
}

/// Case 44: an auditor's token changes nothing, also with requests that work for somebody else.
#[test]
fn an_auditor_writes_nothing_with_requests_that_work_for_an_administrator() {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    reeve.hr(&crowd(2, "Finance"));
    reeve.day();
    refuse_an_operation(&reeve, &workspace);
    reeve.hr(&crowd(3, "Sales"));
    reeve.run(["sync"]).ok();
    let [auditor, admin] = [("otto", "auditor"), ("ada", "admin")].map(|(name, role)| token(&reeve, name, role, &[]));
    let server = Server::start(&reeve);
    let (auditor, admin) = (server.caller(&auditor), server.caller(&admin));
    let changes = changes(&reeve, &workspace, &admin);
    let writing: BTreeSet<_> = described(&admin).into_iter().filter(|(method, _)| method != "GET").collect();
    let tried = changes.iter().map(|change| (change.route.0.to_owned(), change.route.1.to_owned()));
    // A message of an HR system takes no token.
    let hook = ("POST".to_owned(), "/v1/hooks/{system}".to_owned());
    assert_eq!(tried.chain([hook]).collect::<BTreeSet<_>>(), writing, "every route that writes is tried");

    let (before, ledger) = (rows(&reeve), workspace.ledger());
    let entries = admin.walk("/v1/log/entries", 500);
    for Change { path, headers, body, route } in &changes {
        let answer = auditor.send(route.0, path, headers, body);
        assert_eq!(answer.status, 403, "{route:?}: {answer:?}");
        let answer = auditor.send(route.0, path, &format!("{headers}idempotency-key: k\r\n"), body);
        assert_eq!(answer.status, 403, "{route:?}: {answer:?}");
    }
    let after = rows(&reeve);
    let changed = |(table, rows): &(&String, &Vec<String>)| before.get(*table) != Some(*rows);
    let changed: BTreeMap<_, _> = after.iter().filter(changed).collect();
    assert!(changed.is_empty(), "what was refused was done all the same; these tables changed: {changed:#?}");
    assert_eq!(before.len(), after.len(), "no table is gone");
    assert_eq!(workspace.ledger(), ledger, "nothing reached the workspace");
    let since = admin.walk("/v1/log/entries", 500).split_off(entries.len());
    let events: BTreeSet<_> = since.iter().map(|row| row["entry"]["event"].to_string()).collect();
    assert_eq!(events, BTreeSet::from(["\"access.refused\"".to_owned()]), "{since:#?}");

    for Change { path, headers, body, route } in &changes {
        let kind = if route.1 == "/v1/plugins" { "content-type: application/octet-stream\r\n" } else { "" };
        let answer = admin.send(route.0, path, &format!("{kind}{headers}"), body);
        // What was approved can't be refused any more.
        let works = if route.1 == "/v1/plans/{hash}/refusal" { answer.status == 409 } else { answer.status < 300 };
        assert!(works, "{route:?}: {answer:?}");
        let at_rest =
            || admin.get("/v1/operations?underway=true")["items"].as_array().unwrap().is_empty().then_some(());
        until("what it led to is done", at_rest);
    }
    server.end();
}

#[test]
fn a_token_that_is_limited_makes_none_that_may_do_more() {
    let reeve = Reeve::bare(Database::Sqlite);
    let text = token(&reeve, "ada", "admin", &["tokens:write", "plans:read"]);
    let server = Server::start(&reeve);
    let ada = server.caller(&text);
    let wishes = [
        (json!([]), 409),
        (json!(["secrets:write"]), 409),
        (json!(["plans:read", "secrets:read"]), 409),
        (json!(["plans:write"]), 409),
        (json!(["plans:read"]), 201),
        (json!(["tokens:read", "plans:read"]), 201),
    ];
    for (number, (scopes, status)) in wishes.iter().enumerate() {
        let wish = json!({ "name": format!("wish {number}"), "role": "admin", "scopes": scopes });
        let answer = ada.post("/v1/tokens", &wish);
        assert_eq!(answer.status, *status, "{wish}: {answer:?}");
    }
    assert_eq!(ada.walk("/v1/tokens", 50).len(), 3);
    server.end();
}
