//! The assertion by which a connection asks for a token without a shared secret (RFC 7523 section 3): a JWT that lives
//! for minutes, is signed anew for every token, and says each time that it is another one.

use super::key::SigningKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use reeve_core::inventory::JwtAlgorithm;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

/// How far the clocks of this machine and the endpoint may be apart. The assertion is dated back by it.
pub(super) const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(60);
/// From its date to its end. Salesforce takes no more than three minutes.
const LIFE: SignedDuration = SignedDuration::from_secs(180);
/// What tells two assertions apart, in bytes.
const ID_BYTES: usize = 16;

/// What an assertion says, without the key.
pub(super) struct Claims {
    pub issuer: String,
    pub subject: String,
    pub audience: String,
    pub scope: Option<String>,
    pub algorithm: JwtAlgorithm,
}

#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Claims {
    /// The first claim that says nothing.
    pub(super) fn fault(&self) -> Option<String> {
        let claims = [("issuer", &self.issuer), ("subject", &self.subject), ("audience", &self.audience)];
        let (name, _) = claims.into_iter().find(|(_, value)| value.trim().is_empty())?;
        Some(format!("`{name}` of oauth2-jwt-bearer is empty; set it as the token endpoint expects it"))
    }

    /// A new assertion. The error is a sentence without the key.
    pub(super) fn sign(&self, key: &SecretString, now: Timestamp) -> Result<Zeroizing<String>, String> {
        let key = SigningKey::from_pem(key.expose_secret(), self.algorithm)?;
        let mut id = [0; ID_BYTES];
        getrandom::fill(&mut id).map_err(|error| format!("there is no randomness: {error}"))?;
        let issued = (now - CLOCK_TOLERANCE).as_second();
        let payload = Payload {
            iss: &self.issuer,
            sub: &self.subject,
            aud: &self.audience,
            scope: self.scope.as_deref(),
            iat: issued,
            exp: issued + LIFE.as_secs(),
            jti: hex::encode(id),
        };
        let payload = serde_json::to_vec(&payload).map_err(|error| format!("the claims can't be written: {error}"))?;
        let header = format!("{{\"alg\":\"{}\",\"typ\":\"JWT\"}}", self.algorithm.name());
        let mut assertion =
            Zeroizing::new(format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload)));
        let signature = key.sign(assertion.as_bytes())?;
        assertion.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut assertion);
        Ok(assertion)
    }
}
