//! Proofs of RFC 6962: that a leaf is in a tree, and that a smaller tree is the beginning of a larger one.
//!
//! Proofs are made from the leaf hashes (sections 2.1.1 and 2.1.2) and checked without them, by the iterative
//! algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2.

use super::tree::{TreeHash, node_hash, root_of};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("entry {index} can't be in a log of {size} entries")]
    NoSuchEntry { index: u64, size: u64 },
    #[error("a log of {new} entries can't continue one of {old} entries: entries are missing")]
    Smaller { old: u64, new: u64 },
    #[error(
        "the proof has {found} hashes, which does not fit a log of this size: it was made for another size, or cut"
    )]
    WrongLength { found: usize },
    #[error("the proof does not show that entry {index} is in the log with {size} entries")]
    NotIncluded { index: u64, size: u64 },
    #[error(
        "the log with {new} entries does not begin with the {old} entries of the older checkpoint: it was rewritten"
    )]
    NotConsistent { old: u64, new: u64 },
}

/// The hashes that lead from the leaf at `index` to the root over `leaves`.
pub fn inclusion_proof(leaves: &[TreeHash], index: usize) -> Result<Vec<TreeHash>, ProofError> {
    if index >= leaves.len() {
        return Err(ProofError::NoSuchEntry { index: wide(index), size: wide(leaves.len()) });
    }
    let mut proof = Vec::new();
    let (mut rest, mut index) = (leaves, index);
    while let Some((left, right)) = halves(rest) {
        let (on_path, beside) = if index < left.len() { (left, right) } else { (right, left) };
        index = index.checked_sub(left.len()).unwrap_or(index);
        proof.push(root_of(beside));
        rest = on_path;
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes that lead from the root over the first `old_size` leaves to the root over all `leaves`. Empty for an
/// empty or an equal log, of which nothing has to be shown.
pub fn consistency_proof(leaves: &[TreeHash], old_size: usize) -> Result<Vec<TreeHash>, ProofError> {
    if old_size > leaves.len() {
        return Err(ProofError::Smaller { old: wide(old_size), new: wide(leaves.len()) });
    }
    let mut proof = Vec::new();
    let (mut rest, mut old) = (leaves, old_size);
    // Whether `rest` is the old tree's left edge, so that the verifier knows its root.
    let mut known = true;
    while old > 0 && old < rest.len() {
        let Some((left, right)) = halves(rest) else { break };
        match old.checked_sub(left.len()) {
            None | Some(0) => {
                proof.push(root_of(right));
                rest = left;
            }
            Some(beyond) => {
                proof.push(root_of(left));
                rest = right;
                old = beyond;
                known = false;
            }
        }
    }
    if !known {
        proof.push(root_of(rest));
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that `leaf` stands at `index` in the tree of `size` leaves with this root.
pub fn verify_inclusion(
    leaf: &TreeHash,
    index: u64,
    size: u64,
    root: &TreeHash,
    proof: &[TreeHash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::NoSuchEntry { index, size });
    }
    let mut node = index;
    let mut last = size.saturating_sub(1);
    let mut hash = *leaf;
    for beside in proof {
        if last == 0 {
            return Err(ProofError::WrongLength { found: proof.len() });
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(beside, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::WrongLength { found: proof.len() });
    }
    if hash == *root { Ok(()) } else { Err(ProofError::NotIncluded { index, size }) }
}

/// Checks that the tree of `new` leaves begins with the tree of `old` leaves.
pub fn verify_consistency(
    (old, old_root): (u64, &TreeHash),
    (new, new_root): (u64, &TreeHash),
    proof: &[TreeHash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Smaller { old, new });
    }
    let refused = ProofError::NotConsistent { old, new };
    let wrong_length = ProofError::WrongLength { found: proof.len() };
    if old == new || old == 0 {
        let same = if old == new { old_root == new_root } else { *old_root == root_of([]) };
        return match (proof.is_empty(), same) {
            (false, _) => Err(wrong_length),
            (true, false) => Err(refused),
            (true, true) => Ok(()),
        };
    }
    let mut hashes = proof.iter();
    // A perfect old tree is a node of the new one; its root starts the path and need not be sent.
    let start = if old.is_power_of_two() { Some(old_root) } else { hashes.next() };
    let Some(start) = start else { return Err(wrong_length) };
    let (mut node, mut last) = (old.saturating_sub(1), new.saturating_sub(1));
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*start, *start);
    for beside in hashes {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(beside, &old_hash);
            new_hash = node_hash(beside, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, beside);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    if old_hash == *old_root && new_hash == *new_root { Ok(()) } else { Err(refused) }
}

/// Splits before the largest power of two that is smaller than the length; none for fewer than two leaves.
fn halves(leaves: &[TreeHash]) -> Option<(&[TreeHash], &[TreeHash])> {
    let split = leaves.len().checked_add(1)?.checked_div(2)?.checked_next_power_of_two()?;
    if leaves.len() < 2 { None } else { leaves.split_at_checked(split) }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
