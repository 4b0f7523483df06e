//! `reeve secret`.

use crate::app::App;
use crate::error::{Error, Result};
use crate::output::table;
use crate::secrets;
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

fn parse(text: &str) -> Result<SecretName> {
    let parts: Vec<_> = text.split('/').collect();
    match parts.as_slice() {
        [system, connection, field] if parts.iter().all(|part| !part.is_empty()) => {
            Ok(secrets::named(system, connection, field))
        }
        _ => {
            Err(Error::Input(format!("{text:?} names no secret; write SYSTEM/CONNECTION/FIELD, such as crm/api/token")))
        }
    }
}

async fn set(app: &App, text: &str) -> Result<()> {
    let name = parse(text)?;
    secrets::must_be_known(app, &name).await?;
    let version = secrets::set(app, &name, &read_secret(text)?).await?;
    app.out.print(&json!({ "secret": text, "version": version }), || format!("Set {text} (version {version})."));
    Ok(())
}

/// From standard input, or asked for without being shown.
pub(super) fn read_secret(name: &str) -> Result<SecretString> {
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
    secrets::remove(app, &parse(text)?).await?;
    app.out.print(&json!({ "removed": text }), || format!("Removed {text}."));
    Ok(())
}
