//! Secrets at rest: sealed under a key file, so that the database and its backups are useless without that file.
//!
//! XChaCha20-Poly1305 with a random 192-bit nonce. The associated data names tenant, system, connection, field and
//! version, so a sealed secret that is moved to another row, or rolled back, does not open. Opening is private to this
//! crate: nothing outside the runtime sees a secret in clear.

use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use futures_util::future::BoxFuture;
use reeve_core::id::SystemName;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// The longest secret, in bytes.
pub const SECRET_BYTES_MAX: usize = 64 * 1024;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// The longest key file that is read, in bytes: 64 hex digits and some white space.
const KEY_FILE_BYTES_MAX: u64 = 256;
const DOMAIN: &[u8] = b"reeve-secret-v1";

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the key file {path} can't be used: {why}")]
    KeyFile { path: String, why: String },
    #[error("the secret {name} can't be sealed: {why}")]
    Seal { name: SecretName, why: &'static str },
    #[error(
        "the secret {name} does not open: it was sealed under another key file, or moved or changed in the database. \
         Set it again with `reeve secret set {name}`"
    )]
    Open { name: SecretName },
}

/// Which secret: of which tenant's system, for which connection, in which field of its auth scheme.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SecretName {
    pub tenant: String,
    pub system: SystemName,
    pub connection: String,
    pub field: String,
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.system, self.connection, self.field)
    }
}

/// A secret as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    /// Counts up with each change of the secret.
    pub version: u32,
    /// Nonce and ciphertext.
    pub bytes: Vec<u8>,
}

/// Where sealed secrets come from. The server implements it over the store.
pub trait SecretSource: Send + Sync {
    /// None where the secret was never set. The error is a sentence for the operator.
    fn sealed(
        &self,
        system: &SystemName,
        connection: &str,
        field: &str,
    ) -> BoxFuture<'_, Result<Option<SealedSecret>, String>>;
}

/// Seals and opens secrets with the key of one file.
pub struct Vault {
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

/// Makes a file that must not be there yet. It is written beside its place and gets its name when it is whole, so that a
/// process which is killed leaves no half of a key.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    // Of a process that had the same number, and was killed.
    std::fs::remove_file(&part).ok();
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&part)?;
    let made = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| std::fs::hard_link(&part, path));
    std::fs::remove_file(&part).and(made)
}

impl Vault {
    /// Makes a new key file, readable by its owner alone. An existing file is never touched.
    pub fn create(path: &Path) -> Result<Self, VaultError> {
        let wrong = |why: String| VaultError::KeyFile { path: path.display().to_string(), why };
        let key = Zeroizing::new(
            <[u8; KEY_BYTES]>::try_generate().map_err(|error| wrong(format!("there is no randomness: {error}")))?,
        );
        let text = Zeroizing::new(format!("{}\n", hex::encode(key.as_slice())));
        write_new(path, text.as_bytes(), 0o600).map_err(|error| wrong(format!("it can't be made: {error}")))?;
        Ok(Self::with_key(&key))
    }

    /// Opens a key file: 32 bytes as hex or base64, for its owner alone.
    pub fn open(path: &Path) -> Result<Self, VaultError> {
        let wrong = |why: String| VaultError::KeyFile { path: path.display().to_string(), why };
        let file = std::fs::File::open(path)
            .map_err(|error| wrong(format!("{error}. Restore the one that the secrets were sealed with")))?;
        // Asked of the open file, so that what is checked is what is read.
        let mode = file.metadata().map_err(|error| wrong(error.to_string()))?.mode();
        if mode & 0o077 != 0 {
            return Err(wrong(format!(
                "its mode is {:03o}, so others on this machine can get at every secret. Run `chmod 600 {}`",
                mode & 0o777,
                path.display()
            )));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
        let key = decode_key(text.trim()).ok_or_else(|| wrong("it must hold 32 bytes as hex or base64".to_owned()))?;
        Ok(Self::with_key(&key))
    }

    fn with_key(key: &[u8; KEY_BYTES]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&Key::from(*key)) }
    }

    pub fn seal(&self, name: &SecretName, version: u32, secret: &SecretString) -> Result<SealedSecret, VaultError> {
        let wrong = |why| VaultError::Seal { name: name.clone(), why };
        let clear = secret.expose_secret().as_bytes();
        if clear.is_empty() {
            return Err(wrong("it is empty"));
        }
        if clear.len() > SECRET_BYTES_MAX {
            return Err(wrong("it is longer than 65536 bytes"));
        }
        let nonce = XNonce::try_generate().map_err(|_| wrong("there is no randomness"))?;
        let aad = associated_data(name, version);
        let sealed = self
            .cipher
            .encrypt(&nonce, Payload { msg: clear, aad: &aad })
            .map_err(|_| wrong("the cipher refuses it"))?;
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        Ok(SealedSecret { version, bytes })
    }

    /// Whether a sealed secret opens, without showing it: what a start-up check asks.
    pub fn opens(&self, name: &SecretName, sealed: &SealedSecret) -> Result<(), VaultError> {
        self.unseal(name, sealed).map(|_| ())
    }

    pub(crate) fn unseal(&self, name: &SecretName, sealed: &SealedSecret) -> Result<SecretString, VaultError> {
        let closed = || VaultError::Open { name: name.clone() };
        let (nonce, ciphertext) = sealed.bytes.split_at_checked(NONCE_BYTES).ok_or_else(closed)?;
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| closed())?;
        let aad = associated_data(name, sealed.version);
        let clear = Zeroizing::new(
            self.cipher.decrypt(&XNonce::from(nonce), Payload { msg: ciphertext, aad: &aad }).map_err(|_| closed())?,
        );
        Ok(SecretString::from(std::str::from_utf8(&clear).map_err(|_| closed())?))
    }
}

/// Every part with its length before it, so that no two names share one encoding.
fn associated_data(name: &SecretName, version: u32) -> Vec<u8> {
    let mut aad = DOMAIN.to_vec();
    for part in [&name.tenant, name.system.as_str(), &name.connection, &name.field] {
        aad.extend((part.len() as u64).to_be_bytes());
        aad.extend(part.as_bytes());
    }
    aad.extend(version.to_be_bytes());
    aad
}

fn decode_key(text: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    use base64::Engine;
    let bytes = Zeroizing::new(match text.len() {
        64 => hex::decode(text).ok()?,
        _ => base64::engine::general_purpose::STANDARD.decode(text).ok()?,
    });
    Some(Zeroizing::new(<[u8; KEY_BYTES]>::try_from(bytes.as_slice()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn name(system: &str, connection: &str) -> SecretName {
        let text = str::to_owned;
        SecretName { tenant: text("main"), system: system.into(), connection: text(connection), field: text("token") }
    }

    fn vault() -> (Vault, crate::testing::Folder) {
        let folder = crate::testing::Folder::new();
        (Vault::create(&folder.path("key")).unwrap(), folder)
    }

    #[test]
    fn a_secret_opens_under_the_same_key_file_only() {
        let (vault, folder) = vault();
        let sealed = vault.seal(&name("crm", "api"), 1, &"s3cret".into()).unwrap();
        assert!(!sealed.bytes.windows(6).any(|part| part == b"s3cret"));
        let again = Vault::open(&folder.path("key")).unwrap();
        assert_eq!(again.unseal(&name("crm", "api"), &sealed).unwrap().expose_secret(), "s3cret");
        let other = Vault::create(&folder.path("other")).unwrap();
        assert!(matches!(other.opens(&name("crm", "api"), &sealed), Err(VaultError::Open { .. })));
    }

    #[test]
    fn a_sealed_secret_that_moved_or_was_rolled_back_or_changed_stays_shut() {
        let (vault, _folder) = vault();
        let sealed = vault.seal(&name("crm", "api"), 2, &"s3cret".into()).unwrap();
        // Two names whose parts give the same text when they are put in a row.
        assert!(vault.opens(&name("cr", "mapi"), &sealed).is_err());
        assert!(vault.opens(&name("erp", "api"), &sealed).is_err());
        assert!(vault.opens(&name("crm", "api"), &SealedSecret { version: 1, ..sealed.clone() }).is_err());
        for index in [0, sealed.bytes.len() - 1] {
            let mut changed = sealed.clone();
            changed.bytes[index] ^= 1;
            assert!(vault.opens(&name("crm", "api"), &changed).is_err());
        }
        assert!(vault.opens(&name("crm", "api"), &SealedSecret { version: 2, bytes: vec![1, 2] }).is_err());
        assert!(vault.opens(&name("crm", "api"), &sealed).is_ok());
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused_with_the_command_that_helps() {
        let (_vault, folder) = vault();
        let path = folder.path("key");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Vault::open(&path).unwrap_err().to_string();
        assert!(error.contains("its mode is 640") && error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_key_file_is_never_overwritten_and_takes_hex_or_base64() {
        let (_vault, folder) = vault();
        assert!(Vault::create(&folder.path("key")).is_err());
        let write = |text: &str| {
            let path = folder.path("typed");
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            Vault::open(&path)
        };
        assert!(write("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").is_ok());
        assert!(write(&"0f".repeat(32)).is_ok());
        assert!(write("short").is_err());
    }
}
