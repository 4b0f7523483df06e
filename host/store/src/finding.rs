//! Findings: known by kind and subject, raised once, resolved when they are not found any more.

use crate::row::{Rows, at, at_or_none, body, get, int, json, key, micros};
use crate::tx::With;
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::finding::{Finding, FindingKind};
use reeve_core::id::{FindingId, SystemName};
use sqlx::any::AnyRow;
use std::collections::{BTreeMap, BTreeSet};

/// A finding as it is kept. Its id is `F-` and its number, in the order of raising.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRow {
    pub id: FindingId,
    pub finding: Finding,
    pub raised_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub resolution: Option<String>,
}

/// How a finding resolves that a later look did not find.
const NOT_FOUND_AGAIN: &str = "a later look did not find it any more";

type Known<'a> = (FindingKind, &'a str);

fn known(finding: &Finding) -> Known<'_> {
    (finding.kind, &finding.subject)
}

impl Tx {
    /// Raises findings, and answers those that are new. One that is open already stays the same finding, with the new
    /// text; one that was resolved is raised anew.
    pub async fn raise(&mut self, found: &[Finding], at: Timestamp) -> Result<Vec<FindingRow>, StoreError> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let found: BTreeMap<Known<'_>, &Finding> = found.iter().map(|finding| (known(finding), finding)).collect();
        let open = self.open_findings(found.keys().map(|(kind, _)| *kind)).await?;
        self.refresh(&open, &found).await?;
        let open: BTreeSet<Known<'_>> = open.iter().map(|row| known(&row.finding)).collect();
        let new = found.into_iter().filter(|(known, _)| !open.contains(known)).map(|(_, finding)| finding);

        let last = self.row(self.statement("SELECT coalesce(max(seq), 0) AS seq FROM finding")).await?;
        let next = last.map_or(Ok(0), |row| int(&row, "seq"))?.saturating_add(1);
        let mut raised = Vec::new();
        let mut rows = Rows::default();
        for (seq, finding) in (next..).zip(new) {
            let system = finding.system.as_ref().map_or("", SystemName::as_str);
            rows.push(&(seq, word(finding.kind)?, key(&finding.subject), system, json(finding)?))?;
            raised.push(FindingRow {
                id: id(seq),
                finding: finding.clone(),
                raised_at: at,
                resolved_at: None,
                resolution: None,
            });
        }
        self.write_bulk(
            "INSERT INTO finding (seq, kind, subject, system, body, raised_at)
             SELECT CAST(value ->> 0 AS bigint), value ->> 1, value ->> 2, value ->> 3, value ->> 4, $2
             FROM json_each($1)",
            rows,
            &[With::Int(micros(at))],
        )
        .await?;
        Ok(raised)
    }

    /// After a look at everything that findings of these kinds could be about (in this system, if one is named): raises
    /// what was found, and resolves what is open and was not found. Answers those raised and those resolved.
    pub async fn settle(
        &mut self,
        kinds: &[FindingKind],
        system: Option<&SystemName>,
        found: &[Finding],
        at: Timestamp,
    ) -> Result<(Vec<FindingRow>, Vec<FindingRow>), StoreError> {
        let raised = self.raise(found, at).await?;
        let found: BTreeSet<Known<'_>> = found.iter().map(known).collect();
        let mut gone = self.open_findings(kinds.iter().copied()).await?;
        gone.retain(|row| {
            !found.contains(&known(&row.finding)) && (system.is_none() || row.finding.system.as_ref() == system)
        });
        let resolved = self.end_findings(gone, NOT_FOUND_AGAIN, at).await?;
        Ok((raised, resolved))
    }

    /// Resolves one finding, if it is open.
    pub async fn resolve(
        &mut self,
        kind: FindingKind,
        subject: &str,
        resolution: &str,
        at: Timestamp,
    ) -> Result<Option<FindingRow>, StoreError> {
        let row = self.statement("SELECT * FROM finding WHERE kind = $1 AND subject = $2 AND resolved_at IS NULL");
        let row = self.row(row.bind(word(kind)?).bind(key(subject).into_owned())).await?;
        let open = row.as_ref().map(finding_row).transpose()?;
        Ok(self.end_findings(open.into_iter().collect(), resolution, at).await?.pop())
    }

    /// In the order of raising, after this one.
    pub async fn findings(
        &mut self,
        open_only: bool,
        after: Option<&FindingId>,
        limit: u32,
    ) -> Result<Vec<FindingRow>, StoreError> {
        let rows = self.statement(
            "SELECT * FROM finding WHERE seq > $1 AND ($2 = 0 OR resolved_at IS NULL) ORDER BY seq LIMIT $3",
        );
        let after = after.map(number).transpose()?.unwrap_or(0);
        let rows = rows.bind(after).bind(i64::from(open_only)).bind(i64::from(limit));
        self.read(rows, finding_row).await
    }

    async fn open_findings(&mut self, kinds: impl Iterator<Item = FindingKind>) -> Result<Vec<FindingRow>, StoreError> {
        let kinds = kinds.collect::<BTreeSet<_>>().into_iter().map(word).collect::<Result<Vec<_>, _>>()?;
        let rows = self.statement(
            "SELECT * FROM finding
             WHERE resolved_at IS NULL AND kind IN (SELECT value ->> 0 FROM json_each($1)) ORDER BY seq",
        );
        self.read(rows.bind(Rows::whole(kinds)?), finding_row).await
    }

    /// Gives open findings the text of the latest look.
    async fn refresh(&mut self, open: &[FindingRow], found: &BTreeMap<Known<'_>, &Finding>) -> Result<(), StoreError> {
        let mut rows = Rows::default();
        for row in open {
            if let Some(now) = found.get(&known(&row.finding)).filter(|now| **now != &row.finding) {
                let system = now.system.as_ref().map_or("", SystemName::as_str);
                rows.push(&(number(&row.id)?, system, json(now)?))?;
            }
        }
        self.write_bulk(
            "UPDATE finding SET system = fresh.system, body = fresh.body
             FROM (SELECT CAST(value ->> 0 AS bigint) AS seq, value ->> 1 AS system, value ->> 2 AS body
                   FROM json_each($1)) AS fresh
             WHERE finding.seq = fresh.seq",
            rows,
            &[],
        )
        .await?;
        Ok(())
    }

    async fn end_findings(
        &mut self,
        mut rows: Vec<FindingRow>,
        resolution: &str,
        at: Timestamp,
    ) -> Result<Vec<FindingRow>, StoreError> {
        let numbers = rows.iter().map(|row| number(&row.id)).collect::<Result<Vec<_>, _>>()?;
        let resolution = resolution.replace('\0', "");
        self.write_bulk(
            "UPDATE finding SET resolved_at = $2, resolution = $3 WHERE seq IN
             (SELECT CAST(value ->> 0 AS bigint) FROM json_each($1))",
            Rows::single(numbers)?,
            &[With::Int(micros(at)), With::Text(&resolution)],
        )
        .await?;
        for row in &mut rows {
            row.resolved_at = Some(at);
            row.resolution = Some(resolution.clone());
        }
        Ok(rows)
    }
}

fn finding_row(row: &AnyRow) -> Result<FindingRow, StoreError> {
    Ok(FindingRow {
        id: id(int(row, "seq")?),
        finding: body(row, "findings")?,
        raised_at: at(row, "raised_at")?,
        resolved_at: at_or_none(row, "resolved_at")?,
        resolution: get(row, "resolution")?,
    })
}

fn id(seq: i64) -> FindingId {
    FindingId::new(format!("F-{seq}"))
}

fn number(id: &FindingId) -> Result<i64, StoreError> {
    let number = id.as_str().strip_prefix("F-").and_then(|number| number.parse().ok());
    number.ok_or_else(|| StoreError::conflict(format!("{id} is no finding's id; they are like F-17")))
}

/// A kind as it is written everywhere.
fn word(kind: FindingKind) -> Result<String, StoreError> {
    Ok(json(&kind)?.trim_matches('"').to_owned())
}
