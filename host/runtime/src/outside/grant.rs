//! By what right a connection gets its tokens: the form that asks for one, and what to do when the endpoint says no.

use super::assertion::{CLOCK_TOLERANCE, Claims};
use super::auth::{basic, sensitive};
use super::redact::Redactor;
use super::wire::HttpFault;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, DATE, HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

/// The longest error code of an endpoint that is repeated, in bytes.
const CODE_BYTES_MAX: usize = 64;

/// What is asked for, without the secret.
pub(super) enum Grant {
    /// RFC 6749 section 4.4.
    ClientCredentials { client_id: String, scope: Option<String>, in_body: bool },
    /// RFC 7523 section 2.1.
    JwtBearer(Claims),
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Grant {
    /// The form of a request for a token. What must be in a header instead is put there.
    pub(super) fn form(
        &self,
        secret: &SecretString,
        headers: &mut HeaderMap,
        redactor: &Redactor,
    ) -> Result<Zeroizing<String>, HttpFault> {
        let (mut form, scope) = match self {
            Self::ClientCredentials { client_id, scope, in_body } => {
                let mut form = Zeroizing::new("grant_type=client_credentials".to_owned());
                let encoded = Zeroizing::new(form_encode(secret.expose_secret()));
                if *in_body {
                    let id = form_encode(client_id);
                    let pair = Zeroizing::new(format!("&client_id={id}&client_secret={}", *encoded));
                    form.push_str(&pair);
                } else {
                    // RFC 6749 section 2.3.1: both are form-encoded first.
                    let value = basic(&form_encode(client_id), &SecretString::from(encoded.as_str()), redactor);
                    headers.insert(AUTHORIZATION, sensitive(&value)?);
                }
                (form, scope)
            }
            Self::JwtBearer(claims) => {
                let assertion = claims.sign(secret, Timestamp::now()).map_err(|why| {
                    HttpFault::AuthFailed(format!("no assertion can be made from the secret `private-key`: {why}"))
                })?;
                redactor.learn_passing(&assertion);
                let grant = form_encode("urn:ietf:params:oauth:grant-type:jwt-bearer");
                let form = Zeroizing::new(format!("grant_type={grant}&assertion={}", *assertion));
                (form, &claims.scope)
            }
        };
        if let Some(scope) = scope {
            form.push_str(&format!("&scope={}", form_encode(scope)));
        }
        Ok(form)
    }

    /// Why the endpoint gave no token, and what helps. `secret` is the name of the connection's secret.
    pub(super) fn refusal(&self, status: u16, headers: &HeaderMap, body: &[u8], secret: &str) -> String {
        let mut text = format!("the token endpoint answers with status {status}");
        // The code alone: a description may repeat what was sent.
        let code = serde_json::from_slice::<Refusal>(body).ok().map(|refusal| refusal.error);
        let code = code.filter(|code| code.len() <= CODE_BYTES_MAX && code.bytes().all(|byte| byte.is_ascii_graphic()));
        if let Some(code) = code {
            text.push_str(&format!(" ({code})"));
            text.push_str(&self.what_helps(&code, secret));
        }
        if let (Self::JwtBearer(_), Some(apart)) = (self, clock_fault(headers, Timestamp::now())) {
            text.push_str(&format!(". {apart}"));
        }
        text
    }

    /// For the codes of RFC 6749 section 5.2.
    fn what_helps(&self, code: &str, secret: &str) -> String {
        match (code, self) {
            ("invalid_client", Self::ClientCredentials { in_body, .. }) => {
                let (now, other) = if *in_body { ("the form", "a header") } else { ("a header", "the form") };
                format!(
                    ": it does not know `client-id`, or the secret is another. Check both (`reeve secret set {secret}`); \
                     they go in {now}, and `in-body = {}` puts them in {other}",
                    !in_body
                )
            }
            ("invalid_client" | "invalid_client_id", Self::JwtBearer(_)) => format!(
                ": it does not know `issuer`, or the certificate that it has for it is not that of the key {secret}"
            ),
            ("invalid_grant", Self::JwtBearer(_)) => format!(
                ": it does not take the assertion. Check `issuer`, `subject` and `audience`, that the certificate it has \
                 for this client is that of the key {secret}, and that an administrator there has approved the client \
                 for this subject"
            ),
            ("unauthorized_client", _) => ": it does not let this client use this grant; allow it there".to_owned(),
            ("unsupported_grant_type", _) => {
                ": it does not offer this grant; check `token-url` and the scheme under `auth`".to_owned()
            }
            ("invalid_scope", _) => ": it does not give this client the `scope` of the system file".to_owned(),
            _ => String::new(),
        }
    }
}

/// An assertion is dated, and an endpoint that has another time takes it for one from the future or the past.
fn clock_fault(headers: &HeaderMap, now: Timestamp) -> Option<String> {
    let there = jiff::fmt::rfc2822::parse(headers.get(DATE)?.to_str().ok()?).ok()?.timestamp();
    let ahead = now.duration_since(there);
    if ahead.abs() <= CLOCK_TOLERANCE {
        return None;
    }
    let word = if ahead.is_positive() { "ahead of" } else { "behind" };
    Some(format!(
        "This machine's clock is {} s {word} the endpoint's, which alone makes an assertion worthless: set the clock \
         right (NTP)",
        ahead.abs().as_secs()
    ))
}

/// `application/x-www-form-urlencoded`.
fn form_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
