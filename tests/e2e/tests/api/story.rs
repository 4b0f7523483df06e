//! The whole story over HTTP alone, judged by the workspace's own ledger.

use crate::proofs::{consistent, head, included, root};
use crate::{carried_out, planned, read_all};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reeve_e2e::api::{Caller, Server, token};
use reeve_e2e::database::Database;
use reeve_e2e::people::{Person, crowd, csv};
use reeve_e2e::plugins;
use reeve_e2e::reeve::Reeve;
use reeve_e2e::wait::until;
use reeve_e2e::workspace::{POLICY, TOKEN, Workspace};
use serde_json::{Value, json};

const NEW: &str = "if-none-match: *\r\n";

#[test]
fn from_the_first_system_to_a_leavers_certificate_over_http_alone_on_sqlite() {
    the_whole_story(Database::Sqlite);
}

#[test]
fn from_the_first_system_to_a_leavers_certificate_over_http_alone_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    the_whole_story(database);
}

fn the_whole_story(database: Database) {
    let workspace = Workspace::start();
    let reeve = Reeve::bare(database);
    plugins::lend_code(&plugins::NAMES, &reeve.home().join("cache"));
    reeve.birthrights(POLICY);
    let people = crowd(3, "Finance");
    let folder = reeve.home().join("files/hr");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("people.csv"), csv(&people)).unwrap();
    let text = token(&reeve, "ada", "admin", &[]);
    let server = Server::start(&reeve);
    let admin = server.caller(&text);
    assert_eq!(admin.get("/v1/me")["role"], "admin");

    install(&admin, "hr-csv");
    install(&admin, "scim");
    add_systems(&admin, &workspace);
    set_the_secret(&admin);
    read_all(&admin);
    let first_head = admin.text("/v1/log/checkpoint").body;
    let before = jiff::Timestamp::now().to_string();

    join(&admin, &workspace, &people);
    read_all(&admin);
    held(&admin, &people[0], &before);
    leave(&admin, &workspace, &people[0]);
    a_stranger_is_found(&admin, &workspace);
    the_log_proves_itself(&admin, &first_head);
    server.end();
    reeve.export_and_verify(&[]);
}

/// Asks what a plugin wants, and agrees to exactly that.
fn install(admin: &Caller, name: &str) {
    let file = std::fs::read(plugins::packed(name)).unwrap();
    let kind = "content-type: application/octet-stream\r\n";
    let asked = admin.send("POST", "/v1/plugins?allow-unsigned=true", kind, &file);
    assert_eq!((asked.status, asked.json()["installed"].as_bool()), (200, Some(false)), "{asked:?}");
    assert_eq!(admin.send("GET", &format!("/v1/plugins/{name}"), "", "").status, 404);
    let wrong = format!("/v1/plugins?allow-unsigned=true&consent={}", "0".repeat(64));
    assert_eq!(admin.send("POST", &wrong, kind, &file).status, 409);
    let digest = asked.json()["digest"].as_str().unwrap().to_owned();
    let agreed = format!("/v1/plugins?allow-unsigned=true&consent={digest}");
    assert_eq!(admin.send("POST", &agreed, kind, &file).status, 201);
    assert_eq!(admin.get(&format!("/v1/plugins/{name}"))["digest"], digest);
}

fn add_systems(admin: &Caller, workspace: &Workspace) {
    let hr = json!({
        "name": "hr", "plugin": "hr-csv", "role": "source",
        "settings": { "file": "people.csv", "columns": ["kind=Type"] },
        "connections": { "folder": { "kind": "files", "folder": "hr" } },
    });
    let put = |name: &str, headers: &str, body: &Value| {
        admin.send("PUT", &format!("/v1/systems/{name}"), headers, body.to_string())
    };
    assert_eq!(put("hr", "", &hr).status, 428, "neither new nor a version");
    let added = put("hr", NEW, &hr);
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!(put("hr", NEW, &hr).status, 412, "it is there already");

    let definition = workspace.definition();
    assert_eq!(put("workspace", "if-match: \"0\"\r\n", &definition).status, 412, "there is none to change");
    let first = put("workspace", NEW, &definition);
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.json()["secrets-missing"], json!(["workspace/api/token"]));
    let version = |tag: &str| format!("if-match: {tag}\r\n");
    let mut changed = definition;
    changed["owner"] = json!("grace");
    let second = put("workspace", &version(first.header("etag").unwrap()), &changed);
    assert_eq!((second.status, &second.json()["definition"]["owner"]), (200, &json!("grace")), "{second:?}");
    assert_ne!(first.header("etag"), second.header("etag"));
    changed["owner"] = json!("mallory");
    assert_eq!(put("workspace", &version(first.header("etag").unwrap()), &changed).status, 412, "it was changed since");
    let read = admin.text("/v1/systems/workspace");
    assert_eq!((read.header("etag"), &read.json()["definition"]["owner"]), (second.header("etag"), &json!("grace")));
    for outside in ["/etc", "../policy", ""] {
        let mut hr = hr.clone();
        hr["name"] = json!("other");
        hr["connections"]["folder"]["folder"] = json!(outside);
        assert_eq!(put("other", NEW, &hr).status, 400, "{outside:?} is not below Reeve's folder for files");
    }
}

fn set_the_secret(admin: &Caller) {
    let body = json!({ "value": TOKEN }).to_string();
    let set = admin.send("PUT", "/v1/systems/workspace/secrets/api/token", "", body);
    assert_eq!((set.status, set.json()["version"].as_u64()), (200, Some(1)), "{set:?}");
    assert!(!set.body.contains(TOKEN));
    assert_eq!(admin.get("/v1/systems/workspace")["secrets-missing"], json!([]));
    let checked = admin.post("/v1/systems/workspace/check", &Value::Null);
    let probes = checked.json()["items"].as_array().unwrap().clone();
    assert!(!probes.is_empty() && probes.iter().all(|probe| probe["passed"] == true), "{probes:#?}");
}

fn join(admin: &Caller, workspace: &Workspace, people: &[Person]) {
    let hash = planned(admin);
    let plan = admin.get(&format!("/v1/plans/{hash}"));
    let operations = plan["plan"]["operations"].as_array().unwrap().len() as u64;
    assert_eq!((plan["state"].as_str(), operations > 0), (Some("proposed"), true));
    // Another plan's name, and the beginning of this one's.
    assert_eq!(admin.post(&format!("/v1/plans/{}/approval", "0".repeat(64)), &json!({})).status, 404);
    assert_eq!(admin.post(&format!("/v1/plans/{}/approval", &hash[..12]), &json!({})).status, 400);
    assert_eq!(workspace.ledger().len(), 0, "nothing happens before somebody approves");
    let run = carried_out(admin, &hash);
    assert_eq!((run["operations"].as_u64(), run["settled"].as_u64()), (Some(operations), Some(operations)), "{run:#}");
    assert_eq!(admin.get(&format!("/v1/runs/{hash}"))["phases"], json!({ "verified": operations }));
    let mut created = workspace.created();
    created.sort();
    assert_eq!(created, people.iter().map(Person::email).collect::<Vec<_>>());
    assert_eq!(workspace.groups(&people[0].email()), ["finance", "staff"]);

    let done = admin.walk(&format!("/v1/operations?plan={hash}"), 2);
    assert_eq!(done.len() as u64, operations);
    assert!(done.iter().all(|operation| operation["phase"] == "verified"), "{done:#?}");
    let id = done[0]["id"].as_str().unwrap();
    let journal = admin.get(&format!("/v1/operations/{id}/journal"));
    assert!(journal["items"].as_array().is_some_and(|attempts| !attempts.is_empty()), "{journal:#}");
}

fn id_of(admin: &Caller, person: &Person) -> String {
    let found = admin.get(&format!("/v1/identities?find={}", person.email()));
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found:#}");
    found["items"][0]["id"].as_str().unwrap().to_owned()
}

/// What the person has now, and had before the plan.
fn held(admin: &Caller, person: &Person, before: &str) {
    let id = id_of(admin, person);
    let now = admin.get(&format!("/v1/identities/{id}/timeline"));
    let held = now["held"].as_array().unwrap();
    assert!(held.len() >= 3, "an account and two groups: {now:#}");
    assert!(held.iter().all(|one| one["until"].is_null() && one["approved-by"] == "ada"), "{now:#}");
    let then = admin.get(&format!("/v1/identities/{id}/timeline?at={before}"));
    assert_eq!(then["held"], json!([]), "{then:#}");
}

fn leave(admin: &Caller, workspace: &Workspace, person: &Person) {
    let id = id_of(admin, person);
    let told = admin.post(&format!("/v1/identities/{id}/exit"), &json!({ "reason": "told by phone" }));
    assert_eq!(told.status, 201, "{told:?}");
    let (case, plan) = (told.json()["leaver-case"].clone(), told.json()["plan"].clone());
    let case = format!("/v1/leaver-cases/{}", case.as_str().unwrap());
    assert_eq!(admin.get(&case)["state"], "open");
    assert!(workspace.is_active(&person.email()));
    carried_out(admin, plan.as_str().unwrap());
    let begun = admin.post("/v1/sync-runs", &json!({ "open-cases": true }));
    // Where the worker's own read has closed the case there is nothing to wait for.
    assert!(matches!(begun.status, 202 | 409), "{begun:?}");
    until("the case is closed", || (admin.get(&case)["state"] == "closed").then_some(()));
    assert_eq!(admin.get(&case)["systems"]["workspace"]["proof"], "clean");
    assert!(admin.text(&format!("{case}/certificate")).body.contains("NO ACCESS LEFT"));
    assert!(!workspace.is_active(&person.email()));
    assert_eq!(workspace.groups(&person.email()), [] as [&str; 0]);
    assert_eq!(admin.get(&format!("/v1/identities/{id}"))["standing"], "left");
}

fn a_stranger_is_found(admin: &Caller, workspace: &Workspace) {
    workspace.add_stranger("stranger@example.com");
    read_all(admin);
    admin.post("/v1/plans", &json!({}));
    let findings = admin.walk("/v1/findings", 1);
    let found = findings.iter().find(|finding| finding["kind"] == "unmatched-account");
    assert!(
        found.is_some_and(|finding| finding["text"].as_str().unwrap().contains("stranger@example.com")),
        "{findings:#?}"
    );
}

/// Each entry by its exact bytes, the root over all, some proofs of entries, and that the log continues an older head.
fn the_log_proves_itself(admin: &Caller, first_head: &str) {
    let note = admin.text("/v1/log/checkpoint").body;
    let (size, signed) = head(&note);
    let entries = admin.walk("/v1/log/entries", 100);
    assert!(entries.len() as u64 >= size && size > 10, "{size}");
    let bytes: Vec<Vec<u8>> =
        entries.iter().map(|entry| STANDARD.decode(entry["bytes"].as_str().unwrap()).unwrap()).collect();
    assert_eq!(root(&bytes[..usize::try_from(size).unwrap()]), signed, "the entries are those that were signed");
    let by_ada = entries.iter().filter(|entry| entry["entry"]["actor"].to_string().contains("\"ada\"")).count();
    assert!(by_ada >= 8, "what the caller did stands under the token's name: {by_ada}");

    for seq in [0, size / 2, size - 1] {
        let proven = admin.get(&format!("/v1/log/entries/{seq}"));
        let (size, signed) = head(proven["checkpoint"].as_str().unwrap());
        let entry = STANDARD.decode(proven["bytes"].as_str().unwrap()).unwrap();
        assert!(included(seq, size, &entry, &hashes(&proven["inclusion-proof"]), signed), "{proven:#}");
        assert!(!included(seq, size, b"{}", &hashes(&proven["inclusion-proof"]), signed));
    }
    let (old_size, old_root) = head(first_head);
    let proven = admin.get(&format!("/v1/log/consistency?from={old_size}"));
    let (new_size, new_root) = head(proven["checkpoint"].as_str().unwrap());
    assert!(new_size > old_size);
    let proof = hashes(&proven["consistency-proof"]);
    assert!(consistent((old_size, old_root), (new_size, new_root), &proof), "{proven:#}");
    assert!(!consistent((old_size, signed), (new_size, new_root), &proof), "another log is not continued");
    assert_eq!(admin.send("GET", "/v1/log/consistency?from=1000000", "", "").status, 409);
    assert_eq!(admin.send("GET", "/v1/log/entries/1000000", "", "").status, 404);
}

fn hashes(proof: &Value) -> Vec<[u8; 32]> {
    let texts = proof.as_array().unwrap().iter().map(|hash| hash.as_str().unwrap());
    texts.map(|hash| STANDARD.decode(hash).unwrap().try_into().unwrap()).collect()
}
