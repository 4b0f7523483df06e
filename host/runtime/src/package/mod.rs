//! A plugin on disk: one file `NAME.reeve`, a zip of `plugin.toml`, `plugin.wasm` and, if it is signed, `plugin.sig`.
//!
//! This module opens, makes and judges such files; it runs nothing. The file is a stranger's until [`Package::verify`]
//! and [`check_contract`] have been asked.

mod asks;
mod code;
mod contract;
mod manifest;
mod pack;
pub(crate) mod parse;
mod sections;
mod signature;
#[cfg(test)]
mod tests;

pub use asks::{Asks, MoreAsked};
pub(crate) use contract::imports_wasi;
pub use contract::{CONTRACTS, ComponentType, check_contract, component_type};
pub use manifest::*;
pub use pack::pack;
pub use parse::parse_manifest;
pub use signature::{Origin, PluginSigner, TrustedKey};

use sha2::{Digest, Sha256};
use std::io::{Cursor, Read};

/// The longest `NAME.reeve`, in bytes. A Python guest brings its interpreter along, 18 MB of it.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The longest component, in bytes.
pub const WASM_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The longest manifest, in bytes.
pub const MANIFEST_BYTES_MAX: u64 = 64 * 1024;
/// The longest signature file, in bytes.
pub const SIGNATURE_BYTES_MAX: u64 = 1024;
/// The longest short name (of a plugin, a connection, a setting), in bytes.
pub const NAME_BYTES_MAX: usize = 64;

const MANIFEST: &str = "plugin.toml";
const WASM: &str = "plugin.wasm";
const SIGNATURE: &str = "plugin.sig";

/// Why a file is not a plugin, or not one to install.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("the plugin file is not in order: {0}. Make it with `reeve plugin pack`")]
    File(String),
    #[error("plugin.toml: {}", .0.join("; "))]
    Manifest(Vec<String>),
    #[error("plugin.wasm: {0}")]
    Wasm(String),
    #[error("the plugin `{id}` can't be trusted: {why}")]
    Signature { id: String, why: String },
    #[error("{0}")]
    Key(String),
    /// What the component is and what its manifest says, or what this host offers, do not agree. One sentence each.
    #[error("the plugin `{id}` does not fit the contract: {}", .faults.join(" "))]
    Contract { id: String, faults: Vec<String> },
}

/// An opened plugin file. Its manifest is valid; its component has not been looked at.
#[derive(Clone, Debug)]
pub struct Package {
    pub manifest: Manifest,
    /// `plugin.toml`, verbatim.
    pub manifest_toml: String,
    pub wasm: Vec<u8>,
    /// In hex, like the next ones.
    pub manifest_sha256: String,
    pub wasm_sha256: String,
    /// One digest for both, which names this very plugin: what is pinned at install, and what a run says it ran on.
    pub digest: String,
    signature: Option<String>,
}

impl Package {
    /// Opens a plugin file. Bounded in size, also of what it unpacks to.
    pub fn open(bytes: &[u8]) -> Result<Self, PackageError> {
        let wrong = |why: String| PackageError::File(why);
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(wrong(format!("it has {} bytes; the limit is {FILE_BYTES_MAX}", bytes.len())));
        }
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| wrong(error.to_string()))?;
        // One way to read it only: no other data before, behind or beside the entries.
        if zip.offset() != 0 || !zip.comment().is_empty() {
            return Err(wrong("it holds more than its entries".to_owned()));
        }
        // The library keeps the last of two entries of one name, and another reader might keep the first.
        if entries_stated(bytes) != Some(zip.len()) {
            return Err(wrong("it holds an entry twice, or something behind its entries".to_owned()));
        }
        let overlapping = zip.has_overlapping_files().map_err(|error| wrong(error.to_string()))?;
        if overlapping || !(2..=3).contains(&zip.len()) {
            return Err(wrong(format!("it must hold {MANIFEST}, {WASM} and perhaps {SIGNATURE}, each once")));
        }
        let (mut manifest, mut wasm, mut signature) = (None, None, None);
        for index in 0..zip.len() {
            let entry = zip.by_index(index).map_err(|error| wrong(error.to_string()))?;
            let (slot, limit) = match entry.name_raw() {
                name if name == MANIFEST.as_bytes() => (&mut manifest, MANIFEST_BYTES_MAX),
                name if name == WASM.as_bytes() => (&mut wasm, WASM_BYTES_MAX),
                name if name == SIGNATURE.as_bytes() => (&mut signature, SIGNATURE_BYTES_MAX),
                name => return Err(wrong(format!("it holds {:?}", String::from_utf8_lossy(name)))),
            };
            if !entry.is_file() || entry.is_symlink() || entry.encrypted() || slot.is_some() {
                return Err(wrong("an entry is not a plain file, or is there twice".to_owned()));
            }
            let name = entry.name().to_owned();
            let mut content = Vec::new();
            // The declared size is not believed: one byte more than the limit is read, and refused.
            entry.take(limit + 1).read_to_end(&mut content).map_err(|error| wrong(format!("{name}: {error}")))?;
            if content.len() as u64 > limit {
                return Err(wrong(format!("{name} is larger than {limit} bytes")));
            }
            *slot = Some(content);
        }
        let (Some(manifest), Some(wasm)) = (manifest, wasm) else {
            return Err(wrong(format!("{MANIFEST} or {WASM} is missing")));
        };
        let text =
            |name: &str, bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| wrong(format!("{name} is not UTF-8")));
        let signature = signature.map(|bytes| text(SIGNATURE, bytes)).transpose()?;
        Self::new(text(MANIFEST, manifest)?, wasm, signature)
    }

    fn new(manifest_toml: String, wasm: Vec<u8>, signature: Option<String>) -> Result<Self, PackageError> {
        let manifest = parse_manifest(&manifest_toml)?;
        let manifest_sha256 = hex::encode(Sha256::digest(manifest_toml.as_bytes()));
        let wasm_sha256 = hex::encode(Sha256::digest(&wasm));
        let digest = hex::encode(Sha256::digest(format!("reeve-plugin-v1\n{manifest_sha256}\n{wasm_sha256}\n")));
        Ok(Self { manifest, manifest_toml, wasm, manifest_sha256, wasm_sha256, digest, signature })
    }

    /// Whether a trusted key vouches for it. A signature that is there and does not hold is an error.
    pub fn verify(&self, trusted: &[TrustedKey]) -> Result<Origin, PackageError> {
        signature::verify(self, trusted)
    }

    /// The name of the key that its signature claims; whether it holds, [`Package::verify`] says.
    pub fn signer(&self) -> Option<&str> {
        self.signature.as_deref()?.split(' ').next()
    }

    pub fn asks(&self) -> Asks {
        Asks::of_manifest(&self.manifest)
    }
}

/// How many entries the end record of a zip states: the last 22 bytes of one without a comment (APPNOTE.TXT, 4.3.16).
fn entries_stated(bytes: &[u8]) -> Option<usize> {
    let record = bytes.last_chunk::<22>()?;
    let number = record.strip_prefix(b"PK\x05\x06")?.get(6..8)?;
    Some(usize::from(u16::from_le_bytes(number.try_into().ok()?)))
}
