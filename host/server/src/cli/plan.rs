//! `reeve plan` and `reeve approve`.

use super::Page;
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{plain, table};
use crate::planner;
use crate::timeline::cause;
use reeve_core::id::PlanHash;
use reeve_core::plan::{Action, Lane, PlannedOperation, ProvisioningPlan};
use serde_json::json;
use std::collections::BTreeMap;

/// Shows what has to change, and why. Nothing is changed until somebody approves the plan by its hash.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Shows every operation, not just the first of each kind.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Plans that were made, newest first.
    List(Page),
    /// One plan, by its hash or the beginning of it.
    Show {
        hash: String,
        #[arg(long)]
        all: bool,
    },
    /// Says no to a plan.
    Refuse {
        hash: String,
        #[arg(long)]
        reason: String,
    },
}

/// Approves exactly the plan with this hash. `reeve run` then does what it lists, and nothing else.
#[derive(Debug, clap::Args)]
pub struct ApproveArgs {
    /// The plan's hash, or at least the first 6 characters of it.
    hash: String,
    /// Accepts a guardrail that the plan trips, by name.
    #[arg(long, value_name = "GUARDRAIL")]
    accept: Vec<String>,
    /// Why; needed with --accept.
    #[arg(long)]
    reason: Option<String>,
}

pub async fn run(args: Args, app: &App) -> Result<()> {
    match args.command {
        None => make(args.all, app).await,
        Some(Command::List(page)) => list(&page, app).await,
        Some(Command::Show { hash, all }) => {
            let (row, plan) = planner::find(&mut app.store.read().await?, &hash).await?;
            let json = json!({ "hash": row.hash, "state": format!("{:?}", row.state), "decided-by": row.decided_by, "reason": row.reason, "plan": plan });
            app.out.print(&json, || format!("{}\n\nIt is {:?}.", text(&row.hash, &plan, all), row.state));
            Ok(())
        }
        Some(Command::Refuse { hash, reason }) => {
            let hash = planner::refuse(app, &hash, &reason).await?;
            app.out.print(&json!({ "refused": hash }), || format!("Refused plan {}.", hash.short()));
            Ok(())
        }
    }
}

async fn make(all: bool, app: &App) -> Result<()> {
    let (made, unread) = planner::plan(app, None).await?;
    let unread: Vec<_> = unread.iter().map(ToString::to_string).collect();
    let never = |text: &mut String| {
        if !unread.is_empty() {
            text.push_str(&format!("\nNever read, so not planned for: {}. Run `reeve sync`.", unread.join(", ")));
        }
    };
    match made {
        None => app.out.print(&json!({ "hash": null, "never-read": unread }), || {
            let mut text = "Nothing has to change.".to_owned();
            never(&mut text);
            text
        }),
        Some(made) => {
            app.out.print(
                &json!({ "hash": made.hash, "plan": made.plan, "findings": made.findings, "never-read": unread }),
                || {
                    let mut text = text(&made.hash, &made.plan, all);
                    never(&mut text);
                    if made.findings > 0 {
                        text.push_str(&format!("\n{} new finding(s): reeve finding list", made.findings));
                    }
                    text.push_str(&format!(
                        "\n\nNothing was changed. To carry it out: reeve approve {}",
                        made.hash.short()
                    ));
                    text
                },
            );
        }
    }
    Ok(())
}

async fn list(page: &Page, app: &App) -> Result<()> {
    let mut tx = app.store.read().await?;
    let after = match &page.after {
        Some(hash) => Some(must_exist(app, hash).await?),
        None => None,
    };
    let plans = tx.plans(after.as_ref(), page.limit).await?;
    let json: Vec<_> = plans
        .iter()
        .map(|p| json!({ "hash": p.hash, "made-at": p.made_at, "state": format!("{:?}", p.state), "decided-by": p.decided_by, "reason": p.reason }))
        .collect();
    app.out.print(&json!(json), || {
        let mut rows = vec![["PLAN", "MADE", "STATE", "BY"].map(str::to_owned).to_vec()];
        rows.extend(plans.iter().map(|p| {
            let by = p.decided_by.clone().unwrap_or_default();
            vec![
                p.hash.short().to_owned(),
                crate::output::moment(p.made_at),
                format!("{:?}", p.state).to_lowercase(),
                by,
            ]
        }));
        let more = page.more(plans.len(), plans.last().map(|plan| plan.hash.short()));
        format!("{}\n{}", table(&rows), more.unwrap_or_default())
    });
    Ok(())
}

pub async fn approve(args: ApproveArgs, app: &App) -> Result<()> {
    let (hash, operations) = planner::approve(app, &args.hash, &args.accept, args.reason.as_deref()).await?;
    app.out.print(&json!({ "approved": hash, "operations": operations }), || {
        format!("Approved plan {} with {operations} operation(s).\nNext: reeve run", hash.short())
    });
    Ok(())
}

/// Operations of one kind that are shown before the rest is only counted.
const SHOWN_OF_A_KIND: usize = 8;

/// A plan as people read it: leavers first, then by system and by what is done.
fn text(hash: &PlanHash, plan: &ProvisioningPlan, all: bool) -> String {
    let mut text = format!(
        "Plan {} of {}, {} operation(s)\n",
        hash.short(),
        crate::output::moment(plan.made_at),
        plan.operations.len()
    );
    for (system, basis) in &plan.basis.systems {
        let whole = if basis.complete { "whole" } else { "NOT WHOLE: exits only" };
        text.push_str(&format!(
            "  {system}: read {}, {} accounts, {} grants, {whole}\n",
            crate::output::moment(basis.read_at),
            basis.accounts,
            basis.grants
        ));
    }
    let mut groups: BTreeMap<(Lane, String, String), Vec<&PlannedOperation>> = BTreeMap::new();
    for operation in &plan.operations {
        let verb = verb(operation);
        groups.entry((operation.lane, operation.system.to_string(), verb)).or_default().push(operation);
    }
    for ((lane, system, verb), operations) in &groups {
        let leaver = if *lane == Lane::Leaver { "leavers: " } else { "" };
        text.push_str(&format!("\n{leaver}{verb} at {system} ({})\n", operations.len()));
        if let Some(first) = operations.first() {
            text.push_str(&format!("  how: {}\n", first.mechanism));
        }
        let shown = if all || *lane == Lane::Leaver { operations.len() } else { SHOWN_OF_A_KIND };
        let rows = operations
            .iter()
            .take(shown)
            .map(|one| vec![format!("  {}", one.person), one.what.clone(), cause(&one.cause)]);
        text.push_str(&table(&rows.collect::<Vec<_>>()));
        text.push('\n');
        if let Some(more) = operations.len().checked_sub(shown).filter(|more| *more > 0) {
            text.push_str(&format!("  and {more} more (--all shows them)\n"));
        }
    }
    for trip in &plan.guardrails {
        text.push_str(&format!("\nGUARDRAIL {}: {}\n", trip.name, trip.text));
    }
    if !plan.left_alone.is_empty() {
        text.push_str(&format!("\nLeft alone ({})\n", plan.left_alone.len()));
        let shown = if all { plan.left_alone.len() } else { SHOWN_OF_A_KIND };
        for left in plan.left_alone.iter().take(shown) {
            let who = left.person.as_deref().unwrap_or("everybody");
            text.push_str(&format!("  {}, {}: {}\n", left.system, plain(who), plain(&left.why)));
        }
    }
    text.trim_end().to_owned()
}

fn verb(operation: &PlannedOperation) -> String {
    let verb = match &operation.action {
        Action::Create(_) => "create account",
        Action::Update { .. } => "update",
        Action::Enable { .. } => "enable",
        Action::Disable { .. } => "disable",
        Action::Freeze { .. } => "freeze",
        Action::Delete { .. } => "delete",
        Action::Grant { .. } => "grant",
        Action::Revoke { .. } => "revoke",
        Action::Replace { .. } => "replace",
        Action::EndCredential { .. } => "end credential",
    };
    verb.to_owned()
}

/// A named plan must exist before a command goes on.
pub async fn must_exist(app: &App, hash: &str) -> Result<PlanHash> {
    let found = app.store.read().await?.plan(hash).await?;
    found
        .map(|plan| plan.hash)
        .ok_or_else(|| Error::NotFound(format!("there is no plan {hash:?}. `reeve plan list` shows them")))
}
