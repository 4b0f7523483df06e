//! The only way out to a target: HTTP, LDAP and files of the connections that an administrator has bound.
//!
//! What a plugin sends is checked against its manifest and the binding, then against the address rules, and gets its
//! credentials at the last moment. Nothing here knows of WebAssembly.

mod spent;
mod wire;

pub(crate) use spent::Spent;
pub(crate) use wire::*;

use crate::package::Manifest;
use crate::vault::{SecretSource, Vault};
use reeve_core::inventory::System;
use std::sync::Arc;

/// One per runtime: where secrets come from.
pub(crate) struct Shared {
    tenant: String,
    vault: Arc<Vault>,
    secrets: Arc<dyn SecretSource>,
}

impl Shared {
    pub(crate) fn new(tenant: String, vault: Arc<Vault>, secrets: Arc<dyn SecretSource>) -> Result<Arc<Self>, String> {
        Ok(Arc::new(Self { tenant, vault, secrets }))
    }
}

/// One per system: its bound connections with all that is kept between calls.
pub(crate) struct Outside {
    shared: Arc<Shared>,
}

impl Outside {
    /// Binds a system's connections to what its plugin asks for, or says everything that is wrong with them.
    pub(crate) fn bind(manifest: &Manifest, system: &System, shared: &Arc<Shared>) -> Result<Self, Vec<String>> {
        let _ = (manifest, system);
        Ok(Self { shared: shared.clone() })
    }

    pub(crate) async fn http(&self, spent: &mut Spent, request: HttpRequest) -> Result<HttpAnswer, HttpFault> {
        let _ = spent;
        Err(HttpFault::Denied(request.connection))
    }

    pub(crate) async fn ldap_search(&self, spent: &mut Spent, search: LdapSearch) -> Result<LdapPage, LdapFault> {
        let _ = spent;
        Err(LdapFault::Denied(search.connection))
    }

    pub(crate) async fn ldap_write(
        &self,
        spent: &mut Spent,
        connection: &str,
        write: LdapWrite,
    ) -> Result<(), LdapFault> {
        let _ = (spent, write);
        Err(LdapFault::Denied(connection.to_owned()))
    }

    pub(crate) async fn files_list(&self, spent: &mut Spent, connection: &str) -> Result<Vec<FileAbout>, FileFault> {
        let _ = spent;
        Err(FileFault::Denied(connection.to_owned()))
    }

    pub(crate) async fn files_read(
        &self,
        spent: &mut Spent,
        connection: &str,
        name: &str,
        version: &str,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>, FileFault> {
        let _ = (spent, name, version, offset, length);
        Err(FileFault::Denied(connection.to_owned()))
    }

    /// Replaces every secret that this system's connections have used so far by `[secret]`.
    pub(crate) fn redact(&self, text: &str) -> String {
        text.to_owned()
    }
}
