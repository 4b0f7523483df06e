//! The answer to "who had what, when, and why": what reads showed, with the reason that was on record for it.

use crate::error::Result;
use reeve_core::Timestamp;
use reeve_core::id::SystemName;
use reeve_core::identity::{Identity, LifecycleEvent};
use reeve_core::leaver::Case;
use reeve_core::policy::Assignment;
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
    pub what: String,
    /// The read that first showed it.
    pub since: Timestamp,
    /// The read that no longer showed it; none while it is held.
    pub until: Option<Timestamp>,
    pub why: String,
}

/// Everything about a person, or what was held at one moment.
pub async fn of(tx: &mut Tx, identity: Identity, at: Option<Timestamp>) -> Result<Timeline> {
    let events = tx.events_of(&identity.id).await?;
    let assignments = tx.assignments_of(&identity.id).await?;
    let mut held: Vec<HeldAccess> = tx
        .held_by(&identity.id)
        .await?
        .into_iter()
        .filter(|held| at.is_none_or(|at| held.since <= at && held.until.is_none_or(|until| at < until)))
        .map(|held| access(held, &assignments))
        .collect();
    held.sort_by(|a, b| (a.since, &a.system, &a.what).cmp(&(b.since, &b.system, &b.what)));
    let cases = tx.case_of(&identity.id).await?.into_iter().collect();
    Ok(Timeline { identity, events, held, cases })
}

fn access(held: Held, assignments: &[Assignment]) -> HeldAccess {
    let id = held.entitlement.as_ref().map(|(id, _, _)| id);
    let fits = |assignment: &&Assignment| {
        assignment.system == held.system
            && assignment.entitlement.as_ref() == id
            // A reason that ended before the access began, or came after it ended, does not explain it.
            && assignment.until.is_none_or(|until| until > held.since)
            && held.until.is_none_or(|until| assignment.since < until)
    };
    let why = match assignments.iter().find(fits) {
        Some(assignment) => format!("{:?}: {}", assignment.origin.rule, assignment.origin.because),
        None => "no reason on record".to_owned(),
    };
    let login = held.login.clone().unwrap_or_else(|| held.account.to_string());
    let what = match (&held.entitlement, &held.state) {
        (Some((_, kind, name)), _) => format!("{kind}:{name}"),
        (None, Some(state)) => format!("account {login} ({state})"),
        (None, None) => format!("account {login}"),
    };
    HeldAccess { system: held.system, what, since: held.since, until: held.until, why }
}
