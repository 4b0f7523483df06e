//! Sample people, accounts and systems that the tests share. All of them are invented.

use jiff::Timestamp;
use reeve_core::access::{
    Account, AccountKind, AccountState, Capability, Cardinality, Description, Entitlement, Grant, GrantSource, LastUse,
    OperationKind, Quality, Rung,
};
use reeve_core::id::{IdentityId, NativeId, WorkerId};
use reeve_core::identity::{Exit, ExitCause, Identity, Standing, Worker, WorkerKind, WorkerStatus};
use reeve_core::inventory::System;
use std::collections::BTreeMap;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The moment at which most tests take place.
pub fn now() -> Timestamp {
    at("2026-06-01T09:00:00Z")
}

/// An employee at work: `worker("101", "Mia Okafor")`.
pub fn worker(number: &str, name: &str) -> Worker {
    let (given, family) = name.split_once(' ').unwrap();
    Worker {
        id: WorkerId::new(number),
        person_key: None,
        kind: WorkerKind::Employee,
        status: WorkerStatus::Active,
        given_name: given.to_owned(),
        family_name: family.to_owned(),
        email: Some(format!("{given}.{family}@example.com").to_lowercase()),
        department: Some("Finance".to_owned()),
        title: Some("Clerk".to_owned()),
        location: None,
        manager: None,
        start_at: Some("2024-01-08".to_owned()),
        end_at: None,
        time_zone: None,
        attributes: BTreeMap::new(),
    }
}

/// A person at work, as Reeve knows one; the id is `p-` and the worker's number.
pub fn person(worker: Worker) -> Identity {
    Identity {
        id: IdentityId::new(format!("p-{}", worker.id)),
        source: "hr".into(),
        worker,
        former_ids: Vec::new(),
        standing: Standing::Active,
        starts_at: Some(at("2024-01-08T00:00:00Z")),
        exit: None,
        named_exit: None,
    }
}

/// The same, gone since yesterday by HR's word.
pub fn leaver(mut worker: Worker) -> Identity {
    worker.status = WorkerStatus::Terminated;
    worker.end_at = Some("2026-05-31T09:00:00Z".to_owned());
    let exit = Exit {
        cause: ExitCause::Terminated,
        effective_at: at("2026-05-31T09:00:00Z"),
        told_at: at("2026-05-20T12:00:00Z"),
    };
    Identity { standing: Standing::Left, exit: Some(exit), ..person(worker) }
}

/// A system file of a target, with more lines than name, plugin and role.
pub fn target(name: &str, more: &str) -> System {
    toml::from_str(&format!("name = {name:?}\nplugin = \"com.example.{name}\"\nrole = \"target\"\n{more}")).unwrap()
}

pub fn account(id: &str, login: &str) -> Account {
    Account {
        id: NativeId::new(id),
        login: Some(login.to_owned()),
        email: None,
        display_name: None,
        kind: AccountKind::Person,
        state: AccountState::Active,
        native_state: "active".to_owned(),
        correlation_key: None,
        owner_hint: None,
        created_at: None,
        last_login: LastUse { at: None, quality: Quality::NotAvailable },
        privileged: None,
        etag: None,
        attributes: BTreeMap::new(),
    }
}

/// `entitlement("g1", "group:staff")`, of which an account may hold many.
pub fn entitlement(id: &str, name: &str) -> Entitlement {
    let (kind, name) = name.split_once(':').unwrap();
    Entitlement {
        id: NativeId::new(id),
        kind: kind.to_owned(),
        name: name.to_owned(),
        description: None,
        cardinality: Cardinality::Many,
        rung: None,
        assignable: true,
        privileged: None,
        contains: Vec::new(),
        attributes: BTreeMap::new(),
    }
}

/// One rung of the ladder that its kind is, of which an account holds exactly one.
pub fn rung(id: &str, name: &str, rank: u32) -> Entitlement {
    let mut rung = entitlement(id, name);
    rung.cardinality = Cardinality::ExactlyOne;
    rung.rung = Some(Rung { family: rung.kind.clone(), rank, floor: rank == 0 });
    rung
}

pub fn grant(account: &str, entitlement: &str) -> Grant {
    Grant {
        account: NativeId::new(account),
        entitlement: NativeId::new(entitlement),
        source: GrantSource::Direct,
        revocable: true,
        expires_at: None,
    }
}

pub fn capability(operation: OperationKind) -> Capability {
    Capability {
        operation,
        entitlement_kind: None,
        mechanism: "by its API".to_owned(),
        reversible: true,
        idempotent: true,
        ends_sessions: false,
        frees_licence: false,
        last_one_refused: false,
        two_step: false,
        whole_list: false,
        visible_after_s: 0,
        limits: Vec::new(),
    }
}

pub const EVERY_OPERATION: [OperationKind; 10] = [
    OperationKind::Create,
    OperationKind::Update,
    OperationKind::Enable,
    OperationKind::Disable,
    OperationKind::Freeze,
    OperationKind::Delete,
    OperationKind::Grant,
    OperationKind::Revoke,
    OperationKind::Replace,
    OperationKind::EndCredential,
];

/// A connector that can do these.
pub fn able(operations: &[OperationKind]) -> Description {
    Description { capabilities: operations.iter().copied().map(capability).collect(), ..Description::default() }
}
