//! What a change of people sets off, in the same transaction: log entries, and leaver cases that open or are withdrawn.

use crate::app::App;
use crate::error::Result;
use reeve_core::Timestamp;
use reeve_core::audit::{Entry, Event, Subject};
use reeve_core::id::{CaseId, SystemName};
use reeve_core::identity::{EventKind, Identity, LifecycleEvent, Standing, advance};
use reeve_core::inventory::{System, SystemRole};
use reeve_core::leaver::Case;
use reeve_store::Tx;
use serde_json::json;
use std::collections::BTreeMap;

/// A short name of our own making, unique and in the order of time.
pub fn new_id(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::now_v7().simple())
}

/// Systems that a leaver case waits for.
pub fn in_scope(systems: &[System]) -> Vec<SystemName> {
    let targets = systems.iter().filter(|system| system.role == SystemRole::Target && system.in_scope);
    targets.map(|system| system.name.clone()).collect()
}

/// Stores changed people and their events, opens a case for each leaver, and withdraws the case of whoever stays.
pub async fn record(
    app: &App,
    tx: &mut Tx,
    people: &[Identity],
    events: &[LifecycleEvent],
    now: Timestamp,
) -> Result<Vec<Case>> {
    tx.put_identities(people).await?;
    tx.add_events(events).await?;
    let scope = in_scope(&tx.systems().await?);
    let by_id: BTreeMap<_, _> = people.iter().map(|person| (&person.id, person)).collect();
    let open = tx.open_cases().await?.into_iter();
    let mut open: BTreeMap<_, _> = open.map(|case| (case.identity.clone(), case)).collect();
    let (mut opened, mut entries) = (Vec::new(), Vec::new());
    for event in events {
        let about = Subject::Identity { id: event.identity.clone() };
        let entry = app.entry(Event::LifecycleChanged).about(about.clone()).with_data(serde_json::to_value(event)?);
        entries.push(entry);
        let Some(person) = by_id.get(&event.identity) else { continue };
        if event.kind == EventKind::Leaver {
            let case = Case::open(CaseId::new(new_id("case")), person, &scope, now);
            if let Some(case) = case {
                tx.put_case(&case).await?;
                let data = json!({ "cause": case.cause, "effective-at": case.effective_at, "told-at": case.told_at, "systems": scope });
                let entry = app
                    .entry(Event::CaseOpened)
                    .about(Subject::Case { id: case.id.clone() })
                    .about(about)
                    .with_data(data);
                entries.push(entry);
                open.insert(case.identity.clone(), case.clone());
                opened.push(case);
            }
        } else if person.standing != Standing::Left
            && let Some(case) = open.get_mut(&person.id)
        {
            entries.extend(withdraw(app, tx, case, person, now).await?);
        }
    }
    tx.audit_all(&entries).await?;
    Ok(opened)
}

async fn withdraw(app: &App, tx: &mut Tx, case: &mut Case, person: &Identity, now: Timestamp) -> Result<Option<Entry>> {
    if !case.conclude(person.standing, now) {
        return Ok(None);
    }
    tx.put_case(case).await?;
    let entry = app.entry(Event::CaseWithdrawn).about(Subject::Case { id: case.id.clone() });
    Ok(Some(entry.about(Subject::Identity { id: person.id.clone() })))
}

/// What time alone has brought about since anybody looked: starts, exits and ends of contracts.
pub async fn tick(app: &App) -> Result<usize> {
    let now = app.now();
    // Most of the time nothing is due, and nothing is locked then.
    let due = |people: Vec<Identity>| people.iter().filter_map(|person| advance(person, now)).collect::<Vec<_>>();
    if due(app.store.read().await?.identities().await?).is_empty() {
        return Ok(0);
    }
    let mut tx = app.write().await?;
    let (people, events): (Vec<_>, Vec<_>) = due(tx.identities().await?).into_iter().unzip();
    record(app, &mut tx, &people, &events, now).await?;
    tx.commit().await?;
    Ok(events.len())
}
