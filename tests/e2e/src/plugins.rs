//! The packed plugins, and the code that was compiled of them: compiled once, and kept beside what cargo builds.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::reeve::{self, Reeve};
use crate::{guests, repo, target};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The plugins that every Reeve of the tests has.
pub const NAMES: [&str; 3] = ["hr-csv", "scim", "ldap"];

/// A plugin's file: what `make plugins` packed, or else packed here from the compiled guests.
pub fn packed(name: &str) -> PathBuf {
    let file = format!("{name}.reeve");
    if let Some(folder) = std::env::var_os("REEVE_PLUGINS").map(PathBuf::from)
        && folder.join(&file).exists()
    {
        return folder.join(&file);
    }
    static PACKED: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut packed = PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    packed.entry(name.to_owned()).or_insert_with(|| pack_beside(name, &file)).clone()
}

/// Beside what cargo builds. Other tests may do the same at this moment, so the file is put in its place whole.
fn pack_beside(name: &str, file: &str) -> PathBuf {
    let folder = target().join("e2e-plugins");
    std::fs::create_dir_all(&folder).unwrap();
    let part = folder.join(format!("{name}.{}", std::process::id()));
    pack(&manifest(name), name, &part, &[]);
    std::fs::rename(part, folder.join(file)).unwrap();
    folder.join(file)
}

/// A plugin's manifest.
pub fn manifest(name: &str) -> PathBuf {
    repo().join("plugins").join(name).join("plugin.toml")
}

/// `reeve plugin pack`.
pub fn pack(manifest: &Path, name: &str, out: &Path, more: &[&str]) {
    let wasm = guests::folder().join(format!("reeve_plugin_{}.wasm", name.replace('-', "_")));
    if !wasm.exists() {
        panic!("the plugin {} is not there: run `make plugins`", wasm.display());
    }
    let mut command = std::process::Command::new(reeve::program());
    command.args(["plugin", "pack"]).arg(manifest).arg(wasm).arg("-o").arg(out).args(more);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Installs the plugin that misbehaves in the way that its setting `mode` says.
pub fn install_rogue(reeve: &Reeve) {
    let packed = reeve.path("rogue.reeve");
    let (manifest, wasm) =
        (repo().join("tests/hostile/rogue/plugin.toml"), guests::folder().join("reeve_guest_rogue.wasm"));
    let paths = [&manifest, &wasm, &packed].map(|path| path.to_str().unwrap());
    reeve.run(["plugin", "pack", paths[0], paths[1], "-o", paths[2]]).ok();
    reeve.run(["plugin", "install", paths[2], "--yes", "--allow-unsigned"]).ok();
}

/// Puts the system `rogue` under governance, or changes how it misbehaves. Nothing listens where it would reach to.
pub fn govern_rogue(reeve: &Reeve, mode: &str) {
    reeve.add_system(&format!(
        "name = \"rogue\"\nplugin = \"rogue\"\nrole = \"target\"\nlogin = \"{{email}}\"\nsettings = {{ mode = {mode:?} }}\n\
         connections.api = {{ kind = \"http\", base-url = \"http://127.0.0.1:9\", private-addresses = true, auth = {{ \
         scheme = \"none\" }} }}\n"
    ));
}

/// Where the compiled code of exactly these plugins is kept between tests.
fn kept_code(names: &[&str]) -> PathBuf {
    let mut hash = Sha256::new();
    names.iter().for_each(|name| hash.update(std::fs::read(packed(name)).unwrap()));
    hash.update(std::fs::read(repo().join("Cargo.lock")).unwrap());
    target().join(format!("e2e-code-{}", hex::encode(hash.finalize())))
}

/// Gives a new Reeve the code that an earlier one compiled.
pub fn lend_code(names: &[&str], cache: &Path) {
    let kept = kept_code(names);
    if kept.exists() {
        copy_private(&kept, cache);
    }
}

/// Keeps what a Reeve compiled, unless another did so before.
pub fn keep_code(names: &[&str], cache: &Path) {
    let kept = kept_code(names);
    if kept.exists() {
        return;
    }
    let part = kept.with_extension(std::process::id().to_string());
    copy_private(cache, &part);
    if std::fs::rename(&part, &kept).is_err() {
        std::fs::remove_dir_all(&part).ok();
    }
}

fn copy_private(from: &Path, to: &Path) {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).recursive(true).create(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
