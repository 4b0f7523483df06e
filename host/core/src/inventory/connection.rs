//! How a system is reached: addresses and the names of secrets, never a secret.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A connection that the administrator binds to a name from the plugin's manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Connection {
    Http(HttpConnection),
    Ldap(LdapConnection),
    Files(FilesConnection),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HttpConnection {
    /// `https://host[:port][/prefix]`. Plain `http` is accepted for opted-in loopback addresses only.
    pub base_url: String,
    #[serde(default)]
    pub auth: HttpAuth,
    /// A PEM file with the authorities to trust instead of the platform's.
    #[serde(default)]
    pub tls_roots: Option<PathBuf>,
    /// Lets the name resolve to private or loopback addresses. Metadata and link-local addresses stay closed.
    #[serde(default)]
    pub private_addresses: bool,
    /// Requests per second that all calls of this connection share.
    #[serde(default)]
    pub requests_per_second: Option<u32>,
}

/// How the host proves itself. Each secret is set apart, with `reeve secret set SYSTEM/CONNECTION/FIELD`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "scheme", deny_unknown_fields)]
pub enum HttpAuth {
    #[default]
    None,
    /// Secret field: `password`.
    Basic { user: String },
    /// Secret field: `token`, sent as `Authorization: Bearer TOKEN`.
    Bearer,
    /// Secret field: `value`, sent in a header of that name with the prefix before it.
    Header {
        name: String,
        #[serde(default)]
        prefix: String,
    },
    /// RFC 6749 section 4.4. Secret field: `client-secret`.
    #[serde(rename = "oauth2-client-credentials", rename_all = "kebab-case")]
    OAuth2ClientCredentials {
        /// Subject to the same address rules as the base URL.
        token_url: String,
        client_id: String,
        #[serde(default)]
        scope: Option<String>,
        /// Send id and secret in the form body instead of a Basic header.
        #[serde(default)]
        in_body: bool,
    },
    /// RFC 7523 section 2.1: a new assertion for every token. Secret field: `private-key`, in PEM.
    #[serde(rename = "oauth2-jwt-bearer", rename_all = "kebab-case")]
    OAuth2JwtBearer {
        /// Subject to the same address rules as the base URL.
        token_url: String,
        /// `iss`: the client id.
        issuer: String,
        /// `sub`: whom the token speaks for.
        subject: String,
        /// `aud`: how the token endpoint calls itself, which need not be its URL.
        audience: String,
        /// Sent as a form field and as a claim, because endpoints differ in where they look for it.
        #[serde(default)]
        scope: Option<String>,
        #[serde(default)]
        algorithm: JwtAlgorithm,
    },
}

/// How an assertion is signed (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum JwtAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[default]
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA with P-256 and SHA-256.
    ES256,
}

impl JwtAlgorithm {
    /// As the header of an assertion names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
        }
    }
}

impl HttpAuth {
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic { .. } => "basic",
            Self::Bearer => "bearer",
            Self::Header { .. } => "header",
            Self::OAuth2ClientCredentials { .. } => "oauth2-client-credentials",
            Self::OAuth2JwtBearer { .. } => "oauth2-jwt-bearer",
        }
    }

    fn token_url(&self) -> Option<&str> {
        match self {
            Self::OAuth2ClientCredentials { token_url, .. } | Self::OAuth2JwtBearer { token_url, .. } => {
                Some(token_url)
            }
            Self::None | Self::Basic { .. } | Self::Bearer | Self::Header { .. } => None,
        }
    }

    /// The secret it needs.
    pub fn secret_field(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Basic { .. } => Some("password"),
            Self::Bearer => Some("token"),
            Self::Header { .. } => Some("value"),
            Self::OAuth2ClientCredentials { .. } => Some("client-secret"),
            Self::OAuth2JwtBearer { .. } => Some("private-key"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LdapConnection {
    /// `ldaps://host[:port]`, or `ldap://` with `start-tls`, or plain `ldap://` to opted-in loopback addresses.
    pub url: String,
    /// Nothing outside this DN is reachable.
    pub base: String,
    #[serde(default)]
    pub auth: LdapAuth,
    #[serde(default)]
    pub start_tls: bool,
    #[serde(default)]
    pub tls_roots: Option<PathBuf>,
    #[serde(default)]
    pub private_addresses: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "scheme", deny_unknown_fields)]
pub enum LdapAuth {
    #[default]
    None,
    /// Secret field: `password`.
    #[serde(rename_all = "kebab-case")]
    SimpleBind { bind_dn: String },
}

impl LdapAuth {
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SimpleBind { .. } => "simple-bind",
        }
    }

    pub fn secret_field(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::SimpleBind { .. } => Some("password"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FilesConnection {
    pub folder: PathBuf,
}

impl Connection {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Ldap(_) => "ldap",
            Self::Files(_) => "files",
        }
    }

    pub fn auth_scheme(&self) -> &'static str {
        match self {
            Self::Http(http) => http.auth.scheme(),
            Self::Ldap(ldap) => ldap.auth.scheme(),
            Self::Files(_) => "none",
        }
    }

    /// Where its secret goes: the addresses, and the authorities that may vouch for who is there.
    pub fn destination(&self) -> (Vec<&str>, Option<&Path>) {
        match self {
            Self::Http(http) => {
                let addresses = [Some(http.base_url.as_str()), http.auth.token_url()];
                (addresses.into_iter().flatten().collect(), http.tls_roots.as_deref())
            }
            Self::Ldap(ldap) => (vec![&ldap.url], ldap.tls_roots.as_deref()),
            Self::Files(_) => (vec![], None),
        }
    }

    /// The one secret that this connection needs, by field name.
    pub fn secret_field(&self) -> Option<&'static str> {
        match self {
            Self::Http(http) => http.auth.secret_field(),
            Self::Ldap(ldap) => ldap.auth.secret_field(),
            Self::Files(_) => None,
        }
    }
}
