//! Loads plugins and binds them to systems.

use crate::abi;
use crate::bench::Bench;
use crate::call::call;
use crate::connector::Connector;
use crate::engine::{CodeCache, Sandbox};
use crate::limits::COMPILE_TIME_MAX;
use crate::outside::{Outside, Shared, Switch};
use crate::package::{Manifest, Package, PackageError, check_contract, imports_wasi};
use crate::plugin::Plugin;
use crate::reach::Reach;
use crate::senses::Calls;
use crate::state::{CallName, State};
use crate::vault::{SecretSource, Vault};
use crate::wasi;
use reeve_core::id::SystemName;
use reeve_core::inventory::System;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::Linker;

pub struct RuntimeOptions {
    /// A folder that only this user can use. Compiled plugins are kept in it.
    pub code_cache: PathBuf,
    pub tenant: String,
    pub vault: Arc<Vault>,
    pub secrets: Arc<dyn SecretSource>,
}

#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The host itself can't run plugins.
    #[error("the sandbox can't start: {0}")]
    Sandbox(String),
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error("the plugin `{id}` can't be loaded: {why}")]
    Load { id: String, why: String },
    /// The system's file and the plugin do not fit. One sentence each.
    #[error("the system `{system}` can't be connected: {}", .faults.join("; "))]
    Connect { system: String, faults: Vec<String> },
    #[error("the call can't be replayed: {0}")]
    Replay(String),
}

/// Runs plugins. One per process.
pub struct Runtime {
    sandbox: Sandbox,
    cache: Arc<CodeCache>,
    /// Without WASI, for components that import none of it, and with an empty one.
    plain: Linker<State>,
    with_wasi: Linker<State>,
    shared: Arc<Shared>,
    calls: Arc<Calls>,
    compile_time: Duration,
}

impl Runtime {
    pub fn new(options: RuntimeOptions) -> Result<Self, RuntimeError> {
        let engine_fault = |error: wasmtime::Error| RuntimeError::Sandbox(format!("{error:#}"));
        let sandbox = Sandbox::new().map_err(engine_fault)?;
        let mut plain = Linker::new(sandbox.engine());
        abi::link(&mut plain).map_err(engine_fault)?;
        let mut with_wasi = plain.clone();
        wasi::link(&mut with_wasi).map_err(engine_fault)?;
        Ok(Self {
            cache: Arc::new(CodeCache::open(&options.code_cache).map_err(RuntimeError::Sandbox)?),
            shared: Shared::new(options.tenant, options.vault, options.secrets).map_err(RuntimeError::Sandbox)?,
            sandbox,
            plain,
            with_wasi,
            calls: Arc::new(Calls::new().map_err(RuntimeError::Sandbox)?),
            compile_time: COMPILE_TIME_MAX,
        })
    }

    /// Compiles (or takes from the cache), links, and starts it once: a plugin that can't run fails here, at install.
    pub async fn load(&self, package: &Package) -> Result<Arc<Plugin>, RuntimeError> {
        let id = &package.manifest.id;
        let failed = |why: String| RuntimeError::Load { id: id.clone(), why };
        let (cache, engine, owned) = (self.cache.clone(), self.sandbox.engine().clone(), package.clone());
        let compiled = aside(self.compile_time, move || {
            check_contract(&owned)?;
            let wasi = imports_wasi(&owned.wasm)?;
            Ok::<_, PackageError>((cache.component(&engine, &owned.wasm_sha256, &owned.wasm), wasi))
        });
        let (component, wasi) = compiled.await.map_err(failed)??;
        let component = component.map_err(|error| failed(format!("it does not compile: {error:#}")))?;
        let linker = if wasi { &self.with_wasi } else { &self.plain };
        let unfit = |error: wasmtime::Error| {
            failed(format!(
                "its imports or exports have other types than reeve:connector {}: {error:#}. Build it against the contract's files",
                package.manifest.contract
            ))
        };
        let pre = linker.instantiate_pre(&component).map_err(unfit)?;
        let plugin = Plugin::new(package.manifest.clone(), package.digest.clone(), pre).map_err(unfit)?;
        self.start_once(&plugin).await?;
        Ok(Arc::new(plugin))
    }

    async fn start_once(&self, plugin: &Plugin) -> Result<(), RuntimeError> {
        let failed = |why: String| RuntimeError::Load { id: plugin.manifest().id.clone(), why };
        let number = self.calls.number();
        let name = CallName {
            plugin: plugin.manifest().id.clone(),
            digest: plugin.digest().to_owned(),
            system: "none".to_owned(),
            call: number,
            function: "start",
        };
        let state = State::new(name, Reach::Nowhere, Arc::from("{}"), self.calls.senses(number));
        let started = call(&self.sandbox, plugin, state, |guest| {
            let fits = guest.exports.check(guest).map_err(|error| format!("{error:#}"));
            Box::pin(async move { Ok(Ok(fits)) })
        });
        match started.await.result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(failed(format!("its exports have other types than the contract: {why}"))),
            Err(stopped) => Err(failed(format!("it does not start: {stopped}"))),
        }
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    pub(crate) fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Binds a plugin to one system's connections and settings.
    pub fn connect(&self, plugin: &Arc<Plugin>, system: &System) -> Result<Connector, RuntimeError> {
        self.bind(plugin, system, None)
    }

    fn bind(
        &self,
        plugin: &Arc<Plugin>,
        system: &System,
        trouble: Option<Arc<Switch>>,
    ) -> Result<Connector, RuntimeError> {
        let manifest = plugin.manifest();
        let mut faults = Vec::new();
        if system.plugin != manifest.id {
            faults.push(format!("it names the plugin `{}`, and this one is `{}`", system.plugin, manifest.id));
        }
        let settings = settings(manifest, &system.settings).map_err(|found| faults.extend(found)).ok();
        let outside = Outside::bind(manifest, system, &self.shared).map_err(|found| faults.extend(found)).ok();
        match (settings, outside) {
            (Some(settings), Some(outside)) if faults.is_empty() => {
                let outside = match trouble {
                    Some(switch) => outside.troubled(switch),
                    None => outside,
                };
                Ok(self.connector(plugin, system.name.clone(), settings, outside))
            }
            _ => Err(RuntimeError::Connect { system: system.name.to_string(), faults }),
        }
    }

    fn connector(&self, plugin: &Arc<Plugin>, name: SystemName, settings: Arc<str>, outside: Outside) -> Connector {
        Connector::new(self.sandbox.clone(), plugin.clone(), name, settings, Arc::new(outside), self.calls.clone())
    }

    /// Puts a plugin on the conformance kit's bench: bound to a system as [`Runtime::connect`] does, or to nothing at all
    /// and with the settings' defaults.
    pub fn bench(&self, plugin: &Arc<Plugin>, system: Option<&System>) -> Result<Bench, RuntimeError> {
        let switch = Arc::<Switch>::default();
        let connector = match system {
            Some(system) => self.bind(plugin, system, Some(switch.clone()))?,
            None => {
                let manifest = plugin.manifest();
                let alone = SystemName::new("none");
                let settings = settings(manifest, &BTreeMap::new())
                    .map_err(|faults| RuntimeError::Connect { system: alone.to_string(), faults })?;
                let outside = Outside::shut(&manifest.id).troubled(switch.clone());
                self.connector(plugin, alone, settings, outside)
            }
        };
        Ok(Bench::new(connector, switch))
    }
}

/// Does long work on a thread of its own, and waits for it no longer than this. A compiler can't be interrupted, so what
/// is late goes on unseen until it is done or the process ends, which does not wait for it.
async fn aside<T: Send + 'static>(time: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let (done, result) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("reeve-compiler".to_owned());
    let started = thread.spawn(move || done.send(work()).map_err(drop).unwrap_or_default());
    started.map_err(|error| format!("compiling it could not begin: {error}"))?;
    match tokio::time::timeout(time, result).await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(_)) => Err("compiling it broke off".to_owned()),
        Err(_) => Err(format!("it was not compiled within {} s, so it is not used", time.as_secs())),
    }
}

/// As the plugin sees them: JSON text with the defaults filled in.
fn settings(manifest: &Manifest, given: &BTreeMap<String, Value>) -> Result<Arc<str>, Vec<String>> {
    let settled = manifest.settle(given)?;
    let text =
        serde_json::to_string(&settled).map_err(|error| vec![format!("the settings have no JSON form: {error}")])?;
    Ok(Arc::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::pack;
    use crate::testing::{Folder, component};
    use crate::vault::SealedSecret;
    use futures_util::future::BoxFuture;

    const MANIFEST: &str = r#"
id = "crm"
version = "1.2.0"
contract = "0.1.0"
name = "Example CRM"
summary = "Reads users."
exports = ["descriptor", "reader"]
"#;
    const DESCRIPTOR: &str = "reeve:connector/descriptor@0.1.0";
    const READER: &str = "reeve:connector/reader@0.1.0";

    struct NoSecrets;

    impl SecretSource for NoSecrets {
        fn sealed(&self, _: &SystemName, _: &str, _: &str) -> BoxFuture<'_, Result<Option<SealedSecret>, String>> {
            Box::pin(async { Ok(None) })
        }
    }

    /// Why a component is not loaded, that was put in the place of a good one after packing.
    async fn refusal(wasm: Vec<u8>) -> String {
        let folder = Folder::new();
        let runtime = Runtime::new(RuntimeOptions {
            code_cache: folder.path("code"),
            tenant: "main".to_owned(),
            vault: Arc::new(Vault::create(&folder.path("key")).unwrap()),
            secrets: Arc::new(NoSecrets),
        });
        let good = pack(MANIFEST, &component(&[], &[DESCRIPTOR, READER]), None).unwrap();
        let mut package = Package::open(&good).unwrap();
        package.wasm = wasm;
        runtime.unwrap().load(&package).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_plugin_of_another_version_of_the_contract_is_refused() {
        let why = refusal(component(&[], &["reeve:connector/descriptor@0.2.0", READER])).await;
        assert!(why.contains("It exports `descriptor` of reeve:connector 0.2.0"), "{why}");
        let why = refusal(component(&["reeve:connector/log@0.2.0"], &[DESCRIPTOR, READER])).await;
        assert!(why.contains("It imports `log` of reeve:connector 0.2.0"), "{why}");
    }

    #[tokio::test]
    async fn a_plugin_that_compiles_for_ever_is_not_waited_for() {
        let hour = || std::thread::park_timeout(Duration::from_secs(3600));
        let late = tokio::time::timeout(Duration::from_secs(60), aside(Duration::from_millis(10), hour)).await;
        let late = late.expect("whoever loads a plugin waits for its compiler");
        assert!(late.is_err_and(|why| why.contains("was not compiled within 0 s")));
        let broken: Result<(), String> = aside(COMPILE_TIME_MAX, || std::panic::resume_unwind(Box::new(()))).await;
        assert_eq!(broken, Err("compiling it broke off".to_owned()));
        assert_eq!(aside(COMPILE_TIME_MAX, || 7).await, Ok(7));
    }

    #[tokio::test]
    async fn an_import_that_no_plugin_gets_is_refused_by_name() {
        for import in ["wasi:http/outgoing-handler@0.2.0", "example:vault/secrets@1.0.0"] {
            let why = refusal(component(&[import], &[DESCRIPTOR, READER])).await;
            assert!(why.contains(&format!("It imports `{import}`, which no plugin gets")), "{why}");
        }
        let why = refusal(component(&["reeve:connector/http@0.1.0"], &[DESCRIPTOR, READER])).await;
        assert!(why.contains("asks for no connection of that kind"), "{why}");
    }

    #[tokio::test]
    async fn an_export_of_the_right_name_and_the_wrong_type_is_refused() {
        let why = refusal(component(&[], &[DESCRIPTOR, READER])).await;
        assert!(why.contains("other types than reeve:connector 0.1.0") && why.contains("describe"), "{why}");
    }
}
