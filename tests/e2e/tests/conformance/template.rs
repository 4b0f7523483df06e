//! A new plugin, from nothing to its accounts, by the commands of its README.

use crate::{check, passes};
use reeve_e2e::database::Database;
use reeve_e2e::reeve::{Reeve, text};
use reeve_e2e::{repo, target};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const TOKEN: &str = "toy-token";

struct Toy(Child, String);

impl Toy {
    fn start(script: &str) -> Self {
        let mut child = Command::new("python3").args([script, "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split(' ').find(|word| word.starts_with("http://")).unwrap().to_owned();
        Self(child, url)
    }
}

impl Drop for Toy {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_new_plugin_builds_passes_the_kit_and_lists_the_accounts_of_its_toy() {
    let reeve = Reeve::bare(Database::Sqlite);
    let mut new = reeve.command(["plugin", "new", "my-crm"]);
    let folder = reeve.path("my-crm");
    new.current_dir(folder.parent().unwrap());
    reeve.output("plugin new", new.spawn().unwrap()).ok();

    // Where the other guests are compiled, so that only the plugin is left to do.
    let cargo = repo().join("tests/setup/guest-cargo");
    let folder_text = folder.to_str().unwrap();
    let args = ["plugin", "build", folder_text, "--cargo", cargo.to_str().unwrap()];
    let mut build = reeve.command(args);
    build.env("CARGO_TARGET_DIR", target());
    // Compiling takes what it takes, on a machine that has compiled no guest yet.
    let built = build.output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let file = folder.join("my-crm.reeve");

    let toy = Toy::start(folder.join("toy.py").to_str().unwrap());
    let system = folder.join("toy.toml");
    std::fs::write(&system, text(&system).replace("http://127.0.0.1:8765", &toy.1)).unwrap();
    let system = system.to_str().unwrap();
    let holds =
        ["read-whole", "totals", "small-pages", "account-agrees", "busy", "server-error", "web-page", "page-again"];
    passes(check(&reeve, &file, &["--against", system], Some(("REEVE_SECRET_API_TOKEN", TOKEN))), &holds);

    reeve.run(["plugin", "install", file.to_str().unwrap(), "--yes", "--allow-unsigned"]).ok();
    reeve.run(["system", "add", system]).ok();
    reeve.set_secret("toy/api/token", TOKEN);
    let read = reeve.run(["sync", "toy"]).ok();
    assert_eq!(read["read"][0]["accounts"], 7, "{read:#}");
}
