//! Leaver cases, judged by fresh reads and closed when nothing is left.

use crate::app::App;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::lifecycle;
use crate::sync::{Synced, sync_one};
use reeve_core::Timestamp;
use reeve_core::access::{Link, SystemRead};
use reeve_core::audit::{Event, Evidence, Subject};
use reeve_core::id::{CaseId, IdentityId, NativeId, SystemName};
use reeve_core::inventory::SystemRole;
use reeve_core::leaver::{Case, CaseState, SeenByPerson, SystemProof, SystemSeen, certificate};
use reeve_core::run::Operation;
use reeve_store::{Snapshot, Tx};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const GIVING: &str = "an operation that gives access was sent before the exit, and its end is not known yet";

/// Judges every open case by one read of one system, in the transaction that stores the read.
pub async fn judge(
    app: &App,
    tx: &mut Tx,
    snapshot: &Snapshot,
    read: &SystemRead,
    links: &BTreeMap<NativeId, Link>,
    credentials: &Credentials,
) -> Result<Vec<CaseId>> {
    let open = tx.open_cases().await?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let scope = lifecycle::in_scope(&tx.systems().await?);
    let mut accounts: BTreeMap<&IdentityId, Vec<&NativeId>> = BTreeMap::new();
    for (account, link) in links {
        link.people().iter().for_each(|person| accounts.entry(person).or_default().push(account));
    }
    let seen = SeenByPerson::of(SystemSeen {
        system: &snapshot.system,
        snapshot: &snapshot.id,
        read_at: snapshot.read_at,
        accounts: &read.accounts,
        grants: &read.grants,
        entitlements: &read.entitlements,
        links,
        credentials: credentials.found(),
    });
    let mut closed = Vec::new();
    for mut case in open {
        // Systems that came into scope since the case was opened are waited for too.
        for system in &scope {
            case.systems.entry(system.clone()).or_insert(SystemProof::Unread { why: None });
        }
        if !case.systems.contains_key(&snapshot.system) {
            continue;
        }
        let operations = tx.operations_of_identity(&case.identity).await?;
        let here = || operations.iter().filter(|operation| operation.planned.system == snapshot.system);
        let giving =
            here().any(|one| !one.planned.action.removes() && one.sent_at.is_some() && !one.phase.is_settled());
        let blind = credentials.blind(accounts.get(&case.identity).map_or(&[], Vec::as_slice));
        let incomplete = snapshot.doubt.clone().or(blind).or(giving.then(|| GIVING.to_owned()));
        // A read that began before the last operation was sent can't show what that operation did.
        let last_sent = here().filter_map(|operation| operation.sent_at).max().unwrap_or(Timestamp::UNIX_EPOCH);
        let changed = case.judge(&seen, incomplete.as_deref(), last_sent);
        case.refused(&snapshot.system, refused(here()));
        if changed {
            let data = json!({ "system": snapshot.system, "proof": case.systems.get(&snapshot.system) });
            let entry = app.entry(Event::CaseRead).about(Subject::Case { id: case.id.clone() });
            tx.audit(&entry.about(Subject::Snapshot { id: snapshot.id.clone() }).with_data(data)).await?;
        }
        if conclude(app, tx, &mut case).await? {
            closed.push(case.id.clone());
        }
        tx.put_case(&case).await?;
    }
    Ok(closed)
}

/// Why removals wait for a person: what the target or the host answered, once for each answer.
fn refused<'a>(operations: impl Iterator<Item = &'a Operation>) -> Vec<String> {
    let waiting = operations.filter(|one| one.phase.needs_person() && one.planned.action.removes());
    let mut refused: Vec<String> = waiting
        .filter_map(|one| {
            let verb = format!("{:?}", one.planned.action.kind()).to_lowercase();
            Some(format!("{verb} {}: {}", one.planned.what, one.trouble.as_ref()?))
        })
        .collect();
    refused.sort();
    refused.dedup();
    refused
}

async fn conclude(app: &App, tx: &mut Tx, case: &mut Case) -> Result<bool> {
    let now = app.now();
    let Some(person) = tx.identity(&case.identity).await? else { return Ok(false) };
    if !case.conclude(person.standing, now) {
        return Ok(false);
    }
    let text = certificate(case, now);
    tx.put_blob(text.as_bytes()).await?;
    let event = if case.state == CaseState::Closed { Event::CaseClosed } else { Event::CaseWithdrawn };
    let clocks = case.clocks(now);
    let data = json!({
        "since-effective-s": clocks.since_effective.as_secs(),
        "since-told-s": clocks.since_told.as_secs(),
        "since-detected-s": clocks.since_detected.as_secs(),
    });
    let entry = app
        .entry(event)
        .about(Subject::Case { id: case.id.clone() })
        .about(Subject::Identity { id: case.identity.clone() })
        .with_data(data)
        .with_evidence(Evidence::of("leaver certificate", text.as_bytes()));
    tx.audit(&entry).await?;
    Ok(case.state == CaseState::Closed)
}

/// Reads every system that some open case still waits for. One that can't be read delays itself only, and the case says why.
pub async fn prove(app: &App) -> Result<Vec<CaseId>> {
    let open = app.store.read().await?.open_cases().await?;
    let waiting: BTreeSet<SystemName> = open.iter().flat_map(|case| case.open_systems().cloned()).collect();
    let mut closed = Vec::new();
    for system in app.systems(SystemRole::Target).await? {
        if !waiting.contains(&system.name) {
            continue;
        }
        match sync_one(app, &system, None).await {
            Ok(Synced::Target(synced)) => closed.extend(synced.cases_closed.iter().map(CaseId::new)),
            Ok(Synced::Source(_)) => {}
            Err(error) => note_unread(app, &system.name, &error.to_string()).await?,
        }
    }
    Ok(closed)
}

/// Tells the open cases that wait for a system why it could not be read.
pub async fn note_unread(app: &App, system: &SystemName, why: &str) -> Result<()> {
    let mut tx = app.write().await?;
    for mut case in tx.open_cases().await? {
        if case.systems.contains_key(system) && case.unread(system, why) {
            tx.put_case(&case).await?;
            let data = json!({ "system": system, "proof": case.systems.get(system) });
            let entry = app.entry(Event::CaseRead).about(Subject::Case { id: case.id.clone() });
            tx.audit(&entry.with_data(data)).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}
