//! What a refusal means. Salesforce answers with a list of `{message, errorCode, fields}`; the code says more than the
//! status, and what Salesforce refuses for reasons of its own is passed on in its own words.

use reeve_sdk::http::Response;
use reeve_sdk::prelude::*;
use reeve_sdk::{Effect, FieldFault, RateHint};
use serde_json::Value as Json;

/// The longest piece of Salesforce's own words that goes into a failure, in characters.
const MESSAGE_CHARS_MAX: usize = 300;
/// Reasons of one refusal that are passed on.
const REASONS_MAX: usize = 20;

/// One entry of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub code: String,
    pub message: String,
    fields: Vec<String>,
}

/// What the answer says; nothing if it is not Salesforce's list.
pub fn faults(answer: &Response) -> Vec<Fault> {
    let Some(Json::Array(list)) = answer.error_json() else { return vec![] };
    list.iter().take(REASONS_MAX).filter_map(fault).collect()
}

fn fault(entry: &Json) -> Option<Fault> {
    let code = entry.get("errorCode")?.as_str()?.to_owned();
    let message = entry.get("message").and_then(Json::as_str).unwrap_or_default();
    let message: String = message.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARS_MAX).collect();
    let fields = entry.get("fields").and_then(Json::as_array).into_iter().flatten();
    Some(Fault { code, message, fields: fields.filter_map(Json::as_str).map(str::to_owned).collect() })
}

pub fn failure(answer: &Response) -> Failure {
    let faults = faults(answer);
    let Some(first) = faults.first() else {
        return answer.failure();
    };
    let said = format!("Salesforce answered {} {}: {}", answer.status(), first.code, first.message);
    match first.code.as_str() {
        "INVALID_SESSION_ID" | "INVALID_AUTH_HEADER" | "INVALID_LOGIN" | "SESSION_EXPIRED" => {
            Failure::auth_failed(said)
        }
        "REQUEST_LIMIT_EXCEEDED" => Failure::rate_limited(Some(limit(answer, first))),
        // The transaction was rolled back, whatever the status.
        "UNABLE_TO_LOCK_ROW" | "SERVER_UNAVAILABLE" | "QUERY_TIMEOUT" | "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS" => {
            Failure::unavailable(said)
        }
        "INVALID_QUERY_LOCATOR" | "QUERY_LOCATOR_EXPIRED" => Failure::CursorExpired,
        "NOT_FOUND" | "ENTITY_IS_DELETED" => Failure::not_found(said),
        "DUPLICATE_VALUE" | "DUPLICATE_USERNAME" | "DUPLICATE_COMM_NICKNAME" => Failure::conflict(said),
        "LICENSE_LIMIT_EXCEEDED" => Failure::LicenceExhausted(said),
        "INVALID_TYPE" | "FUNCTIONALITY_NOT_ENABLED" => Failure::unsupported(said),
        "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" | "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" => {
            Failure::forbidden(said)
        }
        code if code.starts_with("INSUFFICIENT_ACCESS") => Failure::forbidden(said),
        "REQUIRED_FIELD_MISSING"
        | "FIELD_CUSTOM_VALIDATION_EXCEPTION"
        | "INVALID_FIELD"
        | "INVALID_FIELD_FOR_INSERT_UPDATE"
        | "INVALID_EMAIL_ADDRESS"
        | "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
        | "INVALID_TYPE_ON_FIELD_IN_RECORD"
        | "INVALID_CROSS_REFERENCE_KEY"
        | "JSON_PARSER_ERROR"
        | "MALFORMED_ID"
        | "MALFORMED_QUERY"
        | "NUMBER_OUTSIDE_VALID_RANGE"
        | "STRING_TOO_LONG" => Failure::Invalid(faults.iter().flat_map(field_faults).collect()),
        // Anything else that Salesforce says no to is a rule of its own.
        _ if answer.status() == 400 => refused(&faults),
        _ => answer.failure(),
    }
}

/// The reasons that Salesforce states, one each.
pub fn refused(faults: &[Fault]) -> Failure {
    Failure::RefusedByTarget(faults.iter().map(|fault| format!("{}: {}", fault.code, fault.message)).collect())
}

fn field_faults(fault: &Fault) -> Vec<FieldFault> {
    let message = || format!("{}: {}", fault.code, fault.message);
    match fault.fields.as_slice() {
        [] => vec![FieldFault { field: String::new(), message: message() }],
        fields => fields.iter().map(|field| FieldFault { field: field.clone(), message: message() }).collect(),
    }
}

/// `Sforce-Limit-Info: api-usage=18/5000` gives what was used, not what is left. Nothing says when to come back.
fn limit(answer: &Response, fault: &Fault) -> RateHint {
    let usage = answer.header("sforce-limit-info").and_then(usage);
    let (used, limit) = usage.unzip();
    RateHint {
        retry_after_ms: answer.rate().and_then(|hint| hint.retry_after_ms),
        remaining: used.zip(limit).map(|(used, limit): (u64, u64)| limit.saturating_sub(used)),
        limit,
        scope: Some(fault.message.clone()),
    }
}

fn usage(header: &str) -> Option<(u64, u64)> {
    let pair = header.split([',', ';']).find_map(|part| part.trim().strip_prefix("api-usage="))?;
    let (used, limit) = pair.split_once('/')?;
    Some((used.trim().parse().ok()?, limit.trim().parse().ok()?))
}

/// A page where JSON was due. What it says about a write is anybody's guess, so that one is read back.
pub fn html(answer: &Response) -> Failure {
    let text = format!("Salesforce answered {} with an HTML page; is the base URL your My Domain?", answer.status());
    match answer.effect() {
        Effect::Read => Failure::protocol(text),
        Effect::Write => Failure::outcome_unknown(text),
    }
}
