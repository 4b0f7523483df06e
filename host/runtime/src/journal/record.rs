//! What a journal keeps of the call itself: what was asked, of whom, and what it came to. With the import calls and the
//! senses it is all that a replay needs.

use super::model::Body;
use super::{Bytes, Digested};
use crate::limits::JOURNAL_BODY_BYTES_MAX;
use crate::outside::Redactor;
use crate::senses::Sensed;
use reeve_core::id::{NativeId, OperationId};
use reeve_core::plan::Action;
use reeve_core::run::{Failure, Outcome};
use serde::{Deserialize, Serialize};

/// The call itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Asked {
    /// The build that was asked.
    pub plugin_digest: String,
    pub operation: OperationId,
    /// As JSON.
    pub action: Body,
    /// A request that may change something had left the host.
    pub reached: bool,
    /// The outcome or the failure, as JSON.
    pub result: Body,
}

/// Both halves of what a replay needs besides the import calls.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub asked: Asked,
    pub sensed: Sensed,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Ended {
    Outcome(Outcome),
    Failure(Failure),
}

impl Asked {
    pub(crate) fn new(
        redactor: &Redactor,
        plugin_digest: &str,
        operation: &OperationId,
        action: &Action<NativeId>,
        reached: bool,
        result: &Result<Outcome, Failure>,
    ) -> Self {
        let plugin_digest = plugin_digest.to_owned();
        let action = body(redactor, action);
        Self { plugin_digest, operation: operation.clone(), action, reached, result: ended(redactor, result) }
    }

    /// Whether the host ended the call.
    pub(crate) fn stopped(&self) -> bool {
        let ended = self.result.kept.bytes().and_then(|json| serde_json::from_slice(&json).ok());
        matches!(ended, Some(Ended::Failure(Failure::Stopped(_))))
    }
}

/// What a call came to, as the record keeps it.
pub(crate) fn ended(redactor: &Redactor, result: &Result<Outcome, Failure>) -> Body {
    body(
        redactor,
        &match result.clone() {
            Ok(outcome) => Ended::Outcome(outcome),
            Err(failure) => Ended::Failure(failure),
        },
    )
}

/// Apart from the room of the import calls, which may be used up when a call ends.
fn body(redactor: &Redactor, value: &impl Serialize) -> Body {
    let json = serde_json::to_vec(value).unwrap_or_default();
    let json = redactor.bytes(&json);
    let text = String::from_utf8_lossy(&json);
    let kept = text.get(..text.floor_char_boundary(JOURNAL_BODY_BYTES_MAX)).unwrap_or_default();
    let whole = (kept.len() < text.len()).then(|| Digested::of(&json));
    Body { kept: Bytes::of(kept.as_bytes()), whole }
}
