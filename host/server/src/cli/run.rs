//! `reeve run`.

use super::plan::must_exist;
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{plain, table};
use crate::timeline::cause;
use crate::worker::{Progress, Worker, phases, release};
use crate::{cases, lifecycle};
use reeve_core::id::{OperationId, PlanHash};
use reeve_core::run::{Operation, Phase};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Carries out what is approved, reads every result back, and closes leaver cases that read clean.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
What was sent when Reeve last stopped is read before it is sent again. What a target refuses,
or a read does not confirm, needs a person: mend the cause, then `reeve run retry OPERATION`."
)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// How long to wait for work that is not due yet, in seconds.
    #[arg(long, default_value_t = 30)]
    patience: u64,
    /// Leaves it to a later run to read systems for open leaver cases.
    #[arg(long)]
    no_proof: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The operations of a plan, or all that are not settled.
    Show {
        /// A plan's hash, or the beginning of it.
        plan: Option<String>,
    },
    /// Lets an operation that is stuck go on: what may have happened is read first.
    Retry { operation: String },
}

pub async fn run(args: Args, app: &App) -> Result<()> {
    match args.command {
        Some(Command::Show { plan }) => show(plan.as_deref(), app).await,
        Some(Command::Retry { operation }) => {
            release(app, &OperationId::new(&operation)).await?;
            app.out.print(&json!({ "released": operation }), || format!("{operation} may go on.\nNext: reeve run"));
            Ok(())
        }
        None => work(args.patience, !args.no_proof, app).await,
    }
}

async fn work(patience: u64, prove: bool, app: &App) -> Result<()> {
    lifecycle::tick(app).await?;
    let before = app.store.read().await?.underway().await?;
    let bar = app.out.bar("running", Some(before.len() as u64));
    let told = |progress: Progress| bar.set_position(progress.settled);
    let worker = Worker::new(Arc::new(app.clone()));
    let result = worker.run(Duration::from_secs(patience), interrupted(), &told).await;
    bar.finish_and_clear();
    result?;
    let closed = if prove { cases::prove(app).await? } else { Vec::new() };
    report(app, &before, &closed).await
}

async fn interrupted() {
    // Without signals the run just can't be stopped early.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn report(app: &App, before: &[Operation], closed: &[reeve_core::id::CaseId]) -> Result<()> {
    let mut tx = app.store.read().await?;
    let mut after = Vec::new();
    for operation in before {
        after.extend(tx.operation(&operation.id).await?);
    }
    let open = tx.open_cases().await?;
    let counts = phases(&after);
    let stuck: Vec<_> = after
        .iter()
        .filter(|operation| operation.phase != Phase::Verified && operation.phase != Phase::Cancelled)
        .collect();
    let json = json!({
        "operations": counts,
        "left": stuck.iter().map(|operation| row_json(operation)).collect::<Vec<_>>(),
        "cases-closed": closed,
        "cases-open": open.iter().map(|case| json!({ "case": case.id, "person": case.person })).collect::<Vec<_>>(),
    });
    app.out.print(&json, || {
        let mut text = match counts.is_empty() {
            true => "Nothing was approved and not done.".to_owned(),
            false => counts.iter().map(|(phase, count)| format!("{count} {phase}")).collect::<Vec<_>>().join(", "),
        };
        closed.iter().for_each(|case| text.push_str(&format!("\nleaver {case} closed: no access left")));
        for case in &open {
            let systems: Vec<_> = case.open_systems().map(ToString::to_string).collect();
            text.push_str(&format!("\nleaver {} open: {}, at {}", case.id, plain(&case.person), systems.join(", ")));
        }
        if !stuck.is_empty() {
            text.push_str("\n\nLeft:\n");
            text.push_str(&table(&stuck.iter().map(|operation| row(operation)).collect::<Vec<_>>()));
        }
        text
    });
    match stuck.len() {
        0 => Ok(()),
        left => {
            Err(Error::Left(format!("{left} operation(s) are left; `reeve run show` tells what stands in their way")))
        }
    }
}

fn row(operation: &Operation) -> Vec<String> {
    let planned = &operation.planned;
    vec![
        operation.id.to_string(),
        operation.phase.as_str().to_owned(),
        planned.system.to_string(),
        format!("{:?}", planned.action.kind()).to_lowercase(),
        planned.person.clone(),
        planned.what.clone(),
        operation.trouble.clone().unwrap_or_else(|| cause(&planned.cause)),
    ]
}

fn row_json(operation: &Operation) -> Value {
    let planned = &operation.planned;
    json!({
        "operation": operation.id, "phase": operation.phase, "system": planned.system, "kind": planned.action.kind(),
        "person": planned.person, "what": planned.what, "trouble": operation.trouble, "attempts": operation.sends,
        "not-before": operation.not_before,
    })
}

async fn show(plan: Option<&str>, app: &App) -> Result<()> {
    let operations = match plan {
        Some(prefix) => {
            let hash: PlanHash = must_exist(app, prefix).await?;
            app.store.read().await?.operations_of(&hash).await?
        }
        None => crate::worker::left(&mut app.store.read().await?).await?,
    };
    app.out.print(&json!(operations.iter().map(row_json).collect::<Vec<_>>()), || {
        if operations.is_empty() {
            return "No operation is left to do.".to_owned();
        }
        let mut rows =
            vec![["OPERATION", "PHASE", "SYSTEM", "DOES", "PERSON", "WHAT", "WHY"].map(str::to_owned).to_vec()];
        rows.extend(operations.iter().map(row));
        table(&rows)
    });
    Ok(())
}
