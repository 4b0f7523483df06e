//! Plugins are other people's code: nothing is installed that nobody vouches for or that nobody agreed to, and what runs is
//! what was installed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::{Database, query};
use reeve_e2e::guests;
use reeve_e2e::people::Person;
use reeve_e2e::plugin_file::{MANIFEST, WASM, with, zip_of};
use reeve_e2e::plugins::{manifest, pack, packed};
use reeve_e2e::reeve::{Output, Reeve, text};
use reeve_e2e::workspace::Workspace;
use std::path::{Path, PathBuf};

fn install(reeve: &Reeve, file: &Path, more: &[&str]) -> Output {
    reeve.run(["plugin", "install", file.to_str().unwrap()].into_iter().chain(more.iter().copied()))
}

/// The versions that are installed, by plugin.
fn installed(reeve: &Reeve) -> Vec<(String, String)> {
    let field = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
    let list = reeve.run(["plugin", "list"]).ok();
    list.as_array().unwrap().iter().map(|row| (field(row, "id"), field(row, "version"))).collect()
}

/// The SCIM connector under another version, with its manifest changed.
fn scim(reeve: &Reeve, version: &str, change: impl Fn(String) -> String, more: &[&str]) -> PathBuf {
    let toml =
        text(&manifest("scim")).replace("version = \"0.1.0\"\ncontract", &format!("version = \"{version}\"\ncontract"));
    let path = reeve.path(&format!("scim-{version}.toml"));
    std::fs::write(&path, change(toml)).unwrap();
    let out = path.with_extension("reeve");
    pack(&path, "scim", &out, more);
    out
}

/// A key to sign with, and the line that trusts it.
fn key(reeve: &Reeve, name: &str) -> (String, String) {
    let file = reeve.path(name).to_str().unwrap().to_owned();
    let made = reeve.run(["plugin", "key", name, &file]).ok();
    (file, made["trusted-key"].as_str().unwrap().to_owned())
}

#[test]
fn only_what_a_trusted_key_signed_is_installed_and_only_after_somebody_agreed() {
    let reeve = Reeve::bare(Database::Sqlite);
    let refusal = install(&reeve, &packed("scim"), &["--yes"]).refused(3);
    assert!(refusal.contains("not signed"), "{refusal}");

    let (vendor, line) = key(&reeve, "vendor");
    let (stranger, _) = key(&reeve, "stranger");
    let trusted = reeve.home().join("trusted-keys");
    std::fs::write(&trusted, text(&trusted) + &line + "\n").unwrap();
    let foreign = scim(&reeve, "0.1.1", |toml| toml, &["--key", &stranger]);
    let refusal = install(&reeve, &foreign, &["--yes", "--allow-unsigned"]).refused(1);
    assert!(refusal.contains("stranger") && refusal.contains("not trusted here"), "{refusal}");

    let ours = scim(&reeve, "0.1.2", |toml| toml, &["--key", &vendor]);
    let refusal = install(&reeve, &ours, &[]).refused(3);
    assert!(refusal.contains("nobody agreed"), "{refusal}");
    assert_eq!(installed(&reeve), [], "nothing that was refused was kept");

    // One bit of the code's file turned, and half a file.
    let bytes = std::fs::read(&ours).unwrap();
    let (half, bent) = (bytes.len() / 2, reeve.path("bent.reeve"));
    let mut turned = bytes.clone();
    turned[half] ^= 1;
    for bytes in [&turned, &bytes[..half]] {
        std::fs::write(&bent, bytes).unwrap();
        let refusal = install(&reeve, &bent, &["--yes", "--allow-unsigned"]).refused(1);
        assert!(refusal.contains("the plugin file is not in order"), "{refusal}");
        assert_eq!(installed(&reeve), []);
    }

    let made = install(&reeve, &ours, &["--yes"]).ok();
    assert_eq!(made["origin"], "signed by vendor");
}

#[test]
fn what_this_host_does_not_run_is_refused_at_install_and_said_by_name() {
    let reeve = Reeve::bare(Database::Sqlite);
    let rogue = guests::rogue().unwrap();
    let (toml, wasm, log) = (rogue.manifest_toml.as_str(), rogue.wasm.as_slice(), "reeve:connector/log@0.1.0");
    let newer = |version: &str| toml.replace("contract = \"0.1.0\"", &format!("contract = \"{version}\""));
    let reader =
        |version: &str| with(wasm, "reeve:connector/reader@0.1.0", &format!("reeve:connector/reader@{version}"));
    for (toml, wasm, part) in [
        (newer("0.2.0"), wasm.to_vec(), "it was built for reeve:connector 0.2.0, and this host runs 0.1.0"),
        (newer("0.0.9"), wasm.to_vec(), "it was built for reeve:connector 0.0.9, and this host runs 0.1.0"),
        (toml.to_owned(), reader("0.2.0"), "It exports `reader` of reeve:connector 0.2.0"),
        (toml.to_owned(), reader("0.0.9"), "It exports `reader` of reeve:connector 0.0.9"),
        (
            toml.to_owned(),
            with(wasm, log, "wasi:http/handler@0.2.100"),
            "`wasi:http/handler@0.2.100`, which no plugin gets",
        ),
        (
            toml.to_owned(),
            with(wasm, log, "example:vault/log@1.0.100"),
            "`example:vault/log@1.0.100`, which no plugin gets",
        ),
        (toml.to_owned(), with(wasm, log, "wasi:sockets/tcp@0.3.1000"), "of wasi:sockets/ this host offers 0.2, empty"),
        // Of the right name and version, and not what that name stands for.
        (
            toml.to_owned(),
            with(wasm, log, "wasi:filesystem/x@0.2.100"),
            "can't be loaded: its imports or exports have other types than reeve:connector 0.1.0: component imports \
             instance `wasi:filesystem/x@0.2.100`",
        ),
        (
            toml.replace("\"writer\"]", "\"writer\", \"credentials\"]"),
            wasm.to_vec(),
            "lists the export \"credentials\"",
        ),
        (toml.replace("kind = \"http\"", "kind = \"ldap\""), wasm.to_vec(), "plugin.toml: "),
    ] {
        let file = reeve.path("odd.reeve");
        std::fs::write(&file, zip_of(&[(MANIFEST, toml.as_bytes()), (WASM, &wasm)])).unwrap();
        let refusal = install(&reeve, &file, &["--yes", "--allow-unsigned"]).refused(1);
        assert!(refusal.contains(part), "{part} in: {refusal}");
    }
    assert_eq!(installed(&reeve), []);
}

/// A core module that imports one function.
fn importing(module: &str, function: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let import = [vec![1], text(module), text(function), vec![0, 0]].concat();
    let header = [&b"\0asm\x01\0\0\0"[..], &[1, 4, 1, 0x60, 0, 0], &[2, u8::try_from(import.len()).unwrap()]].concat();
    [header, import].concat()
}

#[test]
fn code_that_asks_a_machine_for_more_than_the_contract_has_is_not_packed_and_told_what_it_is() {
    let reeve = Reeve::bare(Database::Sqlite);
    let [code, out] = ["code.wasm", "code.reeve"].map(|name| reeve.path(name));
    for (module, function) in [("wasi_snapshot_preview1", "path_open"), ("env", "getenv")] {
        std::fs::write(&code, importing(module, function)).unwrap();
        let toml = manifest("scim");
        let [toml, code, to] = [&toml, &code, &out].map(|path| path.to_str().unwrap());
        let refusal = reeve.run(["plugin", "pack", toml, code, "-o", to]).refused(1);
        assert!(refusal.contains(&format!("`{module}`")) && refusal.contains("Build it for"), "{refusal}");
        assert!(!out.exists());
    }
}

#[test]
fn an_upgrade_is_asked_for_what_it_wants_more_and_an_older_one_is_refused() {
    let reeve = Reeve::bare(Database::Sqlite);
    install(&reeve, &packed("scim"), &["--yes", "--allow-unsigned"]).ok();
    let same = scim(&reeve, "0.1.1", |toml| toml, &[]);
    install(&reeve, &same, &["--allow-unsigned"]).ok();

    let wider = |toml: String| toml.replace("\"/Groups/*\"]", "\"/Groups/*\", \"/Bulk\"]");
    let more = scim(&reeve, "0.2.0", wider, &[]);
    assert!(text(&reeve.path("scim-0.2.0.toml")).contains("/Bulk"));
    let refusal = install(&reeve, &more, &["--allow-unsigned"]).refused(3);
    assert!(refusal.contains("nobody agreed to what it asks for"), "{refusal}");
    assert_eq!(installed(&reeve), [("scim".to_owned(), "0.1.1".to_owned())]);
    install(&reeve, &more, &["--allow-unsigned", "--yes"]).ok();
    let refusal = install(&reeve, &same, &["--allow-unsigned", "--yes"]).refused(3);
    assert!(refusal.contains("older"), "{refusal}");
    assert_eq!(installed(&reeve), [("scim".to_owned(), "0.2.0".to_owned())]);
}

#[test]
fn a_plugin_whose_bytes_were_swapped_in_the_database_does_not_run() {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    reeve.hr(&[Person::new(1001, "Ines", "Duarte", "Finance")]);
    reeve.day();
    reeve.run(["plugin", "remove", "scim"]).refused(3);
    assert_eq!(installed(&reeve).len(), 3, "a plugin in use stays");

    let file = |id: &str| format!("(SELECT file_sha256 FROM plugin WHERE id = '{id}')");
    let bytes = format!("(SELECT bytes FROM content WHERE sha256 = {})", file("ldap"));
    query(&reeve.database_url(), &format!("UPDATE content SET bytes = {bytes} WHERE sha256 = {}", file("scim")));
    let failed = reeve.run(["sync", "workspace"]);
    assert!(failed.code != 0 && failed.json["read"].as_array().is_none_or(Vec::is_empty), "{failed:?}");
    assert!(failed.error.contains("damaged"), "{failed:?}");

    // A whole plugin, but not the one that was pinned.
    query(&reeve.database_url(), &format!("UPDATE plugin SET file_sha256 = {} WHERE id = 'scim'", file("hr-csv")));
    let failed = reeve.run(["sync", "workspace"]);
    assert!(failed.code != 0 && failed.error.contains("not the one that was installed"), "{failed:?}");

    query(&reeve.database_url(), &format!("DELETE FROM content WHERE sha256 = {}", file("hr-csv")));
    let failed = reeve.run(["sync", "hr"]);
    assert!(failed.code != 0 && failed.error.contains("install it again"), "{failed:?}");
}

#[test]
fn a_file_is_signed_afterwards_and_looked_into_without_running_it() {
    let reeve = Reeve::bare(Database::Sqlite);
    let file = scim(&reeve, "0.1.3", |toml| toml, &[]);
    let path = file.to_str().unwrap();
    let inspect = || reeve.run(["plugin", "inspect", path]).ok();
    let before = inspect();
    assert_eq!((before["signature"].as_str(), before["version"].as_str()), (Some("unsigned"), Some("0.1.3")));
    let names = |field: &str| before[field].as_array().unwrap().clone();
    assert!(names("imports").contains(&"reeve:connector/http@0.1.0".into()), "{before:#}");
    assert!(names("exports").contains(&"reeve:connector/writer@0.1.0".into()), "{before:#}");

    let (vendor, line) = key(&reeve, "vendor");
    reeve.run(["plugin", "sign", path, "--key", &vendor]).ok();
    let signed = inspect();
    assert_eq!(signed["digest"], before["digest"], "what is pinned does not change by it");
    assert!(signed["signature"].as_str().unwrap().contains("not trusted here"), "{signed:#}");
    let trusted = reeve.home().join("trusted-keys");
    std::fs::write(&trusted, text(&trusted) + &line + "\n").unwrap();
    assert_eq!(inspect()["signature"], "signed by vendor, whose key is trusted here");
    install(&reeve, &file, &["--yes"]).ok();
}
