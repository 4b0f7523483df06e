//! `reeve system`.

use crate::app::App;
use crate::error::{Error, Result};
use crate::output::table;
use crate::{secrets, systems};
use reeve_core::id::SystemName;
use serde_json::json;
use std::path::PathBuf;

/// Puts systems under governance: sources of people, and targets that hold accounts.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Adds a system from its TOML file, or takes up changes of that file.
    Add { file: PathBuf },
    /// All systems.
    List,
    /// One system: how it is reached, what its connector can do, what was read last.
    Show { name: String },
    /// Tries the credentials and the rights of a system. Changes nothing there.
    Check { name: String },
    /// Takes a system out of governance. What was recorded of it stays.
    Remove {
        name: String,
        /// Why; it goes into the log.
        #[arg(long)]
        reason: String,
        /// Also where leaver cases wait for it: they are then not proved there.
        #[arg(long)]
        give_up_proof: bool,
    },
}

pub async fn run(command: Command, app: &App) -> Result<()> {
    match command {
        Command::Add { file } => {
            let system = systems::read(&file)?;
            let new = systems::add(app, &system).await?;
            let missing = secrets::missing(app, &system).await?;
            app.out.print(&json!({ "system": system.name, "new": new, "secrets-missing": missing }), || {
                let mut text = format!("{} {}.", if new { "Added" } else { "Changed" }, system.name);
                missing
                    .iter()
                    .for_each(|name| text.push_str(&format!("\nIts secret is missing: reeve secret set {name}")));
                text
            });
            Ok(())
        }
        Command::List => list(app).await,
        Command::Show { name } => show(app, &name).await,
        Command::Check { name } => check(app, &name).await,
        Command::Remove { name, reason, give_up_proof } => {
            systems::remove(app, &SystemName::new(&name), &reason, give_up_proof).await?;
            app.out.print(&json!({ "removed": name }), || format!("Removed {name}. What was recorded of it stays."));
            Ok(())
        }
    }
}

async fn list(app: &App) -> Result<()> {
    let mut tx = app.store.read().await?;
    let mut rows = vec![["SYSTEM", "ROLE", "PLUGIN", "OWNER", "SCOPE", "LAST READ"].map(str::to_owned).to_vec()];
    let all = tx.systems().await?;
    for system in &all {
        let last = tx.last_snapshot(&system.name, false).await?;
        rows.push(vec![
            system.name.to_string(),
            format!("{:?}", system.role).to_lowercase(),
            system.plugin.clone(),
            system.owner.clone().unwrap_or_else(|| "nobody".to_owned()),
            if system.in_scope { "in" } else { "out" }.to_owned(),
            last.map_or_else(|| "never".to_owned(), |snapshot| crate::output::moment(snapshot.read_at)),
        ]);
    }
    app.out.print(&json!(all), || table(&rows));
    Ok(())
}

async fn show(app: &App, name: &str) -> Result<()> {
    let system = systems::find(app, name).await?;
    let last = app.store.read().await?.last_snapshot(&system.name, false).await?;
    let missing = secrets::missing(app, &system).await?;
    let description = last.as_ref().map(|snapshot| &snapshot.description);
    let json = json!({ "system": system, "secrets-missing": missing, "last-read": last.as_ref().map(|s| &s.id), "description": description });
    app.out.print(&json, || {
        let mut text = format!("{}: {:?} through {}\n", system.name, system.role, system.plugin);
        for (name, connection) in &system.connections {
            text.push_str(&format!("connection {name}: {}, {}\n", connection.kind(), connection.auth_scheme()));
        }
        missing.iter().for_each(|name| text.push_str(&format!("secret missing: {name}\n")));
        match &last {
            None => text.push_str("Never read. `reeve sync` reads it."),
            Some(read) => {
                let whole =
                    read.doubt.as_deref().map_or("whole".to_owned(), |doubt| format!("not to be relied on: {doubt}"));
                text.push_str(&format!(
                    "Last read {}: {} accounts, {} entitlements, {} grants; {whole}\n\nWhat it can do:\n",
                    read.read_at, read.accounts, read.entitlements, read.grants
                ));
                let can = read.description.capabilities.iter().map(|capability| {
                    let traits = [
                        (capability.reversible, "reversible"),
                        (capability.idempotent, "safe to repeat"),
                        (capability.ends_sessions, "ends sessions"),
                        (capability.frees_licence, "frees the licence"),
                        (capability.last_one_refused, "refuses the last one"),
                        (capability.two_step, "in two steps"),
                        (capability.whole_list, "writes a list whole"),
                    ];
                    let traits: Vec<_> = traits.into_iter().filter(|(has, _)| *has).map(|(_, word)| word).collect();
                    vec![
                        format!("  {:?}", capability.operation).to_lowercase(),
                        capability.mechanism.clone(),
                        traits.join(", "),
                    ]
                });
                text.push_str(&table(&can.collect::<Vec<_>>()));
            }
        }
        text
    });
    Ok(())
}

async fn check(app: &App, name: &str) -> Result<()> {
    let system = systems::find(app, name).await?;
    let connector = app.connector(&system).await?;
    let bar = app.out.bar(&format!("checking {name}"), None);
    let probes = connector.check().await;
    bar.finish_and_clear();
    let probes = probes.map_err(|failure| Error::Left(format!("{name} can't be checked: {failure}")))?;
    let json: Vec<_> =
        probes.iter().map(|p| json!({ "name": p.name, "passed": p.passed, "detail": p.detail })).collect();
    app.out.print(&json!(json), || {
        let rows = probes
            .iter()
            .map(|p| vec![if p.passed { "passed" } else { "FAILED" }.to_owned(), p.name.clone(), p.detail.clone()]);
        table(&rows.collect::<Vec<_>>())
    });
    match probes.iter().filter(|probe| !probe.passed).count() {
        0 => Ok(()),
        failed => Err(Error::Left(format!("{failed} of {} checks of {name} failed", probes.len()))),
    }
}
