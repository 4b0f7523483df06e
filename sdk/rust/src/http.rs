//! Requests to a named connection. The host owns base URL, credentials, redirects, retries and waiting; this module
//! builds the path safely and turns every answer into a value or a [`Failure`] that means the right thing.

use crate::bindings::host::reeve::connector::http as raw;
use crate::failure::Effect;
use crate::json::Doc;
use crate::{Failure, FieldFault, HttpError, RateHint, host, percent};
use serde::Serialize;
use serde_json::Value;

pub use crate::bindings::host::reeve::connector::http::Method;

/// The longest piece of a target's own words that goes into a failure, in characters.
const MESSAGE_CHARS_MAX: usize = 300;

/// One request. Nothing is sent before [`Request::send`].
#[derive(Clone, Debug)]
pub struct Request {
    raw: raw::Request,
    effect: Effect,
    fault: Option<Failure>,
}

impl Request {
    /// `path` is a literal of the plugin, from the base URL on; values go in by [`Request::segment`] and
    /// [`Request::query`], which encode them.
    pub fn new(connection: &str, method: Method, path: &str) -> Self {
        let effect = if matches!(method, Method::Get | Method::Head) { Effect::Read } else { Effect::Write };
        let raw = raw::Request {
            connection: connection.to_owned(),
            method,
            path: path.to_owned(),
            headers: vec![],
            body: None,
        };
        Self { raw, effect, fault: None }
    }

    pub fn get(connection: &str, path: &str) -> Self {
        Self::new(connection, Method::Get, path)
    }

    pub fn post(connection: &str, path: &str) -> Self {
        Self::new(connection, Method::Post, path)
    }

    pub fn put(connection: &str, path: &str) -> Self {
        Self::new(connection, Method::Put, path)
    }

    pub fn patch(connection: &str, path: &str) -> Self {
        Self::new(connection, Method::Patch, path)
    }

    pub fn delete(connection: &str, path: &str) -> Self {
        Self::new(connection, Method::Delete, path)
    }

    /// Adds one segment to the path. An empty one and the two that mean "here" and "up" are refused, because no
    /// encoding keeps a server from obeying them.
    pub fn segment(mut self, value: &str) -> Self {
        if matches!(value, "" | "." | "..") {
            self.fault = Some(Failure::invalid("id", format!("{value:?} cannot stand in a path")));
        }
        self.raw.path.push('/');
        self.raw.path.push_str(&percent::encode(value));
        self
    }

    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.raw.path.push(if self.raw.path.contains('?') { '&' } else { '?' });
        self.raw.path.push_str(&percent::encode(name));
        self.raw.path.push('=');
        self.raw.path.push_str(&percent::encode(&value.to_string()));
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.raw.headers.push(raw::Header { name: name.to_owned(), value: value.to_owned() });
        self
    }

    /// A body of JSON, `application/json` unless a `content-type` is set before.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.raw.body = Some(bytes),
            Err(error) => self.fault = Some(Failure::internal(format!("this body has no JSON form: {error}"))),
        }
        if self.raw.headers.iter().any(|header| header.name.eq_ignore_ascii_case("content-type")) {
            return self;
        }
        self.header("content-type", "application/json")
    }

    /// A body as HTML forms send it (`application/x-www-form-urlencoded`), names and values encoded.
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", percent::encode(name), percent::encode(value)))
            .collect();
        self.raw.body = Some(pairs.join("&").into_bytes());
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// Says that this request changes nothing though it is, say, a POST: a search.
    pub fn reads(mut self) -> Self {
        self.effect = Effect::Read;
        self
    }

    pub fn send(self) -> Result<Response, Failure> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let path = self.raw.path.split('?').next().unwrap_or_default();
        let what = format!("{} {path}", method_name(self.raw.method));
        match host::http(&self.raw) {
            Ok(raw) => Ok(Response { raw, what, effect: self.effect }),
            Err(error) => Err(Failure::from_http(in_context(&what, error), self.effect)),
        }
    }
}

/// An answer of any status. [`Response::ok`] and [`Response::json`] refuse all but success.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    raw: raw::Response,
    what: String,
    effect: Effect,
}

impl Response {
    pub fn status(&self) -> u16 {
        self.raw.status
    }

    /// `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.raw.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
    }

    pub fn body(&self) -> &[u8] {
        &self.raw.body
    }

    /// Whether the request may have changed something.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    pub fn rate(&self) -> Option<&RateHint> {
        self.raw.rate.as_ref()
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.raw.status)
    }

    /// This answer if it is a success, and what its status means otherwise.
    pub fn ok(self) -> Result<Self, Failure> {
        if self.is_success() { Ok(self) } else { Err(self.failure()) }
    }

    /// The JSON of a successful answer.
    pub fn json(self) -> Result<Doc, Failure> {
        let answer = self.ok()?;
        if answer.is_html() {
            return Err(Failure::protocol(format!(
                "{} answered {} with an HTML page where JSON was due; is the base URL right, and the server awake?",
                answer.what, answer.raw.status
            )));
        }
        Doc::parse(format!("the answer to {}", answer.what), &answer.raw.body)
    }

    /// The body as JSON, whatever the status, for reading a target's own error codes.
    pub fn error_json(&self) -> Option<Value> {
        serde_json::from_slice(&self.raw.body).ok()
    }

    /// What an answer that is no success means, by its status. Check a target's own error codes first.
    pub fn failure(&self) -> Failure {
        let text = self.describe();
        let hint = self.raw.rate.clone();
        match (self.raw.status, self.effect) {
            (200..300, _) => Failure::Internal(format!("{text} is a success, and was taken for a failure")),
            (401, _) => Failure::AuthFailed(text),
            (403, _) => Failure::Forbidden(text),
            (404 | 410, _) => Failure::NotFound(text),
            (405 | 501, _) => Failure::Unsupported(text),
            (409 | 412, _) => Failure::Conflict(text),
            (400 | 413 | 414 | 422 | 431, _) => {
                Failure::Invalid(vec![FieldFault { field: String::new(), message: text }])
            }
            (429, _) => Failure::rate_limited(hint),
            (503, _) => Failure::Unavailable(hint.unwrap_or(RateHint { scope: Some(text), ..RateHint::none() })),
            // A failure of the server's own may come after the work was done.
            (408 | 425 | 500.., Effect::Write) => Failure::OutcomeUnknown(text),
            (408 | 425 | 500.., Effect::Read) => Failure::unavailable(text),
            _ => Failure::Protocol(text),
        }
    }

    fn is_html(&self) -> bool {
        let declared = self.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
        declared || self.raw.body.trim_ascii_start().first() == Some(&b'<')
    }

    fn describe(&self) -> String {
        let mut text = format!("{} answered {}", self.what, self.raw.status);
        match self.error_json().as_ref().and_then(own_words) {
            Some(words) => text.push_str(&format!(": {words}")),
            None if self.is_html() => text.push_str(" with an HTML page"),
            None => {}
        }
        text
    }
}

/// What a target says about its error, from the fields that most of them use. The rest of the body may hold secrets.
fn own_words(body: &Value) -> Option<String> {
    let body = body.as_array().and_then(|list| list.first()).unwrap_or(body);
    let words = ["detail", "message", "error_description", "error", "title"].iter().find_map(|field| {
        let value = body.get(field)?;
        value.as_str().or_else(|| value.get("message")?.as_str())
    })?;
    Some(words.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARS_MAX).collect())
}

fn in_context(what: &str, error: HttpError) -> HttpError {
    let at = |text: String| format!("{what}: {text}");
    match error {
        HttpError::Denied(text) => HttpError::Denied(at(text)),
        HttpError::AuthFailed(text) => HttpError::AuthFailed(at(text)),
        HttpError::Unreachable(text) => HttpError::Unreachable(at(text)),
        HttpError::AnswerLost(text) => HttpError::AnswerLost(at(text)),
        HttpError::TooLarge(limit) => HttpError::TooLarge(limit),
        HttpError::Budget(text) => HttpError::Budget(at(text)),
        HttpError::Protocol(text) => HttpError::Protocol(at(text)),
    }
}

fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}
