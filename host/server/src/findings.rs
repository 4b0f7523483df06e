//! Findings and their entries in the log.

use crate::app::App;
use crate::error::Result;
use reeve_core::Timestamp;
use reeve_core::audit::{Event, Subject};
use reeve_core::finding::{Finding, FindingKind};
use reeve_core::id::SystemName;
use reeve_store::{FindingRow, Tx};
use serde_json::json;

async fn log(app: &App, tx: &mut Tx, event: Event, rows: &[FindingRow]) -> Result<()> {
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let mut entry = app.entry(event).about(Subject::Finding { id: row.id.clone() });
        if let Some(id) = &row.finding.identity {
            entry = entry.about(Subject::Identity { id: id.clone() });
        }
        let data = json!({ "kind": row.finding.kind, "subject": row.finding.subject, "text": row.finding.text, "resolution": row.resolution });
        entries.push(entry.with_data(data));
    }
    tx.audit_all(&entries).await?;
    Ok(())
}

pub async fn raise(app: &App, tx: &mut Tx, findings: &[Finding], now: Timestamp) -> Result<usize> {
    let new = tx.raise(findings, now).await?;
    log(app, tx, Event::FindingRaised, &new).await?;
    Ok(new.len())
}

/// Raises what was found now, and resolves findings of these kinds that were not found again.
pub async fn settle(
    app: &App,
    tx: &mut Tx,
    kinds: &[FindingKind],
    system: Option<&SystemName>,
    found: &[Finding],
    now: Timestamp,
) -> Result<usize> {
    let (raised, resolved) = tx.settle(kinds, system, found, now).await?;
    log(app, tx, Event::FindingRaised, &raised).await?;
    log(app, tx, Event::FindingResolved, &resolved).await?;
    Ok(raised.len())
}

pub async fn resolve(
    app: &App,
    tx: &mut Tx,
    kind: FindingKind,
    subject: &str,
    how: &str,
    now: Timestamp,
) -> Result<()> {
    let resolved = tx.resolve(kind, subject, how, now).await?;
    log(app, tx, Event::FindingResolved, resolved.as_slice()).await
}
