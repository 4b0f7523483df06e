//! Joiner, mover and leaver at a real OpenLDAP, on both databases, judged by OpenLDAP's own tools.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_e2e::directory::Directory;
use reeve_e2e::people::Person;
use reeve_e2e::reeve::Reeve;

const PASSWORD: &str = "correct horse battery staple";

#[test]
fn people_come_move_and_go_on_sqlite() {
    come_move_and_go(Database::Sqlite);
}

#[test]
fn people_come_move_and_go_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    come_move_and_go(database);
}

fn come_move_and_go(database: Database) {
    let Some(directory) = Directory::start() else { return };
    let reeve = Reeve::new(database);
    directory.govern(&reeve);
    let ines = Person::new(1001, "Ines", "Duarte", "Finance");
    let omar = Person::new(1002, "Omar", "Haddad", "Sales");

    reeve.hr(&[ines.clone(), omar.clone()]);
    reeve.day();
    assert_eq!(directory.people(), 2);
    assert_eq!(directory.groups(&ines.login()), ["ledger", "staff"]);
    assert_eq!(directory.groups(&omar.login()), ["staff"]);
    assert_eq!(directory.values(&ines.login(), "employeeNumber"), ["1001"]);
    directory.set_password(&ines.login(), PASSWORD);
    directory.set_password(&omar.login(), PASSWORD);
    assert!(directory.signs_in(&ines.login(), PASSWORD), "a joiner signs in");

    let lena = Person::new(1003, "Lena", "Brandt", "Sales");
    let moved =
        [ines.clone().moved("Sales", "Account Executive"), omar.clone().moved("Finance", "Controller"), lena.clone()];
    reeve.hr(&moved);
    reeve.day();
    assert_eq!(directory.people(), 3);
    assert_eq!(directory.groups(&ines.login()), ["staff"], "what the old department gave is gone");
    assert_eq!(directory.groups(&omar.login()), ["ledger", "staff"], "what the new department gives is there");
    assert!(directory.signs_in(&ines.login(), PASSWORD), "a mover still signs in");

    let [ines_moved, omar_moved, _] = moved;
    reeve.hr(&[ines_moved.left(), omar_moved, lena.clone()]);
    let done = reeve.day();
    assert_eq!(done["cases-closed"].as_array().unwrap().len(), 1, "{done:#}");
    assert!(!directory.signs_in(&ines.login(), PASSWORD), "a leaver's password is refused");
    assert!(directory.signs_in(&omar.login(), PASSWORD), "nobody else is locked out");
    assert_eq!(directory.groups(&ines.login()), [] as [&str; 0]);
    assert_eq!(directory.values(&ines.login(), "pwdAccountLockedTime"), ["000001010000Z"]);
    assert_eq!(directory.people(), 3, "the account stays as a record");
    let certificate = reeve.certificate(&ines.email());
    assert!(certificate.contains("NO ACCESS LEFT"), "{certificate}");
    assert!(certificate.contains("pwdAccountLockedTime=000001010000Z"), "{certificate}");

    // What is done stays done: nothing is left to plan, and no one is touched.
    reeve.run(["sync"]).ok();
    assert_eq!(reeve.run(["plan"]).ok()["hash"], serde_json::Value::Null);
    assert_eq!(reeve.phases().into_keys().collect::<Vec<_>>(), ["verified"]);
}
