//! A plugin that is ready to be called: compiled, linked, and known to start.

use crate::abi::Exports;
use crate::package::{Export, Manifest};
use crate::state::State;
use std::fmt;
use wasmtime::component::InstancePre;

/// A loaded plugin. Systems share it; each call makes an instance of its own.
pub struct Plugin {
    manifest: Manifest,
    digest: String,
    pre: InstancePre<State>,
    exports: Exports,
}

impl Plugin {
    pub(crate) fn new(manifest: Manifest, digest: String, pre: InstancePre<State>) -> wasmtime::Result<Self> {
        let exports = Exports::find(&pre, &manifest.exports)?;
        Ok(Self { manifest, digest, pre, exports })
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The package's digest, in hex: what is pinned at install.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    pub(crate) fn lists(&self, export: Export) -> bool {
        self.manifest.exports.contains(&export)
    }

    pub(crate) fn pre(&self) -> &InstancePre<State> {
        &self.pre
    }

    pub(crate) fn exports(&self) -> &Exports {
        &self.exports
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plugin({} {} {})", self.manifest.id, self.manifest.version, self.digest)
    }
}
