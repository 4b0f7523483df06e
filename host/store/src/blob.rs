//! Large things that stand in an audit entry by their SHA-256 only: pages of reads, plugin files.

use crate::row::get;
use crate::{StoreError, Tx};
use sha2::{Digest, Sha256};

impl Tx {
    /// Stores bytes under their SHA-256, and answers it in hex. The same bytes are stored once.
    pub async fn put_blob(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        let sha256 = hex::encode(Sha256::digest(bytes));
        let put = self.statement("INSERT INTO content (sha256, bytes) VALUES ($1, $2) ON CONFLICT (sha256) DO NOTHING");
        self.write(put.bind(sha256.clone()).bind(bytes.to_vec())).await?;
        Ok(sha256)
    }

    /// The bytes that have this SHA-256. It is computed again: bytes that have another one are refused.
    pub async fn blob(&mut self, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row = self.statement("SELECT bytes FROM content WHERE sha256 = $1").bind(sha256.to_owned());
        let Some(row) = self.row(row).await? else { return Ok(None) };
        let bytes: Vec<u8> = get(&row, "bytes")?;
        if hex::encode(Sha256::digest(&bytes)) != sha256 {
            return Err(StoreError::damaged(format!("the content stored under {sha256} is not what was stored there")));
        }
        Ok(Some(bytes))
    }
}
