//! Reading the world: people from sources, accounts from targets. A read that is not whole is kept as evidence and feeds
//! nothing that removes.

mod people;
mod schedule;
mod target;

pub use people::PeopleSync;
pub use schedule::Schedule;
pub use target::TargetSync;

use crate::app::App;
use crate::error::{Error, Result};
use reeve_core::access::{Listed, ListingRecord};
use reeve_core::inventory::{System, SystemRole};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// An operator's word that a feed or a read which lost much is right.
#[derive(Clone, Debug)]
pub struct LossAccepted {
    pub reason: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "role")]
pub enum Synced {
    Source(PeopleSync),
    Target(TargetSync),
}

/// Reads these systems, or all: sources first, because accounts are matched to people. One that fails doesn't stop the
/// others; the failures come back beside what was read. A read that is not whole is both.
pub async fn sync(app: &App, names: &[String], accepted: Option<&LossAccepted>) -> Result<(Vec<Synced>, Vec<Error>)> {
    let chosen = choose(app, names).await?;
    crate::lifecycle::tick(app).await?;
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for system in &chosen {
        match sync_one(app, system, accepted).await {
            Ok(synced) => {
                failed.extend(not_whole(&synced));
                done.push(synced);
            }
            Err(error) => failed.push(error),
        }
    }
    Ok((done, failed))
}

fn not_whole(synced: &Synced) -> Option<Error> {
    let Synced::Target(TargetSync { system, doubt: Some(doubt), .. }) = synced else { return None };
    Some(Error::Left(format!(
        "{system} was not read whole: {doubt}. Nothing is removed because of this read; sync again when that is mended"
    )))
}

/// Reads one system, and notes when that was.
pub async fn sync_one(app: &App, system: &System, accepted: Option<&LossAccepted>) -> Result<Synced> {
    let synced = match system.role {
        SystemRole::Source => people::sync_people(app, system, accepted).await.map(Synced::Source),
        SystemRole::Target => target::sync_target(app, system, accepted).await.map(Synced::Target),
    };
    let noted = schedule::tried(app, &system.name).await;
    let synced = synced?;
    noted?;
    Ok(synced)
}

pub async fn choose(app: &App, names: &[String]) -> Result<Vec<System>> {
    let mut all = app.store.read().await?.systems().await?;
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|system| system.name.as_str() == name.as_str())) {
        let known: Vec<_> = all.iter().map(|system| system.name.to_string()).collect();
        return Err(Error::NotFound(format!("there is no system {unknown:?}; known are: {}", known.join(", "))));
    }
    if all.is_empty() {
        return Err(Error::NotFound("no system is set up yet. Begin with `reeve system add FILE`".to_owned()));
    }
    all.retain(|system| names.is_empty() || names.iter().any(|name| name == system.name.as_str()));
    all.sort_by_key(|system| (system.role == SystemRole::Target, system.name.clone()));
    Ok(all)
}

/// What an auditor asks of a list: how many the source says, how many came, and the hashes of what came.
fn listing_data(listing: &ListingRecord) -> Value {
    json!({
        "what": listing.what.name(),
        "pages": listing.pages,
        "received": listing.received,
        "stated-total": listing.stated_total,
        "started-at": listing.started_at,
        "finished-at": listing.finished_at,
        "warnings": listing.warnings,
        "incomplete": listing.incomplete.as_ref().map(ToString::to_string),
        // One hash over the pages' hashes: the record itself, with each of them, is stored with the snapshot.
        "pages-sha256": digest(&listing.page_sha256s),
    })
}

fn digest(hashes: &[String]) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(hashes.join("\n")))
}

/// Shows how far the listings of a system are, under its name.
fn progress(
    app: &App,
    system: &System,
) -> (indicatif::ProgressBar, impl Fn(Listed, u64, Option<u64>) + Send + Sync + use<>) {
    let bar = app.out.bar(&format!("reading {}", system.name), None);
    let (shown, name, app) = (bar.clone(), system.name.clone(), app.clone());
    let listings = Mutex::new(BTreeMap::new());
    let tell = move |what: Listed, items: u64, total: Option<u64>| {
        let mut listings = listings.lock().unwrap_or_else(PoisonError::into_inner);
        listings.insert(what, (items, total));
        let so_far = listings.iter().map(|(what, (items, total))| match total {
            Some(total) => format!("{items} of {total} {}", what.name()),
            None => format!("{items} {}", what.name()),
        });
        let text = format!("reading {name}: {}", so_far.collect::<Vec<_>>().join(", "));
        shown.set_message(text.clone());
        app.tell(|| text);
    };
    (bar, tell)
}
