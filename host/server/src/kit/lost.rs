//! The checks of writing in trouble: what surely did nothing, what may have been done, and that nothing is done twice.

use super::listings::Holdings;
use super::report::{Check, Seen};
use super::stage::{Stage, settled};
use super::writing::harmless;
use reeve_core::access::OperationKind;
use reeve_core::id::NativeId;
use reeve_core::plan::Action;
use reeve_core::run::Failure;
use reeve_runtime::{Strike, Trouble};

pub const WRITE_BUSY: Check = Check {
    name: "write-busy",
    remedy: "A write that was refused with 429 did nothing: `rate-limited` (`unavailable` of a directory).",
};
pub const WRITE_ERROR: Check = Check {
    name: "write-error",
    remedy: "A 500 to a write may come after the work was done: `outcome-unknown`, and Reeve reads before it tries again.",
};
pub const WRITE_LOST: Check = Check {
    name: "write-lost",
    remedy: "A write whose answer was lost is `outcome-unknown`; the same operation again must then work.",
};
pub const CREATE_LOST: Check = Check {
    name: "create-lost",
    remedy: "A create whose answer was lost must be found again by its key, and sending it again must not make a second one.",
};

const FIRST_WRITE: Strike = Strike::Write(1);

/// An operation that can be done and undone on the account: the kit's own step.
fn step(stage: &Stage<'_>, holdings: &Holdings, account: &NativeId) -> Option<[Action<NativeId>; 2]> {
    let can = |operation| stage.can(operation).is_some();
    if can(OperationKind::Disable) && can(OperationKind::Enable) {
        return Some([Action::Disable { account: account.clone() }, Action::Enable { account: account.clone() }]);
    }
    let entitlement = harmless(stage, holdings, stage.can(OperationKind::Grant)?, &[])?.id.clone();
    can(OperationKind::Revoke).then(|| {
        [
            Action::Grant { account: account.clone(), entitlement: entitlement.clone(), expires_at: None },
            Action::Revoke { account: account.clone(), entitlement },
        ]
    })
}

/// Strikes a change of the account, and a create.
pub async fn writes(stage: &mut Stage<'_>, holdings: &Holdings, account: &NativeId) {
    match step(stage, holdings, account) {
        Some([there, back]) => {
            // Whatever was before: a step that has been taken sends nothing that could be struck.
            undo(stage, &back).await;
            busy(stage, &there).await;
            error(stage, &there, &back, account).await;
            lost(stage, &there, &back, account).await;
        }
        None => {
            for check in [WRITE_BUSY, WRITE_ERROR, WRITE_LOST] {
                let why = "there is no operation that can be done and undone";
                stage.report.add(check, "writes", Seen::Skipped(why.to_owned()));
            }
        }
    }
    if stage.can(OperationKind::Create).is_some() {
        create(stage).await;
    }
    stage.bench.calm();
}

fn name(action: &Action<NativeId>) -> String {
    format!("{:?}", action.kind()).to_lowercase()
}

/// Sends it with the first write struck. None where nothing was struck.
async fn struck(
    stage: &mut Stage<'_>,
    action: &Action<NativeId>,
    trouble: Trouble,
) -> Option<Result<reeve_core::run::Outcome, Failure>> {
    let id = stage.operation();
    stage.bench.strike(trouble, FIRST_WRITE);
    let result = stage.apply(action, &id).await.result;
    let (_, met) = stage.bench.requests();
    stage.bench.calm();
    (met > 0).then_some(result)
}

fn not_met() -> Seen {
    Seen::Skipped("no request of this operation can meet it".to_owned())
}

async fn busy(stage: &mut Stage<'_>, there: &Action<NativeId>) {
    let result = struck(stage, there, Trouble::Busy).await;
    let directory = stage.system.connections.values().any(|connection| connection.kind() == "ldap");
    let seen = match result {
        None => not_met(),
        Some(Err(failure @ Failure::RateLimited(_))) => Seen::Fine(failure.to_string()),
        Some(Err(failure @ Failure::Unavailable(_))) if directory => Seen::Fine(failure.to_string()),
        Some(Err(failure)) => Seen::Wrong(failure.to_string()),
        Some(Ok(outcome)) => Seen::Wrong(format!("nothing was done, and it answered {:?}", outcome.status)),
    };
    stage.report.add(WRITE_BUSY, name(there), seen);
}

async fn error(stage: &mut Stage<'_>, there: &Action<NativeId>, back: &Action<NativeId>, account: &NativeId) {
    for (trouble, subject) in [(Trouble::ServerError, "nothing done"), (Trouble::DoneThenError, "done all the same")] {
        let seen = match struck(stage, there, trouble).await {
            None => not_met(),
            Some(Err(failure @ Failure::OutcomeUnknown(_))) => Seen::Fine(failure.to_string()),
            Some(Err(failure)) => Seen::Wrong(failure.to_string()),
            // A plugin that reads for itself may find that it was done.
            Some(Ok(outcome)) => match stage.shows(there, account).await {
                Ok(()) => Seen::Fine(format!("read back by itself: {:?}", outcome.status)),
                Err(why) => Seen::Wrong(format!("it answered {:?}, and {why}", outcome.status)),
            },
        };
        stage.report.add(WRITE_ERROR, format!("{}, {subject}", name(there)), seen);
        undo(stage, back).await;
    }
}

async fn lost(stage: &mut Stage<'_>, there: &Action<NativeId>, back: &Action<NativeId>, account: &NativeId) {
    let seen = match struck(stage, there, Trouble::DoneThenCut).await {
        None => not_met(),
        Some(Err(Failure::OutcomeUnknown(_)) | Ok(_)) => match stage.shows(there, account).await {
            Ok(()) => {
                let id = stage.operation();
                let again = stage.apply(there, &id).await.result;
                match settled(&again) {
                    Seen::Fine(text) => Seen::Fine(format!("outcome-unknown, and again: {text}")),
                    other => other,
                }
            }
            Err(why) => Seen::Wrong(format!("it was done, and {why}")),
        },
        Some(Err(failure)) => Seen::Wrong(failure.to_string()),
    };
    stage.report.add(WRITE_LOST, name(there), seen);
    undo(stage, back).await;
}

/// What is wrong with undoing has its own row by now.
async fn undo(stage: &mut Stage<'_>, back: &Action<NativeId>) {
    let id = stage.operation();
    if let Err(failure) = stage.apply(back, &id).await.result {
        tracing::warn!("the kit could not undo its step: {failure}");
    }
}

async fn create(stage: &mut Stage<'_>) {
    let new = stage.new_account(2);
    let action = Action::Create(new.clone());
    let result = struck(stage, &action, Trouble::DoneThenCut).await;
    let seen = match result {
        None => not_met(),
        Some(Err(failure)) if !matches!(failure, Failure::OutcomeUnknown(_)) => Seen::Wrong(failure.to_string()),
        Some(_) => Seen::of(found_again(stage, &action, &new.login).await),
    };
    // Also where the answer was wrong, it may have been made.
    if let Ok(all) = stage.with_login(&new.login).await {
        let new: Vec<_> = all.into_iter().filter(|id| !stage.made.contains(id)).collect();
        stage.made.extend(new);
    }
    stage.report.add(CREATE_LOST, "create", seen);
}

async fn found_again(stage: &mut Stage<'_>, action: &Action<NativeId>, login: &str) -> Result<String, String> {
    let before = stage.with_login(login).await?;
    let [only] = before.as_slice() else {
        return Err(format!("it was made, and {} accounts are found under its login", before.len()));
    };
    let id = stage.operation();
    let again = stage.apply(action, &id).await.result;
    let after = stage.with_login(login).await?;
    stage.made.extend(after.iter().cloned());
    match again {
        _ if after.len() != 1 => Err(format!("sent again, {} accounts have its login", after.len())),
        Err(Failure::Conflict(why)) => Ok(format!("found again; sent again: conflict: {why}")),
        Ok(outcome) if outcome.account.as_ref() == Some(only) => {
            Ok(format!("found again; sent again: {:?}", outcome.status))
        }
        Ok(outcome) => Err(format!("sent again, it answered {:?} for another account", outcome.status)),
        Err(failure) => Err(format!("sent again: {failure}")),
    }
}
