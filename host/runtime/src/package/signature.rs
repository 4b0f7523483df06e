//! Who vouches for a plugin: an Ed25519 signature over a small text that names exactly what was signed.
//!
//! The signed text is, with a line feed after each line and nothing else:
//!
//! ```text
//! reeve-plugin-v1
//! id ID
//! version MAJOR.MINOR.PATCH
//! manifest-sha256 64 HEX DIGITS
//! wasm-sha256 64 HEX DIGITS
//! ```
//!
//! `plugin.sig` is one line, `KEY-NAME BASE64-SIGNATURE`. The key's name only says which trusted key to try.

use super::parse::is_short_name;
use super::{Package, PackageError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

/// A public key that the administrator trusts plugins by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    pub name: String,
    key: VerifyingKey,
}

impl TrustedKey {
    /// Reads `NAME BASE64`, 32 bytes of an Ed25519 public key.
    pub fn parse(line: &str) -> Result<Self, PackageError> {
        let wrong = |why: &str| PackageError::Key(format!("a trusted key is `NAME BASE64` with 32 bytes: {why}"));
        let (name, key) = line.trim().split_once(' ').ok_or_else(|| wrong("there is no space"))?;
        if !is_short_name(name) {
            return Err(wrong("the name may have a-z, 0-9 and - only"));
        }
        let bytes = STANDARD.decode(key.trim()).map_err(|_| wrong("the key is not base64"))?;
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| wrong("the key has another length"))?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| wrong("the bytes are no Ed25519 key"))?;
        if key.is_weak() {
            return Err(wrong("the key is weak"));
        }
        Ok(Self { name: name.to_owned(), key })
    }
}

/// A private key that plugins are signed with.
pub struct PluginSigner {
    name: String,
    key: SigningKey,
}

impl PluginSigner {
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, PackageError> {
        if !is_short_name(name) {
            return Err(PackageError::Key(format!("the key name {name:?} may have a-z, 0-9 and - only")));
        }
        Ok(Self { name: name.to_owned(), key: SigningKey::from_bytes(seed) })
    }

    /// Reads `NAME BASE64`, the 32 bytes of an Ed25519 seed.
    pub fn parse(line: &str) -> Result<Self, PackageError> {
        let wrong = || PackageError::Key("a signing key is `NAME BASE64` with 32 bytes".to_owned());
        let (name, seed) = line.trim().split_once(' ').ok_or_else(wrong)?;
        let bytes = Zeroizing::new(STANDARD.decode(seed.trim()).map_err(|_| wrong())?);
        Self::new(name, &<[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| wrong())?)
    }

    /// The line that an administrator adds to trust this key.
    pub fn trusted_line(&self) -> String {
        format!("{} {}", self.name, STANDARD.encode(self.key.verifying_key().as_bytes()))
    }

    /// The content of `plugin.sig` for a package.
    pub fn sign(&self, package: &Package) -> String {
        let signature = self.key.sign(signed_text(package).as_bytes());
        format!("{} {}\n", self.name, STANDARD.encode(signature.to_bytes()))
    }
}

/// What is known of a package's origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// By this trusted key.
    Signed {
        by: String,
    },
    Unsigned,
}

fn signed_text(package: &Package) -> String {
    format!(
        "reeve-plugin-v1\nid {}\nversion {}\nmanifest-sha256 {}\nwasm-sha256 {}\n",
        package.manifest.id, package.manifest.version, package.manifest_sha256, package.wasm_sha256
    )
}

/// A signature that is there has to be good and by a trusted key: a bad one is worse than none.
pub(super) fn verify(package: &Package, trusted: &[TrustedKey]) -> Result<Origin, PackageError> {
    let Some(line) = &package.signature else { return Ok(Origin::Unsigned) };
    let id = &package.manifest.id;
    let wrong = |why: String| PackageError::Signature { id: id.clone(), why };
    let malformed = || wrong("`plugin.sig` is not `KEY-NAME BASE64`; pack the plugin again".to_owned());
    let (name, signature) = line.trim_end_matches('\n').split_once(' ').ok_or_else(malformed)?;
    if !is_short_name(name) {
        return Err(malformed());
    }
    let signature = STANDARD.decode(signature).map_err(|_| malformed())?;
    let signature = Signature::from_slice(&signature).map_err(|_| malformed())?;
    let mut keys = trusted.iter().filter(|key| key.name == name).peekable();
    if keys.peek().is_none() {
        return Err(wrong(format!(
            "it is signed by the key `{name}`, which is not trusted here. Add the key to the trusted keys if you know whose it is"
        )));
    }
    let text = signed_text(package);
    if keys.any(|key| key.key.verify_strict(text.as_bytes(), &signature).is_ok()) {
        Ok(Origin::Signed { by: name.to_owned() })
    } else {
        Err(wrong(format!(
            "the signature of `{name}` does not fit: the plugin was changed, or signed by another key of that name"
        )))
    }
}
