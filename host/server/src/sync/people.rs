//! A feed of people: read whole, reconciled, applied in one transaction, or refused as a whole.

use super::{LossAccepted, listing_data, progress};
use crate::app::App;
use crate::error::{Error, Result};
use crate::{findings, lifecycle};
use reeve_core::access::WorkforceRead;
use reeve_core::audit::{Event, Subject};
use reeve_core::finding::{Finding, FindingKind};
use reeve_core::id::IdentityId;
use reeve_core::identity::{FeedCounts, FeedRefused, LifecycleEvent, Reconciled, reconcile};
use reeve_core::inventory::System;
use reeve_store::Tx;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PeopleSync {
    pub system: String,
    pub counts: FeedCounts,
    /// Each with the person's name.
    pub events: Vec<(String, LifecycleEvent)>,
    pub findings: usize,
    pub warnings: Vec<String>,
}

const FEED_FINDINGS: &[FindingKind] = &[
    FindingKind::DuplicateWorker,
    FindingKind::MissingWorker,
    FindingKind::UnreadableDate,
    FindingKind::PossibleRehire,
    FindingKind::FeedRefused,
    FindingKind::IncompleteRead,
];

pub async fn sync_people(app: &App, system: &System, accepted: Option<&LossAccepted>) -> Result<PeopleSync> {
    let targets = app.systems(reeve_core::inventory::SystemRole::Target).await?;
    let policy = app.home.policy(&targets.into_iter().map(|target| target.name).collect())?;
    let connector = app.connector(system).await?;
    let (bar, tell) = progress(app, system);
    let read = connector.read_workforce(&tell).await;
    bar.finish_and_clear();

    let mut tx = app.write_when_free().await?;
    let now = app.now();
    let about = Subject::System { name: system.name.clone() };
    let entry = app.entry(Event::WorkforceRead).about(about.clone());
    let entry = entry
        .with_data(json!({ "listing": listing_data(&read.listing), "loss-accepted": accepted.map(|a| &a.reason) }));
    // The first write takes the log's lock, so that no other sync comes between what is known and what is stored.
    tx.audit(&entry).await?;
    let known = tx.identities().await?;
    let refusal = match incomplete(system, &read) {
        Some(why) => why,
        None => {
            let new_id = || IdentityId::new(lifecycle::new_id("person"));
            match reconcile(
                &system.name,
                &known,
                read.workers,
                &policy.guardrails.feed,
                accepted.is_some(),
                now,
                new_id,
            ) {
                Ok(reconciled) => return apply(app, tx, system, reconciled, read.listing.warnings).await,
                Err(refused) => named(&refused),
            }
        }
    };
    let entry = app.entry(Event::FeedRefused).about(about).with_data(json!({ "why": refusal }));
    tx.audit(&entry).await?;
    let finding = Finding {
        kind: FindingKind::FeedRefused,
        subject: system.name.to_string(),
        system: Some(system.name.clone()),
        identity: None,
        text: refusal.clone(),
    };
    findings::raise(app, &mut tx, &[finding], now).await?;
    tx.commit().await?;
    Err(Error::Refused(refusal))
}

fn incomplete(system: &System, read: &WorkforceRead) -> Option<String> {
    let why = read.incomplete()?;
    Some(format!("the feed of {} could not be read whole, so nothing was changed: {why}", system.name))
}

fn named(refused: &FeedRefused) -> String {
    match refused {
        FeedRefused::Shrunk { names, .. } => format!("{refused}. Among them: {}", names.join(", ")),
        FeedRefused::Empty { .. } => refused.to_string(),
    }
}

async fn apply(
    app: &App,
    mut tx: Tx,
    system: &System,
    reconciled: Reconciled,
    warnings: Vec<String>,
) -> Result<PeopleSync> {
    let now = app.now();
    let Reconciled { identities, events, findings, counts } = reconciled;
    lifecycle::record(app, &mut tx, &identities, &events, now).await?;
    let raised = findings::settle(app, &mut tx, FEED_FINDINGS, Some(&system.name), &findings, now).await?;
    tx.commit().await?;
    let names: BTreeMap<_, _> = identities.iter().map(|person| (&person.id, person.display_name())).collect();
    let named = |event: LifecycleEvent| (names.get(&event.identity).cloned().unwrap_or_default(), event);
    let events = events.into_iter().map(named).collect();
    Ok(PeopleSync { system: system.name.to_string(), counts, events, findings: raised, warnings })
}
