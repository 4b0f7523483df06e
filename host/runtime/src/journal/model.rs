//! The journal's entries, as they stand in its JSON.

use crate::outside::{FileFault, HttpFault, LdapFault};
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
    pub(super) fn of(bytes: &[u8]) -> Self {
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

/// What stands for bytes that there was no room for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digested {
    pub length: u64,
    pub sha256: String,
}

impl Digested {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { length: bytes.len() as u64, sha256: hex::encode(Sha256::digest(bytes)) }
    }
}

/// A body. Where it was too long, `kept` is its beginning, and `whole` stands for all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Body {
    pub kept: Bytes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Digested>,
}

impl Body {
    pub(crate) fn empty() -> Self {
        Self { kept: Bytes::Text(String::new()), whole: None }
    }

    /// For a person: its beginning, and how long it is.
    pub(crate) fn shown(&self, bytes_max: usize) -> String {
        let text = match &self.kept {
            Bytes::Text(text) | Bytes::Base64(text) => text,
        };
        let shown = text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default();
        match &self.whole {
            Some(whole) => format!("{shown}… ({} bytes, SHA-256 {})", whole.length, whole.sha256),
            None if shown.len() < text.len() => format!("{shown}… ({} bytes)", text.len()),
            None => shown.to_owned(),
        }
    }
}

/// What an import call came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Came<T, F> {
    /// The plugin's call ended before this one did.
    CutOff,
    Answer(T),
    Fault(F),
    /// There was no room left for it: its length and SHA-256 as JSON.
    LeftOut(Digested),
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
    /// The search and the page as JSON.
    LdapSearch {
        search: Body,
        came: Came<Body, LdapFault>,
    },
    /// The write as JSON.
    LdapWrite {
        connection: String,
        write: Body,
        came: Came<(), LdapFault>,
    },
    /// The list as JSON.
    FilesList {
        connection: String,
        came: Came<Body, FileFault>,
    },
    FilesRead {
        connection: String,
        name: String,
        version: String,
        offset: u64,
        length: u32,
        came: Came<Body, FileFault>,
    },
    Settings {
        json: Body,
    },
    Log {
        level: String,
        line: Body,
    },
    /// There was no room left for it: its length and SHA-256 as JSON.
    LeftOut {
        entry: Digested,
    },
}

impl Entry {
    /// The same without its answer: what the plugin asked for.
    pub(crate) fn question(&self) -> Self {
        let mut entry = self.clone();
        match &mut entry {
            Self::Http { came, .. } => *came = Came::CutOff,
            Self::LdapSearch { came, .. } => *came = Came::CutOff,
            Self::LdapWrite { came, .. } => *came = Came::CutOff,
            Self::FilesList { came, .. } => *came = Came::CutOff,
            Self::FilesRead { came, .. } => *came = Came::CutOff,
            Self::Settings { json } => *json = Body::empty(),
            Self::Log { .. } | Self::LeftOut { .. } => {}
        }
        entry
    }
}

/// How much of a part was counted as body already.
pub(super) trait BodyBytes {
    fn body_bytes(&self) -> usize;
}

impl BodyBytes for Body {
    fn body_bytes(&self) -> usize {
        match &self.kept {
            Bytes::Text(text) | Bytes::Base64(text) => text.len(),
        }
    }
}

impl BodyBytes for HttpCame {
    fn body_bytes(&self) -> usize {
        self.body.body_bytes()
    }
}

impl BodyBytes for () {
    fn body_bytes(&self) -> usize {
        0
    }
}

impl BodyBytes for Entry {
    fn body_bytes(&self) -> usize {
        match self {
            Self::Http { body, .. } => body.as_ref().map_or(0, BodyBytes::body_bytes),
            Self::LdapSearch { search: body, .. } | Self::LdapWrite { write: body, .. } => body.body_bytes(),
            Self::Settings { json: body } | Self::Log { line: body, .. } => body.body_bytes(),
            Self::FilesList { .. } | Self::FilesRead { .. } | Self::LeftOut { .. } => 0,
        }
    }
}

/// Values of an LDAP attribute in JSON.
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
