//! A few lines of HTTP of our own, so that what a server holds is not read through the code under test.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::wait::PATIENCE;
use serde_json::Value;
use std::io::{Error, Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Its status line and its headers, as they came.
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        headers.find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// One request on a connection of its own. `headers` are whole lines with their ends.
pub fn exchange(address: &str, method: &str, path: &str, headers: &str, body: impl AsRef<[u8]>) -> Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let body = body.as_ref();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}");
    write!(stream, "{head}content-length: {}\r\n\r\n", body.len())?;
    // A server that refuses a body may answer and hang up before it was sent.
    let sent = stream.write_all(body);
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    if bytes.is_empty() {
        sent.and(read)?;
    }
    parse(bytes)
}

/// What comes until a server is silent for this long, of an answer that may have no end.
pub fn glimpse(address: &str, path: &str, headers: &str, silence: Duration) -> Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n")?;
    stream.set_read_timeout(Some(silence))?;
    let mut bytes = Vec::new();
    // What came before the silence is kept.
    stream.read_to_end(&mut bytes).ok();
    parse(bytes)
}

fn parse(bytes: Vec<u8>) -> Result<Answer> {
    let text = String::from_utf8(bytes).map_err(Error::other)?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| Error::other(format!("no HTTP answer: {head:?}")))?;
    let answer = Answer { status, head: head.to_owned(), body: body.to_owned() };
    let chunked = answer.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    Ok(if chunked { Answer { body: joined(body), ..answer } } else { answer })
}

/// A body without the sizes of its chunks (RFC 9112, 7.1), as far as it came.
fn joined(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        let Some(chunk) = rest.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        whole.push_str(chunk);
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}
