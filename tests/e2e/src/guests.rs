//! The guests that `make plugins` compiles, a runtime to run them in, and systems to bind them to.

use crate::folder::Folder;
use anyhow::{Context, Result};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reeve_core::id::SystemName;
use reeve_core::inventory::System;
use reeve_runtime::package::{Package, pack};
use reeve_runtime::vault::{SealedSecret, SecretName, SecretSource, Vault};
use reeve_runtime::{Connector, Runtime, RuntimeOptions};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const TENANT: &str = "main";
const REPO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The folder of the compiled guests: `REEVE_GUESTS`, or where `make plugins` puts them.
pub fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("REEVE_GUESTS") {
        return folder.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| Path::new(REPO).join("target"), PathBuf::from);
    target.join("guest/wasm32-unknown-unknown/release")
}

/// A compiled guest by its crate's name: a core module.
pub fn wasm(name: &str) -> Result<Vec<u8>> {
    let path = folder().join(format!("{}.wasm", name.replace('-', "_")));
    std::fs::read(&path).with_context(|| format!("the guest {} is not there: run `make plugins`", path.display()))
}

/// A guest as a package, with the manifest at this path of the repository.
pub fn package(name: &str, manifest: &str) -> Result<Package> {
    let path = Path::new(REPO).join(manifest);
    let manifest = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(Package::open(&pack(&manifest, &wasm(name)?, None)?)?)
}

/// The plugin that misbehaves in the way that its setting `mode` says.
pub fn rogue() -> Result<Package> {
    package("reeve-guest-rogue", "tests/hostile/rogue/plugin.toml")
}

/// The one that does not.
pub fn toy() -> Result<Package> {
    package("reeve-guest-toy", "tests/hostile/toy/plugin.toml")
}

/// A runtime with folders of its own, which go when it goes.
pub struct Host {
    pub runtime: Runtime,
    folder: Folder,
}

impl Host {
    /// Every system's connection `api` has the secret `token`.
    pub fn new(token: &str) -> Result<Self> {
        let folder = Folder::new();
        let vault = Arc::new(Vault::create(&folder.path().join("key"))?);
        let runtime = runtime(folder.path(), vault, token)?;
        Ok(Self { runtime, folder })
    }

    /// Another runtime over the same folders, as after a restart.
    pub fn restarted(&self) -> Result<Runtime> {
        runtime(self.folder.path(), Arc::new(Vault::open(&self.folder.path().join("key"))?), "other")
    }

    pub fn code_cache(&self) -> PathBuf {
        self.folder.path().join("code")
    }

    /// Loads a package and binds it to a system whose connection `api` is at this address.
    pub async fn connect(&self, package: &Package, base_url: &str, settings: Value) -> Result<Connector> {
        let plugin = self.runtime.load(package).await?;
        Ok(self.runtime.connect(&plugin, &system(&package.manifest.id, base_url, settings)?)?)
    }

    /// The rogue, misbehaving in one way.
    pub async fn rogue(&self, mode: &str, base_url: &str) -> Result<Connector> {
        self.connect(&rogue()?, base_url, json!({ "mode": mode })).await
    }
}

pub fn system(plugin: &str, base_url: &str, settings: Value) -> Result<System> {
    Ok(serde_json::from_value(json!({
        "name": format!("{plugin}-system"),
        "plugin": plugin,
        "role": "target",
        "settings": settings,
        "connections": {
            "api": { "kind": "http", "base-url": base_url, "auth": { "scheme": "bearer" }, "private-addresses": true },
        },
    }))?)
}

fn runtime(folder: &Path, vault: Arc<Vault>, token: &str) -> Result<Runtime> {
    let secrets = Secrets { vault: vault.clone(), token: token.to_owned(), tenant: TENANT.to_owned() };
    Ok(Runtime::new(RuntimeOptions {
        code_cache: folder.join("code"),
        tenant: TENANT.to_owned(),
        vault,
        secrets: Arc::new(secrets),
    })?)
}

struct Secrets {
    vault: Arc<Vault>,
    tenant: String,
    token: String,
}

impl SecretSource for Secrets {
    fn sealed(
        &self,
        system: &SystemName,
        connection: &str,
        field: &str,
    ) -> BoxFuture<'_, Result<Option<SealedSecret>, String>> {
        let (tenant, connection, field) = (self.tenant.clone(), connection.to_owned(), field.to_owned());
        let name = SecretName { tenant, system: system.clone(), connection, field };
        let sealed = self.vault.seal(&name, 1, &self.token.as_str().into());
        async move { sealed.map(Some).map_err(|error| error.to_string()) }.boxed()
    }
}
