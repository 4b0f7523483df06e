//! Makes the plan: what is, against what should be. The same inputs give the same plan, byte for byte.

use super::{
    AccountRef, Action, Basis, Cause, GuardrailTrip, Lane, LeftAlone, PLAN_FORMAT, PlannedOperation, ProvisioningPlan,
    SystemBasis, SystemPlanner,
};
use crate::access::{Account, Credential, Description, Entitlement, Grant, Link};
use crate::finding::Finding;
use crate::id::{IdentityId, NativeId, SystemName};
use crate::identity::{ExitCause, Identity};
use crate::inventory::System;
use crate::policy::{Assignment, PlanRules, Policy};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What one system holds, as its last whole read and the links say.
#[derive(Clone, Copy, Debug)]
pub struct SystemState<'a> {
    pub system: &'a System,
    pub description: &'a Description,
    pub basis: &'a SystemBasis,
    pub accounts: &'a [Account],
    pub entitlements: &'a [Entitlement],
    pub grants: &'a [Grant],
    /// Those of leavers' accounts, where the connector lists them.
    pub credentials: &'a [Credential],
    pub links: &'a BTreeMap<NativeId, Link>,
}

/// Everything a plan depends on.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    pub now: Timestamp,
    pub policy: &'a Policy,
    /// In any order.
    pub identities: &'a [Identity],
    pub systems: &'a [SystemState<'a>],
    /// Those that are open.
    pub assignments: &'a [Assignment],
    /// What approved plans still have to do: planned twice, it would be done twice.
    pub underway: &'a BTreeSet<OperationKey>,
}

/// What makes two operations the same wish.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperationKey(String);

impl OperationKey {
    pub fn of(system: &SystemName, identity: &IdentityId, action: &Action<AccountRef>) -> Self {
        let account = match action.account() {
            Some(AccountRef::Existing(id)) => id.as_str(),
            Some(AccountRef::CreatedBy(_)) | None => "",
        };
        let object = match action {
            Action::EndCredential { credential, .. } => credential.as_str(),
            other => other.entitlement().map_or("", NativeId::as_str),
        };
        Self([system.as_str(), identity.as_str(), &format!("{:?}", action.kind()), account, object].join("\u{1f}"))
    }
}

/// A plan, and what was seen while making it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    pub plan: ProvisioningPlan,
    pub findings: Vec<Finding>,
    /// Access that is there and that policy gives: it has a reason from now on.
    pub adopted: Vec<Assignment>,
    /// Assignments that policy no longer gives and that nobody holds any more.
    pub ended: Vec<Assignment>,
}

impl Default for ProvisioningPlan {
    fn default() -> Self {
        Self {
            format: PLAN_FORMAT,
            made_at: Timestamp::UNIX_EPOCH,
            basis: Basis::default(),
            operations: Vec::new(),
            guardrails: Vec::new(),
            left_alone: Vec::new(),
        }
    }
}

/// A system that loses fewer accounts than this in one plan trips no guardrail.
pub const REMOVALS_FLOOR: usize = 3;

pub fn make(input: PlanInput<'_>) -> Planned {
    let mut people: Vec<&Identity> = input.identities.iter().collect();
    people.sort_by(|a, b| a.id.cmp(&b.id));
    let mut systems: Vec<&SystemState<'_>> = input.systems.iter().collect();
    systems.sort_by(|a, b| a.system.name.cmp(&b.system.name));

    let mut planned = Planned::default();
    planned.plan.made_at = input.now;
    planned.plan.basis.policy_sha256 = input.policy.sha256.clone();
    for state in &systems {
        planned.plan.basis.systems.insert(state.system.name.clone(), state.basis.clone());
    }
    let desired: BTreeMap<&IdentityId, _> =
        people.iter().map(|person| (&person.id, input.policy.desired(person))).collect();
    // Leavers come first in the list as they do in the run.
    for lane in [Lane::Leaver, Lane::Standard] {
        for state in &systems {
            let mut planner = SystemPlanner::new(state, &input, &mut planned);
            for person in people.iter().filter(|person| lane_of(person) == lane) {
                match lane {
                    Lane::Leaver => planner.leaver(person),
                    Lane::Standard => {
                        let here = desired.get(&person.id).and_then(|systems| systems.get(&state.system.name));
                        planner.person(person, here);
                    }
                }
            }
        }
    }
    for state in &systems {
        let trip = removals(state, &planned.plan.operations, people.as_slice(), &input.policy.guardrails.plan);
        planned.plan.guardrails.extend(trip);
    }
    planned
}

fn lane_of(person: &Identity) -> Lane {
    match person.standing {
        crate::identity::Standing::Left => Lane::Leaver,
        _ => Lane::Standard,
    }
}

/// Stops a plan that would lock out much of a system. People whom an operator named don't count.
fn removals(
    state: &SystemState<'_>,
    operations: &[PlannedOperation],
    people: &[&Identity],
    rules: &PlanRules,
) -> Option<GuardrailTrip> {
    let named: BTreeSet<&IdentityId> = people
        .iter()
        .filter(|person| person.exit.as_ref().is_some_and(|exit| exit.cause == ExitCause::Named))
        .map(|person| &person.id)
        .collect();
    let name = &state.system.name;
    let removed: BTreeSet<&AccountRef> = operations
        .iter()
        .filter(|operation| operation.system == *name && !named.contains(&operation.identity))
        .filter(|operation| operation.action.removes())
        .filter_map(|operation| operation.action.account())
        .collect();
    let live = state.accounts.iter().filter(|account| !account.state.is_powerless()).count();
    let limit = usize::from(rules.removed_percent_max);
    (removed.len() >= REMOVALS_FLOOR && removed.len() * 100 >= live * limit).then(|| GuardrailTrip {
        name: format!("removals/{name}"),
        text: format!(
            "{} of {live} live accounts of {name} would lose access; policy asks from {limit} % on",
            removed.len()
        ),
    })
}

impl Planned {
    pub(super) fn push(&mut self, operation: PlannedOperation) -> usize {
        self.plan.operations.push(operation);
        self.plan.operations.len() - 1
    }

    pub(super) fn leave(&mut self, system: &SystemName, person: Option<&Identity>, why: String) {
        let person = person.map(Identity::display_name);
        self.plan.left_alone.push(LeftAlone { system: system.clone(), person, why });
    }
}

/// The cause of everything that a leaver's plan does.
pub(super) fn leaver_cause(person: &Identity, now: Timestamp) -> Cause {
    match &person.exit {
        Some(exit) => Cause::Leaver { cause: exit.cause, effective_at: exit.effective_at },
        None => Cause::Leaver { cause: ExitCause::Terminated, effective_at: now },
    }
}
