//! A plugin may ask for everything that WASI 0.2 has words for, and finds a machine with nothing in it: what the program
//! was started with is not the plugin's.

use reeve_e2e::database::Database;
use reeve_e2e::plugins::{govern_rogue, install_rogue};
use reeve_e2e::reeve::Reeve;
use std::io::Write;
use std::process::Stdio;

#[test]
fn a_plugin_that_looks_round_sees_nothing_of_the_machine_and_is_not_heard() {
    let reeve = Reeve::bare(Database::Sqlite);
    install_rogue(&reeve);
    govern_rogue(&reeve, "look-round");
    let mut command = reeve.command(["system", "check", "rogue"]);
    command.env("WORDS", "for the program alone").stdin(Stdio::piped());
    let mut child = reeve.spawn(command);
    child.stdin.take().unwrap().write_all(b"for the program alone\n").unwrap();
    let seen = reeve.output("system check", child).ok();
    let seen: Vec<_> = seen.as_array().unwrap().iter().map(|probe| (&probe["name"], &probe["detail"])).collect();
    let seen: Vec<_> = seen.into_iter().map(|(name, what)| (name.as_str().unwrap(), what.as_str().unwrap())).collect();
    let refused = |code: u8, name: &str| format!("Err(ErrorCode {{ code: {code}, name: \"{name}\", message: \"\" }})");
    let (denied, unknown) = (refused(1, "access-denied"), refused(20, "permanent-resolver-failure"));
    let expected = [
        ("environment", "[]"),
        ("arguments", "[]"),
        ("working folder", "None"),
        ("folders", "[]"),
        ("input", "Err(\"StreamError::Closed\")"),
        ("output", "Ok(())"),
        ("errors", "Ok(())"),
        ("tcp", denied.as_str()),
        ("udp", denied.as_str()),
        ("names", unknown.as_str()),
    ];
    assert_eq!(seen, expected);
    let said = String::from_utf8(reeve.transcript()).unwrap();
    assert!(!said.contains("words for nobody"), "{said}");
}
