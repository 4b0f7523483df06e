//! A target with a ledger of its own: what was really done to it, by which request, and when.

use crate::given::account;
use crate::world::Ms;
use reeve_core::access::{Account, AccountState, AccountView, Grant, GrantSource};
use reeve_core::id::{NativeId, OperationId};
use reeve_core::plan::Action;
use reeve_core::run::{Failure, Outcome, Status};
use std::collections::{BTreeMap, BTreeSet};

/// How an account stood from some moment on.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    pub state: AccountState,
    pub grants: BTreeSet<NativeId>,
}

pub struct Held {
    pub id: NativeId,
    /// The person's key, as it was given when the account was made.
    pub key: String,
    history: Vec<(Ms, Shape)>,
}

impl Held {
    pub fn at(&self, moment: Ms) -> Option<&Shape> {
        self.history.iter().rev().find(|(since, _)| *since <= moment).map(|(_, shape)| shape)
    }

    pub fn now(&self) -> &Shape {
        &self.history[self.history.len() - 1].1
    }
}

pub struct Target {
    /// What it declares, and keeps: the same request twice is as good as once.
    pub idempotent: bool,
    /// Two accounts may not have one key.
    pub unique: bool,
    /// A change shows in every read after this time, in seconds.
    pub visible_after_s: u32,
    /// Whether accounts can be searched by their key.
    pub searches: bool,
    pub accounts: Vec<Held>,
    /// Accounts that can't be locked or deleted: the last administrator.
    pub protected: BTreeSet<NativeId>,
    /// How often each operation took effect.
    pub ledger: BTreeMap<OperationId, u32>,
}

impl Target {
    pub fn seed(&mut self, key: &str, state: AccountState, grants: &[&str]) -> NativeId {
        let grants = grants.iter().map(|id| NativeId::new(*id)).collect();
        self.open(key, Shape { state, grants }, 0)
    }

    fn open(&mut self, key: &str, shape: Shape, now: Ms) -> NativeId {
        let id = NativeId::new(format!("a{}", self.accounts.len()));
        self.accounts.push(Held { id: id.clone(), key: key.to_owned(), history: vec![(now, shape)] });
        id
    }

    pub fn held(&self, id: &NativeId) -> Option<&Held> {
        self.accounts.iter().find(|held| held.id == *id)
    }

    /// Does the work of one request.
    pub fn work(&mut self, operation: &OperationId, action: &Action<NativeId>, now: Ms) -> Result<Outcome, Failure> {
        let Some(id) = action.account() else { return self.create(operation, action, now) };
        let removes = matches!(action, Action::Disable { .. } | Action::Freeze { .. } | Action::Delete { .. });
        if removes && self.protected.contains(id) {
            return Err(Failure::RefusedByTarget(vec!["the last administrator".to_owned()]));
        }
        let known = self.accounts.iter_mut().find(|held| held.id == *id);
        let Some(held) = known.filter(|held| held.now().state != AccountState::Deleted) else {
            return Err(Failure::NotFound(id.to_string()));
        };
        let before = held.now().clone();
        let mut shape = before.clone();
        match action {
            Action::Enable { .. } => shape.state = AccountState::Active,
            Action::Disable { .. } => shape.state = AccountState::Disabled,
            Action::Freeze { .. } if shape.state == AccountState::Active => shape.state = AccountState::Frozen,
            Action::Delete { .. } => shape = Shape { state: AccountState::Deleted, grants: BTreeSet::new() },
            Action::Grant { entitlement, .. } => {
                shape.grants.insert(entitlement.clone());
            }
            Action::Revoke { entitlement, .. } => {
                shape.grants.remove(entitlement);
            }
            Action::Replace { take, give, .. } => {
                if let Some(take) = take {
                    shape.grants.remove(take);
                }
                shape.grants.insert(give.clone());
            }
            _ => {}
        }
        let so = shape == before;
        if !so {
            held.history.push((now, shape));
        }
        if so && self.idempotent {
            return Ok(outcome(Status::AlreadySo, None));
        }
        // Where twice is not as good as once, the second request does something too.
        *self.ledger.entry(operation.clone()).or_default() += 1;
        Ok(outcome(Status::Done, None))
    }

    fn create(&mut self, operation: &OperationId, action: &Action<NativeId>, now: Ms) -> Result<Outcome, Failure> {
        let Action::Create(new) = action else { return Err(Failure::Unsupported("?".to_owned())) };
        let key = new.correlation_key.clone().unwrap();
        let there = self.accounts.iter().find(|held| held.key == key && held.now().state != AccountState::Deleted);
        match there {
            Some(held) if self.idempotent => return Ok(outcome(Status::AlreadySo, Some(held.id.clone()))),
            Some(_) if self.unique => return Err(Failure::Conflict("the login is taken".to_owned())),
            _ => {}
        }
        *self.ledger.entry(operation.clone()).or_default() += 1;
        let shape = Shape { state: AccountState::Active, grants: new.entitlements.iter().cloned().collect() };
        Ok(outcome(Status::Done, Some(self.open(&key, shape, now))))
    }

    /// An account as it was at some moment.
    pub fn view(&self, id: &NativeId, moment: Ms) -> Option<AccountView> {
        let held = self.held(id)?;
        let shape = held.at(moment)?;
        let grant = |entitlement: &NativeId| Grant {
            account: id.clone(),
            entitlement: entitlement.clone(),
            source: GrantSource::Direct,
            revocable: true,
            expires_at: None,
        };
        Some(AccountView { account: listed(held, shape), grants: shape.grants.iter().map(grant).collect() })
    }

    pub fn search(&self, key: &str, moment: Ms) -> Vec<Account> {
        let found = self.accounts.iter().filter(|held| held.key == key);
        found.filter_map(|held| Some(listed(held, held.at(moment)?))).collect()
    }
}

fn listed(held: &Held, shape: &Shape) -> Account {
    let correlation_key = Some(held.key.clone());
    Account { state: shape.state, correlation_key, ..account(held.id.as_str(), &held.key) }
}

pub fn outcome(status: Status, account: Option<NativeId>) -> Outcome {
    Outcome { status, account, request_id: None, side_effects: Vec::new() }
}
