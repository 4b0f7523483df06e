//! The rows of the audit log: entries with dense numbers, their leaf hashes, and the signed heads.
//!
//! The number of an entry is taken under the lock of the head row, which is held until the unit of work ends: numbers
//! have no gaps, and their order is that of the commits. Hashing trees and signing heads is the callers'.

use crate::row::{Rows, count, get, int, micros, signed, text, unsigned};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::audit::{Entry, EntryError, Evidence, TreeHash, leaf_hash};
use serde_json::json;

/// A checkpoint that was signed: the number of entries that it states, and the signed note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    pub size: u64,
    pub note: String,
}

impl Tx {
    /// Records an entry, and answers its number.
    pub async fn audit(&mut self, entry: &Entry) -> Result<u64, StoreError> {
        self.audit_all(std::slice::from_ref(entry)).await
    }

    /// Records entries in their order, and answers the number of the first. Many cost hardly more than one.
    pub async fn audit_all(&mut self, entries: &[Entry]) -> Result<u64, StoreError> {
        if entries.is_empty() {
            return self.log_size().await;
        }
        // Encoded first: an entry that can't be recorded takes no number.
        let mut encoded = Vec::with_capacity(entries.len());
        for entry in entries {
            encoded.push(match entry.encode() {
                Err(EntryError::TooLarge { .. }) => self.outsource(entry).await?.encode()?,
                other => other?,
            });
        }
        let taken = signed(encoded.len() as u64)?;
        let head = self.statement("UPDATE log_head SET size = size + $1 WHERE id = 0 RETURNING size").bind(taken);
        let head = self.write_rows(head).await?;
        let after = head.first().ok_or_else(|| StoreError::damaged("the head row of the audit log is gone"))?;
        let first = count(after, "size")?.saturating_sub(encoded.len() as u64);
        let rows = (first..).zip(&encoded).map(|(seq, bytes)| (seq, hex::encode(bytes), leaf_hash(bytes).to_string()));
        let rows = Rows::of(rows)?;
        self.write_bulk(
            "INSERT INTO log_entry (seq, entry, leaf)
             SELECT CAST(value ->> 0 AS bigint), unhex(value ->> 1), unhex(value ->> 2) FROM json_each($1)",
            rows,
            &[],
        )
        .await?;
        Ok(first)
    }

    /// The same entry with its particulars beside the log, named by their digest.
    async fn outsource(&mut self, entry: &Entry) -> Result<Entry, StoreError> {
        let bytes = serde_json::to_vec(&entry.data).map_err(StoreError::NotJson)?;
        self.put_blob(&bytes).await?;
        let evidence = Evidence::of("the particulars of this entry, as JSON", &bytes);
        Ok(entry.clone().with_data(json!({ "particulars": "in evidence" })).with_evidence(evidence))
    }

    /// The number of entries.
    pub async fn log_size(&mut self) -> Result<u64, StoreError> {
        let head = self.row(self.statement("SELECT size FROM log_head WHERE id = 0")).await?;
        count(&head.ok_or_else(|| StoreError::damaged("the head row of the audit log is gone"))?, "size")
    }

    /// Entries from number `from` on, with their numbers: the exact bytes that were recorded.
    pub async fn log_entries(&mut self, from: u64, limit: u32) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let rows = self.statement("SELECT seq, entry FROM log_entry WHERE seq >= $1 ORDER BY seq LIMIT $2");
        let rows = self.rows(rows.bind(signed(from)?).bind(i64::from(limit))).await?;
        rows.iter().map(|row| Ok((count(row, "seq")?, get(row, "entry")?))).collect()
    }

    /// The leaf hashes of the entries from number `from` on.
    pub async fn log_leaves(&mut self, from: u64, limit: u32) -> Result<Vec<TreeHash>, StoreError> {
        let rows = self.statement("SELECT seq, leaf FROM log_entry WHERE seq >= $1 ORDER BY seq LIMIT $2");
        let rows = self.rows(rows.bind(signed(from)?).bind(i64::from(limit))).await?;
        (from..)
            .zip(&rows)
            .map(|(due, row)| match count(row, "seq")? {
                seq if seq == due => TreeHash::from_slice(&get::<Vec<u8>>(row, "leaf")?)
                    .ok_or_else(|| StoreError::damaged(format!("audit entry {seq} has a leaf hash of a wrong length"))),
                seq => Err(StoreError::damaged(format!("audit entry {due} is missing; the next one is {seq}"))),
            })
            .collect()
    }

    /// The latest signed head.
    pub async fn checkpoint(&mut self) -> Result<Option<SignedHead>, StoreError> {
        let row = self.statement("SELECT size, note FROM log_checkpoint ORDER BY size DESC LIMIT 1");
        let row = self.row(row).await?;
        row.map(|row| Ok(SignedHead { size: count(&row, "size")?, note: text(&row, "note")? })).transpose()
    }

    /// The size that the head row says was signed last.
    pub(crate) async fn signed_size(&mut self) -> Result<Option<u64>, StoreError> {
        let head = self.row(self.statement("SELECT signed FROM log_head WHERE id = 0")).await?;
        let head = head.ok_or_else(|| StoreError::damaged("the head row of the audit log is gone"))?;
        match int(&head, "signed")? {
            NONE_SIGNED => Ok(None),
            size => unsigned(size, "log_head.signed").map(Some),
        }
    }

    /// Stores a signed head if the latest stored one still has the size `before`, and answers whether it did. So of two
    /// processes that sign, one wins, and every head that was stored is kept.
    pub async fn put_checkpoint(
        &mut self,
        before: Option<u64>,
        head: &SignedHead,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let size = self.log_size().await?;
        if head.size > size || before.is_some_and(|before| before >= head.size) {
            return Err(StoreError::conflict(format!(
                "a checkpoint of {} entries does not follow one of {}, in a log of {size}",
                head.size,
                before.map_or("none".to_owned(), |before| before.to_string()),
            )));
        }
        // The note's second line states the size.
        if head.note.lines().nth(1) != Some(head.size.to_string().as_str()) {
            return Err(StoreError::conflict(format!("the checkpoint's note does not state {} entries", head.size)));
        }
        let before = before.map(signed).transpose()?.unwrap_or(NONE_SIGNED);
        let swapped = self.statement("UPDATE log_head SET signed = $1 WHERE id = 0 AND signed = $2");
        if self.write(swapped.bind(signed(head.size)?).bind(before)).await? == 0 {
            return Ok(false);
        }
        let kept = self.statement("INSERT INTO log_checkpoint (size, note, stored_at) VALUES ($1, $2, $3)");
        self.write(kept.bind(signed(head.size)?).bind(head.note.as_str()).bind(micros(at))).await?;
        Ok(true)
    }
}

/// `log_head.signed` before the first checkpoint.
const NONE_SIGNED: i64 = -1;
