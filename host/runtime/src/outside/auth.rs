//! Puts a connection's credentials on a request, at the last moment.

use super::assertion::Claims;
use super::grant::Grant;
use super::headers::fits_credentials;
use super::redact::Redactor;
use super::secrets::Secret;
use super::token::Tokens;
use super::wire::HttpFault;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reeve_core::inventory::HttpAuth;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use zeroize::Zeroizing;

/// How a connection proves itself.
pub(super) enum Credentials {
    None,
    Basic { user: String, password: Secret },
    Bearer(Secret),
    Header { name: HeaderName, prefix: String, value: Secret },
    Token(Box<Tokens>),
}

/// What goes on one request.
pub(super) struct Proof {
    pub header: Option<(HeaderName, HeaderValue)>,
    /// A token that was not fetched for this very request: it may have ended in the meantime.
    pub from_cache: Option<SecretString>,
}

impl Credentials {
    pub(super) fn new(
        auth: &HttpAuth,
        secret: impl FnOnce(&str) -> Secret,
        tokens: impl FnOnce(Grant, &str, Secret) -> Result<Tokens, String>,
    ) -> Result<Self, String> {
        Ok(match auth {
            HttpAuth::None => Self::None,
            HttpAuth::Basic { user } if user.contains(':') => {
                return Err("`user` of basic auth may contain no `:` (RFC 7617)".to_owned());
            }
            HttpAuth::Basic { user } => Self::Basic { user: user.clone(), password: secret("password") },
            HttpAuth::Bearer => Self::Bearer(secret("token")),
            HttpAuth::Header { name, prefix } => {
                let wrong = || format!("`name = {name:?}` is no header that credentials can travel in");
                let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
                if !fits_credentials(&parsed) {
                    return Err(wrong());
                }
                HeaderValue::from_str(prefix)
                    .map_err(|_| format!("`prefix = {prefix:?}` holds characters that no header can have"))?;
                Self::Header { name: parsed, prefix: prefix.clone(), value: secret("value") }
            }
            HttpAuth::OAuth2ClientCredentials { token_url, client_id, scope, in_body } => {
                let (client_id, scope) = (client_id.clone(), scope.clone());
                let grant = Grant::ClientCredentials { client_id, scope, in_body: *in_body };
                Self::Token(Box::new(tokens(grant, token_url, secret("client-secret"))?))
            }
            HttpAuth::OAuth2JwtBearer { token_url, issuer, subject, audience, scope, algorithm } => {
                let claims = Claims {
                    issuer: issuer.clone(),
                    subject: subject.clone(),
                    audience: audience.clone(),
                    scope: scope.clone(),
                    algorithm: *algorithm,
                };
                if let Some(fault) = claims.fault() {
                    return Err(fault);
                }
                Self::Token(Box::new(tokens(Grant::JwtBearer(claims), token_url, secret("private-key"))?))
            }
        })
    }

    /// The header that is the host's alone.
    pub(super) fn header(&self) -> Option<&HeaderName> {
        match self {
            Self::None => None,
            Self::Basic { .. } | Self::Bearer(_) | Self::Token(_) => Some(&AUTHORIZATION),
            Self::Header { name, .. } => Some(name),
        }
    }

    pub(super) async fn proof(&self, redactor: &Arc<Redactor>) -> Result<Proof, HttpFault> {
        let mut from_cache = None;
        let (name, value) = match self {
            Self::None => return Ok(Proof { header: None, from_cache }),
            Self::Basic { user, password } => {
                let password = password.get().await.map_err(HttpFault::AuthFailed)?;
                (AUTHORIZATION, basic(user, &password, redactor))
            }
            Self::Bearer(token) => {
                let token = token.get().await.map_err(HttpFault::AuthFailed)?;
                (AUTHORIZATION, Zeroizing::new(format!("Bearer {}", token.expose_secret())))
            }
            Self::Header { name, prefix, value } => {
                let value = value.get().await.map_err(HttpFault::AuthFailed)?;
                (name.clone(), Zeroizing::new(format!("{prefix}{}", value.expose_secret())))
            }
            Self::Token(tokens) => {
                let (token, fresh) = tokens.get(redactor).await?;
                let value = Zeroizing::new(format!("Bearer {}", token.expose_secret()));
                from_cache = (!fresh).then_some(token);
                (AUTHORIZATION, value)
            }
        };
        Ok(Proof { header: Some((name, sensitive(&value)?)), from_cache })
    }

    /// After a 401. Whether another try of the same request can help.
    pub(super) async fn refused(&self, proof: &Proof) -> bool {
        match (self, &proof.from_cache) {
            (Self::Token(tokens), Some(token)) => {
                tokens.forget(token).await;
                true
            }
            (Self::Basic { password: secret, .. } | Self::Bearer(secret) | Self::Header { value: secret, .. }, _) => {
                secret.forget();
                false
            }
            _ => false,
        }
    }
}

/// RFC 7617.
pub(super) fn basic(user: &str, password: &SecretString, redactor: &Redactor) -> Zeroizing<String> {
    let pair = Zeroizing::new(format!("{user}:{}", password.expose_secret()));
    let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
    redactor.learn(&encoded);
    Zeroizing::new(format!("Basic {}", encoded.as_str()))
}

/// A header value that the HTTP client never shows.
pub(super) fn sensitive(value: &str) -> Result<HeaderValue, HttpFault> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        HttpFault::AuthFailed(
            "the secret holds line breaks or other characters that no header can carry; set it again".to_owned(),
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}
