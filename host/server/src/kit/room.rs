//! Where the kit works: a folder of its own that goes with it, and the secrets that it was given.

use crate::app::TENANT;
use crate::error::{Error, Result};
use crate::secrets;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reeve_core::id::SystemName;
use reeve_runtime::vault::{SealedSecret, SecretSource, Vault};
use reeve_runtime::{Runtime, RuntimeOptions};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Secrets by connection and field.
pub type SecretsGiven = BTreeMap<(String, String), SecretString>;

pub struct Room {
    pub runtime: Runtime,
    _folder: Folder,
}

impl Room {
    /// `kept_code` is a folder that keeps compiled plugins; without one they go with the room.
    pub fn open(system: Option<&SystemName>, given: &SecretsGiven, kept_code: Option<PathBuf>) -> Result<Self> {
        let folder = Folder::new()?;
        let vault = Arc::new(Vault::create(&folder.0.join("key"))?);
        let mut sealed = BTreeMap::new();
        for ((connection, field), secret) in given {
            let name = secrets::named(system.map_or("none", SystemName::as_str), connection, field);
            sealed.insert((connection.clone(), field.clone()), vault.seal(&name, 1, secret)?);
        }
        let runtime = Runtime::new(RuntimeOptions {
            code_cache: kept_code.unwrap_or_else(|| folder.0.join("code")),
            tenant: TENANT.to_owned(),
            vault,
            secrets: Arc::new(InHand(sealed)),
        })?;
        Ok(Self { runtime, _folder: folder })
    }
}

/// Sealed like those of a database, so that they are opened at the last moment here, too.
struct InHand(BTreeMap<(String, String), SealedSecret>);

impl SecretSource for InHand {
    fn sealed(
        &self,
        _: &SystemName,
        connection: &str,
        field: &str,
    ) -> BoxFuture<'_, std::result::Result<Option<SealedSecret>, String>> {
        let found = self.0.get(&(connection.to_owned(), field.to_owned())).cloned();
        async move { Ok(found) }.boxed()
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let path: &Path = &std::env::temp_dir().join(format!("reeve-check-{}", uuid::Uuid::now_v7().simple()));
        std::fs::DirBuilder::new().mode(0o700).create(path).map_err(Error::io(path))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!("{} could not be removed: {error}", self.0.display());
        }
    }
}
