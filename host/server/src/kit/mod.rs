//! The conformance kit: whether a plugin keeps the contract, seen from outside and without believing it.
//!
//! It needs no Reeve folder and leaves none: secrets live in a folder that goes when the kit is done. What it finds is a
//! [`Report`]; it decides nothing about installing.

mod listings;
mod lost;
mod reading;
mod report;
mod room;
mod stage;
mod still;
mod trouble;
mod writing;

pub use report::{Report, Seen};
pub use room::{Room, SecretsGiven};
pub use stage::Wishes;

use crate::error::Result;
use listings::Holdings;
use reeve_core::access::{Description, Listed};
use reeve_core::inventory::{Connection, System};
use reeve_runtime::package::{Export, Package, check_contract};
use reeve_runtime::{Bench, Plugin};
use stage::Stage;
use std::sync::Arc;

/// Opens a plugin's bytes, checks what needs no target, and loads it. None where it can't run.
pub async fn still(bytes: &[u8], room: &Room, report: &mut Report) -> Option<Arc<Plugin>> {
    let package = match Package::open(bytes) {
        Ok(package) => package,
        Err(error) => {
            report.add(still::PACKAGE, "file", Seen::Wrong(error.to_string()));
            return None;
        }
    };
    let manifest = &package.manifest;
    report.add(
        still::PACKAGE,
        "file",
        Seen::Fine(format!("{} {}, {} bytes", manifest.id, manifest.version, bytes.len())),
    );
    let loaded = match check_contract(&package) {
        Ok(()) => room.runtime.load(&package).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let fine = format!("reeve:connector {}, imports and exports as the manifest says", manifest.contract);
    report.add(still::LOADS, "component", Seen::of(loaded.as_ref().map(|_| fine).map_err(Clone::clone)));
    loaded.ok()
}

/// What the plugin says of itself, bound to nothing.
pub async fn alone(plugin: &Arc<Plugin>, room: &Room, report: &mut Report) {
    match room.runtime.bench(plugin, None) {
        Ok(bench) => drop(described(&bench, report).await),
        Err(_) => {
            let why = "it has settings without a default; use --against";
            for check in [still::DESCRIBE_SAME, still::DESCRIBE_STATIC, still::CAPABILITIES] {
                report.add(check, "describe", Seen::Skipped(why.to_owned()));
            }
        }
    }
}

async fn described(bench: &Bench, report: &mut Report) -> Option<Description> {
    let description = still::describe(bench, report).await?;
    still::capabilities(bench.connector().plugin().manifest(), &description, report);
    Some(description)
}

/// Checks a plugin against a system; changes something there only if there are wishes for it.
pub async fn against(
    plugin: &Arc<Plugin>,
    system: &System,
    room: &Room,
    wishes: Option<&Wishes>,
    report: &mut Report,
) -> Result<()> {
    let bench = room.runtime.bench(plugin, Some(system))?;
    let Some(description) = described(&bench, report).await else { return Ok(()) };
    reading::probes(&bench, report).await;
    let exports = |export| bench.connector().exports(export);
    let mut listed = Vec::new();
    if exports(Export::Reader) {
        listed.extend([Listed::Accounts, Listed::Entitlements, Listed::Grants]);
    }
    if exports(Export::Workforce) {
        listed.push(Listed::Workers);
    }
    let mut holdings = Holdings::default();
    for what in listed.iter().copied() {
        let Some(whole) = reading::listing(&bench, what, &description, report).await else { continue };
        trouble::page_again(&bench, what, &whole, report).await;
        trouble::cursor_expired(&bench, what, whole.items.len(), report).await;
        match what {
            Listed::Accounts => holdings.accounts = whole.read(),
            Listed::Entitlements => holdings.entitlements = whole.read(),
            Listed::Grants => holdings.grants = whole.read(),
            Listed::Workers => {}
        }
    }
    if exports(Export::Reader) {
        reading::references(&holdings, report);
        reading::accounts(&bench, &holdings, &description, report).await;
    }
    if exports(Export::Credentials) {
        reading::credentials(&bench, &holdings, &description, report).await;
    }
    let http = system.connections.values().any(|connection| matches!(connection, Connection::Http(_)));
    let account = holdings.accounts.first().map(|account| account.id.clone());
    trouble::reads(&bench, &listed, account.as_ref(), http, report).await;
    if let Some(wishes) = wishes.filter(|_| exports(Export::Writer)) {
        let mut stage = Stage::new(&bench, system, &description, wishes, &holdings, report)?;
        if let Some(account) = writing::life(&mut stage, &holdings).await {
            lost::writes(&mut stage, &holdings, &account).await;
            writing::end(&mut stage, &account).await;
        }
        stage.clean_up().await;
    }
    Ok(())
}
