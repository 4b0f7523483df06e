//! C2SP checkpoints: the signed head of a log, in three lines: origin, number of entries, root.
//!
//! This module says what a head is. That a log never signs two that contradict each other is the store's duty.

use super::note::{self, NoteError, SigningKey, VerifierKey};
use super::tree::{Tree, TreeHash};
use base64::{Engine, engine::general_purpose::STANDARD};

/// What one checkpoint states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, like a URL without its scheme: `reeve.example.com/audit`. Its key has the same name.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    pub root: TreeHash,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error("it is not a checkpoint: {0}")]
    Malformed(&'static str),
    #[error("it states the log {origin:?}, and the key that signed it belongs to {signed_by:?}")]
    ForeignOrigin { origin: String, signed_by: String },
}

impl Checkpoint {
    /// The head of the log `origin` as it stands.
    pub fn of(origin: &str, tree: &Tree) -> Self {
        Self { origin: origin.to_owned(), size: tree.size(), root: tree.root() }
    }

    /// The lines that are signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }

    /// The signed note to publish. Only keys of this log may sign; two of them while a key is being changed.
    pub fn sign(&self, keys: &[&SigningKey]) -> Result<String, CheckpointError> {
        if let Some(foreign) = keys.iter().find(|key| key.name() != self.origin) {
            return Err(CheckpointError::ForeignOrigin {
                origin: self.origin.clone(),
                signed_by: foreign.name().to_owned(),
            });
        }
        Ok(note::sign(&self.text(), keys)?)
    }

    /// Reads a signed note, which must be signed by a trusted key of the log that it states.
    pub fn open(signed: &[u8], trusted: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let opened = note::open(signed, trusted)?;
        let checkpoint = Self::parse(&opened.text)?;
        // A witness's key vouches for heads that it saw, not for what this log contains.
        if !opened.signed_by.contains(&checkpoint.origin) {
            let signed_by = opened.signed_by.join(", ");
            return Err(CheckpointError::ForeignOrigin { origin: checkpoint.origin, signed_by });
        }
        Ok(checkpoint)
    }

    /// Reads the signed lines. Extension lines are legal, opaque, and passed over; Reeve writes none.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Malformed("its last line is cut off"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed("it has fewer than three lines"));
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(CheckpointError::Malformed("it has an empty line"));
        }
        let size = size
            .parse::<u64>()
            .ok()
            // One number, one text: no "+5" and no "005".
            .filter(|number| number.to_string() == size)
            .ok_or(CheckpointError::Malformed("its second line is not a number of entries"))?;
        let root = STANDARD
            .decode(root)
            .ok()
            .and_then(|bytes| TreeHash::from_slice(&bytes))
            .ok_or(CheckpointError::Malformed("its third line is not a SHA-256 hash in base64"))?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}
