//! Invented things to store.

use reeve_core::Timestamp;
use reeve_core::access::{
    Account, AccountKind, AccountState, AccountView, Attributes, Cardinality, Description, Entitlement, Grant,
    GrantSource, LastUse, Quality, SystemRead,
};
use reeve_core::audit::{Actor, Entry, Event};
use reeve_core::id::{IdentityId, NativeId, PlanHash, SystemName};
use reeve_core::identity::{ExitCause, Identity, Standing, Worker, WorkerKind, WorkerStatus};
use reeve_core::plan::{Action, Cause, Lane, NewAccount, PlannedOperation};
use reeve_core::policy::Origin;
use reeve_core::run::Operation;

/// A time, in seconds.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_900_000_000 + second).unwrap()
}

pub fn directory() -> SystemName {
    SystemName::from("directory")
}

pub fn id(text: &str) -> NativeId {
    NativeId::from(text)
}

pub fn entry(note: &str) -> Entry {
    Entry::new(at(0), Actor::System, Event::PolicyApplied).with_data(serde_json::json!({ "note": note }))
}

pub fn account(name: &str) -> Account {
    Account {
        id: id(name),
        login: Some(format!("{name}@example.com")),
        email: None,
        display_name: Some(format!("{name} \u{1F511}")),
        kind: AccountKind::Person,
        state: AccountState::Active,
        native_state: "enabled".to_owned(),
        correlation_key: None,
        owner_hint: None,
        created_at: None,
        last_login: LastUse { at: None, quality: Quality::NotAvailable },
        privileged: None,
        etag: None,
        attributes: Attributes::new(),
    }
}

pub fn entitlement(name: &str) -> Entitlement {
    Entitlement {
        id: id(name),
        kind: "group".to_owned(),
        name: format!("the {name}"),
        description: None,
        cardinality: Cardinality::Many,
        rung: None,
        assignable: true,
        privileged: None,
        contains: Vec::new(),
        attributes: Attributes::new(),
    }
}

pub fn grant(account: &str, entitlement: &str) -> Grant {
    Grant {
        account: id(account),
        entitlement: id(entitlement),
        source: GrantSource::Direct,
        revocable: true,
        expires_at: None,
    }
}

pub fn read(accounts: &[Account], entitlements: &[Entitlement], grants: &[Grant]) -> SystemRead {
    SystemRead {
        description: Description::default(),
        accounts: accounts.to_vec(),
        entitlements: entitlements.to_vec(),
        grants: grants.to_vec(),
        listings: Vec::new(),
    }
}

pub fn view(account: &Account, grants: &[Grant]) -> AccountView {
    AccountView { account: account.clone(), grants: grants.to_vec() }
}

pub fn identity(name: &str) -> Identity {
    Identity {
        id: IdentityId::new(format!("i-{name}")),
        source: SystemName::from("hr"),
        worker: Worker {
            id: format!("W-{name}").as_str().into(),
            person_key: None,
            kind: WorkerKind::Employee,
            status: WorkerStatus::Active,
            given_name: name.to_owned(),
            family_name: "Okonkwo".to_owned(),
            email: Some(format!("{name}@example.com")),
            department: None,
            title: None,
            location: None,
            manager: None,
            start_at: None,
            end_at: None,
            time_zone: None,
            attributes: Attributes::new(),
        },
        former_ids: Vec::new(),
        standing: Standing::Active,
        starts_at: None,
        exit: None,
        named_exit: None,
    }
}

pub fn origin(rule: &str) -> Origin {
    Origin { rule: rule.to_owned(), place: "birthright.toml:1".to_owned(), because: "everybody has it".to_owned() }
}

/// A plan's bytes and hash.
pub fn plan(name: &str) -> (PlanHash, Vec<u8>) {
    let bytes = format!("{{\"plan\":\"{name}\"}}").into_bytes();
    (PlanHash::of(&bytes), bytes)
}

pub fn planned(system: &str, lane: Lane, after: Option<usize>) -> PlannedOperation {
    let cause = match lane {
        Lane::Leaver => Cause::Leaver { cause: ExitCause::Terminated, effective_at: at(0) },
        Lane::Standard => Cause::Birthright { origin: origin("everybody") },
    };
    PlannedOperation {
        system: SystemName::from(system),
        lane,
        identity: IdentityId::from("i-ada"),
        person: "Ada Okonkwo".to_owned(),
        what: "account".to_owned(),
        action: Action::Create(NewAccount {
            login: "ada".to_owned(),
            email: None,
            display_name: None,
            given_name: None,
            family_name: None,
            correlation_key: None,
            attributes: Attributes::new(),
            entitlements: Vec::new(),
        }),
        cause,
        after,
        mechanism: "made by the interface".to_owned(),
    }
}

/// Operations of a plan, from their system, lane and predecessor.
pub fn operations(plan: &PlanHash, planned_ones: &[(&str, Lane, Option<usize>)]) -> Vec<Operation> {
    let operation = |(index, (system, lane, after)): (usize, &(&str, Lane, Option<usize>))| {
        Operation::new(plan, index, planned(system, *lane, *after), at(0))
    };
    planned_ones.iter().enumerate().map(operation).collect()
}
