//! `reeve leaver`.

use super::Page;
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{moment, table};
use crate::{cases, leavers, planner};
use reeve_core::Timestamp;
use reeve_core::id::CaseId;
use reeve_core::leaver::{Case, certificate};
use serde_json::json;
use std::path::PathBuf;

/// Leaver cases: each stays open until a fresh read of every system shows no access left.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Cases, newest first.
    List(Page),
    /// One case: what was read where, and what is left.
    Show { case: String },
    /// The certificate of a case, for printing.
    Certificate {
        /// A case, a person's name, worker number or e-mail address.
        case: String,
        /// Writes it to a file instead.
        #[arg(short, long)]
        out: Option<PathBuf>,
    },
    /// Starts an exit by name, ahead of HR. It passes every guardrail, because it names one person.
    Start(StartArgs),
    /// Takes back an exit that was started by name.
    Withdraw { person: String },
    /// Reads every system that some open case waits for, and closes the cases that read clean.
    Check,
}

#[derive(Debug, clap::Args)]
pub struct StartArgs {
    /// A worker number, an e-mail address, an id, or a part of the name.
    person: String,
    /// Why; it goes into the log and the plan.
    #[arg(long)]
    reason: String,
    /// When the exit holds from; now unless told. With an offset: 2026-03-31T18:00:00+11:00
    #[arg(long, value_parser = super::moment)]
    at: Option<Timestamp>,
}

pub async fn run(command: Command, app: &App) -> Result<()> {
    match command {
        Command::List(page) => list(&page, app).await,
        Command::Show { case } => show(&case, app).await,
        Command::Certificate { case, out } => print_certificate(&case, out, app).await,
        Command::Start(args) => start(args, app).await,
        Command::Withdraw { person } => {
            let person = leavers::withdraw(app, &person).await?;
            let name = person.display_name();
            app.out.print(&json!({ "identity": person.id, "standing": person.standing }), || {
                format!("{name} is {:?} again.", person.standing)
            });
            Ok(())
        }
        Command::Check => {
            let closed = cases::prove(app).await?;
            app.out.print(&json!({ "closed": closed }), || match closed.len() {
                0 => "No case could be closed. `reeve leaver list` shows what is open.".to_owned(),
                _ => closed.iter().map(|case| format!("{case} closed: no access left")).collect::<Vec<_>>().join("\n"),
            });
            Ok(())
        }
    }
}

async fn list(page: &Page, app: &App) -> Result<()> {
    let after = page.after.as_deref().map(CaseId::from);
    let all = app.store.read().await?.cases(after.as_ref(), page.limit).await?;
    app.out.print(&json!(all), || {
        let mut rows = vec![["CASE", "STATE", "PERSON", "EXIT", "NOT CLEAN"].map(str::to_owned).to_vec()];
        rows.extend(all.iter().map(|case| {
            let open: Vec<_> = case.open_systems().map(ToString::to_string).collect();
            vec![
                case.id.to_string(),
                case.state.as_str().to_owned(),
                case.person.clone(),
                moment(case.effective_at),
                open.join(", "),
            ]
        }));
        let more = page.more(all.len(), all.last().map(|case| case.id.as_str()));
        format!("{}\n{}", table(&rows), more.unwrap_or_default())
    });
    Ok(())
}

async fn find(text: &str, app: &App) -> Result<Case> {
    let mut tx = app.store.read().await?;
    if let Some(case) = tx.case(text).await? {
        return Ok(case);
    }
    let person = leavers::person(&mut tx, text).await?;
    let found = tx.case_of(&person.id).await?;
    found.ok_or_else(|| {
        Error::NotFound(format!("{} has no leaver case: nobody said that the person left", person.display_name()))
    })
}

async fn show(text: &str, app: &App) -> Result<()> {
    let case = find(text, app).await?;
    app.out.print(&json!(case), || certificate(&case, app.now()));
    Ok(())
}

async fn print_certificate(text: &str, out: Option<PathBuf>, app: &App) -> Result<()> {
    let case = find(text, app).await?;
    let page = leavers::certificate_page(app, &case).await?;
    match out {
        None => app.out.print(&json!({ "case": case, "certificate": page }), || page.clone()),
        Some(path) => {
            std::fs::write(&path, &page).map_err(Error::io(&path))?;
            app.out.print(&json!({ "case": case.id, "file": path }), || format!("Wrote {}.", path.display()));
        }
    }
    Ok(())
}

async fn start(args: StartArgs, app: &App) -> Result<()> {
    let (person, case) = leavers::start(app, &args.person, args.at, &args.reason).await?;
    let name = person.display_name();
    let Some(case) = case else {
        let at = person.exit.as_ref().map(|exit| exit.effective_at);
        app.out.print(&json!({ "identity": person.id, "effective-at": at }), || {
            format!("{name} will leave at {}. The case opens then.", at.map_or_else(String::new, moment))
        });
        return Ok(());
    };
    let (made, _) = planner::plan(app, Some(&person.id)).await.map_err(|error| {
        Error::Left(format!(
            "{name} left: case {} is open. No plan could be made yet: {error}. Run `reeve plan` when it is mended",
            case.id
        ))
    })?;
    let hash = made.as_ref().map(|made| made.hash.clone());
    let operations = made.as_ref().map_or(0, |made| made.plan.operations.len());
    app.out.print(&json!({ "identity": person.id, "case": case.id, "plan": hash, "operations": operations }), || match &hash {
        Some(hash) => format!(
            "{name} left: case {} is open.\nPlan {} ends the access in {operations} operation(s).\nNext: reeve approve {} && reeve run",
            case.id,
            hash.short(),
            hash.short()
        ),
        None => format!("{name} left: case {} is open. No account is known; `reeve leaver check` reads every system.", case.id),
    });
    Ok(())
}
