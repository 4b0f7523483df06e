//! OAuth 2.0 access tokens (RFC 6749): one for all calls of a connection, fetched when it is needed and again when it has
//! ended. By what right, `grant` knows.

use super::egress::Way;
use super::grant::Grant;
use super::redact::Redactor;
use super::secrets::Secret;
use super::wire::HttpFault;
use crate::limits::TOKEN_ANSWER_BYTES_MAX;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
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
/// How much of another place's name is repeated, in bytes.
const ORIGIN_BYTES_MAX: usize = 200;

pub(super) struct Tokens {
    grant: Grant,
    way: Way,
    /// Where the tokens will be sent.
    target: Url,
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
    /// Where the data of whom the token speaks for is, as Salesforce says it.
    #[serde(default)]
    instance_url: Option<String>,
}

impl Tokens {
    pub(super) fn new(grant: Grant, way: Way, target: Url, secret: Secret) -> Self {
        Self { grant, way, target, secret, current: Mutex::new(None) }
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
        let mut headers = HeaderMap::from_iter([
            (ACCEPT, HeaderValue::from_static("application/json")),
            (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
        ]);
        let form = self.grant.form(&secret, &mut headers, redactor).inspect_err(|_| self.secret.forget())?;
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
                let name = self.secret.name().to_string();
                Err(HttpFault::AuthFailed(self.grant.refusal(status, &arrived.headers, &body, &name)))
            }
        }
    }

    fn accept(&self, body: &[u8], redactor: &Redactor) -> Result<Token, HttpFault> {
        let wrong = |why: &str| HttpFault::AuthFailed(format!("the token endpoint's answer can't be used: {why}"));
        // The parser's own message could quote a part of the token.
        let answer: Answer =
            serde_json::from_slice(body).map_err(|_| wrong("it is not JSON with an `access_token`"))?;
        let Answer { access_token, token_type, expires_in, instance_url } = answer;
        let text = SecretString::from(access_token);
        redactor.learn_passing(text.expose_secret());
        if token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(wrong("its `token_type` is not Bearer"));
        }
        let token = text.expose_secret();
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("its `access_token` is empty, too long or holds odd characters"));
        }
        if let Some(why) = instance_url.and_then(|url| self.elsewhere(&url)) {
            return Err(wrong(&why));
        }
        // Some endpoints write the number as a text.
        let life = expires_in.and_then(|value| value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()));
        let life = life.map_or(LIFE_UNSTATED, Duration::from_secs).min(LIFE_MAX);
        // One that lives no longer than the skew serves the request that it was fetched for.
        Ok(Token { text, good_until: Instant::now() + life.saturating_sub(SKEW) })
    }
}

impl Tokens {
    /// What is wrong with an `instance_url`. The administrator alone says where a token is sent, so another place is
    /// neither followed nor passed over: at the wrong one, the token would be shown to a host that it is not for.
    fn elsewhere(&self, instance_url: &str) -> Option<String> {
        let origin = match Url::parse(instance_url) {
            Ok(url) if url.origin() == self.target.origin() => return None,
            Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
            _ => return Some("its `instance_url` is not the URL of a server".to_owned()),
        };
        let origin = origin.get(..ORIGIN_BYTES_MAX).unwrap_or(&origin);
        Some(format!(
            "its `instance_url` says that the token is for {origin}, and `base-url` is at {}. If that is the right place, \
             set `base-url = \"{origin}\"` in the system file; the token was not used",
            self.target.origin().ascii_serialization()
        ))
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
