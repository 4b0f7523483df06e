//! Signs the audit log's new heads.
//!
//! The tree of the last head is kept between two signings, so that each costs what the log grew by. Every row is hashed
//! again when a process opens the database, and from time to time in one that runs for long.

use crate::app::App;
use crate::error::{Error, Result};
use reeve_core::audit::{Checkpoint, Tree};
use reeve_store::{SignedHead, StoreError};
use std::time::Duration;
use tokio::time::Instant;

/// After this much time the next new head is signed only over rows that were all hashed again.
const WHOLE_CHECK_EVERY: Duration = Duration::from_secs(600);

/// The tree of the last signed head that this process has seen, and when the rows were last found to lead to it.
pub struct Sealed {
    tree: Tree,
    checked: Instant,
}

impl Sealed {
    pub fn at(tree: Tree) -> Self {
        Self { tree, checked: Instant::now() }
    }
}

impl App {
    /// Signs the log's new head, if it grew. The rows must still lead to the head that was signed before.
    pub async fn seal(&self) -> Result<Option<Checkpoint>> {
        // Mostly it did not grow, and nothing is locked then.
        if self.damage().is_some() || !self.store.read().await?.log_grew().await? {
            return Ok(None);
        }
        match self.seal_growth().await {
            Err(Error::Store(StoreError::Damaged(why))) => self.refuse_to_sign(why),
            other => other,
        }
    }

    async fn seal_growth(&self) -> Result<Option<Checkpoint>> {
        let mut sealed = self.sealed.lock().await;
        if sealed.checked.elapsed() >= WHOLE_CHECK_EVERY {
            *sealed = Sealed::at(self.store.check_log(&[self.log_key.verifier().clone()]).await?.signed);
        }
        let mut tx = self.store.write().await?;
        if !tx.log_grew().await? {
            return Ok(None);
        }
        let before = tx.checkpoint().await?;
        let signed = before.as_ref().map(|head| self.open_checkpoint(&head.note)).transpose()?;
        let tree = tx.grown_tree(&sealed.tree, signed.as_ref()).await?;
        let checkpoint = Checkpoint::of(&self.home.config.origin, &tree);
        let head = SignedHead { size: tree.size(), note: checkpoint.sign(&[&self.log_key])? };
        if !tx.put_checkpoint(before.map(|head| head.size), &head, self.now()).await? {
            // Another process signed in between: its head stands.
            return Ok(None);
        }
        tx.commit().await?;
        sealed.tree = tree;
        self.copy_checkpoint(&head.note)?;
        Ok(Some(checkpoint))
    }

    /// From here on nothing is written, by any part of this process.
    fn refuse_to_sign<T>(&self, why: String) -> Result<T> {
        let why = self.damage.get_or_init(|| why);
        tracing::error!("THE AUDIT LOG WAS CHANGED: {why}. Nothing is written any more");
        Err(Error::Refused(format!("no new head of the audit log is signed: {why}")))
    }

    fn copy_checkpoint(&self, note: &str) -> Result<()> {
        let Some(path) = &self.home.config.checkpoint_copy else { return Ok(()) };
        let part = path.with_extension("part");
        std::fs::write(&part, note).and_then(|()| std::fs::rename(&part, path)).map_err(Error::io(path))
    }
}
