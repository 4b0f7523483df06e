//! What may be installed, and that a secret stays where it is.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reeve_e2e::database::Database;
use reeve_e2e::people::crowd;
use reeve_e2e::plugins;
use reeve_e2e::reeve::{Reeve, text};
use reeve_e2e::workspace::{TOKEN, Workspace};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Packs the SCIM connector anew, signed, with its manifest changed.
fn pack(reeve: &Reeve, name: &str, change: impl Fn(String) -> String, key: &Path) -> PathBuf {
    let manifest = reeve.path(&format!("{name}.toml"));
    std::fs::write(&manifest, change(text(&plugins::manifest("scim")))).unwrap();
    let out = reeve.path(&format!("{name}.reeve"));
    plugins::pack(&manifest, "scim", &out, &["--key", key.to_str().unwrap()]);
    out
}

fn install(reeve: &Reeve, file: &Path, flags: &[&str]) -> reeve_e2e::reeve::Output {
    reeve.run(["plugin", "install", file.to_str().unwrap()].into_iter().chain(flags.iter().copied()))
}

#[test]
fn a_plugin_is_installed_with_a_trusted_signature_and_consent_or_not_at_all() {
    let reeve = Reeve::bare(Database::Sqlite);
    let same = |toml: String| toml;
    let unsigned = plugins::packed("scim");
    assert!(install(&reeve, &unsigned, &["--yes"]).refused(3).contains("--allow-unsigned"));

    let key = reeve.path("vendor.key");
    let trusted = reeve.run(["plugin", "key", "vendor", key.to_str().unwrap()]).ok();
    let signed = pack(&reeve, "signed", same, &key);
    assert!(install(&reeve, &signed, &["--yes"]).refused(1).contains("not trusted here"));
    let line = trusted["trusted-key"].as_str().unwrap();
    std::fs::write(reeve.home().join("trusted-keys"), format!("{line}\n")).unwrap();
    assert!(install(&reeve, &signed, &[]).refused(3).contains("--yes"), "nobody has agreed");
    let installed = install(&reeve, &signed, &["--yes"]).ok();
    assert_eq!(installed["origin"], "signed by vendor");

    let more = |toml: String| {
        toml.replace("version = \"0.1.0\"", "version = \"0.2.0\"").replacen(
            "\"/Users\", ",
            "\"/Users\", \"/Bulk\", ",
            1,
        )
    };
    let asks_more = pack(&reeve, "more", more, &key);
    assert!(
        install(&reeve, &asks_more, &[]).refused(3).contains("--yes"),
        "it asks for more, so consent is asked anew"
    );
    install(&reeve, &asks_more, &["--yes"]).ok();
    assert!(install(&reeve, &signed, &["--yes"]).refused(3).contains("--allow-older"));

    let other = pack(&reeve, "other", |toml| toml.replace("contract = \"0.1.0\"", "contract = \"0.1.0\" "), &key);
    let bytes = std::fs::read(&other).unwrap();
    std::fs::write(&other, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(install(&reeve, &other, &["--yes"]).code, 1, "half a file is no plugin");
}

#[test]
fn a_secret_is_nowhere_but_sealed() {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    let mut people = crowd(3, "Finance");
    reeve.hr(&people);
    reeve.day();
    people[0] = people[0].clone().left();
    reeve.hr(&people);
    reeve.day();
    reeve.export_and_verify(&[]);
    for args in [["system", "show", "workspace"].as_slice(), &["secret", "list"], &["log", "show", "--limit", "1000"]] {
        reeve.run(args.iter().copied()).ok();
    }

    let mut places = vec![("what its commands said".to_owned(), reeve.transcript())];
    collect(&reeve.path(""), &mut places);
    assert!(places.iter().any(|(name, _)| name.ends_with("reeve.db")), "the database was looked at");
    let spellings = [TOKEN.as_bytes().to_vec(), STANDARD.encode(TOKEN).into_bytes(), hex::encode(TOKEN).into_bytes()];
    for (place, bytes) in &places {
        for spelling in &spellings {
            let found = bytes.windows(spelling.len()).any(|window| window == spelling);
            assert!(!found, "the token is in {place}");
        }
    }
}

fn collect(folder: &Path, places: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, places);
        } else {
            places.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn a_key_that_others_can_read_is_refused_and_a_missing_secret_is_named() {
    let workspace = Workspace::start();
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    reeve.hr(&crowd(3, "Finance"));
    reeve.run(["sync"]).ok();
    reeve.approve();
    reeve.run(["secret", "remove", "workspace/api/token"]).ok();
    let run = reeve.run(["run", "--patience", "1"]).expect(4);
    assert!(run.to_string().contains("reeve secret set workspace/api/token"), "{run:#}");
    reeve.set_secret("workspace/api/token", TOKEN);
    reeve.run(["run", "--patience", "300"]).ok();
    assert_eq!(workspace.created().len(), 3);

    for key in ["keys/secrets.key", "keys/log.key"] {
        let path = reeve.home().join(key);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(reeve.run(["system", "list"]).refused(1).contains("chmod 600"), "{key}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}
