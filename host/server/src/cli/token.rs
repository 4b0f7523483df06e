//! `reeve token`.

use super::Page;
use crate::app::App;
use crate::error::Result;
use crate::output::{moment, table};
use crate::tokens::{self, NewToken, Role};
use secrecy::ExposeSecret;
use serde_json::json;

/// Tokens for the interface of `reeve serve`. One is shown once, when it is made.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Makes a token and prints it. Keep it as you would a password: it is not shown again.
    Create {
        /// Who or what uses it; the log shows it as the one who acted.
        name: String,
        #[arg(long, value_enum)]
        role: Role,
        /// Limits it within its role: plans:read, sync-runs:write, …
        #[arg(long = "scope", value_name = "AREA:read|write")]
        scopes: Vec<String>,
        /// How long it lives.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=i64::from(tokens::LIFE_DAYS_MAX)))]
        days: u32,
    },
    /// Tokens, also those that have ended; never their text.
    List(Page),
    /// Ends a token at once.
    Revoke { id: String },
}

pub async fn run(command: Command, app: &App) -> Result<()> {
    match command {
        Command::Create { name, role, scopes, days } => {
            let (row, text) = tokens::create(app, NewToken { name: &name, role, scopes: &scopes, days }).await?;
            let json = json!({ "id": row.id, "token": text.expose_secret(), "expires-at": row.expires_at });
            app.out.print(&json, || text.expose_secret().to_owned());
            app.out.note(&format!(
                "Token {} of {name} ends {}. It is not shown again.",
                row.id,
                moment(row.expires_at)
            ));
            Ok(())
        }
        Command::List(page) => list(&page, app).await,
        Command::Revoke { id } => {
            let row = tokens::revoke(app, &id).await?;
            app.out.print(&json!({ "revoked": row.id }), || format!("Revoked token {} of {}.", row.id, row.grant.name));
            Ok(())
        }
    }
}

async fn list(page: &Page, app: &App) -> Result<()> {
    let all = app.store.read().await?.tokens(page.after.as_deref(), page.limit).await?;
    let json: Vec<_> = all
        .iter()
        .map(|row| {
            json!({ "id": row.id, "grant": row.grant, "created-at": row.created_at, "expires-at": row.expires_at,
                    "revoked-at": row.revoked_at, "last-used-at": row.last_used_at })
        })
        .collect();
    app.out.print(&json!(json), || {
        let mut rows = vec![["TOKEN", "NAME", "ROLE", "SCOPES", "ENDS", "LAST USED"].map(str::to_owned).to_vec()];
        rows.extend(all.iter().map(|row| {
            let ends = row.revoked_at.map_or_else(|| moment(row.expires_at), |at| format!("revoked {}", moment(at)));
            let scopes = if row.grant.scopes.is_empty() { "all".to_owned() } else { row.grant.scopes.join(" ") };
            let used = row.last_used_at.map_or_else(|| "never".to_owned(), moment);
            vec![row.id.clone(), row.grant.name.clone(), row.grant.role.clone(), scopes, ends, used]
        }));
        let more = page.more(all.len(), all.last().map(|row| row.id.as_str()));
        format!("{}\n{}", table(&rows), more.unwrap_or_default())
    });
    Ok(())
}
