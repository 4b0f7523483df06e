//! The only way out to a target: HTTP, LDAP and files of the connections that an administrator has bound.
//!
//! What a plugin sends is checked against its manifest (`http`, `ldap`, `files`), goes to addresses that were checked
//! (`address`, `egress`, `tls`), and gets its credentials at the last moment (`auth`, `token`, `secrets`). What comes back
//! is bounded, rid of secrets (`redact`) and put in the journal. Nothing here knows of WebAssembly.

mod address;
mod assertion;
mod auth;
mod bind;
mod egress;
mod files;
mod grant;
mod headers;
mod http;
mod key;
mod ldap;
mod oversize;
mod rate;
mod redact;
mod secrets;
mod spent;
#[cfg(test)]
mod tests;
mod tls;
mod token;
mod trouble;
mod wire;

pub(crate) use redact::Redactor;
pub(crate) use secrets::Shared;
pub(crate) use spent::Spent;
pub(crate) use trouble::Switch;
pub use trouble::{RETRY_AFTER_MS, Strike, Trouble};
pub(crate) use wire::*;

use crate::limits::{CONNECT_TIME_MAX, REQUEST_TIME_MAX};
use crate::package::Manifest;
use files::FilesDoor;
use http::HttpDoor;
use ldap::LdapDoor;
use reeve_core::inventory::{Connection, HttpAuth, HttpConnection, System};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What is wrong with a secret before it is ever used: that it can't be what the connection needs it for. The error is a
/// sentence without the secret.
pub fn check_secret(connection: &Connection, secret: &SecretString) -> Result<(), String> {
    match connection {
        Connection::Http(HttpConnection { auth: HttpAuth::OAuth2JwtBearer { algorithm, .. }, .. }) => {
            key::SigningKey::from_pem(secret.expose_secret(), *algorithm).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// How long the outside is waited for.
#[derive(Clone, Copy, Debug)]
struct Patience {
    connect: Duration,
    request: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: CONNECT_TIME_MAX, request: REQUEST_TIME_MAX }
    }
}

enum Door {
    Http(Box<HttpDoor>),
    Ldap(Box<LdapDoor>),
    Files(FilesDoor),
}

/// One per system: its bound connections with all that is kept between calls.
pub(crate) struct Outside {
    plugin: String,
    doors: BTreeMap<String, Door>,
    redactor: Arc<Redactor>,
    /// Of the conformance kit; none in every connector that works.
    trouble: Option<Arc<Switch>>,
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outside").field("plugin", &self.plugin).field("doors", &self.doors.keys()).finish()
    }
}

impl Outside {
    /// Binds a system's connections to what its plugin asks for, or says everything that is wrong with them.
    pub(crate) fn bind(manifest: &Manifest, system: &System, shared: &Arc<Shared>) -> Result<Self, Vec<String>> {
        bind::bind(manifest, system, shared, Patience::default())
    }

    /// Without a single connection: for a plugin that is only asked what it is.
    pub(crate) fn shut(plugin: &str) -> Self {
        Self { plugin: plugin.to_owned(), doors: BTreeMap::new(), redactor: Arc::default(), trouble: None }
    }

    /// The same with a switch for trouble, which only the conformance kit has.
    pub(crate) fn troubled(self, switch: Arc<Switch>) -> Self {
        Self { trouble: Some(switch), ..self }
    }

    pub(crate) async fn http(&self, spent: &mut Spent, mut request: HttpRequest) -> Result<HttpAnswer, HttpFault> {
        let oversize = oversize::http(&mut request);
        let slot = spent.journal().http(&self.redactor, &request);
        let answer = match (oversize, self.doors.get(&request.connection)) {
            (Some(fault), _) => Err(fault),
            (None, Some(Door::Http(door))) => trouble::http(self.trouble.as_deref(), door, spent, &request).await,
            _ => Err(HttpFault::Denied(self.no_door("http", &request.connection))),
        };
        let answer = answer.map_err(|fault| fault.map_text(|text| self.redact(text)));
        spent.journal().http_came(slot, &self.redactor, &answer);
        answer
    }

    pub(crate) async fn ldap_search(&self, spent: &mut Spent, mut search: LdapSearch) -> Result<LdapPage, LdapFault> {
        let oversize = oversize::ldap_search(&mut search);
        let slot = spent.journal().ldap_search(&self.redactor, &search);
        let page = match (oversize, self.doors.get(&search.connection)) {
            (Some(fault), _) => Err(fault),
            (None, Some(Door::Ldap(door))) => trouble::ldap_search(self.trouble.as_deref(), door, spent, &search).await,
            _ => Err(LdapFault::Denied(self.no_door("ldap", &search.connection))),
        };
        let page = page.map_err(|fault| fault.map_text(|text| self.redact(text)));
        spent.journal().ldap_search_came(slot, &self.redactor, &page);
        page
    }

    pub(crate) async fn ldap_write(
        &self,
        spent: &mut Spent,
        connection: &str,
        mut write: LdapWrite,
    ) -> Result<(), LdapFault> {
        let (connection, oversize) = (oversize::name(connection), oversize::ldap_write(&mut write));
        let slot = spent.journal().ldap_write(&self.redactor, connection, &write);
        let outcome = match (oversize, self.doors.get(connection)) {
            (Some(fault), _) => Err(fault),
            (None, Some(Door::Ldap(door))) => trouble::ldap_write(self.trouble.as_deref(), door, spent, &write).await,
            _ => Err(LdapFault::Denied(self.no_door("ldap", connection))),
        };
        let outcome = outcome.map_err(|fault| fault.map_text(|text| self.redact(text)));
        spent.journal().ldap_write_came(slot, &outcome);
        outcome
    }

    pub(crate) async fn files_list(&self, spent: &mut Spent, connection: &str) -> Result<Vec<FileAbout>, FileFault> {
        let connection = oversize::name(connection);
        let slot = spent.journal().files_list(connection);
        let list = match self.doors.get(connection) {
            Some(Door::Files(door)) => trouble::files_list(self.trouble.as_deref(), door).await,
            _ => Err(FileFault::Denied(self.no_door("files", connection))),
        };
        spent.journal().files_list_came(slot, &self.redactor, &list);
        list
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
        let slot = spent.journal().files_read(connection, name, version, offset, length);
        let read = match self.doors.get(connection) {
            Some(Door::Files(door)) => match trouble::file_fault(self.trouble.as_deref()) {
                Some(fault) => Err(fault),
                None => door.read(spent, name, version, offset, length).await,
            },
            _ => Err(FileFault::Denied(self.no_door("files", connection))),
        };
        spent.journal().files_read_came(slot, &self.redactor, &read);
        read
    }

    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Replaces every secret that this system's connections have used so far by `[secret]`.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.redactor.text(text)
    }

    /// Whether a secret of this system's connections stands in it, one that no honest answer contains by chance.
    pub(crate) fn holds_secret(&self, bytes: &[u8]) -> bool {
        matches!(self.redactor.answer(bytes), std::borrow::Cow::Owned(_))
    }

    fn no_door(&self, kind: &str, connection: &str) -> String {
        if let Some(switch) = &self.trouble {
            switch.count();
        }
        let name: String = connection.chars().take(64).collect();
        format!(
            "the plugin `{}` asks for no {kind} connection {name:?}; it would need a [[connection]] with that name and \
             kind in plugin.toml, and the system file one under [connections]",
            self.plugin
        )
    }
}
