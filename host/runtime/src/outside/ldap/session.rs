//! A bound connection to a directory: resolved, checked, encrypted, guarded and signed in.

use super::guard::{Cut, Guard, Read, Stream, element, read_message};
use crate::outside::address::{AddressRule, ResolveError};
use crate::outside::secrets::Secret;
use crate::outside::wire::LdapFault;
use crate::outside::{Patience, tls};
use futures_util::FutureExt;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use reeve_core::inventory::{LdapAuth, LdapConnection};
use reqwest::Url;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// RFC 4511 section 4.14: message 1, extended request 1.3.6.1.4.1.1466.20037.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// The answer to it is a handful of bytes.
const START_TLS_ANSWER_BYTES_MAX: u64 = 4 * 1024;
const EXTENDED_RESPONSE: u8 = 0x78;
const BUSY: u32 = 51;
const UNAVAILABLE: u32 = 52;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    Tls,
    StartTls,
    None,
}

/// Where a directory is and how to sign in there.
pub(super) struct Target {
    host: String,
    port: u16,
    rule: AddressRule,
    encryption: Encryption,
    tls: Arc<rustls::ClientConfig>,
    sign_in: Option<(String, Secret)>,
    patience: Patience,
}

impl Target {
    pub(super) fn new(
        connection: &LdapConnection,
        secret: impl FnOnce(&str) -> Secret,
        patience: Patience,
    ) -> Result<Self, String> {
        let LdapConnection { url: text, auth, start_tls, tls_roots, private_addresses: private, .. } = connection;
        let wrong = |why: &str| format!("`url = {text:?}` {why}");
        let url = Url::parse(text).map_err(|error| wrong(&format!("is not a URL: {error}")))?;
        let (encryption, port) = match (url.scheme(), start_tls) {
            ("ldaps", false) => (Encryption::Tls, 636),
            ("ldaps", true) => return Err("`start-tls` is for ldap:// only; ldaps:// is TLS from the start".to_owned()),
            ("ldap", true) => (Encryption::StartTls, 389),
            ("ldap", false) if *private => (Encryption::None, 389),
            ("ldap", false) => {
                return Err(wrong(
                    "goes without TLS. Use ldaps://, or add `start-tls = true`; plain ldap:// is for this machine only, \
                     with `private-addresses = true`",
                ));
            }
            _ => return Err(wrong("must start with ldaps:// or ldap://")),
        };
        let bare = url.username().is_empty() && url.password().is_none() && matches!(url.path(), "" | "/");
        if !bare || url.query().is_some() || url.fragment().is_some() {
            return Err("`url` may hold a host and a port only".to_owned());
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("names no host"))?.to_owned();
        let rule = AddressRule { private: *private, loopback_only: encryption == Encryption::None };
        if let Ok(address) = bare_host(&host).parse::<IpAddr>() {
            rule.check(&host, address).map_err(|refused| wrong(&format!("is not allowed: {refused}")))?;
        }
        let tls = match encryption {
            Encryption::None => tls::none()?,
            Encryption::Tls | Encryption::StartTls => {
                ServerName::try_from(bare_host(&host))
                    .map_err(|_| wrong("names a host that no certificate can name"))?;
                tls::config(tls_roots.as_deref())?
            }
        };
        let sign_in = match auth {
            LdapAuth::None => None,
            LdapAuth::SimpleBind { bind_dn } if bind_dn.trim().is_empty() => {
                return Err("`bind-dn` is empty; a directory would take that for an anonymous sign-in".to_owned());
            }
            LdapAuth::SimpleBind { bind_dn } => Some((bind_dn.clone(), secret("password"))),
        };
        let port = url.port().unwrap_or(port);
        Ok(Self { host, port, rule, encryption, tls: Arc::new(tls), sign_in, patience })
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, LdapFault> {
        let addresses = self.rule.resolve(&self.host, self.port).await.map_err(|error| match error {
            ResolveError::Refused(refused) => LdapFault::Denied(refused.to_string()),
            ResolveError::NotFound(why) => LdapFault::Unreachable(why),
        })?;
        let mut failed = String::new();
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true).ok();
                    return self.encrypt(stream).await;
                }
                Err(error) => failed = format!("{} at {address}: {error}", self.host),
            }
        }
        Err(LdapFault::Unreachable(failed))
    }

    async fn encrypt(&self, mut stream: TcpStream) -> Result<Box<dyn Stream>, LdapFault> {
        match self.encryption {
            Encryption::None => return Ok(Box::new(stream)),
            Encryption::StartTls => start_tls(&mut stream).await.map_err(LdapFault::Unreachable)?,
            Encryption::Tls => {}
        }
        let wrong = |why: String| LdapFault::Unreachable(format!("TLS with {} fails: {why}", self.host));
        let name = ServerName::try_from(bare_host(&self.host)).map_err(|error| wrong(error.to_string()))?.to_owned();
        let stream = tokio_rustls::TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        Ok(Box::new(stream.map_err(|error| wrong(error.to_string()))?))
    }
}

fn bare_host(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Asks for TLS. The answer is read to its last byte and no further, so nothing that came in clear is taken for
/// something that came encrypted.
async fn start_tls(stream: &mut TcpStream) -> Result<(), String> {
    let wrong = |why: &str| format!("the directory does not start TLS: {why}");
    stream.write_all(START_TLS).await.map_err(|error| wrong(&error.to_string()))?;
    let bounded =
        |bytes| if bytes > START_TLS_ANSWER_BYTES_MAX { Err(std::io::Error::other("too long")) } else { Ok(()) };
    let message = match read_message(stream, bounded).await {
        Ok(Read::Message(message)) => message,
        Ok(Read::End | Read::Malformed) => return Err(wrong("it sends no LDAP answer")),
        Err(error) => return Err(wrong(&error.to_string())),
    };
    let code = || {
        let (_, content, _) = element(&message)?;
        let (_, _, rest) = element(content)?;
        let (tag, response, _) = element(rest)?;
        let (_, code, _) = element(response)?;
        (tag == EXTENDED_RESPONSE).then(|| code.to_vec())
    };
    match code().as_deref() {
        Some([0]) => Ok(()),
        Some([code]) => Err(wrong(&format!("it answers with result code {code}"))),
        _ => Err(wrong("its answer is not one to this request")),
    }
}

pub(super) struct Session {
    pub ldap: Ldap,
    guard: Guard,
    /// When it was put by.
    pub since: Instant,
}

impl Session {
    /// Opens a connection and signs in. Nothing that a plugin asked for has been sent before it returns.
    pub(super) async fn open(target: &Target) -> Result<Self, LdapFault> {
        // The secret first: without it the directory need not be troubled.
        let sign_in = match &target.sign_in {
            Some((dn, secret)) => Some((dn, secret, secret.get().await.map_err(LdapFault::AuthFailed)?)),
            None => None,
        };
        let opening = async {
            let remote = target.connect().await?;
            let unreachable = |error: String| LdapFault::Unreachable(error);
            let (guard, local) = Guard::start(remote).map_err(|error| unreachable(error.to_string()))?;
            let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(local));
            let opened = LdapConnAsync::with_settings(settings, "ldapi:///").await;
            let (driver, mut ldap) = opened.map_err(|error| unreachable(error.to_string()))?;
            // It ends with its last handle, or with the guard.
            tokio::spawn(driver.drive());
            guard.allow();
            if let Some((dn, secret, password)) = &sign_in {
                let bound = contained(ldap.simple_bind(dn, password.expose_secret())).await;
                let result = bound.map_err(|why| unreachable(format!("the sign-in was not answered: {why}")))?;
                match result.rc {
                    0 => {}
                    BUSY | UNAVAILABLE => return Err(unreachable(format!("the directory is busy ({})", result.rc))),
                    code => {
                        secret.forget();
                        return Err(LdapFault::AuthFailed(format!(
                            "the directory refuses the sign-in of {dn:?} with result code {code}"
                        )));
                    }
                }
            }
            Ok(Self { ldap, guard, since: Instant::now() })
        };
        tokio::time::timeout(target.patience.connect, opening).await.unwrap_or_else(|_| {
            let why = format!("{} was not connected within {} s", target.host, target.patience.connect.as_secs_f32());
            Err(LdapFault::Unreachable(why))
        })
    }

    /// Grants one operation its bytes.
    pub(super) fn allow(&self) {
        self.guard.allow();
    }

    pub(super) fn is_open(&mut self) -> bool {
        self.guard.is_open() && !self.ldap.is_closed()
    }

    pub(super) fn cut(&self) -> Option<Cut> {
        self.guard.cut()
    }
}

/// What an operation of the library came to. Its parser panics at some malformed answers; that is one more way for an
/// answer to be lost.
pub(super) async fn contained<T>(operation: impl Future<Output = Result<T, LdapError>>) -> Result<T, Lost> {
    match AssertUnwindSafe(operation).catch_unwind().await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(LdapError::OpSend { .. })) => Err(Lost { sent: false, why: "the connection is closed".to_owned() }),
        Ok(Err(LdapError::ResultRecv { .. } | LdapError::EndOfStream)) => {
            Err(Lost { sent: true, why: "the directory closed the connection".to_owned() })
        }
        Ok(Err(error)) => Err(Lost { sent: true, why: error.to_string() }),
        Err(_) => Err(Lost { sent: true, why: "its answer is not LDAP".to_owned() }),
    }
}

/// An operation without an answer.
#[derive(Debug)]
pub(super) struct Lost {
    pub sent: bool,
    pub why: String,
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}
