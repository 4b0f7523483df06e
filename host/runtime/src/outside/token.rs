//! OAuth 2.0 client credentials (RFC 6749 section 4.4): one token for all calls of a connection, fetched when it is
//! needed and again when it has ended.

use super::auth::{basic, sensitive};
use super::egress::Way;
use super::redact::Redactor;
use super::secrets::Secret;
use super::wire::HttpFault;
use crate::limits::TOKEN_ANSWER_BYTES_MAX;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// How long a token lives whose endpoint does not say.
const LIFE_UNSTATED: Duration = Duration::from_secs(300);
/// The longest life that is believed.
const LIFE_MAX: Duration = Duration::from_secs(24 * 3600);
/// A token is not used in its last seconds, because a request takes time and clocks differ.
const SKEW: Duration = Duration::from_secs(30);
/// The longest token, in bytes.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// What is asked for, without the secret.
pub(super) struct Grant {
    pub client_id: String,
    pub scope: Option<String>,
    pub in_body: bool,
}

pub(super) struct Tokens {
    grant: Grant,
    way: Way,
    secret: Secret,
    /// Held while a token is fetched, so that calls that come together fetch one.
    current: Mutex<Option<Token>>,
}

struct Token {
    text: SecretString,
    good_until: Instant,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Tokens {
    pub(super) fn new(grant: Grant, way: Way, secret: Secret) -> Self {
        Self { grant, way, secret, current: Mutex::new(None) }
    }

    /// A token, and whether it was fetched just now.
    pub(super) async fn get(&self, redactor: &Redactor) -> Result<(SecretString, bool), HttpFault> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.as_ref()
            && Instant::now() < token.good_until
        {
            return Ok((token.text.clone(), false));
        }
        let token = self.fetch(redactor).await?;
        let text = token.text.clone();
        *current = Some(token);
        Ok((text, true))
    }

    /// Drops a token that the target has refused, unless another call has replaced it already.
    pub(super) async fn forget(&self, refused: &SecretString) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|token| token.text.expose_secret() == refused.expose_secret()) {
            *current = None;
        }
    }

    async fn fetch(&self, redactor: &Redactor) -> Result<Token, HttpFault> {
        let secret = self.secret.get().await.map_err(HttpFault::AuthFailed)?;
        let Grant { client_id, scope, in_body } = &self.grant;
        let mut headers = HeaderMap::from_iter([
            (ACCEPT, HeaderValue::from_static("application/json")),
            (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
        ]);
        let mut form = Zeroizing::new("grant_type=client_credentials".to_owned());
        if let Some(scope) = scope {
            form.push_str(&format!("&scope={}", form_encode(scope)));
        }
        let encoded = Zeroizing::new(form_encode(secret.expose_secret()));
        if *in_body {
            let pair = Zeroizing::new(format!("&client_id={}&client_secret={}", form_encode(client_id), *encoded));
            form.push_str(&pair);
        } else {
            // RFC 6749 section 2.3.1: both are form-encoded first.
            let value = basic(&form_encode(client_id), &SecretString::from(encoded.as_str()), redactor);
            headers.insert(AUTHORIZATION, sensitive(&value)?);
        }
        let body = Some(form.as_bytes().to_vec());
        let max = TOKEN_ANSWER_BYTES_MAX as u64;
        let arrived = self.way.send(Method::POST, self.way.base(), headers, body, max).await.map_err(at_endpoint)?;
        let body = Zeroizing::new(arrived.body);
        match arrived.status {
            200 => self.accept(&body, redactor),
            429 | 500.. => Err(HttpFault::Unreachable(format!(
                "the token endpoint answers with status {}; nothing was sent to the target",
                arrived.status
            ))),
            status => {
                self.secret.forget();
                // The code alone: a description may repeat what was sent.
                let code = serde_json::from_slice::<Refusal>(&body).ok().map(|refusal| refusal.error);
                let code = code.filter(|code| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_graphic()));
                let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
                Err(HttpFault::AuthFailed(format!("the token endpoint answers with status {status}{code}")))
            }
        }
    }

    fn accept(&self, body: &[u8], redactor: &Redactor) -> Result<Token, HttpFault> {
        let wrong = |why: &str| HttpFault::AuthFailed(format!("the token endpoint's answer can't be used: {why}"));
        // The parser's own message could quote a part of the token.
        let answer: Answer =
            serde_json::from_slice(body).map_err(|_| wrong("it is not JSON with an `access_token`"))?;
        let Answer { access_token, token_type, expires_in } = answer;
        let text = SecretString::from(access_token);
        redactor.learn(text.expose_secret());
        if token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(wrong("its `token_type` is not Bearer"));
        }
        let token = text.expose_secret();
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("its `access_token` is empty, too long or holds odd characters"));
        }
        // Some endpoints write the number as a text.
        let life = expires_in.and_then(|value| value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()));
        let life = life.map_or(LIFE_UNSTATED, Duration::from_secs).min(LIFE_MAX);
        // One that lives no longer than the skew serves the request that it was fetched for.
        Ok(Token { text, good_until: Instant::now() + life.saturating_sub(SKEW) })
    }
}

/// Whatever goes wrong at the token endpoint, the target itself was sent nothing.
fn at_endpoint(fault: HttpFault) -> HttpFault {
    let at = |why: String| format!("the token endpoint could not be used, and nothing was sent to the target: {why}");
    match fault {
        HttpFault::Denied(why) => HttpFault::Denied(at(why)),
        HttpFault::TooLarge(limit) => HttpFault::AuthFailed(at(format!("its answer is over {limit} bytes"))),
        HttpFault::Unreachable(why) | HttpFault::AnswerLost(why) => HttpFault::Unreachable(at(why)),
        HttpFault::AuthFailed(why) | HttpFault::Budget(why) | HttpFault::Protocol(why) => {
            HttpFault::AuthFailed(at(why))
        }
    }
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
