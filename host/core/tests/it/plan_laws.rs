//! What holds for every plan, and the guardrails that stop one.

use crate::given::{EVERY_OPERATION, able, account, grant, leaver, person, rung, worker};
use crate::plan_world::{Held, World, given, policy};
use proptest::prelude::*;
use reeve_core::access::{Account, AccountState, Grant, GrantSource, Link, OperationKind};
use reeve_core::id::{NativeId, OperationId, PlanHash};
use reeve_core::identity::{ExitCause, Identity, Standing};
use reeve_core::plan::{AccountRef, Action};
use std::collections::{BTreeMap, BTreeSet};

const RULES: [&str; 5] = [
    "[[birthright]]\nname = \"all\"\nbecause = \"x\"\ngive.crm = [\"group:staff\"]\ngive.directory = []\n",
    "[[birthright]]\nname = \"fin\"\nbecause = \"x\"\nwhen.department = [\"Finance\"]\ngive.crm = [\"group:finance\", \"profile:Clerk\"]\n",
    "[[birthright]]\nname = \"ops\"\nbecause = \"x\"\nwhen.department = [\"Operations\"]\ngive.crm = [\"group:ops\"]\ngive.directory = [\"group:ops\"]\n",
    "[[birthright]]\nname = \"chief\"\nbecause = \"x\"\nwhen.title = [\"Chief\"]\ngive.crm = [\"profile:Chief\"]\n",
    "[[birthright]]\nname = \"odd\"\nbecause = \"x\"\ngive.directory = [\"group:nowhere\"]\n",
];

fn people() -> impl Strategy<Value = Vec<Identity>> {
    let one = (0..4_u8, prop::bool::ANY, prop::bool::ANY, prop::bool::ANY);
    prop::collection::vec(one, 0..6).prop_map(|people| {
        let each = people.into_iter().enumerate().map(|(n, (standing, finance, chief, twin))| {
            let name = if twin { "Mia Okafor".to_owned() } else { format!("Person Number{n}") };
            let mut worker = worker(&n.to_string(), &name);
            worker.department = Some(if finance { "Finance" } else { "Operations" }.to_owned());
            worker.title = Some(if chief { "Chief" } else { "Clerk" }.to_owned());
            match standing {
                0 => leaver(worker),
                1 => Identity { standing: Standing::Pending, ..person(worker) },
                _ => person(worker),
            }
        });
        each.collect()
    })
}

#[derive(Clone, Debug)]
struct Drawn {
    owner: u8,
    state: AccountState,
    groups: Vec<(&'static str, u8)>,
    rung: Option<&'static str>,
    unit: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let state = prop::sample::select(vec![
        AccountState::Active,
        AccountState::Active,
        AccountState::Disabled,
        AccountState::Frozen,
        AccountState::Locked,
        AccountState::Deleted,
    ]);
    let group = prop::sample::select(vec!["staff", "finance", "ops"]);
    let rung = prop::option::of(prop::sample::select(vec!["none", "clerk", "chief"]));
    (0..8_u8, state, prop::collection::vec((group, 0..4_u8), 0..4), rung, any::<bool>())
        .prop_map(|(owner, state, groups, rung, unit)| Drawn { owner, state, groups, rung, unit })
}

fn held(name: &str, delete: bool, can: &[OperationKind], complete: bool, accounts: &[Drawn]) -> Held {
    let end = if delete { "delete" } else { "disable" };
    let mut held = Held::new(name, &format!("leaver = \"{end}\"\nattributes = {{ unit = \"department\" }}"));
    held.entitlements.extend([
        rung("none", "profile:None", 0),
        rung("clerk", "profile:Clerk", 1),
        rung("chief", "profile:Chief", 2),
    ]);
    held.description = able(can);
    held.complete = complete;
    for (n, drawn) in accounts.iter().enumerate() {
        let id = format!("a{n}");
        let mut one = Account { state: drawn.state, ..account(&id, &format!("login{n}")) };
        if drawn.unit {
            one.attributes.insert("unit".to_owned(), "Finance".into());
        }
        let owner = if drawn.owner < 6 { format!("p-{}", drawn.owner) } else { String::new() };
        held = held.account(one, &owner, &[]);
        if drawn.owner == 7 {
            let candidates = vec!["p-0".into(), "p-1".into()];
            held.links.insert(NativeId::new(&id), Link::Disputed { candidates });
        }
        let mut seen = BTreeSet::new();
        for (group, how) in drawn.groups.iter().filter(|(group, _)| seen.insert(*group)) {
            let source = if *how == 0 { GrantSource::ByRule("all".to_owned()) } else { GrantSource::Direct };
            held.grants.push(Grant { source, revocable: *how != 1, ..grant(&id, group) });
        }
        held.grants.extend(drawn.rung.map(|rung| Grant { revocable: false, ..grant(&id, rung) }));
    }
    held
}

fn world() -> impl Strategy<Value = World> {
    let rules = prop::sample::subsequence(RULES.to_vec(), 0..=RULES.len());
    let can = || prop::sample::subsequence(EVERY_OPERATION.to_vec(), 5..=EVERY_OPERATION.len());
    let accounts = || prop::collection::vec(drawn(), 0..6);
    let records = prop::collection::vec(
        (0..6_u8, prop::option::of(prop::sample::select(vec!["staff", "finance", "ops", "clerk"]))),
        0..6,
    );
    let system = || (any::<bool>(), can(), prop::bool::weighted(0.8), accounts());
    (rules, people(), system(), system(), records).prop_map(|(rules, people, crm, directory, records)| {
        let mut world = World::new(people, held("crm", crm.0, &crm.1, crm.2, &crm.3));
        world.policy = policy(&rules.concat());
        world.systems.push(held("directory", directory.0, &directory.1, directory.2, &directory.3));
        let records: BTreeSet<_> = records.into_iter().collect();
        world.assignments = records.into_iter().map(|(n, what)| given(&format!("p-{n}"), what)).collect();
        world
    })
}

fn backwards(world: &World, turn: usize) -> World {
    fn mix<T>(all: &mut [T], turn: usize) {
        all.reverse();
        if !all.is_empty() {
            all.rotate_left(turn % all.len());
        }
    }
    let mut world = world.clone();
    mix(&mut world.people, turn);
    mix(&mut world.systems, turn);
    mix(&mut world.assignments, turn);
    for held in &mut world.systems {
        mix(&mut held.accounts, turn);
        mix(&mut held.entitlements, turn);
        mix(&mut held.grants, turn);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_world_in_any_order_gives_the_same_bytes(world in world(), turn in 0..7_usize) {
        let (first, second) = (world.plan(), backwards(&world, turn).plan());
        let bytes = first.plan.bytes().unwrap();
        prop_assert_eq!(String::from_utf8(bytes.clone()).unwrap(), String::from_utf8(second.plan.bytes().unwrap()).unwrap());
        prop_assert_eq!(PlanHash::of(&bytes), PlanHash::of(&second.plan.bytes().unwrap()));
        prop_assert_eq!(first, second);
    }

    /// At once for whoever has one account in a system. Of several, the live one counts: once it is locked, the next plan
    /// looks at the next.
    #[test]
    fn plans_that_were_carried_out_leave_nothing_to_plan(world in world()) {
        let mut world = world;
        let mut owners: BTreeMap<_, usize> = BTreeMap::new();
        for held in &world.systems {
            for owner in held.links.values().filter_map(|link| link.identity()) {
                *owners.entry((held.system.name.clone(), owner.clone())).or_default() += 1;
            }
        }
        for _ in 0..owners.into_values().max().unwrap_or(1) {
            let plan = world.plan();
            world.carry_out(&plan);
        }
        prop_assert_eq!(world.told(), Vec::<String>::new());
    }

    #[test]
    fn every_operation_is_for_somebody_known_and_depends_on_earlier_ones_only(world in world()) {
        let planned = world.plan();
        let known: BTreeSet<_> = world.people.iter().map(|person| &person.id).collect();
        let owned: BTreeSet<_> = world.systems.iter().flat_map(|held| {
            held.links.iter().filter_map(|(id, link)| Some((&held.system.name, id, link.identity()?)))
        }).collect();
        for (index, operation) in planned.plan.operations.iter().enumerate() {
            prop_assert!(known.contains(&operation.identity));
            prop_assert!(operation.after.is_none_or(|after| after < index));
            match operation.action.account() {
                Some(AccountRef::CreatedBy(creator)) => {
                    prop_assert_eq!(operation.after, Some(*creator));
                    let created = &planned.plan.operations[*creator];
                    prop_assert_eq!((&created.system, &created.identity), (&operation.system, &operation.identity));
                }
                Some(AccountRef::Existing(id)) => {
                    prop_assert!(owned.contains(&(&operation.system, id, &operation.identity)), "somebody else's account");
                }
                None => prop_assert_eq!(operation.action.kind(), OperationKind::Create),
            }
            let held = world.systems.iter().find(|held| held.system.name == operation.system).unwrap();
            prop_assert!(held.complete || operation.lane == reeve_core::plan::Lane::Leaver);
            prop_assert!(held.description.capability(operation.action.kind(), None).is_some());
        }
        let mut once = BTreeSet::new();
        for operation in &planned.plan.operations {
            let text = format!("{} {} {:?}", operation.system, operation.identity, operation.action);
            prop_assert!(once.insert(text), "planned twice");
        }
    }
}

/// A system of 20 live accounts, whose first owners left.
fn leaving(count: usize, cause: ExitCause) -> Vec<String> {
    let mut held = Held::new("crm", "");
    let mut people = Vec::new();
    for n in 0..20 {
        let number = format!("{n:02}");
        held = held.account(account(&number, &number), &format!("p-{number}"), &[]);
        let mut one = person(worker(&number, "Some Body"));
        if n < count {
            one = leaver(worker(&number, "Some Body"));
            one.exit.as_mut().unwrap().cause = cause;
        }
        people.push(one);
    }
    let mut world = World::new(people, held);
    world.policy = policy("");
    let planned = world.plan();
    let disabled = planned.plan.operations.iter().filter(|one| matches!(one.action, Action::Disable { .. })).count();
    assert_eq!(disabled, count);
    planned.plan.guardrails.iter().map(|trip| format!("{}: {}", trip.name, trip.text)).collect()
}

/// Case 15.
#[test]
fn a_plan_that_would_lock_a_large_share_of_a_system_asks_first() {
    assert_eq!(leaving(5, ExitCause::Terminated), Vec::<String>::new());
    assert_eq!(
        leaving(6, ExitCause::Terminated),
        ["removals/crm: 6 of 20 live accounts of crm would lose access; policy asks from 30 % on"]
    );
    assert_eq!(leaving(6, ExitCause::Named), Vec::<String>::new(), "an operator has named each of them");
}

/// What a system of 20 live accounts trips when this many of them hold two groups because rules gave them, and the rules
/// speak of these departments now; with the number of revokes.
fn taken_from(count: usize, ops: &str, finance: &str) -> (usize, Vec<String>) {
    let mut held = Held::new("crm", "");
    let (mut people, mut records) = (Vec::new(), Vec::new());
    for n in 0..20 {
        let (number, id) = (format!("{n:02}"), format!("p-{n:02}"));
        let mut one = worker(&number, "Some Body");
        let holds: &[&str] = if n < count { &["ops", "finance"] } else { &[] };
        one.department = Some(if n < count { "Finance" } else { "Sales" }.to_owned());
        held = held.account(account(&number, &number), &id, holds);
        records.push(given(&id, None));
        records.extend(holds.iter().map(|what| given(&id, Some(what))));
        people.push(person(one));
    }
    let rule = |name: &str, department: &str| {
        format!(
            "[[birthright]]\nname = \"{name}\"\nbecause = \"Work.\"\nwhen.department = [\"{department}\"]\n\
             give.crm = [\"group:{name}\"]\n"
        )
    };
    let everyone = "[[birthright]]\nname = \"everyone\"\nbecause = \"Work.\"\ngive.crm = []\n";
    let mut world = World::new(people, held);
    world.policy = policy(&format!("{everyone}{}{}", rule("ops", ops), rule("finance", finance)));
    world.assignments = records;
    let plan = world.plan().plan;
    assert!(plan.operations.iter().all(|operation| operation.action.kind() == OperationKind::Revoke), "{plan:?}");
    let trips = plan.guardrails.iter().map(|trip| format!("{}: {}", trip.name, trip.text));
    (plan.operations.len(), trips.collect())
}

/// One wrong letter in a rule, and it gives its group to nobody any more. Every account stays open.
#[test]
fn a_typing_error_in_a_rule_that_takes_a_group_from_everybody_asks_first() {
    let asks = |count| {
        vec![format!("removals/crm: {count} of 20 live accounts of crm would lose access; policy asks from 30 % on")]
    };
    assert_eq!(taken_from(20, "Finance", "Finance"), (0, vec![]));
    assert_eq!(taken_from(20, "Finanse", "Finance"), (20, asks(20)));
    assert_eq!(taken_from(6, "Finanse", "Finance"), (6, asks(6)));
    assert_eq!(taken_from(5, "Finanse", "Finance"), (5, vec![]));
    assert_eq!(taken_from(5, "Finanse", "Finanse"), (10, vec![]), "accounts count, however much each of them loses");
    assert_eq!(taken_from(6, "Finanse", "Finanse"), (12, asks(6)));
}

#[test]
fn a_small_system_may_lose_two_without_a_question() {
    let mut held = Held::new("crm", "");
    let mut people = Vec::new();
    for n in 0..2 {
        held = held.account(account(&n.to_string(), &n.to_string()), &format!("p-{n}"), &[]);
        people.push(leaver(worker(&n.to_string(), "Some Body")));
    }
    assert!(World::new(people, held).plan().plan.guardrails.is_empty());
}

#[test]
fn a_plan_is_named_by_its_bytes_and_its_operations_by_the_plan() {
    let world = World::new(vec![person(worker("1", "Mia Okafor"))], Held::new("crm", ""));
    let bytes = world.plan().plan.bytes().unwrap();
    let hash = PlanHash::of(&bytes);
    assert_eq!(hash.as_str().len(), 64);
    assert_eq!(OperationId::of(&hash, 2).as_str(), format!("{}-2", &hash.as_str()[..12]));
    let read: reeve_core::plan::ProvisioningPlan = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(read.bytes().unwrap(), bytes, "what was stored is what is run");
    let mut other = world.plan().plan;
    other.operations[1].what.push('!');
    assert_ne!(PlanHash::of(&other.bytes().unwrap()), hash);
}
