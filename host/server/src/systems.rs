//! Systems under governance, added from the files that a team keeps in git.

use crate::app::App;
use crate::error::{Error, Result};
use crate::{home, secrets};
use reeve_core::audit::{Event, Subject};
use reeve_core::id::SystemName;
use reeve_core::inventory::{Connection, System, SystemRole};
use reeve_runtime::package::Export;
use serde_json::json;
use std::path::{Path, PathBuf};

const NAME_BYTES_MAX: usize = 64;

/// Reads a system file. Relative paths in it start at its own folder.
pub fn read(path: &Path) -> Result<System> {
    let text = home::read_text(path)?;
    let mut system: System =
        toml::from_str(&text).map_err(|error| Error::Input(format!("{}: {error}", path.display())))?;
    check_name(system.name.as_str()).map_err(|why| Error::Input(format!("{}: {why}", path.display())))?;
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let folder = std::fs::canonicalize(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder })
        .map_err(Error::io(path))?;
    for connection in system.connections.values_mut() {
        match connection {
            Connection::Files(files) => files.folder = folder.join(&files.folder),
            Connection::Http(http) => http.tls_roots = http.tls_roots.take().map(|roots| folder.join(roots)),
            Connection::Ldap(ldap) => ldap.tls_roots = ldap.tls_roots.take().map(|roots| folder.join(roots)),
        }
    }
    Ok(system)
}

pub fn check_name(name: &str) -> std::result::Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(plain) {
        true => Ok(()),
        false => Err(format!("the name {name:?} may have a-z, 0-9 and - only, at most {NAME_BYTES_MAX} of them")),
    }
}

pub async fn find(app: &App, name: &str) -> Result<System> {
    let found = app.store.read().await?.system(&SystemName::new(name)).await?;
    found.ok_or_else(|| Error::NotFound(format!("there is no system {name:?}. `reeve system list` shows them")))
}

/// Adds a system, or changes it. Everything that can be wrong with it is found before it is stored. Answers whether it is new.
pub async fn add(app: &App, system: &System) -> Result<bool> {
    add_if(app, system, |_| true).await
}

/// The same, if what is there is as the one who changes it believes.
pub async fn add_if(app: &App, system: &System, as_believed: impl Fn(Option<&System>) -> bool) -> Result<bool> {
    let installed = app.store.read().await?.plugin(&system.plugin).await?.ok_or_else(|| {
        Error::NotFound(format!(
            "the plugin {:?} is not installed. Install it first: `reeve plugin install {}.reeve`",
            system.plugin, system.plugin
        ))
    })?;
    let package = app.package(&installed).await?;
    let (wanted, word) = match system.role {
        SystemRole::Source => (Export::Workforce, "source"),
        SystemRole::Target => (Export::Reader, "target"),
    };
    if !package.manifest.exports.contains(&wanted) {
        return Err(Error::Refused(format!(
            "the plugin {} does not export \"{wanted}\", so {} can't have the role \"{word}\"",
            system.plugin, system.name
        )));
    }
    app.try_connect(&package, system).await?;
    let mut tx = app.write().await?;
    let before = tx.system(&system.name).await?;
    if !as_believed(before.as_ref()) {
        return Err(Error::Refused(format!("the system {} was changed just now; read it again", system.name)));
    }
    if let Some(before) = before.as_ref().filter(|before| before.role != system.role) {
        return Err(Error::Refused(format!(
            "{} is a {:?} and can't become a {word}; remove it first, or choose another name",
            system.name, before.role
        )));
    }
    tx.put_system(system, app.now()).await?;
    let event = if before.is_some() { Event::SystemChanged } else { Event::SystemAdded };
    let entry = app.entry(event).about(Subject::System { name: system.name.clone() });
    // Addresses and names of secrets; a system file holds no secret.
    tx.audit(&entry.with_data(json!({ "system": system, "plugin-digest": installed.digest }))).await?;
    secrets::remove_misdirected(app, &mut tx, before.as_ref(), system).await?;
    tx.commit().await?;
    Ok(before.is_none())
}

pub async fn remove(app: &App, name: &SystemName, reason: &str, give_up_proof: bool) -> Result<()> {
    let mut tx = app.write().await?;
    let underway = tx.underway().await?.into_iter().filter(|operation| operation.planned.system == *name).count();
    if underway > 0 {
        return Err(Error::Refused(format!(
            "{name} has {underway} operation(s) underway. Run them first: `reeve run`"
        )));
    }
    let waiting: Vec<_> =
        tx.open_cases().await?.into_iter().filter(|case| case.open_systems().any(|one| one == name)).collect();
    if !waiting.is_empty() && !give_up_proof {
        return Err(Error::Refused(format!(
            "{} leaver case(s) wait for {name} to read clean. Read it first (`reeve leaver check`), or add --give-up-proof: their \
             certificates will not speak of it, and the log will say so",
            waiting.len()
        )));
    }
    for mut case in waiting {
        case.systems.remove(name);
        tx.put_case(&case).await?;
        let entry = app.entry(Event::CaseRead).about(Subject::Case { id: case.id.clone() });
        let data = json!({ "system": name, "proof": "given up, because the system was removed", "reason": reason });
        tx.audit(&entry.with_data(data)).await?;
    }
    if !tx.remove_system(name, app.now()).await? {
        return Err(Error::NotFound(format!(
            "there is no system {name:?}. `reeve system list` shows them",
            name = name.as_str()
        )));
    }
    let entry = app.entry(Event::SystemRemoved).about(Subject::System { name: name.clone() });
    tx.audit(&entry.with_data(json!({ "reason": reason }))).await?;
    tx.commit().await?;
    Ok(())
}
