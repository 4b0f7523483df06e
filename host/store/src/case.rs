//! Leaver cases.

use crate::row::{body, json, key, micros};
use crate::{StoreError, Tx};
use reeve_core::id::{CaseId, IdentityId};
use reeve_core::leaver::{Case, CaseState};

impl Tx {
    pub async fn put_case(&mut self, case: &Case) -> Result<(), StoreError> {
        let put = self.statement(
            "INSERT INTO leaver_case (id, identity, detected_at, state, body) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body",
        );
        let put = put.bind(key(case.id.as_str()).into_owned()).bind(key(case.identity.as_str()).into_owned());
        self.write(put.bind(micros(case.detected_at)).bind(case.state.as_str()).bind(json(case)?)).await?;
        Ok(())
    }

    /// The case with this id, or the only one whose id begins so.
    pub async fn case(&mut self, id: &str) -> Result<Option<Case>, StoreError> {
        if id.is_empty() {
            return Ok(None);
        }
        let begin = key(id).into_owned();
        // Nothing that begins so is above it with the highest letter behind.
        let rows = self.statement("SELECT id, body FROM leaver_case WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 2");
        let rows = rows.bind(begin.clone()).bind(format!("{begin}{}", char::MAX));
        let cases: Vec<Case> = self.bodies(rows, "leaver cases").await?;
        match cases.len() {
            0 | 1 => Ok(cases.into_iter().next()),
            _ => match cases.into_iter().find(|case| case.id.as_str() == id) {
                Some(exact) => Ok(Some(exact)),
                None => {
                    Err(StoreError::conflict(format!("several leaver cases begin with {id}: give more characters")))
                }
            },
        }
    }

    /// A person's latest case.
    pub async fn case_of(&mut self, identity: &IdentityId) -> Result<Option<Case>, StoreError> {
        let row = self
            .statement("SELECT body FROM leaver_case WHERE identity = $1 ORDER BY detected_at DESC, id DESC LIMIT 1");
        let row = self.row(row.bind(key(identity.as_str()).into_owned())).await?;
        row.map(|row| body(&row, "leaver cases")).transpose()
    }

    /// The one that has waited longest first.
    pub async fn open_cases(&mut self) -> Result<Vec<Case>, StoreError> {
        let rows = self.statement("SELECT body FROM leaver_case WHERE state = $1 ORDER BY detected_at, id");
        self.bodies(rows.bind(CaseState::Open.as_str()), "leaver cases").await
    }

    /// The newest first, after this one.
    pub async fn cases(&mut self, after: Option<&CaseId>, limit: u32) -> Result<Vec<Case>, StoreError> {
        let rows = match after {
            Some(after) => self
                .statement(
                    "SELECT leaver_case.body FROM leaver_case
                     JOIN leaver_case AS seen ON seen.id = $1
                         AND (leaver_case.detected_at < seen.detected_at
                              OR leaver_case.detected_at = seen.detected_at AND leaver_case.id < seen.id)
                     ORDER BY leaver_case.detected_at DESC, leaver_case.id DESC LIMIT $2",
                )
                .bind(key(after.as_str()).into_owned()),
            None => self
                .statement("SELECT body FROM leaver_case WHERE $1 = '' ORDER BY detected_at DESC, id DESC LIMIT $2")
                .bind(""),
        };
        self.bodies(rows.bind(i64::from(limit)), "leaver cases").await
    }
}
