//! Secrets go to the systems that they are for, and nowhere else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use reeve_e2e::canary::Places;
use reeve_e2e::database::Database;
use reeve_e2e::directory::{Directory, SERVICE_PASSWORD};
use reeve_e2e::echo::Echo;
use reeve_e2e::people::{Person, crowd};
use reeve_e2e::reeve::Reeve;
use reeve_e2e::workspace::{TOKEN, Workspace};
use reeve_sim::misbehaviour::{Act, Rule};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

#[test]
fn no_secret_is_found_in_any_file_output_journal_or_log_after_a_whole_cycle() {
    let workspace = Workspace::start();
    let directory = Directory::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    directory.iter().for_each(|directory| directory.govern(&reeve));
    let people = crowd(3, "Finance");
    reeve.hr(&people);
    reeve.day();
    // A target that repeats what it was sent, in its refusal.
    let detail = format!("Bearer {TOKEN} may not do this; {}", STANDARD_NO_PAD.encode(TOKEN));
    let refuse = Act::Refuse { status: 400, code: None, detail };
    workspace.misbehave([Rule::new(refuse).on("PATCH", "/Users/*")]);
    reeve.hr(&[people[0].clone().left(), people[1].clone(), people[2].clone().moved("Sales", "Buyer")]);
    reeve.run(["sync"]).ok();
    reeve.approve();
    let refused = reeve.run(["run"]).expect(4);
    assert!(refused.to_string().contains("may not do this"), "the refusal is told: {refused:#}");
    workspace.misbehave([]);
    reeve.run(["system", "check", "workspace"]).ok();
    reeve.run(["secret", "list"]).ok();
    reeve.run(["log", "show", "--limit", "1000"]).ok();
    reeve.run(["finding", "list"]).ok();
    let log = reeve.export_and_verify(&[]);

    let mut places = Places::default();
    places.add("what commands said", reeve.transcript());
    places.add_folder(&reeve.home());
    places.add_folder(&log);
    places.add_database(&reeve);
    assert!(places.naming("/Users").contains("journal.bytes"));
    assert!(places.naming("crowd01").iter().any(|place| place.ends_with("reeve.db")));
    assert_eq!(places.find([TOKEN, SERVICE_PASSWORD]), [].into());
}

#[test]
fn a_key_that_others_can_read_is_not_used() {
    let reeve = Reeve::bare(Database::Sqlite);
    for name in ["keys/secrets.key", "keys/log.key"] {
        let key = reeve.home().join(name);
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
        let refusal = reeve.run(["plugin", "list"]).refused(1);
        assert!(refusal.contains("chmod 600") && refusal.contains(name), "{refusal}");
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
        reeve.run(["plugin", "list"]).ok();
    }
}

#[test]
fn work_waits_for_a_secret_that_is_wrong_or_missing() {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    let ines = Person::new(1001, "Ines", "Duarte", "Finance");
    reeve.hr(&[ines.clone(), Person::new(1002, "Omar", "Haddad", "Sales")]);
    reeve.day();
    reeve.hr(&[ines.clone().left(), Person::new(1002, "Omar", "Haddad", "Sales")]);
    reeve.run(["sync"]).ok();
    reeve.approve();

    reeve.set_secret("workspace/api/token", "another token");
    let run = reeve.run(["run", "--patience", "1", "--no-proof"]).expect(4);
    for left in run["left"].as_array().unwrap() {
        assert_eq!(left["phase"], "waiting", "{run:#}");
        assert!(left["trouble"].as_str().unwrap().contains("refuses the credentials"), "{run:#}");
    }
    reeve.run(["system", "check", "workspace"]).refused(4);
    reeve.run(["secret", "remove", "workspace/api/token"]).ok();
    let missing = reeve.run(["system", "show", "workspace"]).ok();
    assert_eq!(missing["secrets-missing"], serde_json::json!(["workspace/api/token"]));
    let run = reeve.run(["run", "--patience", "1", "--no-proof"]).expect(4);
    let told = run["left"][0]["trouble"].as_str().unwrap();
    assert!(told.contains("run `reeve secret set workspace/api/token`"), "{told}");
    assert!(workspace.is_active(&ines.email()));

    reeve.set_secret("workspace/api/token", TOKEN);
    reeve.run(["run"]).ok();
    assert!(!workspace.is_active(&ines.email()), "what waited is done, and nobody had to release it");
    assert!(reeve.certificate(&ines.email()).contains("NO ACCESS LEFT"));
}

#[test]
fn a_secret_goes_nowhere_but_where_it_was_set_for() {
    let workspace = Workspace::start();
    let stranger = Echo::start("");
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    let path = reeve.path("pointed.toml");
    let point = |url: &str| {
        let api = format!(
            "kind = \"http\"\nbase-url = \"{url}\"\nprivate-addresses = true\nauth = {{ scheme = \"bearer\" }}"
        );
        let system = "name = \"workspace\"\nplugin = \"scim\"\nrole = \"target\"\nlogin = \"{email}\"";
        std::fs::write(&path, format!("{system}\n[connections.api]\n{api}\n")).unwrap();
        reeve.run(["system", "add", path.to_str().unwrap()]).ok()
    };
    let (home, elsewhere) =
        (format!("http://{}/scim/v2", workspace.address), format!("http://{}/scim/v2", stranger.address));
    assert_eq!(point(&home)["secrets-missing"], json!([]), "a change of anything else leaves it");

    assert_eq!(point(&elsewhere)["secrets-missing"], json!(["workspace/api/token"]));
    reeve.run(["system", "check", "workspace"]).refused(4);
    assert_eq!(point(&home)["secrets-missing"], json!(["workspace/api/token"]), "and it doesn't come back");

    // Nor by way of a system that goes and comes again.
    reeve.set_secret("workspace/api/token", TOKEN);
    reeve.run(["system", "remove", "workspace", "--reason", "It is replaced."]).ok();
    assert_eq!(point(&elsewhere)["secrets-missing"], json!(["workspace/api/token"]));
    reeve.run(["sync", "workspace"]);
    let heard = String::from_utf8_lossy(&stranger.heard()).into_owned();
    assert!(!heard.contains(TOKEN), "{heard}");
    assert!(!reeve.run(["secret", "list"]).ok().to_string().contains("workspace/api/token"));
    let log = reeve.run(["log", "show", "--limit", "1000"]).ok().to_string();
    assert_eq!(log.matches("the connection leads elsewhere now").count(), 2, "{log}");
}
