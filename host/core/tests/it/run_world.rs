//! One operation with its clock, and what may happen to it.

use crate::given::{account, capability, now};
use jiff::{SignedDuration, Timestamp};
use reeve_core::access::{Account, AccountState, AccountView, Capability};
use reeve_core::id::NativeId;
use reeve_core::identity::ExitCause;
use reeve_core::plan::{AccountRef, Action, Cause, Lane, NewAccount, PlannedOperation};
use reeve_core::policy::Origin;
use reeve_core::run::{Failure, Happened, Operation, Outcome, Phase, RateHint, Sight, Status, Step};

pub fn planned(action: Action<AccountRef>, lane: Lane) -> PlannedOperation {
    let cause = match lane {
        Lane::Leaver => Cause::Leaver { cause: ExitCause::Terminated, effective_at: now() },
        Lane::Standard => Cause::Birthright {
            origin: Origin { rule: "staff".into(), place: "birthright.toml:1".into(), because: "work".into() },
        },
    };
    PlannedOperation {
        system: "crm".into(),
        lane,
        identity: "p-1".into(),
        person: "Mia Okafor".to_owned(),
        what: "mia".to_owned(),
        action,
        cause,
        after: None,
        mechanism: "by its API".to_owned(),
    }
}

pub fn a1() -> AccountRef {
    AccountRef::Existing(NativeId::new("a1"))
}

pub fn disable(lane: Lane) -> Operation {
    Operation::new(&"0123456789abcdef".into(), 3, planned(Action::Disable { account: a1() }, lane), now())
}

pub fn create() -> Operation {
    let new = NewAccount {
        login: "mia".to_owned(),
        email: None,
        display_name: None,
        given_name: None,
        family_name: None,
        correlation_key: Some("1".to_owned()),
        attributes: Default::default(),
        entitlements: vec![],
    };
    Operation::new(&"0123456789abcdef".into(), 0, planned(Action::Create(new), Lane::Standard), now())
}

/// An operation with its clock: every step takes place `after` seconds after the first.
pub struct Run {
    pub operation: Operation,
    pub capability: Capability,
}

impl Run {
    pub fn of(operation: Operation) -> Self {
        let capability = capability(operation.planned.action.kind());
        Self { operation, capability }
    }

    pub fn unsafe_twice(mut self) -> Self {
        self.capability.idempotent = false;
        self
    }

    pub fn step(&mut self, after: i64, mut happened: Happened) -> Step {
        if let Happened::Read { began, .. } = &mut happened {
            *began = later(after);
        }
        self.step_late(after, happened)
    }

    /// What a read shows may be older than the step that takes it.
    pub fn step_late(&mut self, after: i64, happened: Happened) -> Step {
        self.operation.step(happened, &self.capability, later(after), 1.0)
    }

    pub fn sent(mut self) -> Self {
        self.step(0, Happened::Intended { account: None });
        self
    }

    pub fn phase(&self) -> Phase {
        self.operation.phase
    }
}

pub fn later(seconds: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

pub fn answered(status: Status) -> Happened {
    let outcome = Outcome { status, account: None, request_id: None, side_effects: vec![] };
    Happened::Answered { result: Ok(outcome), reached: true }
}

pub fn failed(failure: Failure, reached: bool) -> Happened {
    Happened::Answered { result: Err(failure), reached }
}

/// A read that begins when it is taken.
pub fn read(sight: Result<Sight, Failure>) -> Happened {
    Happened::Read { began: now(), sight }
}

pub fn seen(state: AccountState) -> Happened {
    let account = Account { state, ..account("a1", "mia") };
    read(Ok(Sight::Account(Some(Box::new(AccountView { account, grants: vec![] })))))
}

pub fn busy(retry_after_ms: Option<u64>) -> Failure {
    Failure::Unavailable(RateHint { retry_after_ms, ..RateHint::default() })
}

pub fn lost() -> Failure {
    Failure::OutcomeUnknown("the connection broke".to_owned())
}
