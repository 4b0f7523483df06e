//! The assertions of the JWT bearer flow (RFC 7523): RS256, checked against the key of the app's certificate.

use super::oauth::OauthFault;
use crate::SimError;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rustls::pki_types::pem::{PemObject, SectionKind};
use serde_json::Value;

/// How far ahead an assertion may expire, in seconds. Salesforce speaks of three minutes; what it grants to clocks that
/// differ is not documented, and taken to be two more.
const LIFE_SECONDS_MAX: i64 = 5 * 60;

/// An RSA key, as PKCS #1 has it.
#[derive(Clone, Debug)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// From a certificate, as Salesforce takes it, or from a bare public key.
    pub fn from_pem(pem: &[u8]) -> Result<Self, SimError> {
        let refuse = |why: &str| SimError::State(format!("the public key of the app can't be used: {why}"));
        let (kind, der) = <(SectionKind, Vec<u8>)>::from_pem_slice(pem).map_err(|fault| refuse(&fault.to_string()))?;
        let key = match kind {
            SectionKind::Certificate => key_of_certificate(&der),
            SectionKind::PublicKey => key_of_info(&der),
            _ => return Err(refuse("it is neither a CERTIFICATE nor a PUBLIC KEY")),
        };
        key.map(|key| Self(key.to_vec())).ok_or_else(|| refuse("it is broken"))
    }
}

/// What an assertion states. Whether it may is for the caller to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) audience: String,
    expires_seconds: i64,
}

impl Claims {
    /// Reads without believing: the issuer says which key must fit.
    pub(super) fn read(assertion: &str) -> Result<Self, OauthFault> {
        let invalid = || OauthFault::grant("invalid assertion");
        let mut parts = assertion.split('.');
        let (Some(head), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(invalid());
        };
        let json = |part: &str| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| invalid())?;
            serde_json::from_slice::<Value>(&bytes).map_err(|_| invalid())
        };
        if json(head)?.get("alg") != Some(&Value::from("RS256")) {
            return Err(invalid());
        }
        let claims = json(claims)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(invalid);
        let expires = claims.get("exp").ok_or_else(invalid)?;
        // Widespread clients send it as text.
        let expires = expires.as_i64().or_else(|| expires.as_str()?.parse().ok()).ok_or_else(invalid)?;
        Ok(Self { issuer: text("iss")?, subject: text("sub")?, audience: text("aud")?, expires_seconds: expires })
    }

    pub(super) fn check_life(&self, now: Timestamp) -> Result<(), OauthFault> {
        let left = self.expires_seconds.saturating_sub(now.as_second());
        match left {
            ..=0 => Err(OauthFault::grant("the assertion has expired")),
            1..=LIFE_SECONDS_MAX => Ok(()),
            _ => Err(OauthFault::grant("the assertion expires too late")),
        }
    }
}

pub(super) fn check_signature(assertion: &str, key: &PublicKey) -> Result<(), OauthFault> {
    let invalid = || OauthFault::grant("invalid assertion");
    let (signed, signature) = assertion.rsplit_once('.').ok_or_else(invalid)?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| invalid())?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.0);
    key.verify(signed.as_bytes(), &signature).map_err(|_| invalid())
}

/// `Certificate` of RFC 5280, down to its `SubjectPublicKeyInfo`.
fn key_of_certificate(der: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    if rest.first() == Some(&VERSION) {
        (_, _, rest) = element(rest)?;
    }
    // Serial number, algorithm, issuer, validity, subject.
    for _ in 0..5 {
        (_, _, rest) = element(rest)?;
    }
    let (SEQUENCE, _, after) = element(rest)? else { return None };
    key_of_info(rest.get(..rest.len() - after.len())?)
}

/// `SubjectPublicKeyInfo`: an algorithm, and the key in a string of bits.
fn key_of_info(der: &[u8]) -> Option<&[u8]> {
    const BIT_STRING: u8 = 0x03;
    let (_, info, _) = element(der)?;
    let (_, _, rest) = element(info)?;
    let (BIT_STRING, bits, _) = element(rest)? else { return None };
    match bits.split_first()? {
        (0, key) => Some(key),
        _ => None,
    }
}

/// Tag, content and what follows (X.690 section 8.1).
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        _ => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))?, rest)
        }
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}
