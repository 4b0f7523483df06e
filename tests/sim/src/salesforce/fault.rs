//! Errors as Salesforce states them: an array of `{message, errorCode, fields}` for data, one object for OAuth.

use crate::{Answer, SimError};
use serde_json::json;

pub(super) const JSON: &str = "application/json;charset=UTF-8";

/// A refusal of the data API.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) status: u16,
    code: String,
    message: String,
    fields: Vec<String>,
}

impl Fault {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), fields: Vec::new() }
    }

    pub(super) fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    #[must_use]
    pub(super) fn on(mut self, fields: &[&str]) -> Self {
        self.fields = fields.iter().map(|field| (*field).to_owned()).collect();
        self
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    pub(super) fn method() -> Self {
        Self::new(405, "METHOD_NOT_ALLOWED", "HTTP method not allowed for this resource")
    }

    pub(super) fn session() -> Self {
        Self::new(401, "INVALID_SESSION_ID", "Session expired or invalid")
    }

    /// Salesforce has it and this stand-in does not. The real service would not answer so.
    pub(super) fn lacking(what: &str) -> Self {
        Self::new(501, "STAND_IN_LACKS_THIS", format!("this stand-in does not have {what}"))
    }

    pub(super) fn answer(&self) -> Answer {
        let mut error = json!({"message": self.message, "errorCode": self.code});
        if let (false, Some(error)) = (self.fields.is_empty(), error.as_object_mut()) {
            error.insert("fields".to_owned(), json!(self.fields));
        }
        Answer::json(self.status, JSON, &json!([error]))
    }
}

impl From<SimError> for Fault {
    fn from(fault: SimError) -> Self {
        Self::new(500, "UNKNOWN_EXCEPTION", format!("the stand-in can't keep the change: {fault}"))
    }
}

/// The code that goes with a status, where nobody named one.
pub(super) fn usual_code(status: u16) -> &'static str {
    match status {
        401 => "INVALID_SESSION_ID",
        403 | 429 => "REQUEST_LIMIT_EXCEEDED",
        404 => "NOT_FOUND",
        405 => "METHOD_NOT_ALLOWED",
        503 => "SERVER_UNAVAILABLE",
        _ => "UNKNOWN_EXCEPTION",
    }
}

/// A refusal of the token endpoint or of the revocation endpoint.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OauthFault {
    pub(super) error: &'static str,
    pub(super) description: String,
}

impl OauthFault {
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: description.into() }
    }

    pub(super) fn grant(description: impl Into<String>) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(super) fn answer(&self) -> Answer {
        let body = json!({"error": self.error, "error_description": self.description});
        Answer::json(400, JSON, &body).with("cache-control", "no-store")
    }
}
