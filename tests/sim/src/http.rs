//! A request and an answer as a target sees them: whole, bounded, and without a connection.

use serde_json::Value;

/// What a client sent.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    /// Below the target's base, as sent: `/Users/2819c223`.
    pub path: String,
    /// What follows the question mark, as sent.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether it came over TLS.
    pub encrypted: bool,
}

/// The headers by which clients name one intended change across retries, the first that is sent counts.
const OPERATION_HEADERS: [&str; 3] = ["idempotency-key", "operation-id", "x-operation-id"];

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Where the client came to, so that links lead there: `https://127.0.0.1:40123`. Empty if it did not say.
    pub fn origin(&self) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        self.header("host").map(|host| format!("{scheme}://{host}")).unwrap_or_default()
    }

    pub fn operation_id(&self) -> Option<&str> {
        OPERATION_HEADERS.iter().find_map(|name| self.header(name))
    }

    /// The decoded parts of the path.
    pub fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|part| !part.is_empty()).map(|part| decode(part, false)).collect()
    }

    /// A query parameter, by its name in any case.
    pub fn parameter(&self, name: &str) -> Option<String> {
        pair(&self.query, name)
    }

    /// A parameter of a form in the body, by its name in any case.
    pub fn form(&self, name: &str) -> Option<String> {
        pair(str::from_utf8(&self.body).ok()?, name)
    }
}

fn pair(pairs: &str, name: &str) -> Option<String> {
    pairs.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        decode(key, true).eq_ignore_ascii_case(name).then(|| decode(value, true))
    })
}

/// Undoes percent-encoding; what is not well-formed stays as it is.
fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%')
            .then(|| after.split_first_chunk::<2>())
            .flatten()
            .and_then(|(pair, after)| Some((u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?, after)));
        let (byte, next) = match escaped {
            Some(escaped) => escaped,
            None if first == b'+' && plus_is_space => (b' ', after),
            None => (first, after),
        };
        bytes.push(byte);
        rest = next;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a target says.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub fn json(status: u16, content_type: &str, value: &Value) -> Self {
        Self::text(status, content_type, value.to_string())
    }

    pub fn text(status: u16, content_type: &str, text: impl Into<Vec<u8>>) -> Self {
        Self::empty(status).with_body(content_type, text)
    }

    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.with("content-type", content_type)
    }

    /// Sets a header; one of that name that is there already gives way.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(key, _)| key != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}
