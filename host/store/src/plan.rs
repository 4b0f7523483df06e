//! Provisioning plans: the bytes that were approved, and what was decided about them.

use crate::row::{at, at_or_none, from_json, get, json, micros, text};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::id::PlanHash;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanState {
    /// Waits for a person's decision.
    Proposed,
    Approved,
    Refused,
    /// A newer plan took its place before it was decided.
    Superseded,
    /// Nothing of it is left to do.
    Finished,
}

impl PlanState {
    pub const ALL: [Self; 5] = [Self::Proposed, Self::Approved, Self::Refused, Self::Superseded, Self::Finished];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
            Self::Finished => "finished",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    pub hash: PlanHash,
    pub made_at: Timestamp,
    pub state: PlanState,
    /// The exact bytes that the hash is of. Empty in listings.
    pub bytes: Vec<u8>,
    /// Who made the first move away from proposed, when and why.
    pub decided_by: Option<String>,
    pub decided_at: Option<Timestamp>,
    pub reason: Option<String>,
    /// The guardrails that were accepted with the decision, by name.
    pub accepted: Vec<String>,
}

/// Fewer characters of a hash don't name a plan.
pub const PLAN_PREFIX_MIN: usize = 6;

impl Tx {
    /// Stores a plan as proposed. One that is stored already stays as it is.
    pub async fn put_plan(&mut self, hash: &PlanHash, bytes: &[u8], at: Timestamp) -> Result<(), StoreError> {
        if PlanHash::of(bytes) != *hash {
            return Err(StoreError::conflict(format!("the plan's bytes don't have the hash {hash}")));
        }
        let put = self.statement(
            "INSERT INTO plan (hash, made_at, state, bytes, accepted) VALUES ($1, $2, $3, $4, '[]')
             ON CONFLICT (hash) DO NOTHING",
        );
        let put = put.bind(hash.as_str()).bind(micros(at)).bind(PlanState::Proposed.as_str());
        self.write(put.bind(bytes.to_vec())).await?;
        Ok(())
    }

    /// The plan with this hash, or with a hash that begins so ([`PLAN_PREFIX_MIN`] characters or more; a conflict if
    /// several do). Bytes that don't have their hash any more are refused.
    pub async fn plan(&mut self, prefix: &str) -> Result<Option<PlanRow>, StoreError> {
        if !prefix.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(None);
        }
        if prefix.len() < PLAN_PREFIX_MIN {
            let sentence =
                format!("{prefix:?} is too short to name a plan: give at least {PLAN_PREFIX_MIN} characters");
            return Err(StoreError::conflict(sentence));
        }
        // No digit of a hash is above "f".
        let rows = self.statement("SELECT * FROM plan WHERE hash >= $1 AND hash < $2 ORDER BY hash LIMIT 2");
        let rows = self.rows(rows.bind(prefix.to_owned()).bind(format!("{prefix}g"))).await?;
        let [row] = rows.as_slice() else {
            return match rows.is_empty() {
                true => Ok(None),
                false => Err(StoreError::conflict(format!("several plans begin with {prefix}: give more characters"))),
            };
        };
        let plan = PlanRow { bytes: get(row, "bytes")?, ..listed(row)? };
        if PlanHash::of(&plan.bytes) != plan.hash {
            return Err(StoreError::damaged(format!("the stored bytes of plan {} don't have its hash", plan.hash)));
        }
        Ok(Some(plan))
    }

    /// Plans without their bytes, the newest first, after this one.
    pub async fn plans(&mut self, after: Option<&PlanHash>, limit: u32) -> Result<Vec<PlanRow>, StoreError> {
        let rows = self.statement(
            "SELECT hash, made_at, state, decided_by, decided_at, reason, accepted FROM plan
             WHERE $1 = '' OR (made_at, hash) < (SELECT seen.made_at, seen.hash FROM plan AS seen WHERE seen.hash = $1)
             ORDER BY made_at DESC, hash DESC LIMIT $2",
        );
        let rows = rows.bind(after.map_or("", PlanHash::as_str).to_owned()).bind(i64::from(limit));
        self.read(rows, listed).await
    }

    /// Plans that were approved, also those that are finished, without their bytes, the newest first, after this one.
    pub async fn approved_plans(&mut self, after: Option<&PlanHash>, limit: u32) -> Result<Vec<PlanRow>, StoreError> {
        let rows = self.statement(
            "SELECT hash, made_at, state, decided_by, decided_at, reason, accepted FROM plan
             WHERE state IN ($3, $4)
                 AND ($1 = '' OR (made_at, hash) < (SELECT seen.made_at, seen.hash FROM plan AS seen WHERE seen.hash = $1))
             ORDER BY made_at DESC, hash DESC LIMIT $2",
        );
        let rows = rows.bind(after.map_or("", PlanHash::as_str).to_owned()).bind(i64::from(limit));
        let rows = rows.bind(PlanState::Approved.as_str()).bind(PlanState::Finished.as_str());
        self.read(rows, listed).await
    }

    /// Moves a plan on if it is still in the state `from`, and answers whether it was. The move away from proposed is the
    /// decision: it is kept with the plan, and later moves leave it.
    #[expect(clippy::too_many_arguments, reason = "who, why, when and what was accepted are one decision")]
    pub async fn move_plan(
        &mut self,
        hash: &PlanHash,
        from: PlanState,
        to: PlanState,
        by: &str,
        reason: Option<&str>,
        accepted: &[String],
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = match from {
            PlanState::Proposed => self
                .statement(
                    "UPDATE plan SET state = $3, decided_by = $4, reason = $5, accepted = $6, decided_at = $7
                     WHERE hash = $1 AND state = $2",
                )
                .bind(hash.as_str())
                .bind(from.as_str())
                .bind(to.as_str())
                .bind(by.to_owned())
                .bind(reason.map(ToOwned::to_owned))
                .bind(json(&accepted)?)
                .bind(micros(at)),
            _ => self
                .statement("UPDATE plan SET state = $3 WHERE hash = $1 AND state = $2")
                .bind(hash.as_str())
                .bind(from.as_str())
                .bind(to.as_str()),
        };
        Ok(self.write(statement).await? > 0)
    }

    /// A new plan takes the place of all others that wait for a decision.
    pub async fn supersede_proposed(&mut self, except: &PlanHash, at: Timestamp) -> Result<u64, StoreError> {
        let supersede = self.statement("UPDATE plan SET state = $1, decided_at = $2 WHERE state = $3 AND hash <> $4");
        let supersede = supersede.bind(PlanState::Superseded.as_str()).bind(micros(at));
        self.write(supersede.bind(PlanState::Proposed.as_str()).bind(except.as_str())).await
    }
}

fn listed(row: &AnyRow) -> Result<PlanRow, StoreError> {
    let state = text(row, "state")?;
    Ok(PlanRow {
        hash: PlanHash::new(text(row, "hash")?),
        made_at: at(row, "made_at")?,
        state: PlanState::ALL
            .into_iter()
            .find(|known| known.as_str() == state)
            .ok_or_else(|| StoreError::damaged(format!("a plan has the state {state:?}")))?,
        bytes: Vec::new(),
        decided_by: get(row, "decided_by")?,
        decided_at: at_or_none(row, "decided_at")?,
        reason: get(row, "reason")?,
        accepted: from_json(&text(row, "accepted")?, "plans")?,
    })
}
