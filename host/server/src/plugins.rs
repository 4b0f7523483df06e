//! Plugins: what one asks for is shown before it is installed, and its digest is pinned.

use crate::app::App;
use crate::error::{Error, Result};
use crate::home;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reeve_core::audit::{Event, Subject};
use reeve_runtime::package::{self, Origin, Package, check_contract, parse_manifest};
use reeve_store::InstalledPlugin;
use serde_json::json;
use std::path::Path;
use zeroize::Zeroizing;

/// What installing a file would mean, for the administrator who decides.
pub struct Proposal {
    pub package: Package,
    pub origin: Origin,
    pub installed: Option<InstalledPlugin>,
    /// What it asks for on top of the installed version.
    pub more: Vec<String>,
    bytes: Vec<u8>,
}

impl Proposal {
    /// Whether the administrator has to be asked: for a new plugin, and for one that asks for more than before.
    pub fn needs_consent(&self) -> bool {
        self.installed.is_none() || !self.more.is_empty()
    }

    pub fn is_unchanged(&self) -> bool {
        self.installed.as_ref().is_some_and(|installed| installed.digest == self.package.digest)
    }

    pub fn origin_text(&self) -> String {
        match &self.origin {
            Origin::Signed { by } => format!("signed by {by}"),
            Origin::Unsigned => "unsigned".to_owned(),
        }
    }
}

/// Reads and judges a file.
pub async fn propose(app: &App, file: &Path, allow_unsigned: bool, allow_older: bool) -> Result<Proposal> {
    judge(app, read(file)?, allow_unsigned, allow_older).await
}

/// Judges the bytes of a plugin file. A plugin that could not run is refused here, not when somebody leaves.
pub async fn judge(app: &App, bytes: Vec<u8>, allow_unsigned: bool, allow_older: bool) -> Result<Proposal> {
    let package = Package::open(&bytes)?;
    let origin = package.verify(&app.home.trusted_keys()?)?;
    let id = &package.manifest.id;
    if origin == Origin::Unsigned && !allow_unsigned {
        return Err(Error::Refused(format!(
            "the plugin {id} is not signed, so nobody vouches for it. Install a signed build, or accept it with --allow-unsigned \
             (the log will say so)"
        )));
    }
    check_contract(&package)?;
    let installed = app.store.read().await?.plugin(id).await?;
    let mut more = Vec::new();
    if let Some(installed) = &installed {
        let before = parse_manifest(&installed.manifest_toml)?;
        if package.manifest.version < before.version && !allow_older {
            return Err(Error::Refused(format!(
                "{id} {} is older than the installed {}. If that is meant, add --allow-older",
                package.manifest.version, before.version
            )));
        }
        more = package::Asks::of_manifest(&before).more_in(&package.asks());
    }
    app.load(&package).await?;
    Ok(Proposal { package, origin, installed, more, bytes })
}

pub async fn install(app: &App, proposal: &Proposal) -> Result<()> {
    let manifest = &proposal.package.manifest;
    let now = app.now();
    let mut tx = app.write().await?;
    let file_sha256 = tx.put_blob(&proposal.bytes).await?;
    let by = crate::actor::name(&app.actor);
    let plugin = InstalledPlugin {
        id: manifest.id.clone(),
        version: manifest.version.to_string(),
        digest: proposal.package.digest.clone(),
        file_sha256,
        manifest_toml: proposal.package.manifest_toml.clone(),
        origin: proposal.origin_text(),
        installed_at: now,
        installed_by: by,
    };
    tx.put_plugin(&plugin).await?;
    let subject = Subject::Plugin { id: manifest.id.clone() };
    let data = json!({
        "version": plugin.version,
        "digest": plugin.digest,
        "wasm-sha256": proposal.package.wasm_sha256,
        "manifest-sha256": proposal.package.manifest_sha256,
        "origin": plugin.origin,
        "replaces": proposal.installed.as_ref().map(|before| json!({ "version": before.version, "digest": before.digest })),
    });
    tx.audit(&app.entry(Event::PluginInstalled).about(subject.clone()).with_data(data)).await?;
    let asks = proposal.package.asks().to_string();
    let granted = json!({ "asks": asks.lines().collect::<Vec<_>>(), "more-than-before": proposal.more });
    tx.audit(&app.entry(Event::PluginGranted).about(subject).with_data(granted)).await?;
    tx.commit().await?;
    Ok(())
}

pub async fn remove(app: &App, id: &str) -> Result<()> {
    let mut tx = app.write().await?;
    let users: Vec<_> = tx
        .systems()
        .await?
        .into_iter()
        .filter(|system| system.plugin == id)
        .map(|system| system.name.to_string())
        .collect();
    if !users.is_empty() {
        return Err(Error::Refused(format!(
            "the plugin {id} is in use by {}. Remove those systems first: `reeve system remove NAME`",
            users.join(", ")
        )));
    }
    if !tx.remove_plugin(id).await? {
        return Err(Error::NotFound(format!("no plugin {id:?} is installed. `reeve plugin list` shows them")));
    }
    tx.audit(&app.entry(Event::PluginRemoved).about(Subject::Plugin { id: id.to_owned() })).await?;
    tx.commit().await?;
    Ok(())
}

/// Packs a manifest and a component into a plugin file, signed where a key file is named.
pub fn pack(manifest: &Path, wasm: &Path, out: &Path, key: Option<&Path>) -> Result<Package> {
    let text = home::read_text(manifest)?;
    let code = std::fs::read(wasm).map_err(Error::io(wasm))?;
    write(&text, &code, out, key.map(signer).transpose()?.as_ref())
}

/// Signs a plugin file that is there, in the place of whatever signature it had. Its digest stays the same.
pub fn sign(file: &Path, key: &Path, out: &Path) -> Result<Package> {
    let package = open(file)?;
    write(&package.manifest_toml, &package.wasm, out, Some(&signer(key)?))
}

/// Opens a plugin file of bounded size.
pub fn open(file: &Path) -> Result<Package> {
    Ok(Package::open(&read(file)?)?)
}

/// A plugin file's bytes.
pub fn read(file: &Path) -> Result<Vec<u8>> {
    let about = std::fs::metadata(file).map_err(Error::io(file))?;
    if about.len() > package::FILE_BYTES_MAX {
        return Err(Error::Input(format!("{} is larger than any plugin may be", file.display())));
    }
    std::fs::read(file).map_err(Error::io(file))
}

/// Reads a manifest by itself.
pub fn manifest(path: &Path) -> Result<package::Manifest> {
    Ok(parse_manifest(&home::read_text(path)?)?)
}

fn signer(key: &Path) -> Result<package::PluginSigner> {
    Ok(package::PluginSigner::parse(&home::read_text(key)?)?)
}

fn write(manifest: &str, code: &[u8], out: &Path, signer: Option<&package::PluginSigner>) -> Result<Package> {
    let bytes = package::pack(manifest, code, signer)?;
    let part = out.with_extension("part");
    std::fs::write(&part, &bytes).and_then(|()| std::fs::rename(&part, out)).map_err(Error::io(out))?;
    Ok(Package::open(&bytes)?)
}

/// Makes a signing key, for its owner alone, and gives the line that trusts it.
pub fn make_key(name: &str, file: &Path) -> Result<String> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|error| Error::Input(format!("there is no randomness: {error}")))?;
    let signer = package::PluginSigner::new(name, &seed)?;
    home::write_new(file, Zeroizing::new(format!("{name} {}\n", STANDARD.encode(seed.as_slice()))).as_bytes(), 0o600)?;
    Ok(signer.trusted_line())
}
