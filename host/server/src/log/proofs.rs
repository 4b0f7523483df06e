//! Proofs under the log's present signed head: that an entry is in it, and that it continues an older head. Made from all
//! leaf hashes, 32 bytes each, which is quick for millions of entries.

use crate::app::App;
use crate::error::{Error, Result};
use reeve_core::audit::{TreeHash, consistency_proof, inclusion_proof};
use reeve_store::{SignedHead, Tx};

/// Leaf hashes read at once.
const LEAVES_PER_READ: u32 = 50_000;

/// A proof, and the signed head that it leads to.
pub struct Proof {
    pub checkpoint: String,
    /// The exact bytes of the entry; empty where the proof is about none.
    pub bytes: Vec<u8>,
    pub hashes: Vec<[u8; 32]>,
}

async fn head(tx: &mut Tx) -> Result<SignedHead> {
    tx.checkpoint().await?.ok_or_else(|| Error::NotFound("the log has no signed head yet".to_owned()))
}

async fn leaves(tx: &mut Tx, size: u64) -> Result<Vec<TreeHash>> {
    let mut leaves = Vec::new();
    while (leaves.len() as u64) < size {
        let part = tx.log_leaves(leaves.len() as u64, LEAVES_PER_READ).await?;
        if part.is_empty() {
            return Err(Error::Damaged(format!("the audit log lacks entry {}", leaves.len())));
        }
        leaves.extend(part);
    }
    leaves.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    Ok(leaves)
}

/// That an entry is under the signed head, which is brought up to date first.
pub async fn inclusion(app: &App, seq: u64) -> Result<Proof> {
    app.seal().await?;
    let mut tx = app.store.read().await?;
    let head = head(&mut tx).await?;
    let none = || Error::NotFound(format!("the log has {} signed entries, and none of the number {seq}", head.size));
    if seq >= head.size {
        return Err(none());
    }
    let leaves = leaves(&mut tx, head.size).await?;
    let index = usize::try_from(seq).map_err(|_| none())?;
    let hashes = inclusion_proof(&leaves, index).map_err(|_| none())?;
    let entry = tx.log_entries(seq, 1).await?.into_iter().next();
    let (_, bytes) = entry.filter(|(found, _)| *found == seq).ok_or_else(none)?;
    Ok(Proof { checkpoint: head.note, bytes, hashes: hashes.iter().map(|hash| *hash.as_bytes()).collect() })
}

/// That the signed head continues the log as it was with `from` entries; none if it does not reach so far.
pub async fn consistency(app: &App, from: u64) -> Result<Option<Proof>> {
    app.seal().await?;
    let mut tx = app.store.read().await?;
    let head = head(&mut tx).await?;
    if from > head.size {
        return Ok(None);
    }
    let leaves = leaves(&mut tx, head.size).await?;
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let Ok(hashes) = consistency_proof(&leaves, from) else { return Ok(None) };
    let hashes = hashes.iter().map(|hash| *hash.as_bytes()).collect();
    Ok(Some(Proof { checkpoint: head.note, bytes: Vec::new(), hashes }))
}
