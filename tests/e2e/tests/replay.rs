//! What was done can be done again on paper: without the target, without its secret, with the build that did it, and a
//! record that was changed shows.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::{Database, query};
use reeve_e2e::directory::Directory;
use reeve_e2e::people::Person;
use reeve_e2e::plugins::{manifest, pack};
use reeve_e2e::reeve::{Output, Reeve, text};
use reeve_e2e::workspace::Workspace;
use sqlx::Row;

/// A joiner, then the same person as a leaver.
fn come_and_go(reeve: &Reeve) {
    let ines = Person::new(1001, "Ines", "Duarte", "Finance");
    reeve.hr(std::slice::from_ref(&ines));
    reeve.day();
    reeve.hr(&[ines.left()]);
    reeve.day();
}

/// The operations that were sent, and what each of them did.
fn sent(reeve: &Reeve) -> Vec<(String, String)> {
    let mut sent = Vec::new();
    for plan in reeve.run(["plan", "list"]).ok().as_array().unwrap() {
        for row in reeve.run(["run", "show", plan["hash"].as_str().unwrap()]).ok().as_array().unwrap() {
            if row["attempts"] != 0 {
                sent.push((row["operation"].as_str().unwrap().to_owned(), row["kind"].as_str().unwrap().to_owned()));
            }
        }
    }
    sent
}

fn replay(reeve: &Reeve, operation: &str) -> Output {
    reeve.run(["replay", operation])
}

/// The same plugin under another version, and so of another digest.
fn upgrade(reeve: &Reeve, name: &str) {
    let toml = text(&manifest(name)).replace("version = \"0.1.0\"\ncontract", "version = \"0.1.1\"\ncontract");
    let (path, out) = (reeve.path("upgrade.toml"), reeve.path("upgrade.reeve"));
    std::fs::write(&path, toml).unwrap();
    pack(&path, name, &out, &[]);
    reeve.run(["plugin", "install", out.to_str().unwrap(), "--yes", "--allow-unsigned"]).ok();
}

/// Every operation comes out as it did, with at least one call of the host each.
fn all_the_same(reeve: &Reeve, kinds: &[&str]) {
    let operations = sent(reeve);
    for kind in kinds {
        assert!(operations.iter().any(|(_, of)| of == kind), "no {kind} in {operations:?}");
    }
    for (operation, kind) in operations {
        let replay = replay(reeve, &operation).ok();
        assert_eq!(replay["verdict"]["is"], "same", "{kind}: {replay:#}");
        assert!(replay["calls"].as_u64().unwrap() > 0 && replay["record-in-log"] == true, "{kind}: {replay:#}");
        assert_eq!(replay["plugin"]["version"], "0.1.0", "the build that did it");
    }
}

#[test]
fn what_was_done_at_a_workspace_is_done_again_without_it() {
    let mut workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    come_and_go(&reeve);
    workspace.stop();
    reeve.run(["secret", "remove", "workspace/api/token"]).ok();
    upgrade(&reeve, "scim");
    let head = reeve.run(["log", "checkpoint"]).ok();
    all_the_same(&reeve, &["create", "disable"]);
    assert_eq!(reeve.run(["log", "checkpoint"]).ok(), head, "a replay changes nothing");
}

#[test]
fn what_was_done_in_a_directory_is_done_again_without_it() {
    let Some(directory) = Directory::start() else { return };
    let reeve = Reeve::new(Database::Sqlite);
    directory.govern(&reeve);
    come_and_go(&reeve);
    drop(directory);
    reeve.run(["system", "remove", "directory", "--reason", "it was taken down"]).ok();
    upgrade(&reeve, "ldap");
    reeve.run(["plugin", "remove", "ldap"]).ok();
    all_the_same(&reeve, &["create", "disable"]);
}

/// Changes all records behind Reeve's back.
fn tamper(reeve: &Reeve, from: &str, to: &str) {
    let sql = format!("UPDATE journal SET bytes = CAST(replace(CAST(bytes AS text), '{from}', '{to}') AS blob)");
    query(&reeve.database_url(), &sql);
}

#[test]
fn a_record_that_was_changed_shows() {
    let mut workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    come_and_go(&reeve);
    workspace.stop();
    let operations = sent(&reeve);
    let (create, _) = operations.iter().find(|(_, kind)| kind == "create").unwrap();
    let attempt = reeve.run(["replay", create, "--attempt", "1"]).ok();
    assert_eq!(attempt["attempt"], 1);
    reeve.run(["replay", create, "--attempt", "9"]).refused(5);
    replay(&reeve, "0000-0").refused(5);

    // What was sent is another thing now.
    tamper(&reeve, "/Users", "/Admins");
    let output = replay(&reeve, create);
    assert_eq!(output.code, 3, "{output:?}");
    let (verdict, error) = (&output.json["verdict"], &output.error);
    assert_eq!(verdict["is"], "differs", "{verdict:#}");
    let detail = &verdict["detail"];
    let (then, now) = (detail["then"].as_str().unwrap(), detail["now"].as_str().unwrap());
    assert!(
        detail["what"].as_str().unwrap().starts_with("call ") && error.contains("differs: call "),
        "{detail} {error}"
    );
    assert!(then.contains("/Admins") && now.contains("/Users") && !now.contains("/Admins"), "{detail:#}");
    assert_eq!(output.json["record-in-log"], false);
    tamper(&reeve, "/Admins", "/Users");
    replay(&reeve, create).ok();

    // What the target answered is another thing: an account of another id.
    let rows = query(&reeve.database_url(), "SELECT CAST(bytes AS text) AS text FROM journal");
    assert!(rows.iter().any(|row| row.get::<String, _>("text").contains("\"status\":201")));
    tamper(&reeve, "\"status\":201", "\"status\":500");
    let output = replay(&reeve, create);
    assert_eq!((output.code, &output.json["verdict"]["is"]), (3, &"differs".into()), "{output:?}");
    tamper(&reeve, "\"status\":500", "\"status\":201");

    // A change that changes nothing is one all the same.
    tamper(&reeve, "{\"entries\":", "{ \"entries\":");
    let output = replay(&reeve, create);
    assert_eq!((output.code, &output.json["verdict"]["is"]), (3, &"same".into()), "{output:?}");
    assert!(output.error.contains("it was changed"), "{output:?}");
}

#[test]
fn what_cannot_be_told_is_said_and_not_guessed() {
    let mut workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    come_and_go(&reeve);
    workspace.stop();
    upgrade(&reeve, "scim");
    let (operation, _) = sent(&reeve).remove(0);
    let url = reeve.database_url();
    let set = |column: &str, value: &str| query(&url, &format!("UPDATE journal SET {column} = {value}"));

    query(&url, "CREATE TABLE kept AS SELECT * FROM journal");
    set("plugin_digest", "(SELECT digest FROM plugin WHERE id = 'scim')");
    let refusal = replay(&reeve, &operation).refused(1);
    assert!(refusal.contains("another build proves nothing"), "{refusal}");
    set("plugin_digest", "'feed'");
    let refusal = replay(&reeve, &operation).refused(5);
    assert!(refusal.contains("never installed here"), "{refusal}");
    set("plugin_digest", "(SELECT plugin_digest FROM kept LIMIT 1)");
    replay(&reeve, &operation).ok();

    set("bytes", "CAST('{\"entries\":[],\"not_kept\":0}' AS blob)");
    let refusal = replay(&reeve, &operation).refused(1);
    assert!(refusal.contains("recorded before Reeve kept what a replay needs"), "{refusal}");
    set("bytes", "CAST('nonsense' AS blob)");
    let refusal = replay(&reeve, &operation).refused(1);
    assert!(refusal.contains("not a journal"), "{refusal}");
    set("bytes", "(SELECT bytes FROM kept WHERE kept.operation <> journal.operation LIMIT 1)");
    let refusal = replay(&reeve, &operation).refused(3);
    assert!(refusal.contains("it was moved"), "{refusal}");

    query(&url, "DELETE FROM content WHERE sha256 IN (SELECT file_sha256 FROM plugin_build WHERE version = '0.1.0')");
    let refusal = replay(&reeve, &operation).refused(5);
    assert!(refusal.contains("is gone from the database"), "{refusal}");
}
