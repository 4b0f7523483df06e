//! `reeve init`: a new folder with keys of its own, and the first entry of its log.

use crate::app::App;
use crate::error::Result;
use crate::home::Home;
use crate::output::Output;
use reeve_core::audit::Event;
use serde_json::json;
use std::path::PathBuf;

/// Makes a new Reeve folder: configuration, keys, an empty policy, and the first entry of the log.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder to make.
    folder: PathBuf,
    /// The audit log's name, like a web address without its scheme. It can't be changed later.
    #[arg(long, default_value = "reeve.example.com/audit")]
    origin: String,
    /// `sqlite:FILE` (default, in the folder) or `postgres://USER@HOST/DATABASE`.
    #[arg(long)]
    database: Option<String>,
}

impl Args {
    /// Whether the folder is there, as this very command makes it.
    fn was_begun(&self) -> bool {
        Home::open(&self.folder).is_ok_and(|home| {
            let database = self.database.as_ref().is_none_or(|database| *database == home.config.database);
            database && home.config.origin == self.origin
        })
    }
}

pub async fn run(args: Args, out: Output) -> Result<()> {
    let made = Home::create(&args.folder, &args.origin, args.database.as_deref());
    if made.is_err() && !args.was_begun() {
        return made.map(drop);
    }
    let app = App::open(&args.folder, out).await?;
    let mut tx = app.write().await?;
    let size = tx.log_size().await?;
    // A folder whose log has not begun is one that an interrupted `reeve init` left.
    if size > 0 {
        made?;
    } else {
        let entry = app.entry(Event::LogStarted);
        tx.audit(&entry.with_data(json!({ "origin": args.origin, "verifier-key": app.verifier_key() }))).await?;
        tx.commit().await?;
    }
    app.seal().await?;
    let key = app.verifier_key();
    let folder = args.folder.display().to_string();
    out.print(&json!({ "folder": folder, "origin": args.origin, "verifier-key": key }), || {
        format!(
            "Made {folder}.\n\n\
             The public key of its audit log; give it to your auditor now, so that it can't be exchanged later:\n  {key}\n\n\
             Keep {folder}/keys apart from backups of the database: neither is of use without the other.\n\
             Next: reeve --home {folder} plugin install FILE.reeve"
        )
    });
    Ok(())
}
