//! Requests that came with an idempotency key, and their answers.

use crate::row::{get, micros, text};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;

/// An answer as it was given first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    pub status: u16,
    pub location: Option<String>,
    pub content_type: Option<String>,
    pub bytes: Vec<u8>,
}

/// What is known of a request with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is new, and noted as begun.
    New,
    /// The key was used for another request.
    Other,
    /// It is under way, or was cut off.
    Begun,
    Answered(KeptAnswer),
}

impl Tx {
    /// Notes that a request has begun, unless one with its key is known.
    pub async fn begin_request(
        &mut self,
        owner: &str,
        request_key: &str,
        request_sha256: &str,
        now: Timestamp,
    ) -> Result<Known, StoreError> {
        let begin = self.statement(
            "INSERT INTO idempotency (owner, request_key, request_sha256, begun_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (owner, request_key) DO NOTHING",
        );
        let begin = begin.bind(owner.to_owned()).bind(request_key.to_owned());
        if self.write(begin.bind(request_sha256.to_owned()).bind(micros(now))).await? > 0 {
            return Ok(Known::New);
        }
        let row = self.statement("SELECT * FROM idempotency WHERE owner = $1 AND request_key = $2");
        let row = self.row(row.bind(owner.to_owned()).bind(request_key.to_owned())).await?;
        let Some(row) = row else { return Ok(Known::Begun) };
        if text(&row, "request_sha256")? != request_sha256 {
            return Ok(Known::Other);
        }
        let status: Option<i64> = get(&row, "status")?;
        let Some(status) = status else { return Ok(Known::Begun) };
        Ok(Known::Answered(KeptAnswer {
            status: u16::try_from(status)
                .map_err(|_| StoreError::damaged(format!("an answer was kept with the status {status}")))?,
            location: get(&row, "location")?,
            content_type: get(&row, "content_type")?,
            bytes: get::<Option<Vec<u8>>>(&row, "bytes")?.unwrap_or_default(),
        }))
    }

    pub async fn answer_request(
        &mut self,
        owner: &str,
        request_key: &str,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError> {
        let keep = self.statement(
            "UPDATE idempotency SET status = $3, location = $4, content_type = $5, bytes = $6
             WHERE owner = $1 AND request_key = $2",
        );
        let keep = keep.bind(owner.to_owned()).bind(request_key.to_owned()).bind(i64::from(answer.status));
        let keep = keep.bind(answer.location.clone()).bind(answer.content_type.clone()).bind(answer.bytes.clone());
        self.write(keep).await?;
        Ok(())
    }

    /// Forgets a request that did nothing, so that its key may be used again.
    pub async fn forget_request(&mut self, owner: &str, request_key: &str) -> Result<(), StoreError> {
        let forget = self.statement("DELETE FROM idempotency WHERE owner = $1 AND request_key = $2");
        self.write(forget.bind(owner.to_owned()).bind(request_key.to_owned())).await?;
        Ok(())
    }

    /// Forgets what is older, and answers how many requests that were.
    pub async fn forget_requests_before(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let forget = self.statement("DELETE FROM idempotency WHERE begun_at < $1");
        self.write(forget.bind(micros(before))).await
    }
}
