//! The one place that calls the host. Compiled for a plugin it is the contract's imports; compiled for this machine it
//! is the stand-in that a test has set up (see [`crate::testing`]).

use crate::bindings::host::reeve::connector::{files, http, ldap, log};

#[cfg(target_arch = "wasm32")]
mod real {
    use super::*;
    use crate::bindings::host::reeve::connector::settings;

    pub fn http(request: &http::Request) -> Result<http::Response, http::HttpError> {
        http::send(request)
    }

    pub fn ldap_search(request: &ldap::SearchRequest) -> Result<ldap::SearchPage, ldap::LdapError> {
        ldap::search(request)
    }

    pub fn ldap_add(connection: &str, dn: &str, attributes: &[ldap::Attribute]) -> Result<(), ldap::LdapError> {
        ldap::add(connection, dn, attributes)
    }

    pub fn ldap_modify(connection: &str, dn: &str, changes: &[ldap::Change]) -> Result<(), ldap::LdapError> {
        ldap::modify(connection, dn, changes)
    }

    pub fn ldap_delete(connection: &str, dn: &str) -> Result<(), ldap::LdapError> {
        ldap::delete(connection, dn)
    }

    pub fn files_list(connection: &str) -> Result<Vec<files::File>, files::FileError> {
        files::list(connection)
    }

    pub fn files_read(
        connection: &str,
        name: &str,
        version: &str,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>, files::FileError> {
        files::read(connection, name, version, offset, length)
    }

    pub fn settings() -> String {
        settings::get()
    }

    pub fn log(level: log::Level, message: &str) {
        log::write(level, message);
    }
}

#[cfg(target_arch = "wasm32")]
pub use real::*;

#[cfg(not(target_arch = "wasm32"))]
mod stand_in {
    use super::*;
    use crate::testing::with_host;

    pub fn http(request: &http::Request) -> Result<http::Response, http::HttpError> {
        with_host(|host| host.http(request))
    }

    pub fn ldap_search(request: &ldap::SearchRequest) -> Result<ldap::SearchPage, ldap::LdapError> {
        with_host(|host| host.ldap_search(request))
    }

    pub fn ldap_add(connection: &str, dn: &str, attributes: &[ldap::Attribute]) -> Result<(), ldap::LdapError> {
        with_host(|host| host.ldap_add(connection, dn, attributes))
    }

    pub fn ldap_modify(connection: &str, dn: &str, changes: &[ldap::Change]) -> Result<(), ldap::LdapError> {
        with_host(|host| host.ldap_modify(connection, dn, changes))
    }

    pub fn ldap_delete(connection: &str, dn: &str) -> Result<(), ldap::LdapError> {
        with_host(|host| host.ldap_delete(connection, dn))
    }

    pub fn files_list(connection: &str) -> Result<Vec<files::File>, files::FileError> {
        with_host(|host| host.files_list(connection))
    }

    pub fn files_read(
        connection: &str,
        name: &str,
        version: &str,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>, files::FileError> {
        with_host(|host| host.files_read(connection, name, version, offset, length))
    }

    pub fn settings() -> String {
        with_host(|host| host.settings())
    }

    pub fn log(level: log::Level, message: &str) {
        with_host(|host| host.log(level, message));
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub use stand_in::*;
