//! Keeps the invariants that the compiler can't: who may name what, and how the house is laid out.
//!
//! Each rule is first shown a text that breaks it, because a rule that cannot fail keeps nothing. A rule that stands in
//! the way of a good change is itself changed, in the same commit and with the reason.
#![expect(clippy::unwrap_used, reason = "tests")]

mod contract;
mod limits;
mod source;

use source::{Source, dependencies, repo, words};
use std::collections::BTreeSet;

/// Past this another subject has moved in.
const LINES_MAX: usize = 500;

#[test]
fn only_the_runtime_names_the_sandbox_and_the_clients_of_targets() {
    let rule = |sources: &[Source]| {
        named_outside(
            sources,
            "host/runtime/",
            &["wasmtime", "wasmtime_wasi", "reqwest", "ldap3", "hyper", "hyper_util"],
        )
    };
    fires(rule, "host/server/src/a.rs", "use reqwest::Client;");
    fires(rule, "plugins/x/src/a.rs", "fn a() { wasmtime::Engine::default(); }");
    fires(rule, "host/store/Cargo.toml", "[dependencies]\nldap3.workspace = true");
    passes(rule, "plugins/x/Cargo.toml", "[dev-dependencies]\nldap3.workspace = true");
    passes(rule, "plugins/x/tests/it/directory.rs", "use ldap3::LdapConn;");
    fires(rule, "host/store/Cargo.toml", "[target.'cfg(unix)'.dependencies]\nclient = { package = \"reqwest\" }");
    fires(rule, "host/store/Cargo.toml", "[dependencies.wasmtime-wasi]\nversion = \"48\"");
    passes(rule, "host/runtime/src/a.rs", "use wasmtime::Engine;");
    passes(rule, "host/core/src/a.rs", "// what reqwest calls a timeout\nconst A: &str = \"wasmtime\";");
    holds(rule);
}

#[test]
fn only_the_runtime_opens_connections() {
    let rule = |sources: &[Source]| {
        let host: Vec<_> = sources.iter().filter(|source| source.path.starts_with("host/")).cloned().collect();
        named_outside(&host, "host/runtime/", &["TcpStream", "UdpSocket", "ToSocketAddrs", "lookup_host"])
    };
    fires(rule, "host/server/src/a.rs", "use tokio::net::{TcpListener, TcpStream};");
    passes(rule, "host/server/src/a.rs", "use tokio::net::TcpListener;");
    holds(rule);
}

#[test]
fn only_the_conformance_kit_makes_trouble() {
    let rule = |sources: &[Source]| {
        let server: Vec<_> = sources.iter().filter(|source| source.path.starts_with("host/server/")).cloned().collect();
        named_outside(&server, "host/server/src/kit/", &["Bench", "bench", "Trouble", "Strike"])
    };
    fires(rule, "host/server/src/app.rs", "let connector = runtime.bench(&plugin, Some(system))?;");
    fires(rule, "host/server/src/worker/mod.rs", "use reeve_runtime::{Bench, Trouble};");
    passes(rule, "host/server/src/kit/mod.rs", "use reeve_runtime::Bench;");
    passes(rule, "host/runtime/src/bench.rs", "pub struct Bench;");
    holds(rule);
}

#[test]
fn only_the_store_holds_sql() {
    let rule = |sources: &[Source]| {
        let mut faults = named_outside(sources, "host/store/", &["sqlx", "sqlx_core", "rusqlite", "tokio_postgres"]);
        // Plugins speak the query languages of their targets; the host has one database, in one place.
        for source in sources.iter().filter(|source| outside("host/store/", source) && source.path.starts_with("host/"))
        {
            if !source.ships() {
                continue;
            }
            if source.is("sql") || source.code().literals.iter().any(|text| is_sql(text)) {
                faults.push(format!("{} holds SQL; move it to host/store", source.path));
            }
        }
        faults
    };
    fires(rule, "host/server/src/a.rs", "let rows = query(\"SELECT id FROM job\");");
    fires(rule, "host/server/src/a.rs", "let rows = query(r#\"\n  UPDATE job\n  SET state = 1\"#);");
    fires(rule, "host/server/migrations/1.sql", "CREATE TABLE job (id text);");
    fires(rule, "host/server/src/a.rs", "use sqlx::Row;");
    passes(rule, "host/store/src/a.rs", "sqlx::query(\"INSERT INTO job VALUES ($1)\")");
    passes(rule, "plugins/crm/src/a.rs", "let soql = \"SELECT Id FROM User\";");
    passes(rule, "host/server/src/a.rs", "let filter = \"warn,sqlx=error\"; // SELECT nothing FROM here");
    holds(rule);
}

#[test]
fn core_does_nothing_but_think() {
    // Time, ids and randomness are arguments, so that the same input gives the same plan, byte for byte.
    const OF_STD: &[&str] = &["fs", "net", "env", "process", "thread", "io"];
    const ELSEWHERE: &[&str] = &[
        "tokio",
        "async",
        "await",
        "SystemTime",
        "Instant",
        "Zoned",
        "rand",
        "getrandom",
        "uuid",
        "println",
        "eprintln",
        // Its order differs from run to run.
        "HashMap",
    ];
    let rule = |sources: &[Source]| {
        let mut faults = Vec::new();
        for source in sources.iter().filter(|source| source.path.starts_with("host/core/src/") && source.is("rs")) {
            let code = source.code().code;
            let uses = code.split(';').filter(|part| part.contains("use std")).flat_map(words);
            let paths = code.split("std::").skip(1).filter_map(|rest| words(rest).next());
            let mut found: BTreeSet<&str> = uses.chain(paths).filter(|word| OF_STD.contains(word)).collect();
            found.extend(words(&code).filter(|word| ELSEWHERE.contains(word)));
            if code.contains("Timestamp::now") {
                found.insert("Timestamp::now");
            }
            faults.extend(
                found.iter().map(|word| format!("{} names `{word}`; take what it gives as an argument", source.path)),
            );
        }
        faults
    };
    let at = "host/core/src/a.rs";
    fires(rule, at, "use std::fs::File;");
    fires(rule, at, "use std::{collections::BTreeMap, net};");
    fires(rule, at, "fn a() -> bool { std::env::var(\"A\").is_ok() }");
    fires(rule, at, "fn a() { let now = jiff::Timestamp::now(); }");
    fires(rule, at, "pub async fn a() {}");
    fires(rule, at, "use std::collections::HashMap;");
    passes(rule, at, "use std::collections::BTreeMap; fn a<'a>(now: jiff::Timestamp, fs: &'a str) {}");
    holds(rule);
}

#[test]
fn crates_depend_on_what_the_plan_of_the_house_allows() {
    let allowed = |path: &str| -> Option<&[&str]> {
        Some(match path {
            "host/core/Cargo.toml" | "sdk/rust/Cargo.toml" | "tests/sim/Cargo.toml" => &[],
            "host/runtime/Cargo.toml" | "host/store/Cargo.toml" => &["reeve-core"],
            "host/server/Cargo.toml" => &["reeve-core", "reeve-runtime", "reeve-store"],
            path if path.starts_with("plugins/") && path != "plugins/Cargo.toml" => &["reeve-sdk"],
            _ => return None,
        })
    };
    let rule = |sources: &[Source]| {
        let mut faults = Vec::new();
        for source in sources {
            let Some(allowed) = allowed(&source.path) else { continue };
            let names = dependencies(&source.text).into_iter().map(|dependency| dependency.name);
            let ours = names.filter(|name| name.starts_with("reeve"));
            for name in ours.filter(|name| !allowed.contains(name)) {
                faults.push(format!("{} depends on {name}; arrows go server -> runtime, store -> core", source.path));
            }
        }
        faults
    };
    fires(rule, "host/runtime/Cargo.toml", "[dev-dependencies]\nreeve-store.workspace = true");
    fires(rule, "host/core/Cargo.toml", "[dependencies]\nreeve-runtime = { path = \"../runtime\" }");
    fires(rule, "plugins/x/Cargo.toml", "[dependencies]\nreeve-core = { path = \"../../host/core\" }");
    passes(
        rule,
        "host/store/Cargo.toml",
        "[package]\nname = \"reeve-store\"\n[dependencies]\nreeve-core.workspace = true",
    );
    holds(rule);
}

#[test]
fn core_takes_no_dependency_that_acts() {
    const ALLOWED: &[&str] =
        &["base64", "ed25519-dalek", "hex", "jiff", "serde", "serde_json", "sha2", "thiserror", "toml"];
    let rule = |sources: &[Source]| {
        let core = sources.iter().filter(|source| source.path == "host/core/Cargo.toml");
        core.flat_map(|source| dependencies(&source.text))
            .filter(|dependency| !dependency.for_tests && !ALLOWED.contains(&dependency.name))
            .map(|dependency| {
                format!("host/core depends on {}; if it does no IO, add it to this test's list", dependency.name)
            })
            .collect()
    };
    fires(rule, "host/core/Cargo.toml", "[dependencies]\nuuid.workspace = true");
    holds(rule);
}

#[test]
fn every_crate_takes_the_lints_of_its_workspace() {
    let rule = |sources: &[Source]| {
        // Hostile plugins exist to do what the lints forbid.
        let crates = sources.iter().filter(|source| source.name() == "Cargo.toml" && outside("tests/hostile/", source));
        crates
            .filter(|source| source.text.contains("[package]") && !source.text.contains("[lints]\nworkspace = true"))
            .map(|source| format!("{} lacks `[lints] workspace = true`", source.path))
            .collect()
    };
    fires(rule, "host/new/Cargo.toml", "[package]\nname = \"new\"");
    holds(rule);
}

#[test]
fn a_file_has_one_subject() {
    let rule = |sources: &[Source]| {
        sources
            .iter()
            .filter(|source| source.is_program() && source.text.lines().count() > LINES_MAX)
            .map(|source| format!("{} has more than {LINES_MAX} lines; split it by subject", source.path))
            .collect()
    };
    fires(rule, "sdk/python/a.py", &"pass\n".repeat(LINES_MAX + 1));
    fires(rule, "tests/setup/tool", &format!("#!/bin/sh\n{}", "true\n".repeat(LINES_MAX)));
    passes(rule, "sdk/python/a.py", &"pass\n".repeat(LINES_MAX));
    passes(rule, "Cargo.lock", &"a\n".repeat(LINES_MAX + 1));
    holds(rule);
}

#[test]
fn nothing_is_left_for_later() {
    // In two halves, or this file would accuse itself.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let rule = |sources: &[Source]| {
        let mut faults = Vec::new();
        for source in sources {
            let marked = |line: &str| words(line).any(|word| marks.contains(&word));
            faults.extend(
                source
                    .text
                    .lines()
                    .zip(1..)
                    .filter(|(line, _)| marked(line))
                    .map(|(line, number)| format!("{}:{number} is left for later: {}", source.path, line.trim())),
            );
        }
        faults
    };
    fires(rule, "host/core/src/a.rs", concat!("// TO", "DO: the rest"));
    passes(rule, "tests/setup/lib.sh", concat!("mktemp a.XX", "XXXX"));
    holds(rule);
}

// The rules' tools.

fn is_sql(text: &str) -> bool {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let both = |first: &str, second: &str| text.find(first).is_some_and(|at| text[at..].contains(second));
    both("SELECT ", " FROM ")
        || both("UPDATE ", " SET ")
        || ["INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "PRAGMA "].iter().any(|start| text.contains(start))
}

fn outside(home: &str, source: &Source) -> bool {
    !source.path.starts_with(home)
}

/// Sources outside `home` whose code has one of the words, and crates outside it that depend on one. Tests are free to
/// check a target with a client of its own.
fn named_outside(sources: &[Source], home: &str, forbidden: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    let shipped = sources.iter().filter(|source| outside(home, source) && source.ships());
    // The root's Cargo.toml fixes versions; depending is another matter.
    for source in shipped.filter(|source| source.path != "Cargo.toml") {
        let code = source.code().code;
        let mut found: BTreeSet<String> = words(&code).map(str::to_owned).collect();
        if source.name() == "Cargo.toml" {
            let real = dependencies(&source.text).into_iter().filter(|dependency| !dependency.for_tests);
            found.extend(real.map(|dependency| dependency.name.replace('-', "_")));
        }
        let named = forbidden.iter().filter(|word| found.contains(**word));
        faults.extend(named.map(|word| format!("{} names `{word}`, which belongs to {home}", source.path)));
    }
    faults
}

fn fires(rule: impl Fn(&[Source]) -> Vec<String>, path: &str, text: &str) {
    let source = Source { path: path.to_owned(), text: text.to_owned() };
    assert!(!rule(&[source]).is_empty(), "the rule lets this pass in {path}: {text}");
}

fn passes(rule: impl Fn(&[Source]) -> Vec<String>, path: &str, text: &str) {
    let source = Source { path: path.to_owned(), text: text.to_owned() };
    assert_eq!(rule(&[source]), [""; 0], "in {path}: {text}");
}

fn holds(rule: impl Fn(&[Source]) -> Vec<String>) {
    let sources = repo();
    assert!(
        sources.iter().any(|source| source.path == "host/core/src/lib.rs"),
        "the repository is not where it should be"
    );
    let faults = rule(&sources);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
