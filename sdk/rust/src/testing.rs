//! A stand-in for the host, so that a connector's logic is tested on this machine without a server or a sandbox.
//!
//! ```
//! use reeve_sdk::http::Request;
//! use reeve_sdk::testing::{self, Host, answer};
//!
//! let status = testing::http("{}", |request| {
//!     assert_eq!(request.path, "/staff/a%2Fb");
//!     answer(200, r#"{"status": "left"}"#)
//! })
//! .run(|| {
//!     let answer = Request::get("api", "/staff").segment("a/b").send()?.json()?;
//!     answer.root().get("status")?.string()
//! });
//! assert_eq!(status.unwrap(), "left");
//! ```

use crate::bindings::host::reeve::connector::{files, http, ldap, log};
use std::cell::RefCell;

pub use crate::bindings::host::reeve::connector::files::{File, FileError};
pub use crate::bindings::host::reeve::connector::http::{Header, HttpError, Request, Response};
pub use crate::bindings::host::reeve::connector::log::Level;

thread_local! {
    static HOST: RefCell<Option<Box<dyn Host>>> = const { RefCell::new(None) };
}

/// What a plugin may call. Whatever a test does not provide is denied.
pub trait Host {
    fn http(&mut self, request: &http::Request) -> Result<http::Response, http::HttpError> {
        Err(http::HttpError::Denied(format!("no connection {}", request.connection)))
    }

    fn ldap_search(&mut self, request: &ldap::SearchRequest) -> Result<ldap::SearchPage, ldap::LdapError> {
        Err(ldap::LdapError::Denied(format!("no connection {}", request.connection)))
    }

    fn ldap_add(
        &mut self,
        connection: &str,
        _dn: &str,
        _attributes: &[ldap::Attribute],
    ) -> Result<(), ldap::LdapError> {
        Err(ldap::LdapError::Denied(format!("no connection {connection}")))
    }

    fn ldap_modify(&mut self, connection: &str, _dn: &str, _changes: &[ldap::Change]) -> Result<(), ldap::LdapError> {
        Err(ldap::LdapError::Denied(format!("no connection {connection}")))
    }

    fn ldap_delete(&mut self, connection: &str, _dn: &str) -> Result<(), ldap::LdapError> {
        Err(ldap::LdapError::Denied(format!("no connection {connection}")))
    }

    fn files_list(&mut self, connection: &str) -> Result<Vec<files::File>, files::FileError> {
        Err(files::FileError::Denied(format!("no connection {connection}")))
    }

    fn files_read(
        &mut self,
        connection: &str,
        _name: &str,
        _version: &str,
        _offset: u64,
        _length: u32,
    ) -> Result<Vec<u8>, files::FileError> {
        Err(files::FileError::Denied(format!("no connection {connection}")))
    }

    fn settings(&mut self) -> String {
        "{}".to_owned()
    }

    fn log(&mut self, level: log::Level, message: &str) {
        eprintln!("{level:?}: {message}");
    }

    /// Runs `body` with this host on this thread.
    fn run<T>(self, body: impl FnOnce() -> T) -> T
    where
        Self: Sized + 'static,
    {
        struct Remove;
        impl Drop for Remove {
            fn drop(&mut self) {
                HOST.with(|host| host.borrow_mut().take());
            }
        }
        HOST.with(|host| *host.borrow_mut() = Some(Box::new(self)));
        let _remove = Remove;
        body()
    }
}

struct Http<F> {
    settings: String,
    answers: F,
}

impl<F: FnMut(&http::Request) -> Result<http::Response, http::HttpError>> Host for Http<F> {
    fn http(&mut self, request: &http::Request) -> Result<http::Response, http::HttpError> {
        (self.answers)(request)
    }

    fn settings(&mut self) -> String {
        self.settings.clone()
    }
}

/// A host with these settings (JSON text) that lets a closure answer every HTTP request.
pub fn http(
    settings: &str,
    answers: impl FnMut(&http::Request) -> Result<http::Response, http::HttpError>,
) -> impl Host {
    Http { settings: settings.to_owned(), answers }
}

/// An answer with a body of JSON.
pub fn answer(status: u16, json: &str) -> Result<http::Response, http::HttpError> {
    let content_type = http::Header { name: "content-type".to_owned(), value: "application/json".to_owned() };
    Ok(http::Response { status, headers: vec![content_type], body: json.as_bytes().to_vec(), rate: None })
}

struct Nothing;
impl Host for Nothing {}

/// Without a stand-in everything is denied, as for a plugin without connections.
pub(crate) fn with_host<T>(call: impl FnOnce(&mut dyn Host) -> T) -> T {
    HOST.with(|host| match host.borrow_mut().as_mut() {
        Some(host) => call(host.as_mut()),
        None => call(&mut Nothing),
    })
}
