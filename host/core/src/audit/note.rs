//! C2SP signed notes: a text, and below it signatures that name their keys. Ed25519 (signature type 1) only.
//!
//! A note's text can't be had without a signature by a key that the caller trusts. Signatures by other keys are passed
//! over, as the format asks, so that witnesses can add theirs and keys can be changed.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::Signer;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The largest note that is read, in bytes.
pub const NOTE_BYTES_MAX: usize = 1_000_000;

/// The most signatures a note may carry.
pub const SIGNATURES_MAX: usize = 100;

/// The bytes of an Ed25519 private key.
pub const SEED_BYTES: usize = 32;

const TYPE_ED25519: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const SIGNATURE_LINE_START: &str = "\u{2014} ";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("{0:?} can't name a key: a key name is not empty and has no spaces, no \"+\" and no control characters")]
    BadName(String),
    #[error("the verifier key can't be used: {0}. It is one line of the form NAME+HASH+BASE64")]
    BadKey(&'static str),
    #[error("a note's text ends with a newline and has no other control characters")]
    BadText,
    #[error("a note needs at least one signature")]
    NothingToSignWith,
    #[error("it is not a signed note: {0}")]
    Malformed(&'static str),
    #[error("none of its signatures is by a key you trust; it is signed by {}", names(.signed_by))]
    NoTrustedSignature { signed_by: Vec<String> },
    #[error("the signature by {name} is wrong: the text or the signature was changed after signing")]
    WrongSignature { name: String },
}

fn names(all: &[String]) -> String {
    all.join(", ")
}

/// The first bytes of SHA-256 over name, type and public key. It tells keys apart and proves nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
struct KeyId([u8; KEY_ID_BYTES]);

impl KeyId {
    fn of(name: &str, key: &ed25519_dalek::VerifyingKey) -> Self {
        let digest = Sha256::new()
            .chain_update(name)
            .chain_update(b"\n")
            .chain_update([TYPE_ED25519])
            .chain_update(key.as_bytes())
            .finalize();
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

/// A private key with its name. It can't be printed.
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
    public: VerifierKey,
}

impl SigningKey {
    /// `seed` is the Ed25519 private key, 32 random bytes. A log's key has the log's origin as its name.
    pub fn new(name: &str, seed: &[u8; SEED_BYTES]) -> Result<Self, NoteError> {
        check_name(name)?;
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = VerifierKey::of(name, key.verifying_key());
        Ok(Self { key, public })
    }

    pub fn name(&self) -> &str {
        &self.public.name
    }

    pub fn verifier(&self) -> &VerifierKey {
        &self.public
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey for {}", self.public)
    }
}

/// A public key with its name, written as a C2SP vkey line: `NAME+HASH+BASE64`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: KeyId,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifierKey {
    fn of(name: &str, key: ed25519_dalek::VerifyingKey) -> Self {
        Self { name: name.to_owned(), id: KeyId::of(name, &key), key }
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut material = vec![TYPE_ED25519];
        material.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id.0), STANDARD.encode(material))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads a vkey line. The one newline at the end of a key file may stay on it.
impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        let line = line.strip_suffix('\n').unwrap_or(line);
        // Base64 may itself hold a "+", so only the first two separate.
        let mut parts = line.splitn(3, '+');
        let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::BadKey("it does not have three parts"));
        };
        check_name(name)?;
        let material = STANDARD.decode(material).map_err(|_| NoteError::BadKey("its last part is not base64"))?;
        let Some((&TYPE_ED25519, public)) = material.split_first() else {
            return Err(NoteError::BadKey("it is not an Ed25519 key"));
        };
        let public = public.try_into().map_err(|_| NoteError::BadKey("an Ed25519 key has 32 bytes"))?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(public)
            .ok()
            .filter(|key| !key.is_weak())
            .ok_or(NoteError::BadKey("its bytes are not a sound public key"))?;
        let read = Self::of(name, key);
        if hex::encode(read.id.0) != id {
            return Err(NoteError::BadKey("its hash does not belong to its name and key"));
        }
        Ok(read)
    }
}

/// The note: the text, an empty line, one signature line per key.
pub fn sign(text: &str, keys: &[&SigningKey]) -> Result<String, NoteError> {
    if !text.ends_with('\n') || has_control_characters(text) {
        return Err(NoteError::BadText);
    }
    if keys.is_empty() {
        return Err(NoteError::NothingToSignWith);
    }
    let mut note = format!("{text}\n");
    for key in keys {
        let mut signature = key.public.id.0.to_vec();
        signature.extend_from_slice(&key.key.sign(text.as_bytes()).to_bytes());
        note.push_str(&format!("{SIGNATURE_LINE_START}{} {}\n", key.name(), STANDARD.encode(signature)));
    }
    Ok(note)
}

/// A note's text, once a trusted key's signature on it was found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedNote {
    /// With its last newline, which is signed too.
    pub text: String,
    /// The names of the trusted keys that signed it, in the note's order.
    pub signed_by: Vec<String>,
}

/// Reads a note. At least one signature must be by one of `trusted`, and every one that is must be right.
pub fn open(note: &[u8], trusted: &[VerifierKey]) -> Result<OpenedNote, NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::Malformed("it is larger than 1,000,000 bytes"));
    }
    let note = str::from_utf8(note).map_err(|_| NoteError::Malformed("it is not UTF-8 text"))?;
    if has_control_characters(note) {
        return Err(NoteError::Malformed("it has control characters"));
    }
    let (before, signatures) =
        note.rsplit_once("\n\n").ok_or(NoteError::Malformed("no empty line separates text and signatures"))?;
    let text = format!("{before}\n");
    let signatures =
        signatures.strip_suffix('\n').ok_or(NoteError::Malformed("its last line does not end with a newline"))?;

    let mut opened = OpenedNote { text, signed_by: Vec::new() };
    let mut seen = Vec::new();
    for line in signatures.split('\n') {
        let signature = SignatureLine::read(line)?;
        if seen.len() == SIGNATURES_MAX {
            return Err(NoteError::Malformed("it has more than 100 signatures"));
        }
        seen.push(signature.name.to_owned());
        let Some(key) = trusted.iter().find(|key| key.name == signature.name && key.id == signature.id) else {
            continue;
        };
        let wrong = || NoteError::WrongSignature { name: key.name.clone() };
        let bytes = ed25519_dalek::Signature::from_slice(&signature.bytes).map_err(|_| wrong())?;
        // Strict: no second encoding of a signature and no weak key passes, so all verifiers agree.
        key.key.verify_strict(opened.text.as_bytes(), &bytes).map_err(|_| wrong())?;
        opened.signed_by.push(key.name.clone());
    }
    if opened.signed_by.is_empty() {
        return Err(NoteError::NoTrustedSignature { signed_by: seen });
    }
    Ok(opened)
}

struct SignatureLine<'a> {
    name: &'a str,
    id: KeyId,
    bytes: Vec<u8>,
}

impl<'a> SignatureLine<'a> {
    fn read(line: &'a str) -> Result<Self, NoteError> {
        let malformed = NoteError::Malformed("a signature line is broken");
        let (name, base64) = line
            .strip_prefix(SIGNATURE_LINE_START)
            .and_then(|rest| rest.split_once(' '))
            .ok_or_else(|| malformed.clone())?;
        check_name(name).map_err(|_| malformed.clone())?;
        let decoded = STANDARD.decode(base64).map_err(|_| malformed.clone())?;
        match decoded.split_first_chunk() {
            Some((id, bytes)) if !bytes.is_empty() => Ok(Self { name, id: KeyId(*id), bytes: bytes.to_vec() }),
            _ => Err(malformed),
        }
    }
}

fn check_name(name: &str) -> Result<(), NoteError> {
    if name.is_empty() || name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control()) {
        return Err(NoteError::BadName(name.to_owned()));
    }
    Ok(())
}

fn has_control_characters(text: &str) -> bool {
    text.bytes().any(|byte| byte < 0x20 && byte != b'\n')
}
