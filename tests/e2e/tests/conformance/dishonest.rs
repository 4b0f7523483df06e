//! A plugin that is dishonest in one thing fails the check of that thing, and so each check has been seen failing.

use crate::club::Club;
use crate::{check, failed, passes, rows};
use reeve_e2e::database::Database;
use reeve_e2e::guests;
use reeve_e2e::reeve::{Reeve, text};
use reeve_e2e::repo;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Faults that can be had together, and the checks that must find them: no fault hides another of its group.
const GROUPS: [&[(&str, &[&str])]; 6] = [
    &[
        ("pages-turn", &["cursor-again"]),
        ("stops-at-a-repetition", &["page-again"]),
        ("forgets-grants", &["account-agrees"]),
    ],
    &[
        ("describe-asks", &["describe-same", "describe-static"]),
        ("kind-unlisted", &["capabilities"]),
        ("probe-fails", &["probes"]),
        ("moves", &["read-again", "account-agrees"]),
        ("garbage-is-the-start", &["cursor-garbage"]),
        ("stray-grants", &["references"]),
        ("unknown-is-a-failure", &["unknown-id"]),
        ("finds-nobody", &["find-agrees"]),
        ("another-credential", &["credentials"]),
        ("unavailable-is-forbidden", &["unavailable"]),
        ("error-is-nobody", &["server-error"]),
        ("changed-is-the-end", &["cursor-expired"]),
    ],
    &[
        ("unlisted-kind", &["read-whole"]),
        ("loses-on-small-pages", &["small-pages"]),
        ("busy-without-hint", &["busy"]),
        ("web-page-is-the-end", &["web-page"]),
        ("lost-is-the-end", &["cut", "unreachable"]),
    ],
    &[("wrong-total", &["totals"])],
    &[
        ("cannot-grant", &["write"]),
        ("only-once", &["write-again"]),
        ("does-more-than-it-says", &["undeclared"]),
        ("missing-is-not-found", &["missing-account"]),
        ("creates-again", &["create-again", "create-lost"]),
        ("busy-is-unknown", &["write-busy"]),
        ("error-did-nothing", &["write-error"]),
        ("lost-did-nothing", &["write-lost"]),
    ],
    &[("pretends", &["read-back"]), ("never-deletes", &["clean-up"])],
];

struct World {
    reeve: Reeve,
    club: Club,
    plugin: PathBuf,
}

impl World {
    fn new() -> Self {
        let (reeve, club) = (Reeve::bare(Database::Sqlite), Club::start());
        let plugin = reeve.path("dishonest.reeve");
        let wasm = guests::folder().join("reeve_guest_dishonest.wasm");
        let manifest = repo().join("tests/hostile/dishonest/plugin.toml");
        let [manifest, wasm, out] = [&manifest, &wasm, &plugin].map(|path| path.to_str().unwrap());
        reeve.run(["plugin", "build", "--wasm", wasm, "--out", out, &manifest.replace("/plugin.toml", "")]).ok();
        std::fs::create_dir(reeve.path("folder")).unwrap();
        std::fs::write(reeve.path("folder/workers.txt"), "Ada\nBo\nCy\nDi\nEd\n").unwrap();
        Self { reeve, club, plugin }
    }

    fn check(&self, faults: &[&str], more: &[&str]) -> reeve_e2e::reeve::Output {
        let system = self.reeve.path("club.toml");
        let text = format!(
            "name = \"club\"\nplugin = \"dishonest\"\nrole = \"target\"\nlogin = \"{{given}}.{{family}}\"\n\
             [settings]\nfaults = {faults:?}\n\
             [connections.api]\nkind = \"http\"\nbase-url = \"{}\"\nprivate-addresses = true\n\
             [connections.folder]\nkind = \"files\"\nfolder = \"folder\"\n",
            self.club.url
        );
        std::fs::write(&system, text).unwrap();
        let args: Vec<_> = ["--against", system.to_str().unwrap()].into_iter().chain(more.iter().copied()).collect();
        check(&self.reeve, &self.plugin, &args, None)
    }
}

#[test]
fn every_fault_is_found_by_the_check_that_is_for_it_and_an_honest_plugin_has_none() {
    let world = World::new();
    let before = world.club.logins();
    let honest = world.check(&[], &["--write", "club"]);
    let all: BTreeSet<_> = rows(&honest.json).into_iter().map(|row| row.0).collect();
    passes(honest, &["credentials", "cursor-expired", "create-lost", "clean-up"]);
    assert_eq!(world.club.logins(), before);

    let mut seen = BTreeSet::from(["package".to_owned(), "loads".to_owned()]);
    for group in GROUPS {
        let faults: Vec<_> = group.iter().map(|(fault, _)| *fault).collect();
        let output = world.check(&faults, &["--write", "club"]);
        let found = failed(&output.json);
        for (fault, checks) in group {
            let missed: Vec<_> = checks.iter().filter(|check| !found.contains(**check)).collect();
            assert!(missed.is_empty(), "{fault} passes {missed:?}: {:#?}", rows(&output.json));
        }
        let refusal = output.refused(1);
        assert!(refusal.contains("does not keep the contract"), "{refusal}");
        seen.extend(found);
    }
    let unseen: Vec<_> = all.difference(&seen).collect();
    assert!(unseen.is_empty(), "nobody has seen {unseen:?} fail");
    let guide = text(&repo().join("sdk/README.md"));
    let silent: Vec<_> = seen.iter().filter(|check| !guide.contains(&format!("`{check}`"))).collect();
    assert!(silent.is_empty(), "sdk/README.md does not speak of {silent:?}");
}

/// A plugin file with another component in it.
fn swapped(world: &World, name: &str, wasm: &[u8]) -> PathBuf {
    let out = world.reeve.path(name);
    let code = world.reeve.path("other.wasm");
    std::fs::write(&code, wasm).unwrap();
    let script = "import sys, zipfile\nold, code, new = sys.argv[1:]\nwith zipfile.ZipFile(old) as old, \
                  zipfile.ZipFile(new, 'w') as new:\n new.writestr('plugin.toml', old.read('plugin.toml'))\n \
                  new.writestr('plugin.wasm', open(code, 'rb').read())\n";
    let made = Command::new("python3").args(["-c", script]).arg(&world.plugin).arg(code).arg(&out).status().unwrap();
    assert!(made.success());
    out
}

#[test]
fn a_file_that_is_no_plugin_and_one_that_does_not_fit_its_manifest_fail_before_anything_runs() {
    let world = World::new();
    let bytes = std::fs::read(&world.plugin).unwrap();
    let half = world.reeve.path("half.reeve");
    std::fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    let at = |file: &Path| check(&world.reeve, file, &[], None);
    assert_eq!(failed(&at(&half).expect(1)), BTreeSet::from(["package".to_owned()]));
    let other = swapped(&world, "other.reeve", b"\0asm\x0d\0\x01\0");
    assert_eq!(failed(&at(&other).expect(1)), BTreeSet::from(["loads".to_owned()]));
    passes(at(&world.plugin), &["package", "loads", "describe-same", "describe-static", "capabilities"]);
}

#[test]
fn nothing_is_written_to_a_system_that_was_not_named() {
    let world = World::new();
    let before = world.club.logins();
    let refusal = world.check(&[], &["--write", "another"]).refused(3);
    assert!(refusal.contains("the system is \"club\""), "{refusal}");
    world.check(&[], &[]).ok();
    assert_eq!(world.club.logins(), before);
}
