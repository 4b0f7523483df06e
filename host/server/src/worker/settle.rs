//! What one step of an operation leaves behind, in the transaction that stores it: the log, findings, the account as it was
//! read, and the reason why the person has what they have.

use super::record::Record;
use crate::app::App;
use crate::error::Result;
use crate::findings;
use reeve_core::Timestamp;
use reeve_core::access::{Capability, Link, LinkedBy, OperationKind};
use reeve_core::audit::{Event, Evidence, Subject};
use reeve_core::finding::FindingKind;
use reeve_core::id::NativeId;
use reeve_core::plan::{Action, Cause, OperationKey};
use reeve_core::policy::{Assignment, Origin};
use reeve_core::run::{Happened, Operation, Phase, Step};
use reeve_store::Tx;
use serde_json::json;

/// A capability for an operation of which the connector says nothing: nothing good is assumed.
pub(super) fn undeclared(operation: &Operation) -> Capability {
    Capability {
        operation: operation.planned.action.kind(),
        entitlement_kind: None,
        mechanism: operation.planned.mechanism.clone(),
        reversible: false,
        idempotent: false,
        ends_sessions: false,
        frees_licence: false,
        last_one_refused: false,
        two_step: false,
        whole_list: false,
        visible_after_s: 0,
        limits: Vec::new(),
    }
}

pub(super) async fn all(app: &App, tx: &mut Tx, record: &Record, now: Timestamp) -> Result<()> {
    let Record { held, step, .. } = record;
    let operation = &held.operation;
    let mut evidence = None;
    if let Some(journal) = &record.journal {
        tx.add_journal(&operation.id, operation.sends, &held.digest, journal, now).await?;
        evidence = Some(Evidence::of(format!("journal of attempt {}", operation.sends), journal));
    }
    log(app, tx, operation, step, evidence).await?;
    findings::raise(app, tx, step.finding.as_slice(), now).await?;
    if matches!(operation.phase, Phase::Verified | Phase::Cancelled) {
        let how = format!("the operation is {}", operation.phase.as_str());
        for kind in [FindingKind::OperationStuck, FindingKind::Residual] {
            findings::resolve(app, tx, kind, operation.id.as_str(), &how, now).await?;
        }
    }
    if operation.phase != Phase::Verified {
        return Ok(());
    }
    outdate(app, tx, operation, now).await?;
    let system = &operation.planned.system;
    if let Some((account, view)) = &record.view {
        // As of the step that it settled, so that the span begins with the operation that brought it about.
        tx.apply_account(system, account, view.as_ref(), operation.settled_at.unwrap_or(now)).await?;
    }
    link(tx, operation, now).await?;
    reason(tx, operation, now).await
}

/// The step in the log. The intent carries the whole action; what follows names the operation.
pub(super) async fn log(
    app: &App,
    tx: &mut Tx,
    operation: &Operation,
    step: &Step,
    evidence: Option<Evidence>,
) -> Result<()> {
    let Some(event) = step.event else { return Ok(()) };
    let planned = &operation.planned;
    let mut entry = app
        .entry(event)
        .about(Subject::Operation { id: operation.id.clone() })
        .about(Subject::Identity { id: planned.identity.clone() })
        .about(Subject::System { name: planned.system.clone() });
    if let Some(id) = &operation.account {
        entry = entry.about(Subject::Account { system: planned.system.clone(), id: id.clone() });
    }
    let mut data = json!({ "note": step.note, "attempt": operation.sends });
    if let Some(map) = data.as_object_mut() {
        if event == Event::OperationIntended {
            map.insert("action".to_owned(), serde_json::to_value(&planned.action)?);
            map.insert("cause".to_owned(), serde_json::to_value(&planned.cause)?);
            map.insert("plan".to_owned(), json!(operation.plan));
        }
        if matches!(event, Event::OperationDone | Event::OperationVerified) {
            map.insert("outcome".to_owned(), serde_json::to_value(&operation.outcome)?);
        }
    }
    entry = entry.with_data(data);
    if let Some(evidence) = evidence {
        entry = entry.with_evidence(evidence);
    }
    tx.audit(&entry).await?;
    Ok(())
}

/// Earlier tries at the same wish that wait for a person need none any more.
async fn outdate(app: &App, tx: &mut Tx, done: &Operation, now: Timestamp) -> Result<()> {
    let key = |one: &Operation| OperationKey::of(&one.planned.system, &one.planned.identity, &one.planned.action);
    let wish = key(done);
    for mut earlier in tx.operations_of_identity(&done.planned.identity).await? {
        if earlier.id == done.id || !earlier.phase.needs_person() || key(&earlier) != wish {
            continue;
        }
        let why = format!("operation {} of a later plan did it", done.id);
        let step = earlier.step(Happened::Outdated { why: why.clone() }, &undeclared(done), now, 0.0);
        tx.save_unclaimed(&earlier, now).await?;
        log(app, tx, &earlier, &step, None).await?;
        for kind in [FindingKind::OperationStuck, FindingKind::Residual] {
            findings::resolve(app, tx, kind, earlier.id.as_str(), &why, now).await?;
        }
    }
    Ok(())
}

/// The account that Reeve made belongs to whom it was made for.
async fn link(tx: &mut Tx, operation: &Operation, now: Timestamp) -> Result<()> {
    let (OperationKind::Create, Some(account)) = (operation.planned.action.kind(), &operation.account) else {
        return Ok(());
    };
    let link = Link::Linked { identity: operation.planned.identity.clone(), by: LinkedBy::Creation };
    tx.put_links(&operation.planned.system, &[(account.clone(), link)].into(), now).await?;
    Ok(())
}

/// Keeps the answer to "why": what was given has a reason from now on, and what was taken has none any more.
async fn reason(tx: &mut Tx, operation: &Operation, now: Timestamp) -> Result<()> {
    let planned = &operation.planned;
    let assignment = |entitlement: Option<&NativeId>, origin: &Origin| Assignment {
        identity: planned.identity.clone(),
        system: planned.system.clone(),
        entitlement: entitlement.cloned(),
        origin: origin.clone(),
        since: now,
        until: None,
    };
    let (mut given, mut taken) = (Vec::new(), Vec::new());
    if let Cause::Birthright { origin } = &planned.cause {
        match &planned.action {
            Action::Create(new) => {
                given.push(assignment(None, origin));
                given.extend(new.entitlements.iter().map(|id| assignment(Some(id), origin)));
            }
            Action::Enable { .. } => given.push(assignment(None, origin)),
            Action::Grant { entitlement, .. } | Action::Replace { give: entitlement, .. } => {
                given.push(assignment(Some(entitlement), origin));
            }
            _ => {}
        }
    }
    match &planned.action {
        Action::Revoke { entitlement, .. } => taken.push(Some(entitlement.clone())),
        Action::Replace { take: Some(take), .. } => taken.push(Some(take.clone())),
        Action::Disable { .. } | Action::Freeze { .. } => taken.push(None),
        Action::Delete { .. } => {
            let of_person = tx.assignments_of(&planned.identity).await?;
            let here = of_person.into_iter().filter(|a| a.system == planned.system && a.until.is_none());
            taken.extend(here.map(|a| a.entitlement));
        }
        _ => {}
    }
    tx.open_assignment(&given).await?;
    let taken: Vec<_> =
        taken.into_iter().map(|entitlement| (planned.identity.clone(), planned.system.clone(), entitlement)).collect();
    tx.end_assignments(&taken, now).await?;
    Ok(())
}
