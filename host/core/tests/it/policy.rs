//! The policy folder: read whole, or refused with file and line; and what it gives to whom.

use crate::given::{leaver, person, worker};
use reeve_core::id::SystemName;
use reeve_core::identity::{Standing, Worker, WorkerKind};
use reeve_core::policy::{EntitlementName, MissingWorker, Policy, PolicyFile};
use std::collections::BTreeSet;

fn systems() -> BTreeSet<SystemName> {
    ["crm", "directory"].into_iter().map(SystemName::from).collect()
}

fn read(files: &[(&str, &str)]) -> Result<Policy, Vec<String>> {
    let files: Vec<_> = files.iter().map(|(name, text)| PolicyFile { name, text }).collect();
    Policy::parse(&files, &systems()).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn faults(files: &[(&str, &str)]) -> Vec<String> {
    read(files).unwrap_err()
}

const RULES: &str = r#"[[birthright]]
name = "everyone"
because = "All staff read the news."
give.directory = ["group:staff"]

[[birthright]]
name = "finance"
because = "Finance closes the books."
when = { department = ["Finance", "Treasury"], kind = ["employee"] }
give.directory = ["group:staff", "group:finance"]
give.crm = []
"#;

fn given(policy: &Policy, worker: Worker) -> Vec<String> {
    let desired = policy.desired(&person(worker));
    let one = |name: &EntitlementName, rule: &str| format!("{name} by {rule}");
    desired
        .iter()
        .flat_map(|(system, here)| {
            let names = here.entitlements.iter().map(|(name, origin)| one(name, &origin.rule));
            [format!("{system} by {}", here.account.rule)].into_iter().chain(names).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn rules_give_what_they_say_and_each_thing_has_the_first_rule_that_gives_it() {
    let policy = read(&[("birthright.toml", RULES)]).unwrap();
    assert_eq!(policy.birthrights[1].place, "birthright.toml:6");
    assert_eq!(
        given(&policy, worker("1", "Mia Okafor")),
        ["crm by finance", "directory by everyone", "group:finance by finance", "group:staff by everyone"]
    );
}

#[test]
fn every_condition_of_a_rule_must_hold() {
    let policy = read(&[("birthright.toml", RULES)]).unwrap();
    let only_everyone = ["directory by everyone", "group:staff by everyone"];
    let mia = || worker("1", "Mia Okafor");
    for other in [
        Worker { department: Some("finance".to_owned()), ..mia() },
        Worker { department: None, ..mia() },
        Worker { kind: WorkerKind::Contractor, ..mia() },
    ] {
        assert_eq!(given(&policy, other), only_everyone);
    }
    let treasury = Worker { department: Some("Treasury".to_owned()), ..mia() };
    assert_eq!(given(&policy, treasury).len(), 4);
}

#[test]
fn nobody_has_a_birthright_before_the_first_day_or_after_the_last() {
    let policy = read(&[("birthright.toml", RULES)]).unwrap();
    assert!(policy.desired(&leaver(worker("1", "Mia Okafor"))).is_empty());
    let mut hired = person(worker("1", "Mia Okafor"));
    hired.standing = Standing::Pending;
    assert!(policy.desired(&hired).is_empty());
}

#[test]
fn every_fault_of_a_rule_is_told_with_its_file_and_line() {
    let text = r#"[[birthright]]
name = "everyone"
because = " "
give.directory = [
    "staff",
    "group:",
]

[[birthright]]
name = "everyone"
because = "Again."
give.payroll = []
"#;
    assert_eq!(
        faults(&[("birthright.toml", text)]),
        [
            "birthright.toml:1: rule \"everyone\" says no reason; auditors read `because`",
            "birthright.toml:5: \"staff\" does not name an entitlement; write its kind and name, such as \"group:staff\"",
            "birthright.toml:6: \"group:\" does not name an entitlement; write its kind and name, such as \"group:staff\"",
            "birthright.toml:9: there is no target system \"payroll\"; known are: crm, directory",
            "birthright.toml:10: a second rule is named \"everyone\"; give it a name of its own",
        ]
    );
}

#[test]
fn a_file_that_is_no_toml_or_has_unknown_words_is_refused_at_its_line() {
    let broken = "[[birthright]]\nname = \"a\"\nbecause = oops\n";
    let told = faults(&[("birthright.toml", broken)]);
    assert!(told.len() == 1 && told[0].starts_with("birthright.toml:3: "), "{told:?}");
    let unknown = "[[birthright]]\nname = \"a\"\nbecause = \"b\"\ngive.crm = []\nwehn = {}\n";
    let told = faults(&[("birthright.toml", unknown)]);
    assert!(told[0].contains("unknown field `wehn`"), "{told:?}");
    let told = faults(&[("guardrails.toml", "[feed]\nlost-percent = 3\n")]);
    assert!(told[0].starts_with("guardrails.toml:2: unknown field `lost-percent`"), "{told:?}");
    let stray = "stray.toml:1: not a policy file; the folder holds birthright.toml and guardrails.toml";
    assert_eq!(faults(&[("stray.toml", "")]), [stray]);
}

#[test]
fn faults_of_all_files_are_told_at_once() {
    let told = faults(&[("birthright.toml", "nonsense"), ("guardrails.toml", "[plan]\nremoved-percent-max = 0\n")]);
    assert_eq!(told.len(), 2);
    assert_eq!(told[1], "guardrails.toml:1: plan.removed-percent-max is 0; write a share from 1 to 100");
}

#[test]
fn guardrails_have_defaults_that_stop() {
    let policy = read(&[]).unwrap();
    assert_eq!(policy.guardrails.feed.lost_percent_max, 30);
    assert_eq!(policy.guardrails.feed.missing, MissingWorker::Finding);
    assert_eq!(policy.guardrails.plan.removed_percent_max, 30);
    let loose = read(&[("guardrails.toml", "[feed]\nmissing = \"leaver\"\nlost-percent-max = 10\n")]).unwrap();
    assert_eq!((loose.guardrails.feed.lost_percent_max, loose.guardrails.feed.missing), (10, MissingWorker::Leaver));
    assert!(read(&[("guardrails.toml", "[feed]\nlost-percent-max = 101\n")]).is_err());
}

#[test]
fn a_policy_is_known_by_the_texts_of_its_files_in_any_order() {
    let rules = ("birthright.toml", RULES);
    let limits = ("guardrails.toml", "[feed]\nlost-percent-max = 10\n");
    let sha256 = |files: &[(&str, &str)]| read(files).unwrap().sha256;
    assert_eq!(sha256(&[rules, limits]), sha256(&[limits, rules]));
    let commented = format!("{RULES}# a remark\n");
    assert_ne!(sha256(&[rules, limits]), sha256(&[("birthright.toml", &commented), limits]));
    assert_ne!(sha256(&[rules, limits]), sha256(&[rules]));
}
