//! Takes secrets and forged lines out of what a plugin says before it reaches a log, a finding or a person.

use crate::abi::{Probe, sentence};
use crate::limits::LOG_LINE_BYTES_MAX;
use crate::outside::Outside;
use crate::vault::SECRET_BYTES_MAX;
use reeve_core::run::{Failure, FieldFault, ItemResult, Outcome, RateHint, Status};

/// Faults and blockers of one failure that are kept; nobody reads more.
const FAULTS_MAX: usize = 100;

/// One text: without the secrets of the system's connections, on one line, and cut to the length of a log line.
pub(crate) fn text(outside: Option<&Outside>, text: &str) -> String {
    // A secret that starts in the part that will be kept is whole in this part, and so is found.
    let start = text.get(..text.floor_char_boundary(LOG_LINE_BYTES_MAX + SECRET_BYTES_MAX)).unwrap_or_default();
    match outside {
        Some(outside) => sentence(&outside.redact(start)),
        None => sentence(start),
    }
}

pub(crate) fn failure(outside: Option<&Outside>, failure: Failure) -> Failure {
    let clean = |raw: String| text(outside, &raw);
    let hint = |hint: RateHint| RateHint { scope: hint.scope.map(clean), ..hint };
    let fault = |fault: FieldFault| FieldFault { field: clean(fault.field), message: clean(fault.message) };
    match failure {
        Failure::AuthFailed(text) => Failure::AuthFailed(clean(text)),
        Failure::Forbidden(text) => Failure::Forbidden(clean(text)),
        Failure::NotFound(text) => Failure::NotFound(clean(text)),
        Failure::Conflict(text) => Failure::Conflict(clean(text)),
        Failure::Invalid(faults) => Failure::Invalid(faults.into_iter().take(FAULTS_MAX).map(fault).collect()),
        Failure::Unsupported(text) => Failure::Unsupported(clean(text)),
        Failure::RateLimited(given) => Failure::RateLimited(hint(given)),
        Failure::Unavailable(given) => Failure::Unavailable(hint(given)),
        Failure::LicenceExhausted(text) => Failure::LicenceExhausted(clean(text)),
        Failure::RefusedByTarget(blockers) => {
            Failure::RefusedByTarget(blockers.into_iter().take(FAULTS_MAX).map(clean).collect())
        }
        Failure::OutcomeUnknown(text) => Failure::OutcomeUnknown(clean(text)),
        Failure::CursorExpired => Failure::CursorExpired,
        Failure::Protocol(text) => Failure::Protocol(clean(text)),
        Failure::Internal(text) => Failure::Internal(clean(text)),
        Failure::Stopped(text) => Failure::Stopped(clean(text)),
        Failure::Denied(text) => Failure::Denied(clean(text)),
    }
}

pub(crate) fn outcome(outside: Option<&Outside>, outcome: Outcome) -> Outcome {
    let clean = |raw: String| text(outside, &raw);
    let item = |result: ItemResult| ItemResult { item: clean(result.item), fault: result.fault.map(clean) };
    Outcome {
        status: match outcome.status {
            Status::Done => Status::Done,
            Status::AlreadySo => Status::AlreadySo,
            Status::Accepted(handle) => Status::Accepted(clean(handle)),
            Status::PendingApproval(whom) => Status::PendingApproval(clean(whom)),
            Status::Partial(results) => Status::Partial(results.into_iter().map(item).collect()),
        },
        account: outcome.account,
        request_id: outcome.request_id.map(clean),
        side_effects: outcome.side_effects.into_iter().map(clean).collect(),
    }
}

pub(crate) fn probe(outside: &Outside, probe: Probe) -> Probe {
    Probe { name: text(Some(outside), &probe.name), detail: text(Some(outside), &probe.detail), passed: probe.passed }
}
