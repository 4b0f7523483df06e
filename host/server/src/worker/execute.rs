//! One claimed operation, from claim to rest: intent on record, request out, answer on record, fresh read, judgement.

use super::record::Record;
use super::{LEASE, RENEWAL, Turn, Worker, after, settle, sight};
use crate::error::{Error, Result};
use reeve_core::access::{AccountView, Capability};
use reeve_core::id::{NativeId, OperationId};
use reeve_core::plan::AccountRef;
use reeve_core::run::{Failure, Happened, Operation, Phase, Task};
use reeve_runtime::{Connector, Journal};
use reeve_store::{Claimed, StoreError};
use std::sync::Arc;
use std::time::Instant;

/// How often a step is stored again while the database is busy, 5 s each.
const STORE_TRIES_MAX: u32 = 12;

/// What a worker holds while it works on an operation.
#[derive(Clone)]
pub(super) struct Held {
    pub operation: Operation,
    pub fence: i64,
    pub capability: Capability,
    pub digest: String,
    /// When the claim was made sure of last, by a clock that nobody can set.
    pub kept: Instant,
}

impl Worker {
    /// Takes an operation as far as it goes now. Answers whether it is settled. A claim that was lost to another worker is
    /// let go without a word: whoever has it now reads first.
    pub(super) async fn execute(&self, claimed: Claimed) -> Result<bool> {
        match self.advance(claimed).await {
            Err(Error::Store(StoreError::Fenced)) => Ok(false),
            other => other,
        }
    }

    async fn advance(&self, claimed: Claimed) -> Result<bool> {
        let Claimed { operation, fence } = claimed;
        let system = self.app.store.read().await?.system(&operation.planned.system).await?;
        let connector = match &system {
            Some(system) => self.app.connector(system).await,
            None => {
                Err(Error::NotFound(format!("system {} is not under governance any more", operation.planned.system)))
            }
        };
        let mut held = Held {
            capability: settle::undeclared(&operation),
            operation,
            fence,
            digest: String::new(),
            kept: Instant::now(),
        };
        let connector = match connector {
            Ok(connector) => connector,
            // A hiccup of ours says nothing of the operation: it is taken up again when the lease ends.
            Err(error @ (Error::Store(_) | Error::Io { .. })) => return Err(error),
            // Nothing was asked of the target, so nothing happened there.
            Err(error) => return self.cannot_reach(held, &error).await,
        };
        held.digest = connector.plugin().digest().to_owned();
        let planned = &held.operation.planned;
        let facts = self.facts(&planned.system).await?;
        let kind = planned.action.entitlement().and_then(|id| facts.kinds.get(id)).map(String::as_str);
        if let Some(declared) = facts.description.capability(planned.action.kind(), kind) {
            held.capability = declared.clone();
        }
        // Always in the same order, so that no two operations wait for each other.
        let mut turns = Vec::new();
        for turn in self.turns_of(&held) {
            turns.push(self.keeping(&held, self.turn(turn)).await?);
        }
        loop {
            let go_on = match held.operation.task() {
                Task::Send => self.send(&mut held, &connector).await?,
                Task::Observe | Task::Verify => self.look(&mut held, &connector).await?,
                Task::Nothing => false,
            };
            if !go_on {
                return Ok(held.operation.phase.is_settled());
            }
        }
    }

    fn turns_of(&self, held: &Held) -> Vec<Turn> {
        let planned = &held.operation.planned;
        let account = held.operation.account.iter().map(|id| Turn::Account(planned.system.clone(), id.clone()));
        let list = planned.action.entitlement().filter(|_| held.capability.whole_list);
        account.chain(list.map(|id| Turn::WholeList(planned.system.clone(), id.clone()))).collect()
    }

    async fn cannot_reach(&self, mut held: Held, error: &Error) -> Result<bool> {
        let failure = Failure::Denied(error.to_string());
        let happened = match held.operation.task() {
            Task::Send => Happened::Answered { result: Err(failure), reached: false },
            _ => Happened::Read { began: self.app.now(), sight: Err(failure) },
        };
        self.take(&mut held, happened, None, None, false).await?;
        Ok(held.operation.phase.is_settled())
    }

    /// Sends it, unless the reason for it is gone.
    async fn send(&self, held: &mut Held, connector: &Arc<Connector>) -> Result<bool> {
        let account = match self.ready(&held.operation).await? {
            Ready::Go(account) => account,
            Ready::Withdrawn(why) => {
                self.take(held, Happened::Withdrawn { why }, None, None, false).await?;
                return Ok(false);
            }
        };
        let (system, lane) = (held.operation.planned.system.clone(), held.operation.planned.lane);
        if !self.may_send(&system, held.operation.sends, lane).await {
            // The budget of this system is used up: it rests until others have succeeded.
            held.operation.not_before = after(self.app.now(), LEASE);
            self.save(held, None).await?;
            return Ok(false);
        }
        self.take(held, Happened::Intended { account }, None, None, true).await?;
        let Some(action) = held.operation.action() else {
            let why = "the account that it is for is not known".to_owned();
            self.take(held, Happened::Withdrawn { why }, None, None, false).await?;
            return Ok(false);
        };
        // A process that stood still between the two may not be the only one any more that holds it. The intent is on
        // record, so whoever claims it next reads first.
        if held.kept.elapsed() >= LEASE {
            return Ok(false);
        }
        let id: OperationId = held.operation.id.clone();
        let applied = self.keeping(held, connector.apply(&action, &id)).await?;
        self.record(&system, applied.result.as_ref().err()).await;
        let happened = Happened::Answered { result: applied.result, reached: applied.reached };
        self.take(held, happened, Some(&applied.journal), None, true).await?;
        Ok(self.due_now(held))
    }

    /// Reads, and lets the read decide.
    async fn look(&self, held: &mut Held, connector: &Arc<Connector>) -> Result<bool> {
        if held.operation.phase == Phase::Intended {
            self.take(held, Happened::Interrupted, None, None, true).await?;
        }
        let operation = held.operation.clone();
        let facts = self.facts(&operation.planned.system).await?;
        let began = self.app.now();
        let seen = self.keeping(held, sight::look(connector, &operation, &facts.description.finds_by)).await?;
        self.record(&operation.planned.system, seen.sight.as_ref().err()).await;
        let happened = Happened::Read { began, sight: seen.sight };
        self.take(held, happened, None, seen.view.as_ref(), true).await?;
        Ok(self.due_now(held))
    }

    /// Whether the same worker goes on at once.
    fn due_now(&self, held: &Held) -> bool {
        !held.operation.phase.is_settled() && held.operation.not_before <= self.app.now()
    }

    /// Waits for a target and renews the claim meanwhile. A claim that was lost is an error: what comes back then is for
    /// the new owner to find out by reading.
    async fn keeping<T>(&self, held: &Held, work: impl Future<Output = T>) -> Result<T> {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(RENEWAL) => {}
            }
            // The target is listened to meanwhile, and a database that is busy is asked again at the next renewal.
            tokio::select! {
                done = &mut work => return Ok(done),
                saved = self.save(held, Some(LEASE)) => match saved {
                    Ok(()) | Err(Error::Store(StoreError::Busy)) => {}
                    Err(error) => return Err(error),
                },
            }
        }
    }

    async fn save(&self, held: &Held, keep: Option<std::time::Duration>) -> Result<()> {
        let mut tx = self.app.write().await?;
        let until = keep.map(|lease| after(self.app.now(), lease));
        tx.save_claimed(&held.operation, held.fence, until).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes what happened: the operation's new state, its entry in the log and all that follows commit together.
    async fn take(
        &self,
        held: &mut Held,
        happened: Happened,
        journal: Option<&Journal>,
        view: Option<&(NativeId, Option<AccountView>)>,
        goes_on: bool,
    ) -> Result<()> {
        let now = self.app.now();
        let step = held.operation.step(happened, &held.capability, now, jitter());
        let goes_on = goes_on && !held.operation.phase.is_settled() && held.operation.not_before <= now;
        let record = Arc::new(Record {
            held: held.clone(),
            step,
            journal: journal.map(Journal::bytes),
            view: view.cloned(),
            goes_on,
        });
        // What the target answered must not be lost because somebody else is writing. The fence keeps it from being
        // stored twice, or over what another worker did.
        for _ in 0..STORE_TRIES_MAX {
            match self.recorder.store(&self.app, record.clone()).await {
                Err(Error::Store(StoreError::Busy)) => {
                    tracing::warn!("the database is busy; {} is stored again", held.operation.id)
                }
                other => {
                    held.kept = other?;
                    return Ok(());
                }
            }
        }
        Err(Error::Store(StoreError::Busy))
    }

    /// Whether it may be sent, and to which account.
    async fn ready(&self, operation: &Operation) -> Result<Ready> {
        let mut tx = self.app.store.read().await?;
        let person = tx.identity(&operation.planned.identity).await?;
        if let Some(why) = operation.withdrawn(person.map(|person| person.standing)) {
            return Ok(Ready::Withdrawn(why));
        }
        let Some(before) = operation.planned.after else {
            return Ok(Ready::Go(operation.account.clone()));
        };
        let before = tx.operation(&OperationId::of(&operation.plan, before)).await?;
        let Some(before) = before.filter(|before| before.phase == Phase::Verified) else {
            return Ok(Ready::Withdrawn("what it depends on did not come about".to_owned()));
        };
        match operation.planned.action.account() {
            Some(AccountRef::CreatedBy(_)) => Ok(Ready::Go(before.account)),
            _ => Ok(Ready::Go(operation.account.clone())),
        }
    }
}

enum Ready {
    Go(Option<NativeId>),
    Withdrawn(String),
}

/// From 0 to 1. Without randomness retries only come a little closer together.
fn jitter() -> f64 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_or(1.0, |()| f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}
