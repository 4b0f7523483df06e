//! Compiled code on disk, so that a Python plugin's ten seconds of compiling are spent once.
//!
//! Compiled code is native code: whoever can write it runs as this process. So the folder must belong to this user
//! alone, and each file carries a MAC under a key that is kept beside it. The MAC tells a damaged or foreign file; the
//! folder's mode is what keeps others out.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::Component;

const KEY_FILE: &str = "mac.key";
const MAC_BYTES: usize = 32;
/// Compiled code that is read back, in bytes. A Python guest compiles to some 60 MB.
const CODE_BYTES_MAX: u64 = 512 * 1024 * 1024;

pub(crate) struct CodeCache {
    folder: PathBuf,
    key: [u8; MAC_BYTES],
}

impl CodeCache {
    /// Opens the folder, making it if it is not there. The error is a sentence.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let at = |error: std::io::Error| format!("the folder for compiled plugins, {}: {error}", folder.display());
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at)?;
        let about = std::fs::symlink_metadata(folder).map_err(at)?;
        if !about.is_dir() || about.mode() & 0o077 != 0 {
            return Err(format!(
                "the folder for compiled plugins, {}, must be a folder that only its owner can use. Run `chmod 700` on it, or name another",
                folder.display()
            ));
        }
        let key = key(&folder.join(KEY_FILE)).map_err(at)?;
        let owner = std::fs::metadata(folder.join(KEY_FILE)).map_err(at)?.uid();
        if about.uid() != owner {
            return Err(format!("the folder for compiled plugins, {}, belongs to another user", folder.display()));
        }
        Ok(Self { folder: folder.to_owned(), key })
    }

    /// The compiled component: from the folder, or compiled now and kept there.
    pub fn component(&self, engine: &Engine, digest: &str, wasm: &[u8]) -> wasmtime::Result<Component> {
        let name = format!("{digest}-{}", compatibility(engine));
        if let Some(component) = self.load(engine, &name) {
            return Ok(component);
        }
        let code = engine.precompile_component(wasm)?;
        // Without a place to keep it the plugin still works, only slower next time.
        if let Err(error) = self.keep(&name, &code) {
            tracing::warn!(%error, "compiled plugin could not be kept in {}", self.folder.display());
        }
        deserialize(engine, &code)
    }

    fn load(&self, engine: &Engine, name: &str) -> Option<Component> {
        let file = std::fs::File::open(self.folder.join(name)).ok()?;
        let mut content = Vec::new();
        file.take(CODE_BYTES_MAX).read_to_end(&mut content).ok()?;
        let (mac, code) = content.split_at_checked(MAC_BYTES)?;
        if self.mac(name, code)?.verify_slice(mac).is_err() {
            tracing::warn!("the compiled plugin {name} does not carry this host's mark; it is compiled anew");
            return None;
        }
        deserialize(engine, code)
            .inspect_err(|error| tracing::warn!(%error, "compiled plugin {name} is of no use"))
            .ok()
    }

    /// Written under a temporary name and renamed, so that a file under its name is whole.
    fn keep(&self, name: &str, code: &[u8]) -> std::io::Result<()> {
        let mac = self.mac(name, code).ok_or_else(|| std::io::Error::other("no MAC"))?.finalize().into_bytes();
        let part = self.folder.join(format!("{name}.{}.part", std::process::id()));
        std::fs::remove_file(&part).ok();
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        file.write_all(&mac)?;
        file.write_all(code)?;
        file.sync_all()?;
        std::fs::rename(&part, self.folder.join(name))
    }

    /// Over the name too, so that one plugin's code can't be put in another's place.
    fn mac(&self, name: &str, code: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.key).ok()?;
        mac.update(&(name.len() as u64).to_be_bytes());
        mac.update(name.as_bytes());
        mac.update(code);
        Some(mac)
    }
}

#[expect(unsafe_code, reason = "the bytes come from this engine, or carry a MAC that only this host can make")]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `precompile_component` made these bytes, in this process or in one with the same key file.
    unsafe { Component::deserialize(engine, code) }
}

fn key(path: &Path) -> std::io::Result<[u8; MAC_BYTES]> {
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let mut key = [0; MAC_BYTES];
            getrandom::fill(&mut key).map_err(std::io::Error::other)?;
            file.write_all(&key)?;
            file.sync_all()?;
            Ok(key)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let file = std::fs::File::open(path)?;
            if file.metadata()?.mode() & 0o077 != 0 {
                return Err(std::io::Error::other(format!("{} must have the mode 600", path.display())));
            }
            let mut key = Vec::new();
            file.take(MAC_BYTES as u64 + 1).read_to_end(&mut key)?;
            <[u8; MAC_BYTES]>::try_from(key).map_err(|_| {
                std::io::Error::other(format!(
                    "{} is damaged; remove it, and plugins are compiled anew",
                    path.display()
                ))
            })
        }
        Err(error) => Err(error),
    }
}

/// What wasmtime says two engines must have in common to share code.
fn compatibility(engine: &Engine) -> String {
    struct Sink(Sha256);
    impl Hasher for Sink {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut sink = Sink(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut sink);
    hex::encode(sink.0.finalize().get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn compiled_code_is_kept_and_a_file_that_was_tampered_with_is_compiled_anew() {
        let folder = crate::testing::Folder::new();
        let engine = Engine::default();
        let cache = CodeCache::open(&folder.path("code")).unwrap();
        cache.component(&engine, "aa", EMPTY_COMPONENT).unwrap();
        let name = format!("aa-{}", compatibility(&engine));
        assert!(cache.load(&engine, &name).is_some());

        let path = folder.path("code").join(&name);
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &bad).unwrap();
        assert!(cache.load(&engine, &name).is_none());
        cache.component(&engine, "aa", EMPTY_COMPONENT).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), good);

        // Good code under another plugin's name.
        std::fs::copy(&path, folder.path("code").join(name.replace("aa-", "bb-"))).unwrap();
        assert!(cache.load(&engine, &name.replace("aa-", "bb-")).is_none());
    }

    #[test]
    fn a_folder_that_others_can_use_is_refused() {
        let folder = crate::testing::Folder::new();
        CodeCache::open(&folder.path("code")).unwrap();
        std::fs::set_permissions(folder.path("code"), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(CodeCache::open(&folder.path("code")).is_err_and(|error| error.contains("chmod 700")));
    }
}
