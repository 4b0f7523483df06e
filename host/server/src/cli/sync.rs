//! `reeve sync`.

use crate::app::App;
use crate::error::{Error, Result};
use crate::sync::{LossAccepted, PeopleSync, Synced, TargetSync, sync};
use serde_json::json;

/// Reads people from sources and accounts from targets. Changes nothing at any target.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A feed of people that is not whole, or that lost too many, is refused as a whole: it changes
nothing. One urgent exit goes through all the same: reeve leaver start PERSON --reason TEXT")]
pub struct Args {
    /// Only these systems.
    systems: Vec<String>,
    /// Takes a feed or a read that lost much for true, this once.
    #[arg(long, requires = "reason")]
    accept_loss: bool,
    /// Why; it goes into the log.
    #[arg(long, requires = "accept_loss")]
    reason: Option<String>,
}

pub async fn run(args: Args, app: &App) -> Result<()> {
    let accepted = args.reason.filter(|_| args.accept_loss).map(|reason| LossAccepted { reason });
    let (done, failed) = sync(app, &args.systems, accepted.as_ref()).await?;
    let errors: Vec<_> = failed.iter().map(ToString::to_string).collect();
    app.out.print(&json!({ "read": done, "failed": errors }), || done.iter().map(text).collect::<Vec<_>>().join("\n"));
    // The gravest failure decides the exit code; all of them are told.
    let mut failed = failed;
    failed.sort_by_key(|error| std::cmp::Reverse(error.exit_code()));
    match failed.len() {
        0 => Ok(()),
        1 => Err(failed.remove(0)),
        _ if failed.iter().any(|error| error.exit_code() == 3) => Err(Error::Refused(errors.join("\n"))),
        _ => Err(Error::Left(errors.join("\n"))),
    }
}

fn text(synced: &Synced) -> String {
    match synced {
        Synced::Source(people) => source(people),
        Synced::Target(target) => self::target(target),
    }
}

/// Events shown one by one; a first feed has one for everybody.
const EVENTS_SHOWN: usize = 20;

fn source(people: &PeopleSync) -> String {
    let counts = people.counts;
    let mut text = format!(
        "{}: {} people read whole; {} new, {} changed, {} left, {} missing, {} held back",
        people.system, counts.workers, counts.new, counts.changed, counts.left, counts.missing, counts.held_back
    );
    for (person, event) in people.events.iter().take(EVENTS_SHOWN) {
        let kind =
            serde_json::to_value(event.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
        // Some events name the person already.
        let whose = if event.text.contains(person.as_str()) { String::new() } else { format!("{person}: ") };
        text.push_str(&format!("\n  {kind:14} {}", crate::output::plain(&format!("{whose}{}", event.text))));
    }
    if let Some(more) = people.events.len().checked_sub(EVENTS_SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("\n  and {more} more"));
    }
    remarks(&mut text, people.findings, &people.warnings);
    text
}

fn target(target: &TargetSync) -> String {
    let changes = &target.changes;
    let mut text = format!(
        "{}: {} accounts ({} new, {} changed, {} gone), {} entitlements, {} grants (+{} -{}); {} linked, {} unmatched, {} disputed",
        target.system,
        target.accounts,
        changes.accounts_new,
        changes.accounts_changed,
        changes.accounts_gone,
        target.entitlements,
        target.grants,
        changes.grants_new,
        changes.grants_gone,
        target.linked,
        target.unmatched,
        target.disputed
    );
    match &target.doubt {
        Some(_) => text.push_str("; NOT WHOLE"),
        None => text.push_str("; whole"),
    }
    target.cases_closed.iter().for_each(|case| text.push_str(&format!("\n  leaver {case} closed: no access left")));
    remarks(&mut text, 0, &target.warnings);
    text
}

fn remarks(text: &mut String, findings: usize, warnings: &[String]) {
    warnings.iter().for_each(|warning| text.push_str(&format!("\n  note: {}", crate::output::plain(warning))));
    if findings > 0 {
        text.push_str(&format!("\n  {findings} new finding(s): reeve finding list"));
    }
}
