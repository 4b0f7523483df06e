//! Roots and proofs against an implementation of RFC 6962 that shares no code with ours.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::*;
use reeve_core::audit::{
    ProofError, Tree, TreeHash, consistency_proof, inclusion_proof, leaf_hash, root_of, verify_consistency,
    verify_inclusion,
};
use sha2::Sha256;

type Independent = MemoryBackedTree<Sha256, Vec<u8>>;

const SIZE_MAX: usize = 600;

fn entries(size: usize) -> Vec<Vec<u8>> {
    (0..size).map(|n| format!("entry {n}").into_bytes()).collect()
}

fn leaves(size: usize) -> Vec<TreeHash> {
    entries(size).iter().map(|entry| leaf_hash(entry)).collect()
}

fn independent(size: usize) -> Independent {
    let mut tree = Independent::new();
    entries(size).into_iter().for_each(|entry| tree.push(entry));
    tree
}

fn bytes(proof: &[TreeHash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

fn hash(root: &RootHash<Sha256>) -> TreeHash {
    TreeHash::from_slice(root.as_bytes()).unwrap()
}

fn theirs(root: &TreeHash, size: usize) -> RootHash<Sha256> {
    RootHash::new((*root.as_bytes()).into(), size as u64)
}

#[test]
fn the_root_of_every_size_is_the_independent_one() {
    let mut ours = Tree::new();
    let mut other = Independent::new();
    for (size, entry) in entries(SIZE_MAX).into_iter().enumerate() {
        assert_eq!(ours.root(), hash(&other.root()), "size {size}");
        assert_eq!(ours.size(), size as u64);
        ours.push(leaf_hash(&entry));
        other.push(entry);
    }
    assert_eq!(ours.root(), root_of(&leaves(SIZE_MAX)));
}

#[test]
fn the_root_of_nothing_is_the_hash_of_nothing() {
    let known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Tree::new().root().to_string(), known);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn inclusion_proofs_pass_both_ways(size in 1..=SIZE_MAX, place in any::<prop::sample::Index>()) {
        let index = place.index(size);
        let (leaves, other) = (leaves(size), independent(size));
        let proof = inclusion_proof(&leaves, index).unwrap();
        let root = root_of(&leaves);

        let as_theirs = InclusionProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
        prop_assert!(theirs(&root, size).verify_inclusion(&entries(size)[index], index as u64, &as_theirs).is_ok());
        let made_there = other.prove_inclusion(index);
        prop_assert_eq!(made_there.as_bytes().to_vec(), bytes(&proof));
        prop_assert_eq!(verify_inclusion(&leaves[index], index as u64, size as u64, &root, &proof), Ok(()));
    }

    #[test]
    fn consistency_proofs_pass_both_ways(new in 1..=SIZE_MAX, place in any::<prop::sample::Index>()) {
        let old = place.index(new) + 1;
        let all = leaves(new);
        let (old_root, new_root) = (root_of(&all[..old]), root_of(&all));
        let proof = consistency_proof(&all, old).unwrap();

        let as_theirs = ConsistencyProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
        prop_assert!(theirs(&new_root, new).verify_consistency(&theirs(&old_root, old), &as_theirs).is_ok());
        let made_there = independent(new).prove_consistency(new - old);
        prop_assert_eq!(made_there.as_bytes().to_vec(), bytes(&proof));
        prop_assert_eq!(verify_consistency((old as u64, &old_root), (new as u64, &new_root), &proof), Ok(()));
    }

    #[test]
    fn no_proof_passes_for_another_entry_place_size_or_root(
        size in 2..=SIZE_MAX,
        place in any::<prop::sample::Index>(),
        off in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let index = place.index(size);
        let leaves = leaves(size);
        let root = root_of(&leaves);
        let proof = inclusion_proof(&leaves, index).unwrap();
        let other = (index + 1 + off.index(size - 1)) % size;
        let (at, of) = (index as u64, size as u64);

        prop_assert!(verify_inclusion(&leaves[other], at, of, &root, &proof).is_err(), "another entry");
        prop_assert!(verify_inclusion(&leaves[index], other as u64, of, &root, &proof).is_err(), "another place");
        prop_assert!(verify_inclusion(&leaves[index], at, of, &root_of(&leaves[1..]), &proof).is_err(), "another root");
        prop_assert!(verify_inclusion(&leaves[index], at, of, &root, &proof[1..]).is_err(), "cut short");
        let longer = [proof.as_slice(), &[root]].concat();
        prop_assert!(verify_inclusion(&leaves[index], at, of, &root, &longer).is_err(), "too long");
        let mut flipped = bytes(&proof);
        let place = off.index(flipped.len());
        flipped[place] ^= 1 << bit;
        let flipped: Vec<_> = flipped.chunks(32).map(|chunk| TreeHash::from_slice(chunk).unwrap()).collect();
        prop_assert!(verify_inclusion(&leaves[index], at, of, &root, &flipped).is_err(), "a flipped bit");
    }

    #[test]
    fn no_rewritten_log_passes_for_a_longer_one(new in 2..=SIZE_MAX, place in any::<prop::sample::Index>()) {
        let old = place.index(new - 1) + 1;
        let all = leaves(new);
        let mut rewritten = all.clone();
        rewritten[place.index(old)] = leaf_hash(b"another entry");
        let proof = consistency_proof(&rewritten, old).unwrap();
        let (old_root, new_root) = (root_of(&all[..old]), root_of(&rewritten));
        let checked = verify_consistency((old as u64, &old_root), (new as u64, &new_root), &proof);
        prop_assert!(checked.is_err());
    }
}

#[test]
fn what_can_not_be_proved_is_refused_with_its_reason() {
    let leaves = leaves(5);
    let root = root_of(&leaves);
    assert_eq!(inclusion_proof(&leaves, 5), Err(ProofError::NoSuchEntry { index: 5, size: 5 }));
    assert_eq!(consistency_proof(&leaves, 6), Err(ProofError::Smaller { old: 6, new: 5 }));
    assert_eq!(verify_inclusion(&leaves[0], 5, 5, &root, &[]), Err(ProofError::NoSuchEntry { index: 5, size: 5 }));
    assert_eq!(verify_consistency((6, &root), (5, &root), &[]), Err(ProofError::Smaller { old: 6, new: 5 }));
    assert_eq!(
        verify_consistency((5, &root), (5, &root_of(&leaves[..4])), &[]),
        Err(ProofError::NotConsistent { old: 5, new: 5 })
    );
    assert_eq!(verify_consistency((0, &root_of([])), (5, &root), &[]), Ok(()));
}
