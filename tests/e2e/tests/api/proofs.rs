//! Merkle proofs checked as RFC 9162 says (sections 2.1.1, 2.1.3.2 and 2.1.4.2), in a few lines that share nothing with Reeve.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

pub type Hash = [u8; 32];

/// The size and the root that a checkpoint states.
pub fn head(note: &str) -> (u64, Hash) {
    let lines: Vec<_> = note.lines().collect();
    (lines[1].parse().unwrap(), STANDARD.decode(lines[2]).unwrap().try_into().unwrap())
}

fn leaf(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

fn node(left: Hash, right: Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root over these entries.
pub fn root(entries: &[Vec<u8>]) -> Hash {
    match entries {
        [] => Sha256::digest([]).into(),
        [entry] => leaf(entry),
        more => {
            let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
            node(root(left), root(right))
        }
    }
}

/// Whether the proof leads from an entry to the root of a log of this size.
pub fn included(seq: u64, size: u64, entry: &[u8], proof: &[Hash], signed: Hash) -> bool {
    let (mut index, mut last) = (seq, size - 1);
    let mut hash = leaf(entry);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if index % 2 == 1 || index == last {
            hash = node(*beside, hash);
            while index % 2 == 0 && index != 0 {
                (index, last) = (index / 2, last / 2);
            }
        } else {
            hash = node(hash, *beside);
        }
        (index, last) = (index / 2, last / 2);
    }
    last == 0 && hash == signed
}

/// Whether the proof shows that the newer log begins with all of the older one.
pub fn consistent(old: (u64, Hash), new: (u64, Hash), proof: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    // A tree that is full is its own first node, and is left out of the proof.
    let own = [old_root];
    let begin = if old_size.is_power_of_two() { &own[..] } else { &[] };
    let mut path = begin.iter().chain(proof);
    let (mut index, mut last) = (old_size - 1, new_size - 1);
    while index % 2 == 1 {
        (index, last) = (index / 2, last / 2);
    }
    let Some(first) = path.next() else { return false };
    let (mut older, mut newer) = (*first, *first);
    for beside in path {
        if last == 0 {
            return false;
        }
        if index % 2 == 1 || index == last {
            older = node(*beside, older);
            newer = node(*beside, newer);
            while index % 2 == 0 && index != 0 {
                (index, last) = (index / 2, last / 2);
            }
        } else {
            newer = node(newer, *beside);
        }
        (index, last) = (index / 2, last / 2);
    }
    last == 0 && older == old_root && newer == new_root
}
