//! `reeve replay`.

use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{moment, plain};
use reeve_core::audit::{Entry, Subject};
use reeve_core::id::OperationId;
use reeve_core::run::Operation;
use reeve_runtime::package::Package;
use reeve_runtime::{Journal, Replay, Verdict};
use reeve_store::{PluginBuild, Tx};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Log entries that are looked through at once.
const ENTRIES_PER_READ: u32 = 1_000;

/// Runs the recorded call of an operation again, offline, and compares: the same build of the plugin sees the settings,
/// the answers, the clock and the chance of then. Nothing is sent, and no secret is needed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 it came out the same, 3 it did not (the first difference is shown), 1 it can't be told."
)]
pub struct Args {
    /// As `reeve run show` names it.
    operation: String,
    /// Which attempt; the latest one without it.
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
}

/// What is kept of an attempt.
struct Kept {
    operation: Operation,
    attempt: u32,
    bytes: Vec<u8>,
    build: PluginBuild,
    package: Package,
    /// Whether the audit log names exactly these bytes.
    in_log: bool,
}

pub async fn run(args: Args, app: &App) -> Result<()> {
    let kept = find(args, app).await?;
    let journal = Journal::parse(&kept.bytes).map_err(|why| {
        Error::Input(format!("the record of attempt {} of {} can't be read: {why}", kept.attempt, kept.operation.id))
    })?;
    let replay = app.replay(&kept.package, &journal).await?;
    if replay.operation != kept.operation.id {
        return Err(Error::Refused(format!(
            "the record that stands under {} is that of {}: it was moved",
            kept.operation.id, replay.operation
        )));
    }
    let json = json!({
        "operation": kept.operation.id,
        "attempt": kept.attempt,
        "recorded-at": replay.recorded_at,
        "plugin": { "id": kept.build.id, "version": kept.build.version, "digest": kept.build.digest },
        "record-in-log": kept.in_log,
        "calls": replay.calls,
        "result": replay.result,
        "verdict": replay.verdict,
    });
    app.out.print(&json, || told(&kept, &replay));
    match &replay.verdict {
        Verdict::NotRecorded(why) => {
            Err(Error::Input(format!("{} can't be replayed to its end: {why}", kept.operation.id)))
        }
        Verdict::Differs(difference) => {
            Err(Error::Refused(format!("the replay of {} differs: {}", kept.operation.id, difference.what)))
        }
        Verdict::Same | Verdict::SameUntilCutOff if !kept.in_log => Err(Error::Refused(format!(
            "the record of {} is not the one that the audit log names by its SHA-256: it was changed",
            kept.operation.id
        ))),
        Verdict::Same | Verdict::SameUntilCutOff => Ok(()),
    }
}

async fn find(args: Args, app: &App) -> Result<Kept> {
    let id = OperationId::new(&args.operation);
    let mut tx = app.store.read().await?;
    let operation = tx
        .operation(&id)
        .await?
        .ok_or_else(|| Error::NotFound(format!("there is no operation {id}. `reeve run show PLAN` lists a plan's")))?;
    let attempt = match args.attempt {
        Some(attempt) => attempt,
        None => tx.latest_attempt(&id).await?.ok_or_else(|| {
            Error::NotFound(format!(
                "no call of {id} was recorded: it was not sent, or the process was killed meanwhile"
            ))
        })?,
    };
    let (digest, bytes) = tx.journal(&id, attempt).await?.ok_or_else(|| {
        Error::NotFound(format!(
            "attempt {attempt} of {id} has no record; it was sent {} time(s), and an attempt in which the process was killed \
             leaves none",
            operation.sends
        ))
    })?;
    let build = tx.plugin_build(&digest).await?.ok_or_else(|| {
        Error::NotFound(format!("the build {digest} of the plugin, which made the call, was never installed here"))
    })?;
    let file = tx.blob(&build.file_sha256).await?.ok_or_else(|| {
        Error::NotFound(format!(
            "the file of {} {} ({digest}), which made the call, is gone from the database",
            build.id, build.version
        ))
    })?;
    let package = Package::open(&file)?;
    let in_log = in_log(&mut tx, &id, &bytes).await?;
    Ok(Kept { operation, attempt, bytes, build, package, in_log })
}

/// Whether an entry about this operation names these bytes as its evidence.
async fn in_log(tx: &mut Tx, id: &OperationId, bytes: &[u8]) -> Result<bool> {
    let sha256 = hex::encode(Sha256::digest(bytes));
    let about = |subject: &Subject| matches!(subject, Subject::Operation { id: of } if of == id);
    let mut from = 0;
    loop {
        let entries = tx.log_entries(from, ENTRIES_PER_READ).await?;
        let Some((last, _)) = entries.last() else { return Ok(false) };
        from = last.saturating_add(1);
        // Few entries hold the digest at all, and only those are worth decoding.
        for (_, entry) in entries.iter().filter(|(_, entry)| String::from_utf8_lossy(entry).contains(&sha256)) {
            let named = Entry::decode(entry).is_ok_and(|entry| {
                entry.subject.iter().any(about) && entry.evidence.iter().any(|evidence| evidence.sha256 == sha256)
            });
            if named {
                return Ok(true);
            }
        }
    }
}

fn told(kept: &Kept, replay: &Replay) -> String {
    let planned = &kept.operation.planned;
    let kind = format!("{:?}", planned.action.kind()).to_lowercase();
    let mut text = format!(
        "Attempt {} of {}: {kind} {} for {} at {}, recorded {}.\nPlugin: {} {} ({}).\n",
        kept.attempt,
        kept.operation.id,
        plain(&planned.what),
        plain(&planned.person),
        planned.system,
        moment(replay.recorded_at),
        kept.build.id,
        kept.build.version,
        kept.build.digest,
    );
    text.push_str(match kept.in_log {
        true => "Record: the one that the audit log names by its SHA-256.\n",
        false => "Record: NOT the one that the audit log names by its SHA-256; it was changed.\n",
    });
    text.push_str(&format!("Calls of the host that were answered from it: {}. Nothing was sent.\n\n", replay.calls));
    match &replay.verdict {
        Verdict::Same => text.push_str(&format!("SAME: every call as it was, and the result too: {}", replay.result)),
        Verdict::SameUntilCutOff => text.push_str(&format!(
            "SAME, as far as it went: every call as it was, up to the one that it was cut off in: {}",
            replay.result
        )),
        Verdict::NotRecorded(why) => text.push_str(&format!("CAN'T BE TOLD: {why}.")),
        Verdict::Differs(difference) => text.push_str(&format!(
            "DIFFERS, first in {}:\n  then  {}\n  now   {}",
            difference.what, difference.then, difference.now
        )),
    }
    text
}
