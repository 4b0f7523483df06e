//! A read of a target: stored as a snapshot, compared with what was known, its accounts matched to people, and every open
//! leaver case judged by it.

use super::{LossAccepted, listing_data, progress};
use crate::app::App;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::{cases, findings, lifecycle};
use reeve_core::Timestamp;
use reeve_core::access::{Link, SystemRead, correlate};
use reeve_core::audit::{Event, Subject};
use reeve_core::finding::{Finding, FindingKind};
use reeve_core::id::{NativeId, SnapshotId};
use reeve_core::inventory::{System, SystemRole};
use reeve_core::policy::Policy;
use reeve_store::{ReadChanges, Snapshot, Tx};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TargetSync {
    pub system: String,
    pub snapshot: SnapshotId,
    pub accounts: u64,
    pub entitlements: u64,
    pub grants: u64,
    pub linked: usize,
    pub unmatched: usize,
    pub disputed: usize,
    pub changes: ReadChanges,
    /// Why nothing may be inferred from what the read does not show.
    pub doubt: Option<String>,
    pub warnings: Vec<String>,
    pub cases_closed: Vec<String>,
}

const READ_FINDINGS: &[FindingKind] =
    &[FindingKind::UnmatchedAccount, FindingKind::DisputedAccount, FindingKind::IncompleteRead];
/// Changed links in one entry of the log.
const LINKS_PER_ENTRY: usize = 200;

pub async fn sync_target(app: &App, system: &System, accepted: Option<&LossAccepted>) -> Result<TargetSync> {
    let targets = app.systems(SystemRole::Target).await?;
    let policy = app.home.policy(&targets.into_iter().map(|target| target.name).collect())?;
    let connector = app.connector(system).await?;
    let (bar, tell) = progress(app, system);
    let began = app.now();
    let read = connector.read_system(&tell).await;
    bar.finish_and_clear();
    let leavers: BTreeSet<_> =
        app.store.read().await?.open_cases().await?.into_iter().map(|case| case.identity).collect();
    let concerned = |link: &Link| link.people().iter().any(|person| leavers.contains(person));
    let credentials = Credentials::read(app, system, &connector, concerned).await?;
    record(app, system, &policy, read, credentials, began, accepted).await
}

async fn record(
    app: &App,
    system: &System,
    policy: &Policy,
    read: SystemRead,
    credentials: Credentials,
    began: Timestamp,
    accepted: Option<&LossAccepted>,
) -> Result<TargetSync> {
    let mut tx = app.write_when_free().await?;
    let now = app.now();
    // What is known now, and not what the last read showed: what Reeve itself took away since is no loss.
    let known = match tx.last_snapshot(&system.name, true).await? {
        Some(_) => Some(tx.present_counts(&system.name).await?),
        None => None,
    };
    let doubt = read.doubt(known, &policy.guardrails.plan, accepted.is_some());
    let snapshot = Snapshot {
        id: SnapshotId::new(lifecycle::new_id("read")),
        system: system.name.clone(),
        read_at: began,
        finished_at: now,
        whole: doubt.is_none(),
        doubt: doubt.clone(),
        accounts: read.accounts.len() as u64,
        entitlements: read.entitlements.len() as u64,
        grants: read.grants.len() as u64,
        description: read.description.clone(),
        listings: read.listings.clone(),
    };
    let listings: Vec<_> = read.listings.iter().map(listing_data).collect();
    let entry = app
        .entry(Event::SnapshotTaken)
        .about(Subject::Snapshot { id: snapshot.id.clone() })
        .about(Subject::System { name: system.name.clone() })
        .with_data(json!({ "whole": snapshot.whole, "doubt": doubt, "listings": listings, "loss-accepted": accepted.map(|a| &a.reason) }));
    tx.audit(&entry).await?;
    tx.put_snapshot(&snapshot).await?;
    let changes = tx.apply_read(&system.name, &read, snapshot.whole, began).await?;

    let links = relink(app, &mut tx, system, &snapshot, now).await?;
    let closed = cases::judge(app, &mut tx, &snapshot, &read, &links, &credentials).await?;
    tx.commit().await?;

    let count = |wanted: fn(&Link) -> bool| links.values().filter(|link| wanted(link)).count();
    Ok(TargetSync {
        system: system.name.to_string(),
        snapshot: snapshot.id,
        accounts: snapshot.accounts,
        entitlements: snapshot.entitlements,
        grants: snapshot.grants,
        linked: count(|link| matches!(link, Link::Linked { .. })),
        unmatched: count(|link| matches!(link, Link::Unmatched)),
        disputed: count(|link| matches!(link, Link::Disputed { .. })),
        changes,
        doubt: snapshot.doubt,
        warnings: read.listings.into_iter().flat_map(|listing| listing.warnings).collect(),
        cases_closed: closed.iter().map(ToString::to_string).collect(),
    })
}

async fn relink(
    app: &App,
    tx: &mut Tx,
    system: &System,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<BTreeMap<NativeId, Link>> {
    let identities = tx.identities().await?;
    let before = tx.links(&system.name).await?;
    // Accounts that an incomplete read did not show are still there as far as anybody knows.
    let accounts = tx.accounts(&system.name).await?;
    let (links, mut found) = correlate(system, &accounts, &identities, &before);
    let moved = links.iter().filter(|(account, link)| before.get(*account) != Some(*link));
    let moved = moved.map(|(account, link)| (account.clone(), link.clone())).collect();
    let changed = tx.put_links(&system.name, &moved, now).await?;
    for part in changed.chunks(LINKS_PER_ENTRY) {
        let (mut linked, mut unlinked) = (Vec::new(), Vec::new());
        for (account, before, link) in part {
            match (before.as_ref().and_then(Link::identity), link.identity()) {
                (None, None) => {}
                (Some(_), None) => unlinked.push(json!({ "account": account, "before": before, "now": link })),
                _ => linked.push(json!({ "account": account, "link": link })),
            }
        }
        for (event, rows) in [(Event::AccountLinked, linked), (Event::AccountUnlinked, unlinked)] {
            if !rows.is_empty() {
                let entry = app.entry(event).about(Subject::System { name: system.name.clone() });
                tx.audit(&entry.with_data(json!({ "accounts": rows }))).await?;
            }
        }
    }
    if let Some(doubt) = &snapshot.doubt {
        found.push(Finding {
            kind: FindingKind::IncompleteRead,
            subject: system.name.to_string(),
            system: Some(system.name.clone()),
            identity: None,
            text: format!(
                "The last read of {} proves no absence, so nothing is removed because of it: {doubt}. Sync again; if the loss is real, with --accept-loss and a reason.",
                system.name
            ),
        });
    }
    findings::settle(app, tx, READ_FINDINGS, Some(&system.name), &found, now).await?;
    Ok(links)
}
