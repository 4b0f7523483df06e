//! The check of the audit log's rows, which the server makes before it writes over them.

use crate::row::{count, get, signed, text};
use crate::{Store, StoreError, Tx};
use reeve_core::audit::{Checkpoint, Tree, TreeHash, VerifierKey, leaf_hash};

/// What a whole log says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogHealth {
    pub size: u64,
    pub root: TreeHash,
    /// The latest signed head.
    pub checkpoint: Option<Checkpoint>,
    /// The tree of the entries that it states: where [`Tx::grown_tree`] goes on. Empty where nothing is signed.
    pub signed: Tree,
}

/// Entries that are read at once.
const PAGE_ENTRIES: u32 = 4096;

impl Store {
    /// Computes the log anew from its entries and compares what it finds with the stored leaf hashes, the head row and
    /// every stored checkpoint; the latest of those must be signed by a trusted key. The first thing that does not fit is
    /// [`StoreError::Damaged`], by name.
    pub async fn check_log(&self, trusted: &[VerifierKey]) -> Result<LogHealth, StoreError> {
        let mut tx = self.read().await?;
        let size = tx.log_size().await?;
        let latest = tx.checkpoint().await?;
        let (mut tree, mut signed_tree) = (Tree::new(), Tree::new());
        tx.check_empty(&tree).await?;
        loop {
            let from = tree.size();
            let page = tx.checked_leaves(from).await?;
            if page.is_empty() {
                break;
            }
            tx.check_page(&mut tree, &page, &mut signed_tree).await?;
        }
        if tree.size() != size {
            return Err(StoreError::damaged(format!(
                "the audit log has {} entries, and its head row states {size}",
                tree.size()
            )));
        }
        let checkpoint = latest.map(|head| open(&head.note, head.size, trusted)).transpose()?;
        let signed = tx.signed_size().await?;
        if signed != checkpoint.as_ref().map(|head| head.size) {
            return Err(StoreError::damaged(
                "the latest checkpoint of the audit log is not the one that was signed last",
            ));
        }
        if let Some(ahead) = checkpoint.as_ref().filter(|head| head.size > size) {
            return Err(StoreError::damaged(format!(
                "the latest checkpoint signs {} audit entries, and there are {size}: entries were removed, or the database \
                 is an old copy",
                ahead.size
            )));
        }
        Ok(LogHealth { size, root: tree.root(), checkpoint, signed: signed_tree })
    }
}

impl Tx {
    /// The leaf hashes from number `from` on, computed from the entries.
    async fn checked_leaves(&mut self, from: u64) -> Result<Vec<TreeHash>, StoreError> {
        let rows = self.statement("SELECT seq, entry, leaf FROM log_entry WHERE seq >= $1 ORDER BY seq LIMIT $2");
        let rows = self.rows(rows.bind(signed(from)?).bind(i64::from(PAGE_ENTRIES))).await?;
        let mut leaves = Vec::with_capacity(rows.len());
        for (due, row) in (from..).zip(&rows) {
            let seq = count(row, "seq")?;
            if seq != due {
                return Err(StoreError::damaged(format!("audit entry {due} is missing; the next one is {seq}")));
            }
            let leaf = leaf_hash(&get::<Vec<u8>>(row, "entry")?);
            if TreeHash::from_slice(&get::<Vec<u8>>(row, "leaf")?) != Some(leaf) {
                return Err(StoreError::damaged(format!(
                    "audit entry {seq} does not have its stored leaf hash: the entry was changed after it was recorded"
                )));
            }
            leaves.push(leaf);
        }
        Ok(leaves)
    }

    /// Adds leaves to the tree, and compares its root with every checkpoint that states a size on the way. `last_signed`
    /// becomes the tree of the last of them.
    async fn check_page(
        &mut self,
        tree: &mut Tree,
        page: &[TreeHash],
        last_signed: &mut Tree,
    ) -> Result<(), StoreError> {
        let first = tree.size().saturating_add(1);
        let last = tree.size().saturating_add(page.len() as u64);
        let heads =
            self.statement("SELECT size, note FROM log_checkpoint WHERE size >= $1 AND size <= $2 ORDER BY size");
        let heads = self.rows(heads.bind(signed(first)?).bind(signed(last)?)).await?;
        let mut heads = heads.iter().map(|row| Ok::<_, StoreError>((count(row, "size")?, text(row, "note")?)));
        let mut next = heads.next().transpose()?;
        for leaf in page {
            tree.push(*leaf);
            if let Some((size, note)) = next.as_ref().filter(|(size, _)| *size == tree.size()) {
                check_root(tree, *size, note)?;
                last_signed.clone_from(tree);
                next = heads.next().transpose()?;
            }
        }
        Ok(())
    }

    /// A head may have been signed before the first entry.
    async fn check_empty(&mut self, tree: &Tree) -> Result<(), StoreError> {
        match self.row(self.statement("SELECT note FROM log_checkpoint WHERE size = 0")).await? {
            Some(row) => check_root(tree, 0, &text(&row, "note")?),
            None => Ok(()),
        }
    }
}

/// Whose signature is on an older head no longer matters once its key was changed; what it states still does.
fn check_root(tree: &Tree, size: u64, note: &str) -> Result<(), StoreError> {
    let stated = note.split_once("\n\n").map(|(text, _)| Checkpoint::parse(&format!("{text}\n")));
    match stated {
        Some(Ok(head)) if head.size == size && head.root == tree.root() => Ok(()),
        Some(Ok(head)) => Err(StoreError::damaged(format!(
            "the first {size} audit entries have the root {}, and the checkpoint of {} entries states {}: entries were \
             changed together with their leaf hashes, or the checkpoint was",
            tree.root(),
            head.size,
            head.root
        ))),
        _ => Err(StoreError::damaged(format!("the checkpoint of {size} audit entries can't be read"))),
    }
}

fn open(note: &str, size: u64, trusted: &[VerifierKey]) -> Result<Checkpoint, StoreError> {
    Checkpoint::open(note.as_bytes(), trusted).map_err(|e| {
        StoreError::damaged(format!("the latest checkpoint, of {size} audit entries, is not to be trusted: {e}"))
    })
}
