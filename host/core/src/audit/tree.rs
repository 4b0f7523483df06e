//! The Merkle tree of RFC 6962 section 2.1, with SHA-256: hashes of leaves and nodes, and the root of a growing list.
//!
//! [`Tree`] keeps the roots of the perfect subtrees only (at most 64 hashes), so appending is cheap at any size.

use sha2::{Digest, Sha256};
use std::fmt;

/// The bytes of a SHA-256 hash.
pub const HASH_BYTES: usize = 32;

/// A leaf's, a node's or a root's hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeHash([u8; HASH_BYTES]);

impl TreeHash {
    pub const fn new(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }

    /// From stored bytes; none unless they are 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }
}

/// Lower-case hex.
impl fmt::Display for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The prefixes keep a node from passing for a leaf.
const LEAF_PREFIX: [u8; 1] = [0];
const NODE_PREFIX: [u8; 1] = [1];

/// The hash of one entry's exact bytes.
pub fn leaf_hash(entry: &[u8]) -> TreeHash {
    TreeHash(Sha256::new().chain_update(LEAF_PREFIX).chain_update(entry).finalize().into())
}

pub fn node_hash(left: &TreeHash, right: &TreeHash) -> TreeHash {
    TreeHash(Sha256::new().chain_update(NODE_PREFIX).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// The root over these leaf hashes.
pub fn root_of<'a>(leaves: impl IntoIterator<Item = &'a TreeHash>) -> TreeHash {
    let mut tree = Tree::new();
    leaves.into_iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

/// A tree that grows. To get one back after a restart, push the stored leaf hashes in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// The roots of the perfect subtrees from left to right, one per set bit of `size`.
    peaks: Vec<TreeHash>,
}

impl Tree {
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn push(&mut self, leaf: TreeHash) {
        let mut node = leaf;
        let mut trailing = self.size;
        while trailing & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
            trailing >>= 1;
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// The root; of an empty tree, the hash of nothing.
    pub fn root(&self) -> TreeHash {
        self.peaks
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or_else(|| TreeHash(Sha256::digest([]).into()))
    }
}
