//! What every command works with: the folder, the database, the plugins, the log.

use crate::error::{Error, Result};
use crate::home::Home;
use crate::output::Output;
use crate::seal::Sealed;
use crate::sync_runs::RUNS_AT_ONCE_MAX;
use crate::{actor, secrets::StoredSecrets};
use reeve_core::Timestamp;
use reeve_core::audit::{Actor, Checkpoint, Entry, SigningKey, Tree};
use reeve_core::id::SystemName;
use reeve_core::inventory::{System, SystemRole};
use reeve_runtime::package::Package;
use reeve_runtime::vault::Vault;
use reeve_runtime::{Connector, Journal, Plugin, Replay, Runtime, RuntimeOptions};
use reeve_store::{InstalledPlugin, Store, StoreError, Tx};
use std::collections::HashMap;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Mutex, OnceCell, Semaphore};

/// The tenant that secrets are bound to. One database serves one tenant today.
pub const TENANT: &str = "main";
/// How often a change is begun again while the database is busy, 5 s each.
const WRITE_TRIES_MAX: u32 = 60;

/// A connector, and what it was made from: when either changes it is made anew.
struct Bound {
    system: System,
    digest: String,
    connector: Arc<Connector>,
}

/// What is done with Reeve's state, on somebody's behalf. Cheap to clone: everything but who acts is shared.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
    pub actor: Actor,
    pub out: Output,
    told: Option<Told>,
}

/// Hears how far a long job is, in words.
pub type Told = Arc<dyn Fn(String) + Send + Sync>;

pub struct Shared {
    pub home: Home,
    pub store: Store,
    pub vault: Arc<Vault>,
    /// Places for sync runs, and the turn of the one that reads.
    pub sync_runs: Arc<Semaphore>,
    pub sync_turn: Mutex<()>,
    pub(crate) log_key: SigningKey,
    /// Why nothing may be written; none where all is well.
    pub(crate) damage: OnceLock<String>,
    pub(crate) sealed: Mutex<Sealed>,
    runtime: OnceCell<Runtime>,
    /// By digest, each with a lock of its own: one that takes long to compile holds up nobody but those who wait for it.
    plugins: Mutex<HashMap<String, Arc<OnceCell<Arc<Plugin>>>>>,
    connectors: Mutex<HashMap<SystemName, Bound>>,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl App {
    /// Opens the folder and the database, and checks the log against its last checkpoint: a log that was changed behind
    /// Reeve's back can still be read, and nothing is written over it.
    pub async fn open(folder: &Path, out: Output) -> Result<Self> {
        let home = Home::open(folder)?;
        let vault = Arc::new(home.vault()?);
        let log_key = home.log_key()?;
        let store = Store::open(&home.database()).await?;
        let (damage, sealed) = match store.check_log(&[log_key.verifier().clone()]).await {
            Ok(health) => (OnceLock::new(), Sealed::at(health.signed)),
            Err(StoreError::Damaged(why)) => (OnceLock::from(why), Sealed::at(Tree::new())),
            Err(other) => return Err(other.into()),
        };
        let shared = Shared {
            home,
            store,
            vault,
            sync_runs: Arc::new(Semaphore::new(RUNS_AT_ONCE_MAX)),
            sync_turn: Mutex::default(),
            log_key,
            damage,
            sealed: Mutex::new(sealed),
            runtime: OnceCell::new(),
            plugins: Mutex::default(),
            connectors: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared), actor: actor::operator(), out, told: None })
    }

    /// The same, on behalf of another.
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }

    /// The same, and somebody hears how far it is.
    pub fn telling(&self, told: Told) -> Self {
        Self { told: Some(told), ..self.clone() }
    }

    pub fn tell(&self, text: impl FnOnce() -> String) {
        if let Some(told) = &self.told {
            told(text());
        }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    pub fn verifier_key(&self) -> String {
        self.log_key.verifier().to_string()
    }

    pub fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    /// Begins a change. Refused over a damaged log.
    pub async fn write(&self) -> Result<Tx> {
        self.sound()?;
        Ok(self.store.write().await?)
    }

    /// The same for what must not be lost because somebody else is writing: an hour of reading is worth a wait.
    pub async fn write_when_free(&self) -> Result<Tx> {
        for _ in 1..WRITE_TRIES_MAX {
            match self.write().await {
                Err(Error::Store(StoreError::Busy)) => tracing::warn!("the database is busy; a change waits for it"),
                other => return other,
            }
        }
        self.write().await
    }

    /// Begins to claim operations, without waiting for changes that are under way.
    pub async fn queue(&self) -> Result<Tx> {
        self.sound()?;
        Ok(self.store.queue().await?)
    }

    fn sound(&self) -> Result<()> {
        match self.damage() {
            Some(why) => Err(Error::Damaged(format!(
                "the audit log does not match its last checkpoint, so nothing is written: {why}. Restore the database from a \
                 backup that holds the checkpoint, and find out who changed it"
            ))),
            None => Ok(()),
        }
    }

    /// An entry of this actor, now.
    pub fn entry(&self, event: reeve_core::audit::Event) -> Entry {
        Entry::new(self.now(), self.actor.clone(), event)
    }

    pub fn open_checkpoint(&self, note: &str) -> Result<Checkpoint> {
        Ok(Checkpoint::open(note.as_bytes(), &[self.log_key.verifier().clone()])?)
    }

    async fn runtime(&self) -> Result<&Runtime> {
        let make = async || {
            let secrets = Arc::new(StoredSecrets(self.store.clone()));
            let options = RuntimeOptions {
                code_cache: self.home.code_cache(),
                tenant: TENANT.to_owned(),
                vault: self.vault.clone(),
                secrets,
            };
            Runtime::new(options)
        };
        Ok(self.runtime.get_or_try_init(make).await?)
    }

    /// Compiles and links a plugin, or finds it compiled. One that can't run is refused here.
    pub async fn load(&self, package: &Package) -> Result<Arc<Plugin>> {
        let place = self.plugins.lock().await.entry(package.digest.clone()).or_default().clone();
        let loaded = place.get_or_try_init(async || Ok::<_, Error>(self.runtime().await?.load(package).await?));
        loaded.await.cloned()
    }

    /// The package of an installed plugin. Its bytes must still be those that were installed.
    pub async fn package(&self, installed: &InstalledPlugin) -> Result<Package> {
        let mut tx = self.store.read().await?;
        let bytes = tx.blob(&installed.file_sha256).await?.ok_or_else(|| {
            Error::Refused(format!("the file of plugin {} is gone from the database; install it again", installed.id))
        })?;
        let package = Package::open(&bytes)?;
        if package.digest != installed.digest {
            return Err(Error::Refused(format!(
                "the plugin {} is not the one that was installed: its digest is {}, and {} was pinned. Install it again",
                installed.id, package.digest, installed.digest
            )));
        }
        Ok(package)
    }

    /// Runs a recorded call again, with the build that made it. Nothing leaves this process for it.
    pub async fn replay(&self, package: &Package, journal: &Journal) -> Result<Replay> {
        let plugin = self.load(package).await?;
        Ok(self.runtime().await?.replay(&plugin, journal).await?)
    }

    /// The plugin of a system with its connections bound, made once for as long as neither changes.
    pub async fn connector(&self, system: &System) -> Result<Arc<Connector>> {
        let mut tx = self.store.read().await?;
        let installed = tx.plugin(&system.plugin).await?.ok_or_else(|| {
            Error::NotFound(format!(
                "system {} uses the plugin {}, which is not installed. Run `reeve plugin install {}.reeve`",
                system.name, system.plugin, system.plugin
            ))
        })?;
        drop(tx);
        let fits = |bound: &Bound| bound.system == *system && bound.digest == installed.digest;
        if let Some(bound) = self.connectors.lock().await.get(&system.name).filter(|bound| fits(bound)) {
            return Ok(bound.connector.clone());
        }
        let plugin = self.load(&self.package(&installed).await?).await?;
        let connector = Arc::new(self.runtime().await?.connect(&plugin, system)?);
        let mut connectors = self.connectors.lock().await;
        // Another task may have made it meanwhile: rates and tokens are kept in one place.
        if let Some(bound) = connectors.get(&system.name).filter(|bound| fits(bound)) {
            return Ok(bound.connector.clone());
        }
        let bound = Bound { system: system.clone(), digest: installed.digest, connector: connector.clone() };
        connectors.insert(system.name.clone(), bound);
        Ok(connector)
    }

    /// Binds a system that is not stored yet: what would fail later fails now.
    pub async fn try_connect(&self, package: &Package, system: &System) -> Result<Connector> {
        let plugin = self.load(package).await?;
        Ok(self.runtime().await?.connect(&plugin, system)?)
    }

    pub async fn systems(&self, role: SystemRole) -> Result<Vec<System>> {
        let all = self.store.read().await?.systems().await?;
        Ok(all.into_iter().filter(|system| system.role == role).collect())
    }
}
