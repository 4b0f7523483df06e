//! `reeve finding`.

use super::Page;
use crate::app::App;
use crate::error::Result;
use crate::output::plain;
use reeve_core::id::FindingId;
use serde_json::json;

/// What a person must look at.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Open findings; with --all, resolved ones too.
    List {
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        page: Page,
    },
}

pub async fn run(command: Command, app: &App) -> Result<()> {
    let Command::List { all, page } = command;
    let after = page.after.as_deref().map(FindingId::from);
    let rows = app.store.read().await?.findings(!all, after.as_ref(), page.limit).await?;
    let json: Vec<_> = rows
        .iter()
        .map(|row| json!({ "id": row.id, "finding": row.finding, "raised-at": row.raised_at, "resolved-at": row.resolved_at, "resolution": row.resolution }))
        .collect();
    app.out.print(&json!(json), || {
        if rows.is_empty() {
            return "Nothing needs a person.".to_owned();
        }
        let one = |row: &reeve_store::FindingRow| {
            let kind = serde_json::to_value(row.finding.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
            let state = row.resolved_at.map_or(String::new(), |at| format!(", resolved {}", crate::output::moment(at)));
            format!("{}  {}{state}\n  {}", row.id, kind.unwrap_or_default(), plain(&row.finding.text))
        };
        let more = page.more(rows.len(), rows.last().map(|row| row.id.as_str()));
        format!("{}\n{}", rows.iter().map(one).collect::<Vec<_>>().join("\n"), more.unwrap_or_default())
    });
    Ok(())
}
