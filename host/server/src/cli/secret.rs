//! `reeve secret`.

use crate::app::{App, TENANT};
use crate::error::{Error, Result};
use crate::output::table;
use reeve_core::audit::{Event, Subject};
use reeve_core::id::SystemName;
use reeve_runtime::vault::{SECRET_BYTES_MAX, SecretName};
use secrecy::SecretString;
use serde_json::json;
use std::io::{IsTerminal, Read};
use zeroize::Zeroizing;

/// Keeps the secrets that connections sign in with. They are sealed under a key file, and no command shows one.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Sets or replaces a secret. It is read from standard input, or asked for without being shown.
    Set {
        /// SYSTEM/CONNECTION/FIELD, as `reeve system add` names it.
        name: String,
    },
    /// Which secrets are set, and since when.
    List,
    /// Removes a secret. Its connection works no more.
    Remove { name: String },
}

pub async fn run(command: Command, app: &App) -> Result<()> {
    match command {
        Command::Set { name } => set(app, &name).await,
        Command::List => list(app).await,
        Command::Remove { name } => remove(app, &name).await,
    }
}

fn parse(name: &str) -> Result<SecretName> {
    let parts: Vec<_> = name.split('/').collect();
    match parts.as_slice() {
        [system, connection, field] if parts.iter().all(|part| !part.is_empty()) => Ok(SecretName {
            tenant: TENANT.to_owned(),
            system: SystemName::new(*system),
            connection: (*connection).to_owned(),
            field: (*field).to_owned(),
        }),
        _ => {
            Err(Error::Input(format!("{name:?} names no secret; write SYSTEM/CONNECTION/FIELD, such as crm/api/token")))
        }
    }
}

fn subject(name: &SecretName) -> Subject {
    Subject::Secret { system: name.system.clone(), connection: name.connection.clone(), field: name.field.clone() }
}

async fn set(app: &App, text: &str) -> Result<()> {
    let name = parse(text)?;
    let mut tx = app.store.read().await?;
    let system = tx.system(&name.system).await?.ok_or_else(|| {
        Error::NotFound(format!("there is no system {:?}. Add it first: `reeve system add FILE`", name.system.as_str()))
    })?;
    drop(tx);
    let wanted = system.connections.get(&name.connection).and_then(|connection| connection.secret_field());
    if wanted != Some(name.field.as_str()) {
        let all: Vec<_> = system
            .connections
            .iter()
            .filter_map(|(connection, bound)| Some(format!("{}/{connection}/{}", system.name, bound.secret_field()?)))
            .collect();
        return Err(Error::Input(format!("{} has no such secret; it has: {}", system.name, all.join(", "))));
    }
    let secret = read_secret(text)?;
    if let Some(connection) = system.connections.get(&name.connection) {
        reeve_runtime::check_secret(connection, &secret)
            .map_err(|why| Error::Input(format!("{text} was not set: {why}")))?;
    }
    let mut tx = app.write().await?;
    let version = tx.secret_version(&name.system, &name.connection, &name.field).await?.saturating_add(1);
    let sealed = app.vault.seal(&name, version, &secret)?;
    tx.put_secret(&name.system, &name.connection, &name.field, version, &sealed.bytes, app.now()).await?;
    let entry = app.entry(Event::SecretSet).about(subject(&name)).with_data(json!({ "version": version }));
    tx.audit(&entry).await?;
    tx.commit().await?;
    app.out.print(&json!({ "secret": text, "version": version }), || format!("Set {text} (version {version})."));
    Ok(())
}

fn read_secret(name: &str) -> Result<SecretString> {
    let fault = Error::io(std::path::Path::new("standard input"));
    let mut text = Zeroizing::new(String::new());
    if std::io::stdin().is_terminal() {
        let term = console::Term::stderr();
        term.write_str(&format!("{name}: ")).unwrap_or_default();
        *text = term.read_secure_line().map_err(fault)?;
    } else {
        std::io::stdin().take(SECRET_BYTES_MAX as u64 + 2).read_to_string(&mut text).map_err(fault)?;
    }
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    Ok(SecretString::from(secret.strip_suffix('\r').unwrap_or(secret)))
}

async fn list(app: &App) -> Result<()> {
    let all = app.store.read().await?.secrets().await?;
    let name = |row: &reeve_store::SecretRow| format!("{}/{}/{}", row.system, row.connection, row.field);
    let json: Vec<_> =
        all.iter().map(|row| json!({ "secret": name(row), "version": row.version, "set-at": row.set_at })).collect();
    app.out.print(&json!(json), || {
        let mut rows = vec![["SECRET", "VERSION", "SET"].map(str::to_owned).to_vec()];
        rows.extend(all.iter().map(|row| vec![name(row), row.version.to_string(), row.set_at.to_string()]));
        table(&rows)
    });
    Ok(())
}

async fn remove(app: &App, text: &str) -> Result<()> {
    let name = parse(text)?;
    let mut tx = app.write().await?;
    if !tx.remove_secret(&name.system, &name.connection, &name.field).await? {
        return Err(Error::NotFound(format!("{text} is not set. `reeve secret list` shows what is")));
    }
    tx.audit(&app.entry(Event::SecretRemoved).about(subject(&name))).await?;
    tx.commit().await?;
    app.out.print(&json!({ "removed": text }), || format!("Removed {text}."));
    Ok(())
}
