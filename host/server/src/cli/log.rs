//! `reeve log`.

use crate::app::App;
use crate::error::Result;
use crate::log;
use crate::output::{Output, plain};
use reeve_core::audit::Entry;
use serde_json::json;
use std::path::PathBuf;

/// The audit log: shown, exported, and verified from its files alone.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Entries of the log.
    Show {
        /// The first entry to show.
        #[arg(long, default_value_t = 0)]
        from: u64,
        #[arg(long, default_value_t = super::ROWS, value_parser = clap::value_parser!(u32).range(1..=i64::from(super::ROWS_MAX)))]
        limit: u32,
    },
    /// The signed head of the log. Keep it elsewhere: it proves later that nothing before it was changed.
    Checkpoint,
    /// Writes the log as files (C2SP tlog-tiles), with the public key beside them.
    Export { folder: PathBuf },
    /// Checks an exported log. Needs no Reeve folder and no network.
    Verify(VerifyArgs),
}

#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    folder: PathBuf,
    /// The public key that you were given. Without it the one in the folder is taken, which proves less.
    #[arg(long)]
    key: Option<PathBuf>,
    /// A checkpoint of this log that was kept elsewhere: the log must continue it.
    #[arg(long)]
    pinned: Option<PathBuf>,
}

pub fn verify(args: &VerifyArgs, out: Output) -> Result<()> {
    let report = log::check(&args.folder, args.key.as_deref(), args.pinned.as_deref())?;
    let head = &report.checkpoint;
    out.print(
        &json!({ "origin": head.origin, "entries": head.size, "root": head.root.to_string(), "files": report.files }),
        || {
            let mut text = format!("OK: {report}");
            if args.key.is_none() {
                text.push_str(
                    "\nThe key was taken from the folder itself. Name the one that you were given with --key.",
                );
            }
            text
        },
    );
    Ok(())
}

pub async fn run(command: Command, app: &App) -> Result<()> {
    match command {
        Command::Show { from, limit } => show(from, limit, app).await,
        Command::Checkpoint => {
            app.seal().await?;
            let head = app.store.read().await?.checkpoint().await?;
            let note = head.map(|head| head.note).unwrap_or_default();
            app.out.print(&json!({ "checkpoint": note }), || note.clone());
            Ok(())
        }
        Command::Export { folder } => {
            let size = log::export(app, &folder).await?;
            app.out.print(&json!({ "folder": folder, "entries": size }), || {
                format!("Wrote {size} entries to {0}.\nCheck them anywhere: reeve log verify {0}", folder.display())
            });
            Ok(())
        }
        Command::Verify(args) => verify(&args, app.out),
    }
}

async fn show(from: u64, limit: u32, app: &App) -> Result<()> {
    let mut tx = app.store.read().await?;
    let entries = tx.log_entries(from, limit).await?;
    let size = tx.log_size().await?;
    let json: Vec<_> = entries
        .iter()
        .map(|(seq, bytes)| json!({ "seq": seq, "entry": serde_json::from_slice::<serde_json::Value>(bytes).ok() }))
        .collect();
    app.out.print(&json!(json), || {
        let mut lines = Vec::new();
        for (seq, bytes) in &entries {
            lines.push(match Entry::decode(bytes) {
                Ok(entry) => line(*seq, &entry),
                Err(error) => format!("{seq:6}  {error}"),
            });
        }
        let next = entries.last().map_or(from, |(seq, _)| seq + 1);
        if next < size {
            lines.push(format!("{} of {size} shown. Next: --from {next}", entries.len()));
        }
        lines.join("\n")
    });
    Ok(())
}

fn line(seq: u64, entry: &Entry) -> String {
    let subjects: Vec<_> = entry.subject.iter().filter_map(|subject| serde_json::to_value(subject).ok()).collect();
    let name = |subject: &serde_json::Value| {
        let fields = ["id", "name", "hash", "sha256"];
        fields.iter().find_map(|field| subject.get(field)?.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let subjects: Vec<_> = subjects.iter().map(name).collect();
    let note = entry.data.get("note").or(entry.data.get("text")).and_then(|note| note.as_str()).unwrap_or_default();
    format!(
        "{seq:6}  {}  {:22} {}  {}  {}",
        crate::output::moment(entry.at),
        entry.event.as_str(),
        crate::actor::name(&entry.actor),
        plain(&subjects.join(" ")),
        plain(note)
    )
}
