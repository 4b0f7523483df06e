//! A plugin that says of its own system what is true of another: ids, e-mail addresses and groups are the other's. What it
//! says is filed under its own system, and nothing is done, proved or closed at the other because of it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_e2e::people::Person;
use reeve_e2e::plugins::{govern_rogue, install_rogue};
use reeve_e2e::reeve::Reeve;
use reeve_e2e::workspace::Workspace;
use reeve_sim::misbehaviour::{Act, Rule};
use serde_json::Value;

/// Ines and Omar are at the workspace. The rogue has one account: with the id of Omar's there, the address of Ines, and
/// the group that both are in there.
struct Forged {
    workspace: Workspace,
    reeve: Reeve,
    ines: Person,
    omar: Person,
    /// What the rogue says, after `posing` or `posing-gone`.
    said: String,
    id: String,
}

impl Forged {
    fn new() -> Self {
        let workspace = Workspace::start();
        let reeve = Reeve::new(Database::Sqlite);
        install_rogue(&reeve);
        workspace.govern(&reeve);
        let ines = Person::new(1001, "Ines", "Duarte", "Finance");
        let omar = Person::new(1002, "Omar", "Haddad", "Sales");
        reeve.hr(&[ines.clone(), omar.clone()]);
        reeve.day();
        let user = workspace.user(&omar.email()).unwrap();
        let groups = user["groups"].as_array().unwrap();
        let group = groups.iter().find(|group| group["display"] == "staff").unwrap()["value"].as_str().unwrap();
        let id = user["id"].as_str().unwrap().to_owned();
        let said = format!("{id} {} {group}", ines.email());
        let forged = Self { workspace, reeve, ines, omar, said, id };
        forged.pose("posing");
        forged.reeve.run(["sync"]).ok();
        forged
    }

    fn pose(&self, how: &str) {
        govern_rogue(&self.reeve, &format!("{how} {}", self.said));
    }

    fn ines_leaves(&self) {
        self.reeve.hr(&[self.ines.clone().left(), self.omar.clone()]);
        self.reeve.run(["sync"]).ok();
    }

    /// What a person holds now: the system, the account there, and what.
    fn held(&self, person: &Person) -> Vec<[String; 3]> {
        let shown = self.reeve.run(["identity", "show", &person.email()]).ok();
        let now = shown["held"].as_array().unwrap().iter().filter(|held| held["until"].is_null());
        let field = |held: &Value, name: &str| held[name].as_str().unwrap().to_owned();
        now.map(|held| ["system", "account", "what"].map(|name| field(held, name))).collect()
    }

    fn omar_is_untouched(&self) {
        assert!(self.workspace.is_active(&self.omar.email()));
        assert_eq!(self.workspace.groups(&self.omar.email()), ["sales", "staff"]);
    }
}

/// Each operation of a plan: where, what, and on which account.
fn operations(plan: &[Value]) -> Vec<[String; 3]> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |operation: &Value| {
        let action = &operation["action"];
        [text(&operation["system"]), text(&action["do"]), text(&action["account"]["existing"])]
    };
    plan.iter().map(one).collect()
}

#[test]
fn what_a_plugin_says_of_anothers_accounts_is_filed_under_its_own_system() {
    let forged = Forged::new();
    let ledger = forged.workspace.ledger();
    let [ines, omar] = [&forged.ines, &forged.omar].map(|person| forged.held(person));
    let at = |held: &[[String; 3]], system: &str| -> Vec<_> {
        held.iter().filter(|held| held[0] == system).map(|held| held[1].clone()).collect()
    };
    let of_ines = forged.workspace.user(&forged.ines.email()).unwrap()["id"].as_str().unwrap().to_owned();
    assert!(!at(&ines, "rogue").is_empty(), "{ines:?}");
    assert!(at(&ines, "rogue").iter().all(|account| *account == forged.id), "{ines:?}");
    assert!(at(&ines, "workspace").iter().all(|account| *account == of_ines), "{ines:?}");
    assert_eq!(at(&omar, "rogue"), [] as [&str; 0], "the id alone makes nobody's account");
    assert_eq!(at(&omar, "workspace").len(), 3, "{omar:?}");

    assert_eq!(forged.reeve.approve(), [] as [Value; 0]);
    forged.reeve.run(["run"]).ok();
    assert_eq!(forged.workspace.ledger(), ledger);

    // Everybody stays who they were also when the rogue takes back what it said.
    forged.pose("posing-gone");
    forged.reeve.run(["sync"]).ok();
    assert_eq!(forged.reeve.approve(), [] as [Value; 0]);
    assert_eq!(forged.held(&forged.omar), omar);
    assert_eq!(at(&forged.held(&forged.ines), "workspace"), at(&ines, "workspace"));
    forged.omar_is_untouched();
}

#[test]
fn a_plugin_closes_no_case_at_another_system_and_has_nothing_done_there() {
    let forged = Forged::new();
    let Forged { workspace, reeve, ines, .. } = &forged;
    forged.ines_leaves();
    let planned = operations(&reeve.approve());
    let of_ines = workspace.user(&ines.email()).unwrap()["id"].as_str().unwrap().to_owned();
    assert!(planned.contains(&["rogue".into(), "disable".into(), forged.id.clone()]), "{planned:?}");
    assert!(planned.contains(&["workspace".into(), "disable".into(), of_ines.clone()]), "{planned:?}");
    let strays = planned.iter().filter(|[system, _, account]| (system == "workspace") != (*account == of_ines));
    assert_eq!(strays.count(), 0, "{planned:?}");

    // The rogue shows an account that is gone, under an id of the workspace; the workspace only pretends.
    forged.pose("posing-gone");
    workspace.misbehave([Rule::new(Act::Pretend).on("PATCH", "/Users/*").with_body("active")]);
    reeve.run(["run", "--patience", "2"]).expect(4);
    let case = reeve.case(&ines.email());
    assert_eq!(case["state"], "open", "{case:#}");
    assert_eq!(case["systems"]["rogue"]["proof"], "clean", "{case:#}");
    assert_eq!(case["systems"]["workspace"]["proof"], "residual", "{case:#}");
    assert!(workspace.is_active(&ines.email()));
    forged.omar_is_untouched();
}

#[test]
fn an_answer_for_another_account_than_was_asked_for_proves_nothing() {
    let forged = Forged::new();
    let Forged { workspace, reeve, ines, .. } = &forged;
    forged.ines_leaves();
    reeve.approve();
    forged.pose("posing-other");
    let run = reeve.run(["run", "--patience", "2"]).expect(4);
    let left = run["left"].as_array().unwrap();
    assert!(!left.is_empty() && left.iter().all(|left| left["system"] == "rogue"), "{run:#}");
    let trouble = left[0]["trouble"].as_str().unwrap();
    assert!(trouble.contains("somebody-else"), "{trouble}");
    assert!(!workspace.is_active(&ines.email()), "the workspace's own exit goes on");
    forged.omar_is_untouched();
}
