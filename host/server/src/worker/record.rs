//! Stores the steps of operations. Those that are ready at the same time are committed together, because a commit waits
//! for the disk; each is still durable before its operation goes on.

use super::execute::Held;
use super::{LEASE, after, settle};
use crate::app::App;
use crate::error::{Error, Result};
use reeve_core::access::AccountView;
use reeve_core::id::NativeId;
use reeve_core::run::Step;
use reeve_store::StoreError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;

/// A step that was taken, and all that is stored with it.
pub(super) struct Record {
    pub held: Held,
    pub step: Step,
    /// What was said on the wire.
    pub journal: Option<Vec<u8>>,
    /// The account as it was read.
    pub view: Option<(NativeId, Option<AccountView>)>,
    /// Whether the claim is kept.
    pub goes_on: bool,
}

/// When the claim was made sure of, before it was.
type Kept = Result<Instant>;

type Waiting = (Arc<Record>, oneshot::Sender<Kept>);

#[derive(Default)]
pub(super) struct Recorder {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

impl Recorder {
    /// Returns when it is durable, and answers when the claim was made sure of. Whoever has the turn stores what waits by
    /// then; the others find it done.
    pub async fn store(&self, app: &App, record: Arc<Record>) -> Kept {
        let (done, answer) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((record, done));
        let turn = self.turn.lock().await;
        let batch = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if !batch.is_empty() {
            store_all(app, batch).await;
        }
        drop(turn);
        answer.await.unwrap_or_else(|_| Err(broken()))
    }
}

fn broken() -> Error {
    Error::Input(
        "a part of the worker broke while it stored a step; the operation is read before anything else".to_owned(),
    )
}

async fn store_all(app: &App, batch: Vec<Waiting>) {
    let (records, answers): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    let outcomes = match commit(app, &records).await {
        Ok(outcomes) => outcomes,
        // Nobody's fault among these: each of them tries again.
        Err(Error::Store(StoreError::Busy)) => records.iter().map(|_| Err(Error::Store(StoreError::Busy))).collect(),
        Err(error) if records.len() == 1 => vec![Err(error)],
        // One that can't be stored must not keep the others from it.
        Err(_) => {
            let mut outcomes = Vec::with_capacity(records.len());
            for record in &records {
                let alone = commit(app, std::slice::from_ref(record)).await;
                outcomes.push(alone.and_then(|outcomes| outcomes.into_iter().next().unwrap_or(Err(broken()))));
            }
            outcomes
        }
    };
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // One that does not listen any more was cut off.
        answer.send(outcome).unwrap_or_default();
    }
}

/// In one transaction. A claim that was lost stores nothing, and is the only failure that leaves the others whole.
async fn commit(app: &App, records: &[Arc<Record>]) -> Result<Vec<Kept>> {
    let mut tx = app.write().await?;
    let mut outcomes = Vec::with_capacity(records.len());
    for record in records {
        let (now, kept) = (app.now(), Instant::now());
        let keep = record.goes_on.then(|| after(now, LEASE));
        match tx.save_claimed(&record.held.operation, record.held.fence, keep).await {
            Ok(()) => {
                settle::all(app, &mut tx, record, now).await?;
                outcomes.push(Ok(kept));
            }
            Err(StoreError::Fenced) => outcomes.push(Err(Error::Store(StoreError::Fenced))),
            Err(error) => return Err(error.into()),
        }
    }
    tx.commit().await?;
    Ok(outcomes)
}
