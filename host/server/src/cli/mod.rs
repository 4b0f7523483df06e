//! The command line: what a person may ask for. Each command reads its arguments, calls one function, and says what came of it.

mod finding;
mod identity;
mod init;
mod leaver;
mod log;
mod plan;
mod plugin;
mod replay;
mod run;
mod secret;
mod serve;
mod sync;
mod system;
mod token;

use crate::app::App;
use crate::error::{Error, Result};
use crate::output::Output;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Identity governance: HR says who joined, moved or left; Reeve makes it so in every system, reads it back, and keeps a log
/// that an outsider can verify.
#[derive(Debug, Parser)]
#[command(name = "reeve", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    /// Reeve's folder, made by `reeve init`.
    #[arg(long, global = true, env = "REEVE_HOME", default_value = ".", value_name = "DIR")]
    home: PathBuf,
    /// Prints results as JSON, for scripts.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
A first day:
  reeve init acme --origin acme.example.com/audit
  cd acme
  reeve plugin install hr-csv.reeve    shows what the plugin asks for, and asks you
  reeve system add systems/hr.toml
  reeve sync                           reads people and accounts; changes no target
  reeve plan                           shows what has to change, and why
  reeve approve HASH
  reeve run                            carries it out and reads every result back

Exit codes: 0 done, 1 a fault, 2 a wrong command line, 3 refused by a rule or a guardrail,
4 done and something is left that needs time or a person, 5 not found";

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Serve(serve::Args),
    #[command(subcommand)]
    Plugin(plugin::Command),
    #[command(subcommand)]
    System(system::Command),
    #[command(subcommand)]
    Secret(secret::Command),
    Sync(sync::Args),
    Plan(plan::Args),
    Approve(plan::ApproveArgs),
    Run(run::Args),
    Replay(replay::Args),
    #[command(subcommand)]
    Leaver(leaver::Command),
    #[command(subcommand)]
    Identity(identity::Command),
    #[command(subcommand)]
    Finding(finding::Command),
    #[command(subcommand)]
    Log(log::Command),
    #[command(subcommand)]
    Token(token::Command),
}

/// How many rows a list shows unless asked for more.
const ROWS: u32 = 50;
/// The longest list that one call gives.
const ROWS_MAX: u32 = 1_000;

/// Where a list goes on.
#[derive(Debug, clap::Args)]
struct Page {
    /// How many rows, at most 1000.
    #[arg(long, default_value_t = ROWS, value_parser = clap::value_parser!(u32).range(1..=i64::from(ROWS_MAX)))]
    limit: u32,
    /// Goes on after this row (its first column).
    #[arg(long, value_name = "ID")]
    after: Option<String>,
}

impl Page {
    /// What to type for the next page, if there may be one.
    fn more(&self, shown: usize, last: Option<&str>) -> Option<String> {
        let last = last.filter(|_| shown >= self.limit as usize)?;
        Some(format!("There may be more: --after {last}"))
    }
}

impl Cli {
    /// Whether errors are told as JSON.
    pub fn output(&self) -> Output {
        Output { json: self.json }
    }

    pub async fn run(self) -> Result<()> {
        let out = self.output();
        let app = async || App::open(&self.home, out).await;
        match self.command {
            Command::Init(args) => init::run(args, out).await,
            Command::Log(log::Command::Verify(args)) => log::verify(&args, out),
            Command::Plugin(plugin::Command::Workshop(workshop)) => workshop.run(&self.home, out).await,
            Command::Serve(args) => serve::run(app().await?, args).await,
            command => {
                let app = app().await?;
                let done = dispatch(command, &app).await;
                // Also after a failure: what was recorded of it is signed.
                match (done, app.seal().await) {
                    (Err(failure), Err(unsigned)) => {
                        tracing::error!(error = %unsigned, "the log's new head could not be signed");
                        Err(failure)
                    }
                    (done, sealed) => done.and(sealed.map(drop)),
                }
            }
        }
    }
}

async fn dispatch(command: Command, app: &App) -> Result<()> {
    match command {
        Command::Plugin(command) => plugin::run(command, app).await,
        Command::System(command) => system::run(command, app).await,
        Command::Secret(command) => secret::run(command, app).await,
        Command::Sync(args) => sync::run(args, app).await,
        Command::Plan(args) => plan::run(args, app).await,
        Command::Run(args) => run::run(args, app).await,
        Command::Approve(args) => plan::approve(args, app).await,
        Command::Replay(args) => replay::run(args, app).await,
        Command::Leaver(command) => leaver::run(command, app).await,
        Command::Identity(command) => identity::run(command, app).await,
        Command::Finding(command) => finding::run(command, app).await,
        Command::Log(command) => log::run(command, app).await,
        Command::Token(command) => token::run(command, app).await,
        Command::Init(_) | Command::Serve(_) => Err(Error::Input("this command stands alone".to_owned())),
    }
}

/// A moment that a person typed.
fn moment(text: &str) -> std::result::Result<reeve_core::Timestamp, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a moment; write 2026-03-31T18:00:00Z or 2026-03-31T18:00:00+11:00"))
}
