//! Plans: made from what is stored, kept under their hash, approved by it.

use crate::app::App;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::{actor, findings, lifecycle};
use reeve_core::access::{Credential, Link};
use reeve_core::audit::{Event, Subject};
use reeve_core::finding::FindingKind;
use reeve_core::id::{IdentityId, NativeId, PlanHash, SystemName};
use reeve_core::inventory::{System, SystemRole};
use reeve_core::plan::{LeftAlone, OperationKey, PlanInput, Planned, ProvisioningPlan, SystemBasis, SystemState, make};
use reeve_core::policy::{Assignment, Policy};
use reeve_core::run::Operation;
use reeve_store::{PlanRow, PlanState, Snapshot, Tx};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const PLAN_FINDINGS: &[FindingKind] = &[FindingKind::UnknownEntitlement, FindingKind::UnexplainedAccess];

/// A plan as it was stored, and what was noticed while it was made.
pub struct Made {
    pub hash: PlanHash,
    pub plan: ProvisioningPlan,
    pub findings: usize,
}

/// What one system is known to hold.
struct Known {
    system: System,
    snapshot: Snapshot,
    basis: SystemBasis,
    accounts: Vec<reeve_core::access::Account>,
    entitlements: Vec<reeve_core::access::Entitlement>,
    grants: Vec<reeve_core::access::Grant>,
    credentials: Vec<Credential>,
    links: BTreeMap<NativeId, Link>,
}

impl Known {
    fn state(&self) -> SystemState<'_> {
        SystemState {
            system: &self.system,
            description: &self.snapshot.description,
            basis: &self.basis,
            accounts: &self.accounts,
            entitlements: &self.entitlements,
            grants: &self.grants,
            credentials: &self.credentials,
            links: &self.links,
        }
    }
}

/// Makes a plan for everybody, or for one person. None where nothing has to be done.
pub async fn plan(app: &App, only: Option<&IdentityId>) -> Result<(Option<Made>, Vec<SystemName>)> {
    lifecycle::tick(app).await?;
    let targets = app.systems(SystemRole::Target).await?;
    let policy = app.home.policy(&targets.iter().map(|target| target.name.clone()).collect())?;
    let credentials = leavers_credentials(app, &targets, only).await?;
    let now = app.now();
    let mut tx = app.write().await?;
    note_policy(app, &mut tx, &policy).await?;
    let mut identities = tx.identities().await?;
    if let Some(only) = only {
        identities.retain(|person| person.id == *only);
    }
    let (known, unread) = known(&mut tx, targets, credentials.read).await?;
    let assignments: Vec<Assignment> = tx.open_assignments().await?;
    let underway: BTreeSet<OperationKey> = tx
        .underway()
        .await?
        .iter()
        .map(|operation| {
            let planned = &operation.planned;
            OperationKey::of(&planned.system, &planned.identity, &planned.action)
        })
        .collect();
    let states: Vec<_> = known.iter().map(Known::state).collect();
    let mut planned = make(PlanInput {
        now,
        policy: &policy,
        identities: &identities,
        systems: &states,
        assignments: &assignments,
        underway: &underway,
    });
    planned.plan.left_alone.extend(credentials.unread);
    let made = keep(app, &mut tx, planned, only.is_none()).await?;
    tx.commit().await?;
    Ok((made, unread))
}

async fn keep(app: &App, tx: &mut Tx, planned: Planned, everybody: bool) -> Result<Option<Made>> {
    let now = app.now();
    let Planned { plan, findings: found, adopted, ended } = planned;
    if !adopted.is_empty() || !ended.is_empty() {
        let entry = app.entry(Event::ReasonsChanged).with_data(json!({ "adopted": adopted, "ended": ended }));
        tx.audit(&entry).await?;
    }
    tx.open_assignment(&adopted).await?;
    let ended: Vec<_> = ended.into_iter().map(|a| (a.identity, a.system, a.entitlement)).collect();
    tx.end_assignments(&ended, now).await?;
    let raised = if everybody {
        findings::settle(app, tx, PLAN_FINDINGS, None, &found, now).await?
    } else {
        findings::raise(app, tx, &found, now).await?
    };
    let bytes = plan.bytes()?;
    let hash = PlanHash::of(&bytes);
    // An older plan is made from what is no longer so, also where nothing has to be done now.
    if everybody {
        tx.supersede_proposed(&hash, now).await?;
    }
    if plan.operations.is_empty() {
        return Ok(None);
    }
    tx.put_plan(&hash, &bytes, now).await?;
    let data = json!({
        "operations": plan.operations.len(),
        "guardrails": plan.guardrails,
        "left-alone": plan.left_alone.len(),
        "policy-sha256": plan.basis.policy_sha256,
        "read": plan.basis.systems.iter().map(|(name, basis)| (name.to_string(), basis.snapshot.to_string())).collect::<BTreeMap<_, _>>(),
    });
    let entry = app.entry(Event::PlanMade).about(Subject::Plan { hash: hash.clone() }).with_data(data);
    tx.audit(&entry).await?;
    Ok(Some(Made { hash, plan, findings: raised }))
}

/// The version of the policy that is in force stands in the log from its first use on.
async fn note_policy(app: &App, tx: &mut Tx, policy: &Policy) -> Result<()> {
    const KEY: &str = "policy-sha256";
    if tx.meta(KEY).await?.as_deref() == Some(policy.sha256.as_str()) {
        return Ok(());
    }
    tx.set_meta(KEY, &policy.sha256).await?;
    let rules: Vec<_> = policy.birthrights.iter().map(|rule| &rule.name).collect();
    let entry = app
        .entry(Event::PolicyApplied)
        .about(Subject::Policy { sha256: policy.sha256.clone() })
        .with_data(json!({ "birthrights": rules, "guardrails": policy.guardrails }));
    tx.audit(&entry).await?;
    Ok(())
}

/// What is stored of each target. Targets that were never read whole are named instead: nothing is planned on a guess.
async fn known(
    tx: &mut Tx,
    targets: Vec<System>,
    mut credentials: BTreeMap<SystemName, Vec<Credential>>,
) -> Result<(Vec<Known>, Vec<SystemName>)> {
    let (mut known, mut unread) = (Vec::new(), Vec::new());
    for system in targets {
        let Some(snapshot) = tx.last_snapshot(&system.name, false).await? else {
            unread.push(system.name);
            continue;
        };
        let (accounts, grants) = (tx.accounts(&system.name).await?, tx.grants(&system.name).await?);
        let basis = SystemBasis {
            snapshot: snapshot.id.clone(),
            read_at: snapshot.read_at,
            accounts: accounts.len() as u64,
            grants: grants.len() as u64,
            complete: snapshot.whole,
        };
        known.push(Known {
            entitlements: tx.entitlements(&system.name).await?,
            links: tx.links(&system.name).await?,
            credentials: credentials.remove(&system.name).unwrap_or_default(),
            system,
            snapshot,
            basis,
            accounts,
            grants,
        });
    }
    Ok((known, unread))
}

/// What leavers' accounts have besides passwords, and what could not be read of it.
#[derive(Default)]
struct LeaversCredentials {
    read: BTreeMap<SystemName, Vec<Credential>>,
    unread: Vec<LeftAlone>,
}

/// Sessions, keys and tokens of leavers with an open case, where a connector lists them. Read now: they come and go. A
/// system that does not answer delays nothing but this.
async fn leavers_credentials(app: &App, targets: &[System], only: Option<&IdentityId>) -> Result<LeaversCredentials> {
    let mut all = LeaversCredentials::default();
    let open = app.store.read().await?.open_cases().await?;
    let leavers: BTreeSet<_> =
        open.into_iter().map(|case| case.identity).filter(|id| only.is_none_or(|only| id == only)).collect();
    for system in targets {
        let mut unread = |why: String| all.unread.push(LeftAlone { system: system.name.clone(), person: None, why });
        let connector = match app.connector(system).await {
            Ok(connector) => connector,
            Err(error) => {
                unread(format!("its connector can't be used: {error}"));
                continue;
            }
        };
        // Not those of disputed accounts: a plan ends nothing that may be somebody else's.
        let theirs = |link: &Link| link.identity().is_some_and(|id| leavers.contains(id));
        let (found, faults) = Credentials::read(app, system, &connector, theirs).await?.into_parts();
        faults.into_iter().for_each(&mut unread);
        if let Some(found) = found {
            all.read.insert(system.name.clone(), found);
        }
    }
    Ok(all)
}

/// A stored plan by its hash or the beginning of it.
pub async fn find(tx: &mut Tx, prefix: &str) -> Result<(PlanRow, ProvisioningPlan)> {
    let row = tx
        .plan(prefix)
        .await?
        .ok_or_else(|| Error::NotFound(format!("there is no plan {prefix:?}. `reeve plan list` shows them")))?;
    if PlanHash::of(&row.bytes) != row.hash {
        return Err(Error::Refused(format!(
            "the stored plan {} does not have its hash: it was changed",
            row.hash.short()
        )));
    }
    let plan = serde_json::from_slice(&row.bytes)?;
    Ok((row, plan))
}

/// Approves exactly the plan with this hash. Each guardrail that it trips must be accepted by name, with a reason.
pub async fn approve(app: &App, prefix: &str, accepted: &[String], reason: Option<&str>) -> Result<(PlanHash, usize)> {
    let now = app.now();
    let mut tx = app.write().await?;
    let (row, plan) = find(&mut tx, prefix).await?;
    if row.state != PlanState::Proposed {
        return Err(Error::Refused(format!(
            "plan {} is {:?} already, so there is nothing to approve. `reeve plan` makes a new one",
            row.hash.short(),
            row.state
        )));
    }
    let open: Vec<_> = plan.guardrails.iter().filter(|trip| !accepted.contains(&trip.name)).collect();
    if let Some(first) = open.first() {
        let all: Vec<_> = open.iter().map(|trip| format!("  {}: {}", trip.name, trip.text)).collect();
        return Err(Error::Refused(format!(
            "plan {} is over a guardrail:\n{}\nIf it is right, approve it with --accept {} --reason TEXT",
            row.hash.short(),
            all.join("\n"),
            first.name
        )));
    }
    if !plan.guardrails.is_empty() && reason.is_none_or(|reason| reason.trim().is_empty()) {
        return Err(Error::Refused("a guardrail is accepted with a reason: add --reason TEXT".to_owned()));
    }
    let who = actor::name(&app.actor);
    if !tx.move_plan(&row.hash, PlanState::Proposed, PlanState::Approved, &who, reason, accepted, now).await? {
        return Err(Error::Refused(format!("plan {} was decided by somebody else just now", row.hash.short())));
    }
    let operations: Vec<_> = plan
        .operations
        .into_iter()
        .enumerate()
        .map(|(index, one)| Operation::new(&row.hash, index, one, now))
        .collect();
    tx.put_operations(&operations).await?;
    let entry = app
        .entry(Event::PlanApproved)
        .about(Subject::Plan { hash: row.hash.clone() })
        .with_data(json!({ "operations": operations.len(), "accepted": accepted, "reason": reason }));
    tx.audit(&entry).await?;
    tx.commit().await?;
    Ok((row.hash, operations.len()))
}

pub async fn refuse(app: &App, prefix: &str, reason: &str) -> Result<PlanHash> {
    let mut tx = app.write().await?;
    let (row, _) = find(&mut tx, prefix).await?;
    let who = actor::name(&app.actor);
    if !tx.move_plan(&row.hash, PlanState::Proposed, PlanState::Refused, &who, Some(reason), &[], app.now()).await? {
        return Err(Error::Refused(format!(
            "plan {} is {:?}; only a proposed plan can be refused",
            row.hash.short(),
            row.state
        )));
    }
    let entry = app.entry(Event::PlanRefused).about(Subject::Plan { hash: row.hash.clone() });
    tx.audit(&entry.with_data(json!({ "reason": reason }))).await?;
    tx.commit().await?;
    Ok(row.hash)
}
