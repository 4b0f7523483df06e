//! The check of an exported log, from its files and a public key alone.
//!
//! Everything is computed from the entries upwards and compared with what the files hold, in one pass and little memory.
//! Whether the computed root is the signed one then tells which side of a difference was changed. Files that do not
//! belong to the log of the signed size are not looked at.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::note::VerifierKey;
use super::tiles::{CHECKPOINT_PATH, HashTiles, TILE_WIDTH, Tile, TileKind, entries_in, hashes_in};
use super::tree::{Tree, TreeHash, leaf_hash};
use std::error::Error;
use std::fmt;

/// What a reader of files may fail with: an IO error, or a sentence.
type ReadError = Box<dyn Error + Send + Sync>;

/// What was found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub checkpoint: Checkpoint,
    /// The older checkpoint that this log continues.
    pub pinned: Option<Checkpoint>,
    /// How many files were read, the checkpoint included.
    pub files: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Checkpoint { origin, size, root } = &self.checkpoint;
        write!(f, "the log {origin} is whole: {size} entries in {} files have the signed root {root}", self.files)?;
        match &self.pinned {
            Some(pinned) => write!(f, ", and its first {} are those of the pinned checkpoint", pinned.size),
            None => Ok(()),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("the file {path} can't be read: {source}")]
    Unreadable { path: String, source: ReadError },
    #[error("the file {CHECKPOINT_PATH} is not to be trusted: {0}")]
    Checkpoint(#[source] CheckpointError),
    #[error("the pinned checkpoint is not to be trusted: {0}")]
    Pinned(#[source] CheckpointError),
    #[error("the pinned checkpoint is of the log {pinned}, and this is the log {origin}")]
    OtherLog { origin: String, pinned: String },
    #[error(
        "the log has {size} entries, fewer than the {pinned} of the pinned checkpoint: it was cut, or restored from an old \
         copy"
    )]
    Shorter { size: u64, pinned: u64 },
    #[error(
        "the log was rewritten: its first {pinned} entries are not those of the pinned checkpoint (their root is {found}, the \
         checkpoint signed {signed})"
    )]
    Rewritten { pinned: u64, found: TreeHash, signed: TreeHash },
    #[error("entry {index} in {bundle} does not match its tile {tile}: the entry was changed after it was signed")]
    Entry { index: u64, bundle: Tile, tile: Tile },
    #[error("the file {bundle} is damaged at entry {index}: its entries do not fit its length")]
    Bundle { index: u64, bundle: Tile },
    #[error("the file {tile} has {bytes} bytes, and its {} hashes take {}", tile.width, tile.width * 32)]
    TileLength { tile: Tile, bytes: usize },
    #[error(
        "the file {tile} is damaged at hash {position} (from entry {index}); the entries themselves are those that were \
         signed"
    )]
    Tile { tile: Tile, position: u64, index: u64 },
    #[error(
        "the tile {tile} does not match what lies below it: entries {first} to {last} were changed after they were signed, \
         and their tiles with them"
    )]
    Below { tile: Tile, first: u64, last: u64 },
    #[error(
        "the log agrees with itself and not with its checkpoint: its {size} entries have the root {found}, and {signed} was \
         signed"
    )]
    Root { size: u64, found: TreeHash, signed: TreeHash },
}

/// Checks a log. `read` gives the bytes of the file at a path below the log's folder, as [`Tile`] and [`CHECKPOINT_PATH`]
/// spell it; it should refuse files larger than [`FILE_BYTES_MAX`](super::FILE_BYTES_MAX), and may count its calls to
/// show progress. `pinned` is a checkpoint of this log that was kept elsewhere.
pub fn verify<E: Into<ReadError>>(
    trusted: &[VerifierKey],
    pinned: Option<&[u8]>,
    read: impl FnMut(&str) -> Result<Vec<u8>, E>,
) -> Result<Report, VerifyError> {
    let mut files = Files { read, count: 0 };
    let head = files.read(CHECKPOINT_PATH)?;
    let checkpoint = Checkpoint::open(&head, trusted).map_err(VerifyError::Checkpoint)?;
    let pinned = pinned.map(|note| open_pinned(note, trusted, &checkpoint)).transpose()?;

    let mut walk = Walk::new(files, pinned.as_ref().map(|pinned| pinned.size));
    for bundle in Tile::bundles_of(checkpoint.size) {
        walk.bundle(bundle)?;
    }
    let walked = walk.finish()?;
    judge(&walked, &checkpoint)?;
    match (&pinned, walked.root_at_pin) {
        (Some(pinned), Some(found)) if found != pinned.root => {
            Err(VerifyError::Rewritten { pinned: pinned.size, found, signed: pinned.root })
        }
        _ => Ok(Report { checkpoint, pinned, files: walked.files }),
    }
}

fn open_pinned(note: &[u8], trusted: &[VerifierKey], head: &Checkpoint) -> Result<Checkpoint, VerifyError> {
    let pinned = Checkpoint::open(note, trusted).map_err(VerifyError::Pinned)?;
    if pinned.origin != head.origin {
        return Err(VerifyError::OtherLog { origin: head.origin.clone(), pinned: pinned.origin });
    }
    if pinned.size > head.size {
        return Err(VerifyError::Shorter { size: head.size, pinned: pinned.size });
    }
    Ok(pinned)
}

/// Blames the right side of the first difference. The signature covers the root alone: if the entries lead to it, they
/// are the signed ones, and it is the tile that was changed.
fn judge(walked: &Walked, signed: &Checkpoint) -> Result<(), VerifyError> {
    let entries_are_signed = walked.root == signed.root;
    match walked.difference {
        None if entries_are_signed => Ok(()),
        None => Err(VerifyError::Root { size: signed.size, found: walked.root, signed: signed.root }),
        Some(Difference { tile, position }) => {
            let index = tile.first_entry(position);
            Err(match tile.kind {
                _ if entries_are_signed => VerifyError::Tile { tile, position, index },
                TileKind::Hashes { level: 0 } | TileKind::Entries => {
                    VerifyError::Entry { index, bundle: Tile { kind: TileKind::Entries, ..tile }, tile }
                }
                TileKind::Hashes { .. } => {
                    let last = tile.first_entry(position.saturating_add(1)).saturating_sub(1);
                    VerifyError::Below { tile, first: index, last }
                }
            })
        }
    }
}

struct Files<R> {
    read: R,
    count: u64,
}

impl<R: FnMut(&str) -> Result<Vec<u8>, E>, E: Into<ReadError>> Files<R> {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, VerifyError> {
        self.count = self.count.saturating_add(1);
        (self.read)(path).map_err(|fault| VerifyError::Unreadable { path: path.to_owned(), source: fault.into() })
    }

    fn hashes(&mut self, tile: Tile) -> Result<Vec<TreeHash>, VerifyError> {
        let bytes = self.read(&tile.to_string())?;
        hashes_in(&tile, &bytes).ok_or(VerifyError::TileLength { tile, bytes: bytes.len() })
    }
}

/// Where a stored tile first differs from what the entries give.
#[derive(Clone, Copy)]
struct Difference {
    tile: Tile,
    position: u64,
}

struct Walk<R> {
    files: Files<R>,
    tree: Tree,
    tiles: HashTiles,
    difference: Option<Difference>,
    pin: Option<u64>,
    root_at_pin: Option<TreeHash>,
}

struct Walked {
    root: TreeHash,
    root_at_pin: Option<TreeHash>,
    difference: Option<Difference>,
    files: u64,
}

impl<R: FnMut(&str) -> Result<Vec<u8>, E>, E: Into<ReadError>> Walk<R> {
    fn new(files: Files<R>, pin: Option<u64>) -> Self {
        let mut walk =
            Self { files, tree: Tree::new(), tiles: HashTiles::default(), difference: None, pin, root_at_pin: None };
        walk.note_pin();
        walk
    }

    fn note_pin(&mut self) {
        if self.pin == Some(self.tree.size()) {
            self.root_at_pin = Some(self.tree.root());
        }
    }

    fn bundle(&mut self, bundle: Tile) -> Result<(), VerifyError> {
        let bytes = self.files.read(&bundle.to_string())?;
        let mut leaves = Vec::new();
        let mut broken = false;
        for entry in entries_in(&bytes) {
            match entry {
                Some(entry) if (leaves.len() as u64) < bundle.width => leaves.push(leaf_hash(entry)),
                _ => broken = true,
            }
        }
        if broken || (leaves.len() as u64) < bundle.width {
            return Err(self.broken_bundle(bundle, &leaves));
        }
        for leaf in leaves {
            self.tree.push(leaf);
            self.note_pin();
            for (tile, expected) in self.tiles.push(leaf) {
                self.compare(tile, &expected)?;
            }
        }
        Ok(())
    }

    /// A wrong length makes nonsense of all that follows it, so the tile says where the nonsense begins.
    fn broken_bundle(&mut self, bundle: Tile, leaves: &[TreeHash]) -> VerifyError {
        let tile = Tile { kind: TileKind::Hashes { level: 0 }, ..bundle };
        let whole = self.files.hashes(tile).map_or(0, |stored| same_from_start(leaves, &stored));
        VerifyError::Bundle { index: bundle.first_entry(whole.min(TILE_WIDTH)), bundle }
    }

    fn compare(&mut self, tile: Tile, expected: &[TreeHash]) -> Result<(), VerifyError> {
        let stored = self.files.hashes(tile)?;
        let position = same_from_start(expected, &stored);
        if position < tile.width && self.difference.is_none() {
            self.difference = Some(Difference { tile, position });
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Walked, VerifyError> {
        for (tile, expected) in std::mem::take(&mut self.tiles).finish() {
            self.compare(tile, &expected)?;
        }
        Ok(Walked {
            root: self.tree.root(),
            root_at_pin: self.root_at_pin,
            difference: self.difference,
            files: self.files.count,
        })
    }
}

/// How many hashes are the same before the first that differs.
fn same_from_start(left: &[TreeHash], right: &[TreeHash]) -> u64 {
    left.iter().zip(right).take_while(|(left, right)| left == right).count() as u64
}
