//! Joiner, mover and leaver at a SCIM server that is not ours, and at one that knows no PATCH, judged by what the servers say.

use reeve_e2e::database::Database;
use reeve_e2e::people::Person;
use reeve_e2e::reeve::Reeve;
use reeve_e2e::scim_server::ScimServer;
use reeve_e2e::workspace::Workspace;
use reeve_sim::scim::Dialect;
use serde_json::Value;

/// The three days, with what the server itself answers to "who is in which group, and who can sign in?".
fn come_move_and_go(reeve: &Reeve, groups: &dyn Fn(&str) -> Vec<String>, active: &dyn Fn(&str) -> Option<bool>) {
    let ines = Person::new(1001, "Ines", "Duarte", "Finance");
    let omar = Person::new(1002, "Omar", "Haddad", "Sales");
    reeve.hr(&[ines.clone(), omar.clone()]);
    reeve.day();
    assert_eq!(groups(&ines.email()), ["finance", "staff"]);
    assert_eq!(groups(&omar.email()), ["sales", "staff"]);

    let moved = ines.clone().moved("Sales", "Account Executive");
    reeve.hr(&[moved.clone(), omar.clone()]);
    reeve.day();
    assert_eq!(groups(&ines.email()), ["sales", "staff"]);

    reeve.hr(&[moved.left(), omar.clone()]);
    reeve.day();
    assert_eq!(active(&ines.email()), Some(false));
    assert_eq!(active(&omar.email()), Some(true), "nobody else is locked out");
    assert_eq!(groups(&ines.email()), [] as [&str; 0]);
    assert_eq!(groups(&omar.email()), ["sales", "staff"]);
    let certificate = reeve.certificate(&ines.email());
    assert!(certificate.contains("NO ACCESS LEFT"), "{certificate}");
}

#[test]
fn people_come_move_and_go_at_a_real_server() {
    let Some(server) = ScimServer::start() else { return };
    let reeve = Reeve::new(Database::Sqlite);
    server.govern(&reeve);
    let active = |login: &str| server.user(login)?.get("active").and_then(Value::as_bool);
    come_move_and_go(&reeve, &|login| server.groups(login), &active);
    assert_eq!(server.users(), 2);
}

#[test]
fn people_come_move_and_go_where_everything_is_put_whole() {
    let workspace = Workspace::with(Dialect { patch: false, ..Dialect::default() });
    let reeve = Reeve::new(Database::Sqlite);
    workspace.govern(&reeve);
    let active = |login: &str| workspace.user(login)?.get("active").and_then(Value::as_bool);
    come_move_and_go(&reeve, &|login| workspace.groups(login), &active);
    assert!(workspace.ledger().iter().all(|entry| entry.method != "PATCH"));
    assert_eq!(workspace.created().len(), 2);
    assert_eq!(reeve.run(["sync"]).ok().get("failed").unwrap(), &serde_json::json!([]));
}
