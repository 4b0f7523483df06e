//! SCIM errors (RFC 7644 section 3.12).

use super::CONTENT_TYPE;
use crate::{Answer, SimError};
use serde_json::json;

#[derive(Clone, Debug)]
pub(super) struct Fault {
    status: u16,
    code: Option<String>,
    detail: String,
}

impl Fault {
    pub(super) fn new(status: u16, code: Option<&str>, detail: impl Into<String>) -> Self {
        Self { status, code: code.map(str::to_owned), detail: detail.into() }
    }

    pub(super) fn syntax(detail: impl Into<String>) -> Self {
        Self::new(400, Some("invalidSyntax"), detail)
    }

    pub(super) fn value(detail: impl Into<String>) -> Self {
        Self::new(400, Some("invalidValue"), detail)
    }

    pub(super) fn filter(detail: impl Into<String>) -> Self {
        Self::new(400, Some("invalidFilter"), detail)
    }

    pub(super) fn path(detail: impl Into<String>) -> Self {
        Self::new(400, Some("invalidPath"), detail)
    }

    pub(super) fn no_target(detail: impl Into<String>) -> Self {
        Self::new(400, Some("noTarget"), detail)
    }

    pub(super) fn mutability(detail: impl Into<String>) -> Self {
        Self::new(400, Some("mutability"), detail)
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(404, None, format!("{what} not found"))
    }

    pub(super) fn answer(&self) -> Answer {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.to_string(),
            "detail": self.detail,
        });
        if let (Some(code), Some(body)) = (&self.code, body.as_object_mut()) {
            body.insert("scimType".to_owned(), code.as_str().into());
        }
        Answer::json(self.status, CONTENT_TYPE, &body)
    }
}

/// A change that could not be recorded was not made.
impl From<SimError> for Fault {
    fn from(fault: SimError) -> Self {
        Self::new(500, None, fault.to_string())
    }
}
