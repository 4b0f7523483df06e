//! What the tests share: the `reeve` program with a folder of its own, the databases under it, and the systems that it
//! governs. Tests judge by what those systems say of themselves, not by what Reeve says of them.

pub mod api;
pub mod canary;
pub mod database;
pub mod directory;
pub mod echo;
pub mod folder;
pub mod guests;
pub mod http;
pub mod interface;
pub mod org;
pub mod people;
pub mod plugin_file;
pub mod plugins;
pub mod reeve;
pub mod scim_server;
pub mod staff;
pub mod standing;
pub mod wait;
pub mod workspace;

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repo() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repo().join("target"), PathBuf::from)
}

/// What `tests/setup/peers.sh` found of a server that is not ours. Where there is none the test is skipped by name, or
/// fails if `CI=true`.
pub fn peer(what: &str, variables: &[&str]) -> Option<Vec<String>> {
    let value = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let found: Option<Vec<_>> = variables.iter().map(value).collect();
    if found.is_none() {
        let remedy = "run tests/setup/peers.sh and take over the variables that it prints";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{what} is missing ({variables:?}); {remedy}");
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        // Not `eprintln!`: the harness would keep that to itself.
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("skipped: {test} needs {what}; {remedy}\n").as_bytes(),
        );
    }
    found
}
