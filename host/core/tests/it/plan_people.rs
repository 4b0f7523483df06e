//! What a plan does for joiners, movers and leavers, and what it leaves alone.

use crate::given::{able, account, entitlement, grant, leaver, now, person, rung, worker};
use crate::plan_world::{Held, World, given, policy};
use reeve_core::access::{
    Account, AccountState, Credential, CredentialKind, Entitlement, Grant, GrantSource, LastUse, Link, OperationKind,
    Quality,
};
use reeve_core::finding::FindingKind;
use reeve_core::id::IdentityId;
use reeve_core::identity::{ExitCause, Identity, Standing};
use reeve_core::plan::{AccountRef, Action, Cause, Lane, OperationKey, Planned};

fn mia() -> Identity {
    person(worker("1", "Mia Okafor"))
}

/// Mia is in Operations: only `everyone` gives her something.
fn moved() -> Identity {
    let mut mia = mia();
    mia.worker.department = Some("Operations".to_owned());
    mia
}

fn gone() -> Identity {
    leaver(worker("1", "Mia Okafor"))
}

fn in_state(state: AccountState) -> Account {
    Account { state, ..account("a1", "mia.okafor@example.com") }
}

fn active() -> Account {
    in_state(AccountState::Active)
}

fn left_alone(planned: &Planned) -> Vec<&str> {
    planned.plan.left_alone.iter().map(|left| left.why.as_str()).collect()
}

fn findings(planned: &Planned) -> Vec<(FindingKind, &str)> {
    planned.findings.iter().map(|finding| (finding.kind, finding.subject.as_str())).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_joiner_gets_an_account_and_then_what_the_rules_give() {
    let world = World::new(vec![mia()], Held::new("crm", "attributes = { unit = \"department\" }"));
    assert_eq!(
        world.told(),
        ["create mia.okafor@example.com", "grant group:finance after 0", "grant group:staff after 0"]
    );
    let plan = world.plan().plan;
    let Action::Create(new) = &plan.operations[0].action else { panic!("{plan:?}") };
    assert_eq!(new.correlation_key.as_deref(), Some("1"));
    assert_eq!(new.attributes["unit"], "Finance");
    assert_eq!(plan.operations[1].action.account(), Some(&AccountRef::CreatedBy(0)));
    let Cause::Birthright { origin } = &plan.operations[1].cause else { panic!("{plan:?}") };
    assert_eq!((origin.rule.as_str(), plan.operations[1].lane), ("finance", Lane::Standard));
}

#[test]
fn nothing_is_planned_before_the_first_day() {
    let mut hired = mia();
    hired.standing = Standing::Pending;
    assert_eq!(World::new(vec![hired], Held::new("crm", "")).told(), NOTHING);
}

#[test]
fn a_mover_loses_what_a_rule_gave_and_keeps_what_nobody_recorded() {
    let held = Held::new("crm", "").account(active(), "p-1", &["staff", "finance", "ops"]);
    let mut world = World::new(vec![moved()], held);
    world.assignments = vec![given("p-1", None), given("p-1", Some("staff")), given("p-1", Some("finance"))];
    assert_eq!(world.told(), ["revoke group:finance"]);
    assert!(matches!(world.plan().plan.operations[0].cause, Cause::NoLongerGiven { .. }));
    assert_eq!(findings(&world.plan()), [], "no rule speaks of ops: an access review judges it");

    world.assignments.clear();
    assert_eq!(world.told(), NOTHING, "without a record nothing is taken");
    assert_eq!(findings(&world.plan()), [(FindingKind::UnexplainedAccess, "crm/a1/finance")]);
}

#[test]
fn a_mover_gains_beside_what_is_there_and_what_policy_gives_already_has_a_reason_from_now_on() {
    let held = Held::new("crm", "").account(active(), "p-1", &["staff"]);
    let planned = World::new(vec![mia()], held).plan();
    assert_eq!(planned.plan.operations.len(), 1);
    let adopted: Vec<_> = planned.adopted.iter().map(|a| (a.entitlement.clone(), a.origin.rule.as_str())).collect();
    assert_eq!(adopted, [(None, "everyone"), (Some("staff".into()), "everyone")]);
}

#[test]
fn who_comes_back_gets_the_old_account_again() {
    let held = Held::new("crm", "").account(in_state(AccountState::Disabled), "p-1", &[]);
    assert_eq!(
        World::new(vec![mia()], held).told(),
        ["enable mia.okafor@example.com", "grant group:finance after 0", "grant group:staff after 0"]
    );
}

#[test]
fn facts_that_policy_maps_are_kept_as_hr_says() {
    let mut there = active();
    there.attributes.insert("unit".to_owned(), "Sales".into());
    let held = Held::new("crm", "attributes = { unit = \"department\" }");
    let mut world = World::new(vec![mia()], held.account(there, "p-1", &["staff", "finance"]));
    assert_eq!(world.told(), ["update unit"]);
    world.systems[0].accounts[0].attributes.insert("unit".to_owned(), "Finance".into());
    assert_eq!(world.told(), NOTHING);
}

#[test]
fn a_leaver_loses_the_account_its_grants_and_its_credentials() {
    let mut held = Held::new("crm", "").account(active(), "p-1", &["staff", "ops"]);
    let parent = GrantSource::InheritedFrom("staff".into());
    held.grants.push(Grant { source: parent, ..grant("a1", "finance") });
    let token = |id: &str, endable| Credential {
        id: id.into(),
        account: Some("a1".into()),
        kind: CredentialKind::AccessToken,
        name: None,
        created_at: None,
        expires_at: None,
        last_used: LastUse { at: None, quality: Quality::NotAvailable },
        endable,
        observable: true,
    };
    held.credentials = vec![token("t1", true), token("t2", false)];
    let world = World::new(vec![gone()], held);
    assert_eq!(
        world.told(),
        [
            "freeze mia.okafor@example.com",
            "disable mia.okafor@example.com",
            "revoke group:ops",
            "revoke group:staff",
            "endcredential accesstoken"
        ]
    );
    assert!(
        world
            .plan()
            .plan
            .operations
            .iter()
            .all(|one| one.lane == Lane::Leaver
                && matches!(one.cause, Cause::Leaver { cause: ExitCause::Terminated, .. }))
    );
}

#[test]
fn a_leavers_account_ends_as_the_system_file_and_the_connector_allow() {
    use OperationKind::{Delete, Disable, Freeze, Revoke};
    let plan = |more: &str, state, can: &[OperationKind]| {
        let mut held = Held::new("crm", more).account(in_state(state), "p-1", &[]);
        held.description = able(can);
        let world = World::new(vec![gone()], held);
        (world.told(), left_alone(&world.plan()).len())
    };
    let one = |text: &str| (vec![format!("{text} mia.okafor@example.com")], 0);
    let (active, disabled, frozen, deleted) =
        (AccountState::Active, AccountState::Disabled, AccountState::Frozen, AccountState::Deleted);
    assert_eq!(plan("leaver = \"delete\"", active, &[Disable, Delete]), one("delete"));
    assert_eq!(plan("leaver = \"delete\"", disabled, &[Disable, Delete]), one("delete"));
    assert_eq!(plan("leaver = \"delete\"", active, &[Disable]), one("disable"));
    assert_eq!(plan("leaver = \"delete\"", deleted, &[Delete]), (vec![], 0));
    assert_eq!(plan("", active, &[Freeze]), one("freeze"));
    let both = ["freeze", "disable"].map(|word| format!("{word} mia.okafor@example.com")).to_vec();
    assert_eq!(plan("", active, &[Disable, Freeze]), (both, 0), "it may refuse the second");
    assert_eq!(plan("", frozen, &[Disable, Freeze]), one("disable"));
    assert_eq!(plan("", frozen, &[Freeze]), (vec![], 1), "a person has to do the rest");
    assert_eq!(plan("", disabled, &[Disable]), (vec![], 0));
    assert_eq!(plan("", active, &[Revoke]), (vec![], 1));
}

fn ladder() -> Vec<Entitlement> {
    vec![rung("none", "profile:None", 0), rung("clerk", "profile:Clerk", 1), rung("chief", "profile:Chief", 2)]
}

fn profiles(more: &str) -> World {
    let mut held = Held::new("crm", "").account(active(), "p-1", &["clerk"]);
    held.entitlements = ladder();
    let mut world = World::new(vec![mia()], held);
    world.policy = policy(&format!(
        "[[birthright]]\nname = \"chiefs\"\nbecause = \"Lead.\"\ngive.crm = [\"profile:Chief\"]\n{more}"
    ));
    world
}

#[test]
fn one_of_a_kind_is_exchanged_and_not_revoked_as_well() {
    let mut world = profiles("");
    world.assignments = vec![given("p-1", Some("clerk"))];
    for revocable in [true, false] {
        world.systems[0].grants[0].revocable = revocable;
        assert_eq!(world.told(), ["replace profile:Chief"]);
    }
    let planned = world.plan();
    let Action::Replace { take, give, .. } = &planned.plan.operations[0].action else { panic!("{planned:?}") };
    assert_eq!((take.as_ref().unwrap().as_str(), give.as_str()), ("clerk", "chief"));
    // What can't be given is no reason to take what is there.
    world.systems[0].entitlements[2].assignable = false;
    assert_eq!(world.told(), NOTHING);
    assert_eq!(left_alone(&world.plan()), ["profile:Chief can't be given through crm: it is not assignable"]);
}

#[test]
fn a_new_account_is_born_with_the_one_that_it_must_have() {
    let mut world = profiles("");
    (world.systems[0].accounts, world.systems[0].grants) = (vec![], vec![]);
    world.systems[0].links.clear();
    let planned = world.plan();
    let Action::Create(new) = &planned.plan.operations[0].action else { panic!("{planned:?}") };
    assert_eq!((planned.plan.operations.len(), new.entitlements.as_slice()), (1, &["chief".into()][..]));
}

/// They would take turns for ever.
#[test]
fn rules_that_give_one_person_two_of_a_kind_change_nothing_and_are_told() {
    let mut world =
        profiles("[[birthright]]\nname = \"clerks\"\nbecause = \"Books.\"\ngive.crm = [\"profile:Clerk\"]\n");
    world.assignments = vec![given("p-1", Some("clerk"))];
    assert_eq!(world.told(), NOTHING);
    let planned = world.plan();
    assert_eq!(
        planned.findings[0].text,
        "Rules give Mia Okafor several of profile at crm, of which an account holds one: profile:Chief by \"chiefs\" \
         (birthright.toml:1), profile:Clerk by \"clerks\" (birthright.toml:5). Mend the rule or the system."
    );
}

/// Claim 7: a downgrade is executable.
#[test]
fn what_can_not_be_revoked_is_replaced_by_the_floor_of_its_ladder() {
    let mut world = profiles("");
    world.people = vec![gone()];
    world.systems[0].grants[0].revocable = false;
    let ends = ["freeze mia.okafor@example.com", "disable mia.okafor@example.com"];
    assert_eq!(world.told(), [&ends[..], &["replace profile:Clerk, down to None"]].concat());
    world.systems[0].grants[0].entitlement = "none".into();
    assert_eq!(world.told(), ends);
    assert_eq!(left_alone(&world.plan()), ["profile:None can't be revoked at crm"]);
}

#[test]
fn access_that_no_rule_gives_any_more_ends_the_account_only_where_reeve_gave_it() {
    let held = Held::new("crm", "").account(active(), "p-1", &["staff"]);
    let mut world = World::new(vec![mia()], held);
    world.policy = policy("");
    assert_eq!(world.told(), NOTHING);
    world.assignments = vec![given("p-1", None), given("p-1", Some("staff"))];
    assert_eq!(world.told(), ["revoke group:staff", "disable mia.okafor@example.com"]);
}

#[test]
fn an_entitlement_that_is_not_there_or_twice_is_left_alone_with_a_finding() {
    let mut world = World::new(vec![moved()], Held::new("crm", "").account(active(), "p-1", &["staff"]));
    world.assignments = vec![given("p-1", None), given("p-1", Some("staff"))];
    world.systems[0].entitlements.push(entitlement("staff-2", "group:staff"));
    assert_eq!(world.told(), NOTHING, "neither given nor taken");
    assert_eq!(findings(&world.plan()), [(FindingKind::UnknownEntitlement, "crm/group:staff")]);
    assert_eq!(
        world.plan().findings[0].text,
        "Rule \"everyone\" (birthright.toml:1) gives group:staff of crm, and 2 of that name exist. Mend the rule or the \
         system."
    );
    world.systems[0].entitlements.retain(|one| one.name != "staff");
    world.systems[0].grants.clear();
    assert_eq!(world.told(), NOTHING);
    assert_eq!(
        world.plan().findings[0].text,
        "Rule \"everyone\" (birthright.toml:1) gives group:staff of crm, which does not exist there. Mend the rule or the \
         system."
    );
}

#[test]
fn a_login_that_is_taken_is_left_alone() {
    let stranger = account("a9", "MIA.OKAFOR@example.com");
    let world = World::new(vec![mia()], Held::new("crm", "").account(stranger, "", &[]));
    assert_eq!(world.told(), NOTHING);
    let why =
        "the login \"mia.okafor@example.com\" is taken by another account; link it or give HR's record another one";
    assert_eq!(left_alone(&world.plan()), [why]);

    let twin = Identity { id: "p-2".into(), ..mia() };
    let world = World::new(vec![twin, mia()], Held::new("crm", ""));
    assert_eq!(world.told().len(), 3, "two new people never share a login");
}

/// Case 17.
#[test]
fn a_disputed_account_is_neither_used_nor_ended_nor_doubled() {
    let candidates = vec![IdentityId::new("p-1"), IdentityId::new("p-2")];
    let disputed = |person: Identity| {
        let mut held = Held::new("crm", "").account(account("a1", "mia"), "", &["staff"]);
        held.links.insert("a1".into(), Link::Disputed { candidates: candidates.clone() });
        World::new(vec![person], held)
    };
    assert_eq!(disputed(gone()).told(), NOTHING);
    let joiner = disputed(mia());
    assert_eq!(joiner.told(), NOTHING);
    assert_eq!(left_alone(&joiner.plan()), ["account a1 is disputed and may be this person's; decide that first"]);
}

/// Case 21.
#[test]
fn after_a_read_that_is_not_whole_only_exits_are_planned() {
    let eve = leaver(worker("2", "Eve Marsh"));
    let mut held = Held::new("crm", "").account(active(), "p-1", &["staff"]).account(account("a2", "eve"), "p-2", &[]);
    held.complete = false;
    let mut world = World::new(vec![moved(), eve, person(worker("3", "Ben Aydin"))], held);
    world.assignments = vec![given("p-1", Some("finance"))];
    assert_eq!(world.told(), ["freeze eve", "disable eve"]);
    assert_eq!(left_alone(&world.plan()).len(), 2);
}

#[test]
fn what_an_approved_plan_still_has_to_do_is_not_planned_again() {
    let keys = |planned: &Planned| {
        let operations = planned.plan.operations.iter();
        operations.map(|one| OperationKey::of(&one.system, &one.identity, &one.action)).collect()
    };
    let mut world = World::new(vec![mia()], Held::new("crm", ""));
    let first = world.plan();
    world.underway = keys(&first);
    assert_eq!(world.told(), NOTHING);
    // The account is there by now, and its grants are still on their way.
    world.systems[0] = world.systems[0].clone().account(active(), "p-1", &[]);
    assert_eq!(world.told(), NOTHING);

    let mut exit = World::new(vec![gone()], Held::new("crm", "").account(active(), "p-1", &["staff"]));
    exit.underway = keys(&exit.plan());
    assert_eq!(exit.told(), NOTHING);
    assert_eq!(exit.plan().plan.made_at, now());
}
