//! The answer to "who had what, when, and why": what reads showed, with the reason that was on record for it.

use crate::error::Result;
use reeve_core::Timestamp;
use reeve_core::id::{NativeId, OperationId, SystemName};
use reeve_core::identity::{Identity, LifecycleEvent};
use reeve_core::leaver::Case;
use reeve_core::plan::{Action, Cause};
use reeve_core::policy::Assignment;
use reeve_core::run::{Operation, Phase};
use reeve_store::{Held, Tx};
use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Timeline {
    pub identity: Identity,
    pub events: Vec<LifecycleEvent>,
    pub held: Vec<HeldAccess>,
    pub cases: Vec<Case>,
}

/// One span of one piece of access.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HeldAccess {
    pub system: SystemName,
    pub account: NativeId,
    pub what: String,
    /// The read that first showed it.
    pub since: Timestamp,
    /// The read that no longer showed it; none while it is held.
    pub until: Option<Timestamp>,
    pub why: String,
    /// The operation that brought it about, and who approved its plan; none for what Reeve found there.
    pub operation: Option<OperationId>,
    pub approved_by: Option<String>,
}

/// Everything about a person, or what was held at one moment.
pub async fn of(tx: &mut Tx, identity: Identity, at: Option<Timestamp>) -> Result<Timeline> {
    let events = tx.events_of(&identity.id).await?;
    let assignments = tx.assignments_of(&identity.id).await?;
    let operations = tx.operations_of_identity(&identity.id).await?;
    let mut held = Vec::new();
    for span in tx.held_by(&identity.id).await? {
        if at.is_some_and(|at| at < span.since || span.until.is_some_and(|until| until <= at)) {
            continue;
        }
        let operation = operations.iter().find(|operation| brought_about(operation, &span));
        let approved_by = match operation {
            Some(operation) => tx.plan(operation.plan.as_str()).await?.and_then(|plan| plan.decided_by),
            None => None,
        };
        held.push(access(span, &assignments, operation, approved_by));
    }
    held.sort_by(|a, b| (a.since, &a.system, &a.what).cmp(&(b.since, &b.system, &b.what)));
    let cases = tx.case_of(&identity.id).await?.into_iter().collect();
    Ok(Timeline { identity, events, held, cases })
}

/// Whether this operation is what the span began with: it was sent before, and the read that confirmed it is not later.
fn brought_about(operation: &Operation, held: &Held) -> bool {
    let (Some(sent), Some(settled)) = (operation.sent_at, operation.settled_at) else { return false };
    let here = operation.planned.system == held.system && operation.account.as_ref() == Some(&held.account);
    let same = match (&held.entitlement, &operation.planned.action) {
        (Some((id, ..)), Action::Create(new)) => new.entitlements.contains(id),
        (Some((id, ..)), action) => action.entitlement() == Some(id) && !action.removes(),
        (None, action) => action.entitlement().is_none(),
    };
    // Spans are kept in whole microseconds, so a confirmed one may begin a little before its confirmation.
    let in_time = held.since.as_microsecond() >= sent.as_microsecond() && held.since <= settled;
    operation.phase == Phase::Verified && here && same && in_time
}

fn access(
    held: Held,
    assignments: &[Assignment],
    operation: Option<&Operation>,
    approved_by: Option<String>,
) -> HeldAccess {
    let id = held.entitlement.as_ref().map(|(id, _, _)| id);
    let fits = |assignment: &&Assignment| {
        assignment.system == held.system
            && assignment.entitlement.as_ref() == id
            // A reason that ended before the access began, or came after it ended, does not explain it.
            && assignment.until.is_none_or(|until| until > held.since)
            && held.until.is_none_or(|until| assignment.since < until)
    };
    let why = match (operation, assignments.iter().find(fits)) {
        (Some(operation), _) if operation.planned.action.removes() => cause(&operation.planned.cause),
        (_, Some(assignment)) => format!("{:?}: {}", assignment.origin.rule, assignment.origin.because),
        (Some(operation), None) => cause(&operation.planned.cause),
        (None, None) => "no reason on record".to_owned(),
    };
    let login = held.login.clone().unwrap_or_else(|| held.account.to_string());
    let what = match (&held.entitlement, &held.state) {
        (Some((_, kind, name)), _) => format!("{kind}:{name}"),
        (None, Some(state)) => format!("account {login} ({state})"),
        (None, None) => format!("account {login}"),
    };
    HeldAccess {
        system: held.system,
        account: held.account,
        what,
        since: held.since,
        until: held.until,
        why,
        operation: operation.map(|operation| operation.id.clone()),
        approved_by,
    }
}

/// The cause of an operation, in a few words.
pub fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Leaver { effective_at, .. } => format!("left {}", crate::output::moment(*effective_at)),
        Cause::Birthright { origin } => format!("rule {:?} ({})", origin.rule, origin.place),
        Cause::NoLongerGiven { origin } => format!("rule {:?} no longer gives it", origin.rule),
        Cause::Facts { fields } => format!("HR changed {}", fields.join(", ")),
    }
}
