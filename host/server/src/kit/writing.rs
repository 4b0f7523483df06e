//! The checks of writing: each declared operation on an account of the kit's own, twice, and read back each time.

use super::listings::Holdings;
use super::report::{Check, Seen};
use super::stage::{READ_BACK, Stage, WRITE, settled};
use reeve_core::access::{AccountState, Capability, Cardinality, Entitlement, OperationKind};
use reeve_core::id::NativeId;
use reeve_core::plan::Action;
use reeve_core::run::{Failure, Status};
use reeve_runtime::package::Export;
use serde_json::json;
use std::collections::BTreeMap;

pub const CREATE_AGAIN: Check = Check {
    name: "create-again",
    remedy: "A login that is taken is `conflict`, or `already-so` with the same account's id; never a second account.",
};
pub const UNDECLARED: Check = Check {
    name: "undeclared",
    remedy: "An operation that is not in the description answers `unsupported` and sends nothing.",
};
pub const MISSING_ACCOUNT: Check = Check {
    name: "missing-account",
    remedy: "For an account that is gone, disable, freeze, delete and revoke are `already-so`; all else is `not-found`.",
};

/// What an account is renamed by: the first field that the target does not make of others.
const NAMES: [&str; 2] = ["display-name", "family-name"];

/// The whole life of a test account, up to its end. None where there is no account to work on.
pub async fn life(stage: &mut Stage<'_>, holdings: &Holdings) -> Option<NativeId> {
    let account = account(stage).await?;
    update(stage, &account).await;
    entitlements(stage, holdings, &account).await;
    states(stage, &account).await;
    credentials(stage, &account).await;
    undeclared(stage, &account).await;
    missing(stage, holdings).await;
    Some(account)
}

async fn account(stage: &mut Stage<'_>) -> Option<NativeId> {
    if stage.can(OperationKind::Create).is_none() {
        let given = stage.wishes.account.clone();
        let why = match &given {
            Some(id) => format!("not declared; {id} is used"),
            None => "not declared; name an account to use with --account".to_owned(),
        };
        stage.report.add(WRITE, "create", Seen::Skipped(why));
        return given;
    }
    let new = stage.new_account(1);
    let action = Action::Create(new.clone());
    let id = stage.operation();
    let outcome = stage.apply(&action, &id).await.result;
    let made = outcome.as_ref().ok().and_then(|outcome| outcome.account.clone());
    stage.made.extend(made.clone());
    if !stage.report.add(WRITE, "create", settled(&outcome)) {
        return None;
    }
    let account = made?;
    let shown = match stage.shows(&action, &account).await {
        Ok(()) => fields(stage, &account).await,
        Err(why) => Err(why),
    };
    stage.report.add(READ_BACK, "create", Seen::of(shown));
    let id = stage.operation();
    let again = stage.apply(&action, &id).await.result;
    let seen = match again {
        Err(failure @ Failure::Conflict(_)) => Seen::Fine(failure.to_string()),
        Ok(outcome) if outcome.account.as_ref() == Some(&account) => Seen::Fine(format!("{:?}", outcome.status)),
        Ok(outcome) => {
            stage.made.extend(outcome.account.clone());
            Seen::Wrong(format!(
                "it answered for another account, {}",
                outcome.account.map_or_else(String::new, |id| id.to_string())
            ))
        }
        Err(failure) => Seen::Wrong(failure.to_string()),
    };
    let seen = match (seen, stage.with_login(&new.login).await) {
        (Seen::Fine(_), Ok(all)) if all.len() != 1 => {
            stage.made.extend(all.iter().filter(|id| **id != account).cloned());
            Seen::Wrong(format!("{} accounts have the login {:?} now", all.len(), new.login))
        }
        (Seen::Fine(_), Err(why)) => Seen::Wrong(why),
        (seen, _) => seen,
    };
    stage.report.add(CREATE_AGAIN, "create", seen);
    Some(account)
}

/// Whether a new account has the login, the address and the key that it was given.
async fn fields(stage: &Stage<'_>, account: &NativeId) -> Result<&'static str, String> {
    let new = stage.new_account(1);
    let view = stage.bench.connector().get_account(account).await.map_err(|failure| failure.to_string())?;
    let found = view.ok_or("it is not there")?.account;
    let same = |one: Option<&String>, other: Option<&String>| match (one, other) {
        (Some(one), Some(other)) => one.to_lowercase() == other.to_lowercase(),
        (_, given) => given.is_none(),
    };
    for (field, read, given) in [
        ("login", found.login.as_ref(), Some(&new.login)),
        ("email", found.email.as_ref(), new.email.as_ref()),
        ("correlation-key", found.correlation_key.as_ref(), new.correlation_key.as_ref()),
    ] {
        if !same(read, given) {
            return Err(format!("{field} was set to {given:?} and is {read:?}"));
        }
    }
    Ok("a fresh read shows it, with its login, address and key")
}

async fn update(stage: &mut Stage<'_>, account: &NativeId) {
    if stage.can(OperationKind::Update).is_none() {
        return;
    }
    if !stage.made.contains(account) {
        stage.report.add(WRITE, "update", Seen::Skipped("only on an account of the kit's own".to_owned()));
        return;
    }
    let renamed = json!(format!("Renamed Kit{}", stage.wishes.mark));
    for (at, field) in NAMES.iter().enumerate() {
        let attributes = BTreeMap::from([((*field).to_owned(), renamed.clone())]);
        let action = Action::Update { account: account.clone(), etag: None, attributes };
        let (name, id) = (format!("update {field}"), stage.operation());
        let applied = stage.apply(&action, &id).await;
        match &applied.result {
            Err(failure @ Failure::Invalid(_)) if at + 1 < NAMES.len() => {
                stage.report.add(WRITE, name, Seen::Skipped(failure.to_string()));
            }
            _ => {
                stage.once_more(&name, &action, account, applied).await;
                return;
            }
        }
    }
}

async fn states(stage: &mut Stage<'_>, account: &NativeId) {
    let shut = [
        (OperationKind::Freeze, "freeze", Action::Freeze { account: account.clone() }),
        (OperationKind::Disable, "disable", Action::Disable { account: account.clone() }),
    ];
    for (operation, name, action) in shut {
        if stage.can(operation).is_none() || !stage.twice(name, &action, account).await {
            continue;
        }
        if stage.can(OperationKind::Enable).is_some() {
            let action = Action::Enable { account: account.clone() };
            stage.twice(&format!("enable after {name}"), &action, account).await;
        }
    }
}

async fn entitlements(stage: &mut Stage<'_>, holdings: &Holdings, account: &NativeId) {
    let declared = stage.description.capabilities.iter();
    for capability in declared.filter(|capability| capability.operation == OperationKind::Grant) {
        let kind = capability.entitlement_kind.as_deref();
        let name = kind.map_or_else(|| "grant".to_owned(), |kind| format!("grant {kind}"));
        let held = held(stage, account).await;
        let Some(entitlement) = harmless(stage, holdings, capability, &held) else {
            let why = "there is nothing harmless to grant; name something with --grant";
            stage.report.add(WRITE, name, Seen::Skipped(why.to_owned()));
            continue;
        };
        let grant = Action::Grant { account: account.clone(), entitlement: entitlement.id.clone(), expires_at: None };
        if !stage.twice(&name, &grant, account).await {
            continue;
        }
        let revocable = stage.description.capability(OperationKind::Revoke, Some(&entitlement.kind)).is_some();
        if revocable && !entitlement.cardinality.is_required() {
            let revoke = Action::Revoke { account: account.clone(), entitlement: entitlement.id.clone() };
            stage.twice(&name.replace("grant", "revoke"), &revoke, account).await;
        }
    }
    replace(stage, holdings, account).await;
}

async fn held(stage: &Stage<'_>, account: &NativeId) -> Vec<NativeId> {
    let view = stage.bench.connector().get_account(account).await.ok().flatten();
    view.map(|view| view.grants.into_iter().map(|grant| grant.entitlement).collect()).unwrap_or_default()
}

/// What an account may be given for a moment: assignable, not privileged, and nothing comes along with it.
pub fn harmless<'h>(
    stage: &Stage<'_>,
    holdings: &'h Holdings,
    capability: &Capability,
    held: &[NativeId],
) -> Option<&'h Entitlement> {
    let fits = |one: &&Entitlement| capability.entitlement_kind.as_ref().is_none_or(|kind| *kind == one.kind);
    if let Some(wanted) = &stage.grant {
        return holdings.entitlements.iter().filter(fits).find(|one| one.id == *wanted);
    }
    let free = |one: &&Entitlement| {
        one.assignable
            && one.privileged != Some(true)
            && one.cardinality == Cardinality::Many
            && one.contains.is_empty()
            && !held.contains(&one.id)
    };
    holdings.entitlements.iter().filter(fits).find(free)
}

/// From what the account holds of an exclusive kind to another of that kind, and back.
async fn replace(stage: &mut Stage<'_>, holdings: &Holdings, account: &NativeId) {
    let declared = stage.description.capabilities.iter();
    for capability in declared.filter(|capability| capability.operation == OperationKind::Replace) {
        let kind = capability.entitlement_kind.as_deref();
        let name = kind.map_or_else(|| "replace".to_owned(), |kind| format!("replace {kind}"));
        let held = held(stage, account).await;
        let of_kind = |one: &&Entitlement| kind.is_none_or(|kind| one.kind == kind);
        let from = holdings.entitlements.iter().filter(of_kind).find(|one| held.contains(&one.id));
        let harmless = |one: &&Entitlement| one.assignable && one.privileged != Some(true) && !held.contains(&one.id);
        let family = |one: &Entitlement| one.rung.as_ref().map(|rung| rung.family.clone());
        let to = from.and_then(|from| {
            let mut others = holdings.entitlements.iter().filter(of_kind).filter(harmless);
            others.find(|one| one.kind == from.kind && family(one) == family(from))
        });
        let (Some(from), Some(to)) = (from, to) else {
            let why = "the account holds nothing of that kind, or there is nothing harmless to step to";
            stage.report.add(WRITE, name, Seen::Skipped(why.to_owned()));
            continue;
        };
        for (take, give) in [(from, to), (to, from)] {
            let (take, give) = (Some(take.id.clone()), give.id.clone());
            let action = Action::Replace { account: account.clone(), take, give };
            stage.twice(&name, &action, account).await;
        }
    }
}

async fn credentials(stage: &mut Stage<'_>, account: &NativeId) {
    let exported = stage.bench.connector().exports(Export::Credentials);
    if stage.can(OperationKind::EndCredential).is_none() || !exported {
        return;
    }
    let listed = stage.bench.connector().list_credentials(account).await;
    let credential = match listed {
        Ok(listed) => listed.into_iter().find(|one| one.endable && one.observable),
        Err(failure) => {
            stage.report.add(WRITE, "end-credential", Seen::Wrong(failure.to_string()));
            return;
        }
    };
    let Some(credential) = credential else {
        let why = "the account has no credential that could end";
        stage.report.add(WRITE, "end-credential", Seen::Skipped(why.to_owned()));
        return;
    };
    let action = Action::EndCredential { account: account.clone(), credential: credential.id.clone() };
    let id = stage.operation();
    let applied = stage.apply(&action, &id).await;
    stage.report.add(WRITE, "end-credential", settled(&applied.result));
    let left = stage.bench.connector().list_credentials(account).await;
    let fault = match left {
        Ok(left) => left.iter().any(|one| one.id == credential.id).then(|| "it is still listed".to_owned()),
        Err(failure) => Some(failure.to_string()),
    };
    stage.report.add(READ_BACK, "end-credential", Seen::unless(fault, "it is not listed any more"));
}

async fn undeclared(stage: &mut Stage<'_>, account: &NativeId) {
    if !stage.bench.connector().exports(Export::Writer) || !stage.made.contains(account) {
        return;
    }
    // Nothing that is there: whatever the plugin does with it, nobody gets anything.
    let thing = NativeId::new("nothing-of-the-conformance-kit");
    let account = account.clone();
    let all: [Action<NativeId>; 8] = [
        Action::Update { account: account.clone(), etag: None, attributes: BTreeMap::new() },
        Action::Enable { account: account.clone() },
        Action::Freeze { account: account.clone() },
        Action::Disable { account: account.clone() },
        Action::Grant { account: account.clone(), entitlement: thing.clone(), expires_at: None },
        Action::Revoke { account: account.clone(), entitlement: thing.clone() },
        Action::Replace { account: account.clone(), take: None, give: thing },
        Action::Delete { account },
    ];
    let mut refused = Vec::new();
    for action in all {
        if stage.can(action.kind()).is_some() {
            continue;
        }
        let name = format!("{:?}", action.kind()).to_lowercase();
        let id = stage.operation();
        let applied = stage.apply(&action, &id).await;
        let why = match applied.result {
            Err(Failure::Unsupported(_)) if !applied.reached => {
                refused.push(name);
                continue;
            }
            Err(failure) => failure.to_string(),
            Ok(outcome) => format!("it answered {:?}", outcome.status),
        };
        stage.report.add(UNDECLARED, name, Seen::Wrong(why));
    }
    if !refused.is_empty() {
        stage.report.add(UNDECLARED, refused.join(", "), Seen::Fine("unsupported".to_owned()));
    }
}

/// What is asked of an account that nobody has.
async fn missing(stage: &mut Stage<'_>, holdings: &Holdings) {
    let account = super::reading::unknown_id(&holdings.accounts);
    let declared = stage.description.capabilities.iter();
    let mut grants = declared.filter(|capability| capability.operation == OperationKind::Grant);
    let thing = grants.find_map(|capability| harmless(stage, holdings, capability, &[]));
    let thing = thing.map(|one| one.id.clone());
    let mut all = vec![
        Action::Disable { account: account.clone() },
        Action::Freeze { account: account.clone() },
        Action::Delete { account: account.clone() },
        Action::Enable { account: account.clone() },
    ];
    if let Some(entitlement) = thing {
        all.push(Action::Revoke { account: account.clone(), entitlement: entitlement.clone() });
        all.push(Action::Grant { account: account.clone(), entitlement, expires_at: None });
    }
    for action in all {
        if stage.can(action.kind()).is_none() {
            continue;
        }
        let name = format!("{:?}", action.kind()).to_lowercase();
        let id = stage.operation();
        let result = stage.apply(&action, &id).await.result;
        let seen = match (action.removes(), result) {
            (true, Ok(outcome)) if outcome.status == Status::AlreadySo => Seen::Fine("already-so".to_owned()),
            (false, Err(Failure::NotFound(why))) => Seen::Fine(format!("not-found: {why}")),
            (_, Ok(outcome)) => Seen::Wrong(format!("it answered {:?}", outcome.status)),
            (_, Err(failure)) => Seen::Wrong(failure.to_string()),
        };
        stage.report.add(MISSING_ACCOUNT, name, seen);
    }
}

/// The end of the test account, twice.
pub async fn end(stage: &mut Stage<'_>, account: &NativeId) {
    if stage.can(OperationKind::Delete).is_none() || !stage.made.contains(account) {
        return;
    }
    let action = Action::Delete { account: account.clone() };
    if stage.twice("delete", &action, account).await
        && let Ok(view) = stage.bench.connector().get_account(account).await
        && view.is_none_or(|view| view.account.state == AccountState::Deleted)
    {
        stage.made.retain(|id| id != account);
    }
}
