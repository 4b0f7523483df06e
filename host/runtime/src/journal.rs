//! What a plugin saw and did in one call, so that the call can be examined, and replayed.
//!
//! Every import call in order, with its answer or fault. Never a secret: what comes in here was redacted before. Long
//! bodies are cut and keep their length and SHA-256.

use crate::limits::*;
use crate::outside::{FileAbout, FileFault, HttpAnswer, HttpFault, HttpRequest, LdapFault, LdapPage, LdapSearch, LdapWrite};
use crate::package::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reeve_core::run::RateHint;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Bytes as the journal keeps them: as text where they are UTF-8, else as base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Bytes {
    Text(String),
    Base64(String),
}

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Base64(text) => STANDARD.decode(text).ok(),
        }
    }
}

/// A body. Where it was too long, `kept` is its beginning, and `whole` names the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Body {
    pub kept: Bytes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Digested>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digested {
    pub length: u64,
    pub sha256: String,
}

impl Digested {
    fn of(bytes: &[u8]) -> Self {
        Self { length: bytes.len() as u64, sha256: hex::encode(Sha256::digest(bytes)) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Came<T, F> {
    Answer(T),
    Fault(F),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HttpCame {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    pub rate: Option<RateHint>,
}

/// One import call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "import")]
pub(crate) enum Entry {
    Http {
        connection: String,
        method: Method,
        path: String,
        headers: Vec<(String, String)>,
        body: Option<Body>,
        came: Came<HttpCame, HttpFault>,
    },
    /// The page as JSON.
    LdapSearch { search: LdapSearch, came: Came<Body, LdapFault> },
    /// The write as JSON.
    LdapWrite { connection: String, write: Body, came: Came<(), LdapFault> },
    /// The list as JSON.
    FilesList { connection: String, came: Came<Body, FileFault> },
    FilesRead {
        connection: String,
        name: String,
        version: String,
        offset: u64,
        length: u32,
        came: Came<Body, FileFault>,
    },
    Settings { json: Body },
    Log { level: String, line: Body },
    /// There was no room left for it: the length and SHA-256 of the entry as JSON.
    LeftOut { of: String, entry: Digested },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    entries: Vec<Entry>,
    /// Calls after the last entry that there was room for.
    #[serde(default)]
    not_kept: u64,
    /// Bytes of the parts that a plugin or a target chooses the length of.
    #[serde(skip)]
    used: usize,
}

impl Journal {
    /// As JSON.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(crate) fn settings(&mut self, json: &str) {
        let _ = json;
    }

    pub(crate) fn log(&mut self, level: &str, line: &str) {
        let _ = (level, line);
    }
}

/// Values of an LDAP attribute in JSON: a string where one is UTF-8, else an object with base64.
pub(crate) mod values {
    use super::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(values: &[Vec<u8>], to: S) -> Result<S::Ok, S::Error> {
        values.iter().map(|value| Bytes::of(value)).collect::<Vec<_>>().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let values = Vec::<Bytes>::deserialize(from)?;
        let wrong = || serde::de::Error::custom("a value is not base64");
        values.iter().map(|value| value.bytes().ok_or_else(wrong)).collect()
    }
}
