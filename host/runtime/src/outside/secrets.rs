//! Gets a connection's secret at the last moment, and keeps it for seconds only.

use super::redact::Redactor;
use crate::limits::SECRET_AGE_MAX;
use crate::vault::{SecretName, SecretSource, Vault};
use reeve_core::id::SystemName;
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// One per runtime: where secrets come from, and the key that opens them.
pub(crate) struct Shared {
    pub(super) tenant: String,
    pub(super) vault: Arc<Vault>,
    pub(super) source: Arc<dyn SecretSource>,
}

impl Shared {
    pub(crate) fn new(tenant: String, vault: Arc<Vault>, secrets: Arc<dyn SecretSource>) -> Result<Arc<Self>, String> {
        if tenant.is_empty() {
            return Err("the tenant has no name; secrets are sealed under it, so set one".to_owned());
        }
        Ok(Arc::new(Self { tenant, vault, source: secrets }))
    }
}

/// The one secret of one connection.
pub(super) struct Secret {
    shared: Arc<Shared>,
    redactor: Arc<Redactor>,
    name: SecretName,
    cached: Mutex<Option<(SecretString, Instant)>>,
}

impl Secret {
    pub(super) fn new(
        shared: &Arc<Shared>,
        redactor: &Arc<Redactor>,
        system: &SystemName,
        connection: &str,
        field: &str,
    ) -> Self {
        let name = SecretName {
            tenant: shared.tenant.clone(),
            system: system.clone(),
            connection: connection.to_owned(),
            field: field.to_owned(),
        };
        Self { shared: shared.clone(), redactor: redactor.clone(), name, cached: Mutex::new(None) }
    }

    pub(super) fn name(&self) -> &SecretName {
        &self.name
    }

    /// The secret in clear. The error is a sentence for the operator.
    pub(super) async fn get(&self) -> Result<SecretString, String> {
        if let Some((secret, since)) = &*self.cached.lock().unwrap_or_else(PoisonError::into_inner)
            && since.elapsed() < SECRET_AGE_MAX
        {
            return Ok(secret.clone());
        }
        let name = &self.name;
        let sealed = self.shared.source.sealed(&name.system, &name.connection, &name.field).await;
        let sealed = sealed.map_err(|error| format!("the secret {name} can't be read: {error}"))?;
        let sealed = sealed.ok_or_else(|| format!("the secret {name} is not set; run `reeve secret set {name}`"))?;
        let secret = self.shared.vault.unseal(name, &sealed).map_err(|error| error.to_string())?;
        self.redactor.learn(secret.expose_secret());
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some((secret.clone(), Instant::now()));
        Ok(secret)
    }

    /// After the target has refused it: the next use asks the vault again, in case that it was changed.
    pub(super) fn forget(&self) {
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
