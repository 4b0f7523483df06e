//! C2SP tiles: which files a log of a given size consists of, and their bytes, made while entries stream by.
//!
//! Hashes lie in tiles of 256; level 0 holds the leaf hashes, and each hash of a higher level is the root of one full
//! tile below it. Entries lie in bundles of 256, each entry after its length. Nothing here touches a disk.

use super::entry::ENTRY_BYTES_MAX;
use super::tree::{HASH_BYTES, Tree, TreeHash, leaf_hash, root_of};
use std::fmt;

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;

/// Where the signed head lies.
pub const CHECKPOINT_PATH: &str = "checkpoint";

/// The largest file of a log, in bytes: a bundle of 256 entries of full length. A reader can refuse what is larger.
pub const FILE_BYTES_MAX: u64 = TILE_WIDTH * (2 + ENTRY_BYTES_MAX as u64);

/// log2 of [`TILE_WIDTH`].
const TILE_HEIGHT: u32 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileKind {
    Entries,
    Hashes { level: u32 },
}

/// One file of the log. Its [`Display`](fmt::Display) is its path: `tile/0/x001/x234/067.p/5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    pub kind: TileKind,
    /// Its place among its kind, from 0.
    pub index: u64,
    /// How many hashes or entries it holds, 1 to [`TILE_WIDTH`].
    pub width: u64,
}

impl Tile {
    /// The bundles of a log of this size, in order.
    pub fn bundles_of(size: u64) -> impl Iterator<Item = Self> {
        row(TileKind::Entries, size)
    }

    /// Every file of a log of this size but the checkpoint: the bundles, then the hashes, level by level.
    pub fn all_of(size: u64) -> impl Iterator<Item = Self> {
        let levels = (0..u64::BITS / TILE_HEIGHT)
            .flat_map(move |level| row(TileKind::Hashes { level }, size >> (level * TILE_HEIGHT)));
        Self::bundles_of(size).chain(levels)
    }

    /// The number of the first entry below the hash, or of the entry, at `position`.
    pub(super) fn first_entry(&self, position: u64) -> u64 {
        let height = match self.kind {
            TileKind::Entries => 0,
            TileKind::Hashes { level } => level.saturating_mul(TILE_HEIGHT),
        };
        let column = self.index.saturating_mul(TILE_WIDTH).saturating_add(position);
        column.checked_shl(height).unwrap_or(u64::MAX)
    }
}

/// The tiles that hold `count` columns, the last one partial.
fn row(kind: TileKind, count: u64) -> impl Iterator<Item = Tile> {
    let tile = move |index: u64| {
        let width = count.saturating_sub(index.saturating_mul(TILE_WIDTH)).min(TILE_WIDTH);
        Tile { kind, index, width }
    };
    (0..count.div_ceil(TILE_WIDTH)).map(tile)
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Entries => f.write_str("tile/entries")?,
            TileKind::Hashes { level } => write!(f, "tile/{level}")?,
        }
        let mut groups = Vec::new();
        let mut rest = self.index;
        while rest >= 1000 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        // All groups but the last begin with an x, so that no file has the name of a folder.
        let prefix = |last| if last { "" } else { "x" };
        write!(f, "/{}{rest:03}", prefix(groups.is_empty()))?;
        for (left, group) in groups.iter().enumerate().rev() {
            write!(f, "/{}{group:03}", prefix(left == 0))?;
        }
        if self.width < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// A file to write, with its path below the log's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileFile {
    pub path: String,
    pub bytes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    #[error("entry {index} has {bytes} bytes, and the limit is {ENTRY_BYTES_MAX}: it can't be exported")]
    EntryTooLarge { index: u64, bytes: usize },
}

/// Turns entries into the files of a log. It holds one bundle and one unfinished tile per level, whatever the size.
///
/// Feed it exactly as many entries as the checkpoint states, and write the checkpoint last.
#[derive(Debug, Default)]
pub struct TileWriter {
    tree: Tree,
    bundle: Vec<u8>,
    hashes: HashTiles,
}

/// What is left to write when the last entry has gone by, and what the checkpoint must state.
#[derive(Debug)]
pub struct Export {
    pub files: Vec<TileFile>,
    pub tree: Tree,
}

impl TileWriter {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next entry; gives the files that it completes, which is none most of the time.
    pub fn push(&mut self, entry: &[u8]) -> Result<Vec<TileFile>, TileError> {
        let index = self.tree.size();
        let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLarge { index, bytes: entry.len() })?;
        self.bundle.extend_from_slice(&length.to_be_bytes());
        self.bundle.extend_from_slice(entry);
        let leaf = leaf_hash(entry);
        self.tree.push(leaf);

        let mut files = Vec::new();
        if self.tree.size().is_multiple_of(TILE_WIDTH) {
            files.extend(self.take_bundle());
        }
        files.extend(self.hashes.push(leaf).into_iter().map(hash_file));
        Ok(files)
    }

    pub fn finish(mut self) -> Export {
        let mut files = Vec::new();
        if !self.bundle.is_empty() {
            files.extend(self.take_bundle());
        }
        files.extend(self.hashes.finish().into_iter().map(hash_file));
        Export { files, tree: self.tree }
    }

    /// The bundle that ends with the entry pushed last.
    fn take_bundle(&mut self) -> Option<TileFile> {
        let tile = Tile::bundle_with(self.tree.size().checked_sub(1)?, self.tree.size());
        Some(TileFile { path: tile.to_string(), bytes: std::mem::take(&mut self.bundle) })
    }
}

impl Tile {
    /// The bundle that holds entry `index` of a log of this size.
    fn bundle_with(index: u64, size: u64) -> Self {
        let index = index / TILE_WIDTH;
        let width = size.saturating_sub(index.saturating_mul(TILE_WIDTH)).min(TILE_WIDTH);
        Self { kind: TileKind::Entries, index, width }
    }
}

fn hash_file((tile, hashes): (Tile, Vec<TreeHash>)) -> TileFile {
    let bytes = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
    TileFile { path: tile.to_string(), bytes }
}

/// Reads a tile's bytes; none unless they are exactly its hashes.
pub(super) fn hashes_in(tile: &Tile, bytes: &[u8]) -> Option<Vec<TreeHash>> {
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    let whole = rest.is_empty() && u64::try_from(hashes.len()) == Ok(tile.width);
    whole.then(|| hashes.iter().map(|hash| TreeHash::new(*hash)).collect())
}

/// Cuts a bundle into its entries. An item is none where the bytes break off, and nothing follows it.
pub(super) fn entries_in(bundle: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = bundle;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let cut = rest
            .split_first_chunk()
            .and_then(|(length, after)| after.split_at_checked(usize::from(u16::from_be_bytes(*length))));
        let (entry, after) = cut.unzip();
        rest = after.unwrap_or_default();
        Some(entry)
    })
}

/// The unfinished hash tile of each level. A tile that fills is given out, and its root goes up one level.
#[derive(Debug, Default)]
pub(super) struct HashTiles {
    levels: Vec<OpenTile>,
}

#[derive(Debug, Default)]
struct OpenTile {
    index: u64,
    hashes: Vec<TreeHash>,
}

impl HashTiles {
    /// The tiles that this leaf fills, from level 0 upwards.
    pub(super) fn push(&mut self, leaf: TreeHash) -> Vec<(Tile, Vec<TreeHash>)> {
        let mut filled = Vec::new();
        let mut hash = leaf;
        for (level, open) in (0..).zip(&mut self.levels) {
            open.hashes.push(hash);
            if (open.hashes.len() as u64) < TILE_WIDTH {
                return filled;
            }
            let hashes = std::mem::take(&mut open.hashes);
            hash = root_of(&hashes);
            filled.push((Tile { kind: TileKind::Hashes { level }, index: open.index, width: TILE_WIDTH }, hashes));
            open.index = open.index.saturating_add(1);
        }
        self.levels.push(OpenTile { index: 0, hashes: vec![hash] });
        filled
    }

    /// The partial tiles that remain, from level 0 upwards.
    pub(super) fn finish(self) -> Vec<(Tile, Vec<TreeHash>)> {
        (0..)
            .zip(self.levels)
            .filter(|(_, open)| !open.hashes.is_empty())
            .map(|(level, open)| {
                let width = open.hashes.len() as u64;
                (Tile { kind: TileKind::Hashes { level }, index: open.index, width }, open.hashes)
            })
            .collect()
    }
}
