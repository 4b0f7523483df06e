//! A small world to plan for, and the carrying out of a plan in it: each system does what it is told, and what was given
//! has a reason from then on.

use crate::given::{EVERY_OPERATION, able, account, entitlement, grant, now, target};
use reeve_core::access::{
    Account, AccountState, Credential, Description, Entitlement, Grant, GrantSource, Link, LinkedBy,
};
use reeve_core::id::{IdentityId, NativeId, SystemName};
use reeve_core::identity::Identity;
use reeve_core::inventory::System;
use reeve_core::plan::{
    AccountRef, Action, Cause, OperationKey, PlanInput, Planned, PlannedOperation, SystemBasis, SystemState, make,
};
use reeve_core::policy::{Assignment, Origin, Policy, PolicyFile};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub struct World {
    pub policy: Policy,
    pub people: Vec<Identity>,
    pub systems: Vec<Held>,
    pub assignments: Vec<Assignment>,
    pub underway: BTreeSet<OperationKey>,
}

/// One system and what it holds.
#[derive(Clone, Debug)]
pub struct Held {
    pub system: System,
    pub description: Description,
    pub complete: bool,
    pub accounts: Vec<Account>,
    pub entitlements: Vec<Entitlement>,
    pub grants: Vec<Grant>,
    pub credentials: Vec<Credential>,
    pub links: BTreeMap<NativeId, Link>,
}

impl Held {
    /// A system that can do everything and has the groups `staff`, `finance` and `ops`.
    pub fn new(name: &str, more: &str) -> Self {
        let groups = ["staff", "finance", "ops"].map(|group| entitlement(group, &format!("group:{group}")));
        Self {
            system: target(name, more),
            description: able(&EVERY_OPERATION),
            complete: true,
            accounts: vec![],
            entitlements: groups.to_vec(),
            grants: vec![],
            credentials: vec![],
            links: BTreeMap::new(),
        }
    }

    /// Adds an account that holds these and belongs to this person, `""` for nobody.
    pub fn account(mut self, account: Account, person: &str, holds: &[&str]) -> Self {
        self.grants.extend(holds.iter().map(|id| grant(account.id.as_str(), id)));
        let link = match person {
            "" => Link::Unmatched,
            id => Link::Linked { identity: IdentityId::new(id), by: LinkedBy::Creation },
        };
        self.links.insert(account.id.clone(), link);
        self.accounts.push(account);
        self
    }
}

/// `policy("[[birthright]]...")`, for systems of the names `crm` and `directory`.
pub fn policy(birthright: &str) -> Policy {
    let systems = ["crm", "directory"].into_iter().map(SystemName::from).collect();
    Policy::parse(&[PolicyFile { name: "birthright.toml", text: birthright }], &systems).unwrap()
}

/// Everybody gets an account of the CRM in `staff`, Finance is in `finance` too.
pub fn staff_and_finance() -> Policy {
    policy(
        "[[birthright]]\nname = \"everyone\"\nbecause = \"Work.\"\ngive.crm = [\"group:staff\"]\n\
         [[birthright]]\nname = \"finance\"\nbecause = \"Books.\"\nwhen.department = [\"Finance\"]\n\
         give.crm = [\"group:finance\"]\n",
    )
}

/// A record that a rule once gave this.
pub fn given(person: &str, entitlement: Option<&str>) -> Assignment {
    Assignment {
        identity: IdentityId::new(person),
        system: "crm".into(),
        entitlement: entitlement.map(NativeId::new),
        origin: Origin { rule: "once".into(), place: "birthright.toml:1".into(), because: "then".into() },
        since: now(),
        until: None,
    }
}

impl World {
    pub fn new(people: Vec<Identity>, system: Held) -> Self {
        Self {
            policy: staff_and_finance(),
            people,
            systems: vec![system],
            assignments: vec![],
            underway: BTreeSet::new(),
        }
    }

    pub fn plan(&self) -> Planned {
        let bases: Vec<_> = self.systems.iter().map(basis).collect();
        let states: Vec<_> = self.systems.iter().zip(&bases).map(|(held, basis)| state(held, basis)).collect();
        make(PlanInput {
            now: now(),
            policy: &self.policy,
            identities: &self.people,
            systems: &states,
            assignments: &self.assignments,
            underway: &self.underway,
        })
    }

    /// The plan in short: `create mia`, `grant group:staff after 0`, ...
    pub fn told(&self) -> Vec<String> {
        self.plan().plan.operations.iter().map(told).collect()
    }

    /// Every operation of the plan succeeds.
    pub fn carry_out(&mut self, planned: &Planned) {
        self.assignments.retain(|assignment| !planned.ended.contains(assignment));
        self.assignments.extend(planned.adopted.iter().cloned());
        let mut made: BTreeMap<usize, NativeId> = BTreeMap::new();
        for (index, operation) in planned.plan.operations.iter().enumerate() {
            let held = self.systems.iter_mut().find(|held| held.system.name == operation.system).unwrap();
            let account = match operation.action.account() {
                Some(AccountRef::Existing(id)) => id.clone(),
                Some(AccountRef::CreatedBy(creator)) => made[creator].clone(),
                None => NativeId::new(format!("made-for-{}", operation.identity)),
            };
            held.perform(&operation.action, &account, &operation.identity);
            made.insert(index, account);
            self.remember(operation);
        }
    }

    /// As the store does when an operation is verified.
    fn remember(&mut self, operation: &PlannedOperation) {
        let same = |a: &Assignment| a.identity == operation.identity && a.system == operation.system;
        let end = |all: &mut Vec<Assignment>, what: Option<&NativeId>| {
            all.retain(|a| !same(a) || a.entitlement.as_ref() != what);
        };
        match &operation.action {
            Action::Revoke { entitlement, .. } => end(&mut self.assignments, Some(entitlement)),
            Action::Replace { take: Some(take), .. } => end(&mut self.assignments, Some(take)),
            Action::Disable { .. } | Action::Freeze { .. } => end(&mut self.assignments, None),
            Action::Delete { .. } => self.assignments.retain(|a| !same(a)),
            _ => {}
        }
        let Cause::Birthright { origin } = &operation.cause else { return };
        let gives = match &operation.action {
            Action::Create(new) => [None].into_iter().chain(new.entitlements.iter().cloned().map(Some)).collect(),
            Action::Enable { .. } => vec![None],
            Action::Grant { entitlement, .. } | Action::Replace { give: entitlement, .. } => {
                vec![Some(entitlement.clone())]
            }
            _ => vec![],
        };
        for what in gives {
            end(&mut self.assignments, what.as_ref());
            self.assignments.push(Assignment {
                identity: operation.identity.clone(),
                system: operation.system.clone(),
                entitlement: what,
                origin: origin.clone(),
                since: now(),
                until: None,
            });
        }
    }
}

impl Held {
    fn perform(&mut self, action: &Action<AccountRef>, id: &NativeId, person: &IdentityId) {
        let own = |grant: &Grant| matches!(grant.source, GrantSource::Direct | GrantSource::Unknown);
        match action {
            Action::Create(new) => {
                let made = Account {
                    email: new.email.clone(),
                    correlation_key: new.correlation_key.clone(),
                    attributes: new.attributes.clone(),
                    ..account(id.as_str(), &new.login)
                };
                self.accounts.push(made);
                let link = Link::Linked { identity: person.clone(), by: LinkedBy::Creation };
                self.links.insert(id.clone(), link);
                self.grants.extend(new.entitlements.iter().map(|given| grant(id.as_str(), given.as_str())));
            }
            Action::Update { attributes, .. } => {
                self.change(id, |account| account.attributes.extend(attributes.clone()))
            }
            Action::Enable { .. } => self.change(id, |account| account.state = AccountState::Active),
            Action::Disable { .. } => self.change(id, |account| account.state = AccountState::Disabled),
            Action::Freeze { .. } => self.change(id, |account| account.state = AccountState::Frozen),
            Action::Delete { .. } => self.change(id, |account| account.state = AccountState::Deleted),
            Action::Grant { entitlement, .. } => self.grants.push(grant(id.as_str(), entitlement.as_str())),
            Action::Revoke { entitlement, .. } => {
                self.grants.retain(|grant| grant.account != *id || grant.entitlement != *entitlement || !own(grant));
            }
            Action::Replace { take, give, .. } => {
                let taken =
                    |grant: &Grant| grant.account == *id && Some(&grant.entitlement) == take.as_ref() && own(grant);
                let revocable = self.grants.iter().find(|grant| taken(grant)).is_none_or(|grant| grant.revocable);
                self.grants.retain(|grant| !taken(grant));
                self.grants.push(Grant { revocable, ..grant(id.as_str(), give.as_str()) });
            }
            Action::EndCredential { credential, .. } => self.credentials.retain(|one| one.id != *credential),
        }
    }

    fn change(&mut self, id: &NativeId, change: impl FnOnce(&mut Account)) {
        change(self.accounts.iter_mut().find(|account| account.id == *id).unwrap());
    }
}

fn basis(held: &Held) -> SystemBasis {
    SystemBasis {
        snapshot: "read-1".into(),
        read_at: now(),
        accounts: held.accounts.len() as u64,
        grants: held.grants.len() as u64,
        complete: held.complete,
    }
}

fn state<'a>(held: &'a Held, basis: &'a SystemBasis) -> SystemState<'a> {
    SystemState {
        system: &held.system,
        description: &held.description,
        basis,
        accounts: &held.accounts,
        entitlements: &held.entitlements,
        grants: &held.grants,
        credentials: &held.credentials,
        links: &held.links,
    }
}

pub fn told(operation: &PlannedOperation) -> String {
    let verb = format!("{:?}", operation.action.kind()).to_lowercase();
    let after = operation.after.map(|index| format!(" after {index}")).unwrap_or_default();
    format!("{verb} {}{after}", operation.what)
}
