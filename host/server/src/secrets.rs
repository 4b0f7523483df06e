//! Secrets of connections: set, replaced and removed by name, and given sealed to the runtime. Nothing here shows one.

use crate::app::{App, TENANT};
use crate::error::{Error, Result};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reeve_core::audit::{Event, Subject};
use reeve_core::id::SystemName;
use reeve_core::inventory::{Connection, System, SystemRole};
use reeve_runtime::vault::{SealedSecret, SecretName, SecretSource};
use reeve_store::{Store, Tx};
use secrecy::SecretString;
use serde_json::json;

pub struct StoredSecrets(pub Store);

impl SecretSource for StoredSecrets {
    fn sealed(
        &self,
        system: &SystemName,
        connection: &str,
        field: &str,
    ) -> BoxFuture<'_, std::result::Result<Option<SealedSecret>, String>> {
        let (system, connection, field) = (system.clone(), connection.to_owned(), field.to_owned());
        async move {
            let mut tx = self.0.read().await.map_err(|error| error.to_string())?;
            let found = tx.secret(&system, &connection, &field).await.map_err(|error| error.to_string())?;
            Ok(found.map(|(version, bytes)| SealedSecret { version, bytes }))
        }
        .boxed()
    }
}

/// A secret's name: SYSTEM/CONNECTION/FIELD.
pub fn named(system: &str, connection: &str, field: &str) -> SecretName {
    SecretName {
        tenant: TENANT.to_owned(),
        system: SystemName::new(system),
        connection: connection.to_owned(),
        field: field.to_owned(),
    }
}

pub fn text(name: &SecretName) -> String {
    format!("{}/{}/{}", name.system, name.connection, name.field)
}

fn subject(name: &SecretName) -> Subject {
    Subject::Secret { system: name.system.clone(), connection: name.connection.clone(), field: name.field.clone() }
}

/// The secrets that a system's connections need, by name.
pub fn needed(system: &System) -> Vec<SecretName> {
    let connections = system.connections.iter();
    connections
        .filter_map(|(name, bound)| Some(self::named(system.name.as_str(), name, bound.secret_field()?)))
        .collect()
}

/// The key that an HR system signs its messages with; its name is that of a source's secret.
pub fn webhook_key(system: &str) -> SecretName {
    named(system, "webhook", "signing-key")
}

/// The secrets that a system can have: those that its connections need, and a source's key for messages.
pub fn accepted(system: &System) -> Vec<SecretName> {
    let mut all = needed(system);
    if system.role == SystemRole::Source {
        all.push(webhook_key(system.name.as_str()));
    }
    all
}

/// Those that its connections need and that are not set.
pub async fn missing(app: &App, system: &System) -> Result<Vec<String>> {
    let mut tx = app.store.read().await?;
    let mut missing = Vec::new();
    for name in needed(system) {
        if tx.secret(&name.system, &name.connection, &name.field).await?.is_none() {
            missing.push(text(&name));
        }
    }
    Ok(missing)
}

/// The system that a secret is of. A name that means nothing to it is refused.
pub async fn must_be_known(app: &App, name: &SecretName) -> Result<System> {
    let system = app.store.read().await?.system(&name.system).await?.ok_or_else(|| {
        Error::NotFound(format!("there is no system {:?}. Add it first: `reeve system add FILE`", name.system.as_str()))
    })?;
    let accepted = accepted(&system);
    if accepted.iter().any(|one| text(one) == text(name)) {
        return Ok(system);
    }
    let all: Vec<_> = accepted.iter().map(text).collect();
    Err(Error::NotFound(format!("{} has no such secret; it has: {}", system.name, all.join(", "))))
}

/// Sets or replaces a secret, and answers its version.
pub async fn set(app: &App, name: &SecretName, secret: &SecretString) -> Result<u32> {
    let system = must_be_known(app, name).await?;
    if let Some(connection) = system.connections.get(&name.connection) {
        reeve_runtime::check_secret(connection, secret)
            .map_err(|why| Error::Input(format!("{} was not set: {why}", text(name))))?;
    }
    let mut tx = app.write().await?;
    let version = tx.secret_version(&name.system, &name.connection, &name.field).await?.saturating_add(1);
    let sealed = app.vault.seal(name, version, secret)?;
    tx.put_secret(&name.system, &name.connection, &name.field, version, &sealed.bytes, app.now()).await?;
    let entry = app.entry(Event::SecretSet).about(subject(name)).with_data(json!({ "version": version }));
    tx.audit(&entry).await?;
    tx.commit().await?;
    Ok(version)
}

pub async fn remove(app: &App, name: &SecretName) -> Result<()> {
    let mut tx = app.write().await?;
    if !tx.remove_secret(&name.system, &name.connection, &name.field).await? {
        return Err(Error::NotFound(format!("{} is not set. `reeve secret list` shows what is", text(name))));
    }
    tx.audit(&app.entry(Event::SecretRemoved).about(subject(name))).await?;
    tx.commit().await?;
    Ok(())
}

/// Removes the secrets of connections that lead elsewhere since a system was changed, or added anew: who may change an
/// address must not get what was set for another one.
pub async fn remove_misdirected(app: &App, tx: &mut Tx, before: Option<&System>, now: &System) -> Result<()> {
    for set in tx.secrets().await?.into_iter().filter(|set| set.system == now.name) {
        let before = before.and_then(|system| system.connections.get(&set.connection));
        let now = now.connections.get(&set.connection);
        if before.map(Connection::destination) != now.map(Connection::destination) {
            tx.remove_secret(&set.system, &set.connection, &set.field).await?;
            let name = named(set.system.as_str(), &set.connection, &set.field);
            let data = json!({ "reason": "the connection leads elsewhere now" });
            tx.audit(&app.entry(Event::SecretRemoved).about(subject(&name)).with_data(data)).await?;
        }
    }
    Ok(())
}
