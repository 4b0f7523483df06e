//! The log's tree, taken further from one signed head to the next, so that signing costs what the log grew by.

use crate::{StoreError, Tx};
use reeve_core::audit::{Checkpoint, Tree};

/// Leaf hashes read at once.
const LEAVES_PER_READ: u32 = 50_000;

impl Tx {
    /// Whether there are entries that the latest signed head does not state.
    pub async fn log_grew(&mut self) -> Result<bool, StoreError> {
        let size = self.log_size().await?;
        Ok(size > 0 && self.checkpoint().await?.is_none_or(|head| head.size != size))
    }

    /// The tree of all entries, from `signed` on, which is the tree of an earlier signed head. The entries must lead to
    /// `latest`, the head that was signed last; if they do not, or if that head is older than `signed`, it is
    /// [`StoreError::Damaged`]. What stands before `signed` is not read again: that is [`crate::Store::check_log`]'s.
    pub async fn grown_tree(&mut self, signed: &Tree, latest: Option<&Checkpoint>) -> Result<Tree, StoreError> {
        let size = self.log_size().await?;
        let latest_size = latest.map_or(0, |head| head.size);
        if latest_size < signed.size() || size < signed.size() {
            return Err(StoreError::damaged(format!(
                "a head of {} audit entries was signed, and the database holds {size} entries and a head of {latest_size}: \
                 entries were removed, or the database is an old copy",
                signed.size()
            )));
        }
        let mut tree = signed.clone();
        leads_to(&tree, latest)?;
        while tree.size() < size {
            let leaves = self.log_leaves(tree.size(), LEAVES_PER_READ).await?;
            if leaves.is_empty() {
                return Err(StoreError::damaged(format!("audit entry {} is missing", tree.size())));
            }
            for leaf in leaves {
                tree.push(leaf);
                leads_to(&tree, latest)?;
            }
        }
        Ok(tree)
    }
}

fn leads_to(tree: &Tree, head: Option<&Checkpoint>) -> Result<(), StoreError> {
    match head {
        Some(head) if head.size == tree.size() && head.root != tree.root() => Err(StoreError::damaged(format!(
            "the audit log was changed before entry {} after it was signed: its root is {}, and the signed head states {}",
            tree.size(),
            tree.root(),
            head.root
        ))),
        _ => Ok(()),
    }
}
