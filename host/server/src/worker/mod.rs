//! Carries out approved plans: claims operations, sends them, reads them back, and lets no system hold up another.

mod crew;
mod execute;
mod record;
mod settle;
mod sight;

use crate::app::App;
use crate::error::{Error, Result};
use crew::Crew;
use record::Recorder;
use reeve_core::Timestamp;
use reeve_core::access::Description;
use reeve_core::audit::{Event, Subject};
use reeve_core::finding::FindingKind;
use reeve_core::id::{NativeId, OperationId, SystemName};
use reeve_core::plan::Lane;
use reeve_core::run::{Breaker, Failure, Happened, Operation, Pass, Phase};
use reeve_store::{PlanState, Tx};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How long a claim holds without being renewed. A worker that dies delays its operations by this much.
pub const LEASE: Duration = Duration::from_secs(10);
/// How often a claim is renewed while a target is being waited for.
const RENEWAL: Duration = Duration::from_secs(3);
/// Operations of one claim: few, so that one system does not take all the places before another is looked at.
const CLAIMED_AT_ONCE: u32 = 4;
/// How long the worker sleeps at most before it looks for work again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Faults of the database, or of the host itself, that end a run.
const FAULTS_MAX: usize = 16;

pub struct Worker {
    app: Arc<App>,
    /// Of this process, so that its claims are told from those of one that died.
    name: String,
    breakers: Mutex<BTreeMap<SystemName, Breaker>>,
    /// What the last reads said of systems, for as long as one run lasts.
    facts: Mutex<BTreeMap<SystemName, Arc<Facts>>>,
    /// Accounts, and lists that a target takes whole, which one operation at a time may change.
    turns: Mutex<BTreeMap<Turn, Arc<Mutex<()>>>>,
    recorder: Recorder,
}

/// Something that two operations must not change at the same time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    Account(SystemName, NativeId),
    WholeList(SystemName, NativeId),
}

/// What an operation has to know of its system.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub description: Description,
    pub kinds: BTreeMap<NativeId, String>,
}

/// How far a run has come: told to whoever shows it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    pub settled: u64,
}

impl Worker {
    pub fn new(app: Arc<App>) -> Arc<Self> {
        let name = format!("{}-{}", std::process::id(), uuid::Uuid::now_v7().simple());
        Arc::new(Self {
            app,
            name,
            breakers: Mutex::default(),
            facts: Mutex::default(),
            turns: Mutex::default(),
            recorder: Recorder::default(),
        })
    }

    /// Works until nothing is due for `patience`, or until `stop` resolves. Work that is left waits for its time, for a
    /// system to come back, or for a person. Whatever happens, an operation that has begun is never cut off.
    pub async fn run(
        self: &Arc<Self>,
        patience: Duration,
        stop: impl Future<Output = ()>,
        told: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<()> {
        let mut stop = std::pin::pin!(stop);
        let mut crew = Crew::default();
        let mut stopping = false;
        let mut progress = Progress::default();
        let mut faults: Vec<Error> = Vec::new();
        self.facts.lock().await.clear();
        self.turns.lock().await.clear();
        loop {
            // An operation that met a fault of ours is taken up again when its lease ends; one fault after another is no way
            // to go on.
            stopping |= faults.len() >= FAULTS_MAX;
            if !stopping && let Err(error) = self.take_up(&mut crew).await {
                tracing::warn!(%error, "no more work could be taken up");
                faults.push(error);
            }
            if crew.is_idle() {
                self.finish_plans().await?;
                let wait = self.idle_for(self.app.now()).await?;
                if stopping || wait.is_none_or(|wait| wait > patience) {
                    return faults.into_iter().next().map_or(Ok(()), Err);
                }
                let pause = wait.unwrap_or(LOOK_AGAIN).clamp(Duration::from_millis(20), LOOK_AGAIN);
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = &mut stop, if !stopping => stopping = true,
                }
                continue;
            }
            tokio::select! {
                ended = crew.next() => {
                    match ended {
                        Ok(settled) => progress.settled += u64::from(settled),
                        Err(error) => {
                            tracing::warn!(%error, "an operation was interrupted");
                            faults.push(error);
                        }
                    }
                    told(progress);
                }
                // A slow target must not keep others' work from being taken up.
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = &mut stop, if !stopping => stopping = true,
            }
        }
    }

    /// Claims what is due for as long as there is room, leavers' operations first.
    async fn take_up(self: &Arc<Self>, crew: &mut Crew) -> Result<()> {
        for lane in [Lane::Leaver, Lane::Standard] {
            loop {
                let room = crew.room(lane).min(CLAIMED_AT_ONCE);
                if room == 0 {
                    break;
                }
                let shut = self.shut(crew).await;
                if !crew.may_find(lane, &shut, self.app.now()) {
                    break;
                }
                let mut tx = self.app.queue().await?;
                // Asked after the wait for the database, so that the lease is as long as it should be.
                let now = self.app.now();
                let claimed = tx.claim(&self.name, Some(lane), &shut, now, after(now, LEASE), room).await?;
                let none_left = claimed.is_empty();
                let mut begun = Vec::with_capacity(claimed.len());
                for claimed in claimed {
                    match self.begin(&claimed.operation.planned.system, now).await {
                        Some(pass) => begun.push((claimed, pass)),
                        // Another one is trying whether the system is back.
                        None => tx.save_claimed(&claimed.operation, claimed.fence, None).await?,
                    }
                }
                tx.commit().await?;
                if none_left {
                    crew.found_nothing(lane, shut, now);
                    break;
                }
                for (claimed, pass) in begun {
                    let (system, me) = (claimed.operation.planned.system.clone(), self.clone());
                    crew.begin(lane, system.clone(), async move {
                        let done = me.execute(claimed).await;
                        me.breakers.lock().await.entry(system).or_default().end(pass);
                        done
                    });
                }
            }
        }
        Ok(())
    }

    /// Systems that can take no more for now.
    async fn shut(&self, crew: &Crew) -> Vec<SystemName> {
        let now = self.app.now();
        let mut shut = crew.full_systems();
        let breakers = self.breakers.lock().await;
        shut.extend(breakers.iter().filter(|(_, breaker)| !breaker.allows(now)).map(|(name, _)| name.clone()));
        shut
    }

    /// How long until something is due; none where nothing is left.
    async fn idle_for(&self, now: Timestamp) -> Result<Option<Duration>> {
        let due = self.app.store.read().await?.next_due(now).await?;
        let Some(due) = due else { return Ok(None) };
        let breakers = self.breakers.lock().await;
        let reopened = breakers.values().filter_map(|breaker| breaker.shut_until(now)).min();
        let at = if due <= now { reopened.unwrap_or(due) } else { due };
        Ok(Some(Duration::try_from(at.duration_since(now)).unwrap_or_default()))
    }

    /// Notes the plans that have no operation left to do.
    async fn finish_plans(&self) -> Result<()> {
        let plans = self.app.store.read().await?.plans(None, PLANS_LOOKED_AT).await?;
        for plan in plans.into_iter().filter(|plan| plan.state == PlanState::Approved) {
            // Mostly something is left to do, and nothing is locked then.
            if self.app.store.read().await?.has_unsettled(&plan.hash).await? {
                continue;
            }
            let mut tx = self.app.write().await?;
            // A person may have let one of them go on meanwhile.
            if tx.has_unsettled(&plan.hash).await? {
                continue;
            }
            let operations = tx.operations_of(&plan.hash).await?;
            let now = self.app.now();
            if tx.move_plan(&plan.hash, PlanState::Approved, PlanState::Finished, "reeve", None, &[], now).await? {
                let entry = self.app.entry(Event::RunFinished).about(Subject::Plan { hash: plan.hash.clone() });
                tx.audit(&entry.with_data(json!({ "operations": phases(&operations) }))).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// Leave to ask a system; none while it is down, or while another operation tries whether it still is.
    async fn begin(&self, system: &SystemName, now: Timestamp) -> Option<Pass> {
        self.breakers.lock().await.entry(system.clone()).or_default().begin(now)
    }

    pub(super) async fn record(&self, system: &SystemName, failure: Option<&Failure>) {
        self.breakers.lock().await.entry(system.clone()).or_default().record(failure, self.app.now());
    }

    /// What the connector said when the system was read last.
    pub(super) async fn facts(&self, system: &SystemName) -> Result<Arc<Facts>> {
        if let Some(known) = self.facts.lock().await.get(system) {
            return Ok(known.clone());
        }
        let mut tx = self.app.store.read().await?;
        let snapshot = tx.last_snapshot(system, false).await?;
        let kinds = tx.entitlements(system).await?.into_iter().map(|one| (one.id, one.kind)).collect();
        let description = snapshot.map(|snapshot| snapshot.description).unwrap_or_default();
        let facts = Arc::new(Facts { description, kinds });
        self.facts.lock().await.insert(system.clone(), facts.clone());
        Ok(facts)
    }

    /// Waits until no other operation changes this.
    pub(super) async fn turn(&self, turn: Turn) -> OwnedMutexGuard<()> {
        let lock = self.turns.lock().await.entry(turn).or_default().clone();
        lock.lock_owned().await
    }

    /// Whether the system's budget still pays for another attempt. Leavers' operations have a lane of their own.
    pub(super) async fn may_send(&self, system: &SystemName, sends: u32, lane: Lane) -> bool {
        let mut breakers = self.breakers.lock().await;
        let breaker = breakers.entry(system.clone()).or_default();
        sends == 0 || lane == Lane::Leaver || breaker.take_retry(self.app.now())
    }
}

const PLANS_LOOKED_AT: u32 = 100;

/// How many operations stand in each phase.
pub fn phases(operations: &[Operation]) -> BTreeMap<&'static str, u64> {
    let mut phases = BTreeMap::new();
    for operation in operations {
        *phases.entry(operation.phase.as_str()).or_insert(0) += 1;
    }
    phases
}

pub(super) fn after(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Findings looked at for operations that are stuck.
const STUCK_MAX: u32 = 1_000;

/// Operations that are not settled, and those that wait for a person.
pub async fn left(tx: &mut Tx) -> Result<Vec<Operation>> {
    let mut left = tx.underway().await?;
    for row in tx.findings(true, None, STUCK_MAX).await? {
        if !matches!(row.finding.kind, FindingKind::OperationStuck | FindingKind::Residual) {
            continue;
        }
        let stuck = tx.operation(&OperationId::new(&row.finding.subject)).await?;
        left.extend(stuck.filter(|operation| operation.phase.needs_person()));
    }
    Ok(left)
}

/// A person lets an operation that was stuck go on.
pub async fn release(app: &App, id: &OperationId) -> Result<()> {
    let now = app.now();
    let mut tx = app.write().await?;
    let mut operation = tx
        .operation(id)
        .await?
        .ok_or_else(|| Error::NotFound(format!("there is no operation {id}. `reeve run show` lists them")))?;
    if !operation.phase.needs_person() && operation.phase != Phase::Waiting {
        return Err(Error::Refused(format!(
            "operation {id} is {}; only one that is held, refused, residual or waiting can be tried again",
            operation.phase.as_str()
        )));
    }
    let by = crate::actor::name(&app.actor);
    let step = operation.step(Happened::Released { by }, &settle::undeclared(&operation), now, 0.0);
    tx.save_unclaimed(&operation, now).await?;
    settle::log(app, &mut tx, &operation, &step, None).await?;
    // Its plan has work again.
    tx.move_plan(&operation.plan, PlanState::Finished, PlanState::Approved, "reeve", None, &[], now).await?;
    tx.commit().await?;
    Ok(())
}
