//! A recorded call once more: the same plugin, asked for the same, sees the clock, the chance and the answers of then. It
//! reaches nothing and needs no secret, so what comes out otherwise lies in the record or in the host.

mod tape;

pub(crate) use tape::{Halt, Tape};

use crate::call::{Called, call};
use crate::connector::settle;
use crate::journal::{Entry, Journal, Record};
use crate::outside::Redactor;
use crate::plugin::Plugin;
use crate::reach::Reach;
use crate::runtime::{Runtime, RuntimeError};
use crate::senses::Senses;
use crate::state::{CallName, State};
use futures_util::FutureExt;
use reeve_core::Timestamp;
use reeve_core::id::{NativeId, OperationId};
use reeve_core::plan::Action;
use serde::Serialize;
use std::sync::Arc;

/// The longest part of a call of the host that is shown, in bytes.
const SHOWN_BYTES_MAX: usize = 2_000;

/// What came of a replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Replay {
    pub operation: OperationId,
    /// When the recorded call began.
    pub recorded_at: Timestamp,
    /// Calls of the host that were answered from the record.
    pub calls: usize,
    /// What the recorded call came to, as JSON text.
    pub result: String,
    pub verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "detail")]
pub enum Verdict {
    /// The same calls of the host in the same order, and the same result.
    Same,
    /// The same calls, up to the one that the recorded call was cut off in.
    SameUntilCutOff,
    Differs(Difference),
    /// The record does not hold what the call would have to be answered: which, in a sentence.
    NotRecorded(String),
}

/// The first thing that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Difference {
    /// Which: a call of the host by its number, or the result.
    pub what: String,
    pub then: String,
    pub now: String,
}

impl Runtime {
    /// Runs a recorded call again. The plugin must be the very build that the record names.
    pub async fn replay(&self, plugin: &Arc<Plugin>, journal: &Journal) -> Result<Replay, RuntimeError> {
        let refused = |why: &str| RuntimeError::Replay(why.to_owned());
        let Record { asked, sensed } = journal.record().ok_or_else(|| {
            refused("it was recorded before Reeve kept what a replay needs: what was asked, the clock, and the result")
        })?;
        if asked.plugin_digest != plugin.digest() {
            return Err(RuntimeError::Replay(format!(
                "the call was made with the build {} of its plugin, and this one is {}; another build proves nothing",
                asked.plugin_digest,
                plugin.digest()
            )));
        }
        let damaged = || refused("the record of the call is damaged");
        let senses = Senses::recorded(&sensed).ok_or_else(damaged)?;
        if asked.action.whole.is_some() {
            return Err(refused(
                "what was asked of the plugin was too long for the record, so it can't be asked again",
            ));
        }
        let action: Action<NativeId> = serde_json::from_slice(&asked.action.kept.bytes().ok_or_else(damaged)?)
            .map_err(|error| RuntimeError::Replay(format!("what was asked of the plugin can't be read: {error}")))?;

        let tape = journal.tape();
        let name = CallName {
            plugin: plugin.manifest().id.clone(),
            digest: plugin.digest().to_owned(),
            system: "none".to_owned(),
            call: self.calls().number(),
            function: "replay",
        };
        // Whether something had left the host is the host's to know, and part of what was recorded.
        let state = State::new(name, Reach::Record(tape.clone()), Arc::from("{}"), senses.clone())
            .having_reached(asked.reached);
        let (given, id) = (action.clone(), asked.operation.clone());
        let again = call(self.sandbox(), plugin, state, |guest| {
            async move { guest.exports.apply(guest, &given, &id).await }.boxed()
        });
        let Called { result, .. } = again.await;
        let result = settle(None, &action, result);
        let now = Journal::result_of(&Redactor::default(), &result);

        let played = tape.played();
        let verdict = match (played.halt, played.left) {
            _ if senses.ran_out() && sensed.clock_not_kept > 0 => Verdict::NotRecorded(format!(
                "the record holds the first {} readings of the clock",
                sensed.clock_ns.len()
            )),
            _ if senses.ran_out() => Verdict::Differs(Difference {
                what: "the clock".to_owned(),
                then: format!("it was read {} times", sensed.clock_ns.len()),
                now: "it is read more often".to_owned(),
            }),
            (Some(Halt::NotKept(why)), _) => Verdict::NotRecorded(why),
            (Some(Halt::Differs { then, now }), _) => {
                differs(played.calls, then.as_deref().map(shown), Some(shown(&now)))
            }
            (Some(Halt::CutOff), _) if asked.stopped() => Verdict::SameUntilCutOff,
            (Some(Halt::CutOff), _) => Verdict::Differs(Difference {
                what: format!("call {} of the host", played.calls),
                then: "it was cut off, and the call had another end".to_owned(),
                now: "it can have no other end".to_owned(),
            }),
            (None, Some(left)) => differs(played.calls, Some(shown(&left.question())), None),
            (None, None) if now == asked.result => Verdict::Same,
            (None, None) => Verdict::Differs(Difference {
                what: "the result".to_owned(),
                then: asked.result.shown(SHOWN_BYTES_MAX),
                now: now.shown(SHOWN_BYTES_MAX),
            }),
        };
        Ok(Replay {
            operation: asked.operation,
            recorded_at: sensed.started_at,
            calls: played.calls,
            result: asked.result.shown(SHOWN_BYTES_MAX),
            verdict,
        })
    }
}

fn differs(calls: usize, then: Option<String>, now: Option<String>) -> Verdict {
    let none = || "the plugin makes no more calls".to_owned();
    Verdict::Differs(Difference {
        what: format!("call {} of the host", calls + 1),
        then: then.unwrap_or_else(none),
        now: now.unwrap_or_else(none),
    })
}

/// What was asked of the host, on one line.
fn shown(entry: &Entry) -> String {
    let body = |body: &crate::journal::Body| body.shown(SHOWN_BYTES_MAX);
    match entry {
        Entry::Http { connection, method, path, headers, body: sent, .. } => {
            let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            let sent = sent.as_ref().map(|sent| format!(" with {}", body(sent))).unwrap_or_default();
            format!("{method} {path} on `{connection}` [{}]{sent}", headers.join(", "))
        }
        Entry::LdapSearch { search, .. } => format!("search {}", body(search)),
        Entry::LdapWrite { connection, write, .. } => format!("write on `{connection}` {}", body(write)),
        Entry::FilesList { connection, .. } => format!("list the files of `{connection}`"),
        Entry::FilesRead { connection, name, offset, length, .. } => {
            format!("read {length} bytes from {offset} of {name:?} in `{connection}`")
        }
        Entry::Settings { .. } => "get the settings".to_owned(),
        Entry::Log { level, line } => format!("log {level} {}", body(line)),
        Entry::LeftOut { entry } => format!("{} bytes with the SHA-256 {}", entry.length, entry.sha256),
    }
}
