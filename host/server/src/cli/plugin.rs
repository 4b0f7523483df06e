//! `reeve plugin`.

mod check;
mod make;

use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{Output, table};
use crate::plugins::{self, Proposal};
use reeve_runtime::package::{Asks, parse_manifest};
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Installs connector plugins and shows what each may reach; makes, checks and signs new ones.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Installs a plugin file, or another version of one. Shows what it asks for before anything is kept.
    Install(InstallArgs),
    /// The installed plugins.
    List,
    /// What one plugin is, where it comes from, and what it may reach.
    Show { id: String },
    /// Removes a plugin that no system uses.
    Remove { id: String },
    #[command(flatten)]
    Workshop(Workshop),
}

/// What needs no Reeve folder: the tools of those who write plugins.
#[derive(Debug, clap::Subcommand)]
pub enum Workshop {
    New(make::NewArgs),
    Build(make::BuildArgs),
    Pack(make::PackArgs),
    Sign(make::SignArgs),
    Key(make::KeyArgs),
    Inspect(make::InspectArgs),
    Check(Box<check::Args>),
}

impl Workshop {
    pub async fn run(self, folder: &Path, out: Output) -> Result<()> {
        match self {
            Self::New(args) => make::new(&args, out),
            Self::Build(args) => make::build(&args, out),
            Self::Pack(args) => make::pack(&args, out),
            Self::Sign(args) => make::sign(&args, out),
            Self::Key(args) => make::key(&args, out),
            Self::Inspect(args) => make::inspect(&args, folder, out),
            Self::Check(args) => check::run(*args, folder, out).await,
        }
    }
}

#[derive(Debug, clap::Args)]
pub struct InstallArgs {
    file: PathBuf,
    /// Agrees to what the plugin asks for without being asked.
    #[arg(long)]
    yes: bool,
    /// Accepts a plugin that nobody has signed. The log says so.
    #[arg(long)]
    allow_unsigned: bool,
    /// Accepts a version older than the installed one.
    #[arg(long)]
    allow_older: bool,
}

pub async fn run(command: Command, app: &App) -> Result<()> {
    match command {
        Command::Install(args) => install(args, app).await,
        Command::List => list(app).await,
        Command::Show { id } => show(&id, app).await,
        Command::Remove { id } => {
            plugins::remove(app, &id).await?;
            app.out.print(&json!({ "removed": id }), || format!("Removed {id}."));
            Ok(())
        }
        Command::Workshop(workshop) => workshop.run(&app.home.folder, app.out).await,
    }
}

async fn install(args: InstallArgs, app: &App) -> Result<()> {
    let proposal = plugins::propose(app, &args.file, args.allow_unsigned, args.allow_older).await?;
    let manifest = &proposal.package.manifest;
    let name = format!("{} {}", manifest.id, manifest.version);
    if proposal.is_unchanged() {
        app.out.print(&json!({ "id": manifest.id, "unchanged": true }), || {
            format!("{name} is installed already, with this digest.")
        });
        return Ok(());
    }
    app.out.note(&question(&proposal));
    if proposal.needs_consent() && !args.yes {
        consent(&name)?;
    }
    plugins::install(app, &proposal).await?;
    let digest = &proposal.package.digest;
    app.out.print(&json!({ "id": manifest.id, "version": manifest.version.to_string(), "digest": digest, "origin": proposal.origin_text() }), || {
        format!("Installed {name}, {}.\nPinned digest: {digest}", proposal.origin_text())
    });
    Ok(())
}

fn question(proposal: &Proposal) -> String {
    let manifest = &proposal.package.manifest;
    let mut text = format!(
        "{} {}: {}\n{}\n{}",
        manifest.name,
        manifest.version,
        manifest.summary,
        proposal.origin_text(),
        indent(&proposal.package.asks().to_string())
    );
    match (&proposal.installed, proposal.more.is_empty()) {
        (Some(before), true) => {
            text.push_str(&format!("\nIt asks for nothing more than the installed {}.", before.version))
        }
        (Some(before), false) => {
            text.push_str(&format!("\nMore than the installed {}:", before.version));
            proposal.more.iter().for_each(|line| text.push_str(&format!("\n  + {line}")));
        }
        (None, _) => {}
    }
    text
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn consent(name: &str) -> Result<()> {
    let refused = |why: &str| Err(Error::Refused(format!("{name} was not installed: {why}")));
    if !std::io::stdin().is_terminal() {
        return refused("nobody agreed to what it asks for. Read it, then add --yes");
    }
    write!(std::io::stderr(), "Allow this? [y/N] ").and_then(|()| std::io::stderr().flush()).unwrap_or_default();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(Error::io(std::path::Path::new("standard input")))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { refused("you did not agree") }
}

async fn list(app: &App) -> Result<()> {
    let all = app.store.read().await?.plugins().await?;
    let json: Vec<_> = all
        .iter()
        .map(|p| json!({ "id": p.id, "version": p.version, "digest": p.digest, "origin": p.origin, "installed-at": p.installed_at }))
        .collect();
    app.out.print(&json!(json), || {
        let mut rows = vec![["PLUGIN", "VERSION", "ORIGIN", "DIGEST"].map(str::to_owned).to_vec()];
        rows.extend(all.iter().map(|p| vec![p.id.clone(), p.version.clone(), p.origin.clone(), p.digest.clone()]));
        table(&rows)
    });
    Ok(())
}

async fn show(id: &str, app: &App) -> Result<()> {
    let plugin = app.store.read().await?.plugin(id).await?;
    let plugin = plugin
        .ok_or_else(|| Error::NotFound(format!("no plugin {id:?} is installed. `reeve plugin list` shows them")))?;
    let manifest = parse_manifest(&plugin.manifest_toml)?;
    let asks = Asks::of_manifest(&manifest).to_string();
    let json = json!({
        "id": plugin.id, "version": plugin.version, "digest": plugin.digest, "origin": plugin.origin,
        "installed-at": plugin.installed_at, "installed-by": plugin.installed_by, "manifest": plugin.manifest_toml,
    });
    app.out.print(&json, || {
        let settings =
            manifest.settings.iter().map(|s| format!("  {} ({}): {}", s.name, s.kind, s.help)).collect::<Vec<_>>();
        format!(
            "{} {}: {}\n{}, installed {} by {}\ndigest {}\n\nMay reach:\n{}\n\nSettings:\n{}",
            manifest.name,
            plugin.version,
            manifest.summary,
            plugin.origin,
            plugin.installed_at,
            plugin.installed_by,
            plugin.digest,
            indent(&asks),
            if settings.is_empty() { "  none".to_owned() } else { settings.join("\n") }
        )
    });
    Ok(())
}
