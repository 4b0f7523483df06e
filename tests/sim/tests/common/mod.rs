//! A client that sees the bytes: what arrived, whether it was whole, and when nothing came at all.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#![expect(dead_code, reason = "each test program uses a part of it")]

use reeve_sim::misbehaviour::{Act, Rule};
use reeve_sim::scim::{Options, Scim};
use reeve_sim::{Setup, StandIn};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long the client waits for an answer that is due.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long the client waits where no answer is expected.
pub const SILENCE: Duration = Duration::from_millis(200);

/// Where the client stops reading a body that has no end.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Whole,
    BrokenOff,
    /// The client stopped at [`BODY_BYTES_MAX`].
    Endless,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReply {
    Closed,
    Silent,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A SCIM stand-in and a client of it.
pub struct Sim {
    pub stand_in: StandIn,
}

impl Sim {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        Self { stand_in: StandIn::start(Scim::new(options).unwrap(), Setup::default()).await.unwrap() }
    }

    pub fn try_send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Reply, NoReply> {
        let path = format!("/scim/v2{path}");
        let body = body.map(Value::to_string).unwrap_or_default();
        send(self.stand_in.address(), method, &path, &[("content-type", "application/scim+json")], body.as_bytes())
    }

    pub fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.try_send(method, path, Some(body)).unwrap()
    }

    pub fn get(&self, path: &str) -> Reply {
        self.try_send("GET", path, None).unwrap()
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.try_send("DELETE", path, None).unwrap()
    }

    /// Creates a user and gives its id.
    pub fn user(&self, name: &str) -> String {
        let reply = self.send("POST", "/Users", &user(name));
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    pub fn group(&self, name: &str) -> String {
        let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name});
        let reply = self.send("POST", "/Groups", &group);
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    pub fn patch(&self, path: &str, operations: &Value) -> Reply {
        self.send("PATCH", path, &patch(operations))
    }

    pub fn misbehave(&self, act: Act) {
        self.stand_in.rules().clear();
        self.stand_in.rules().add([Rule::new(act)]);
    }

    /// What the ledger says was done: `created ann`, `changed ann`, …
    pub fn done(&self) -> Vec<String> {
        self.stand_in.ledger().entries().iter().map(|entry| format!("{} {}", entry.change, entry.name)).collect()
    }
}

pub fn user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "active": true,
        "emails": [{"value": format!("{name}@example.com"), "type": "work", "primary": true}],
    })
}

pub fn patch(operations: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

/// The user names, or group names, of a list.
pub fn names(list: &Value) -> Vec<String> {
    let name = |one: &Value| one["userName"].as_str().or(one["displayName"].as_str()).unwrap().to_owned();
    list["Resources"].as_array().unwrap().iter().map(name).collect()
}

/// One request on a connection of its own.
pub fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Reply, NoReply> {
    send_and_wait(PATIENCE, address, method, path, headers, body)
}

pub fn send_and_wait(
    patience: Duration,
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Reply, NoReply> {
    let mut stream = TcpStream::connect(address).map_err(|_| NoReply::Closed)?;
    stream.set_read_timeout(Some(patience)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    read_reply(&mut stream)
}

fn read_reply(stream: &mut TcpStream) -> Result<Reply, NoReply> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if !read_more(stream, &mut bytes)? {
            return Err(NoReply::Closed);
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let split = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut reply = Reply { status, headers: lines.filter_map(split).collect(), body: Vec::new(), end: End::Whole };
    let mut rest = bytes.split_off(head_end + 4);
    while rest.len() < BODY_BYTES_MAX && read_more(stream, &mut rest)? {}
    if rest.len() >= BODY_BYTES_MAX {
        reply.end = End::Endless;
    } else if reply.header("transfer-encoding") == Some("chunked") {
        (reply.body, reply.end) = unchunk(&rest);
    } else {
        let announced = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
        reply.end = if rest.len() == announced { End::Whole } else { End::BrokenOff };
        reply.body = rest;
    }
    Ok(reply)
}

/// Whether there was more before the end.
fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<bool, NoReply> {
    let mut chunk = vec![0; 64 * 1024];
    match stream.read(&mut chunk) {
        Ok(count) => {
            bytes.extend(&chunk[..count]);
            Ok(count > 0)
        }
        Err(fault) if matches!(fault.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
            Err(NoReply::Silent)
        }
        Err(_) => Ok(false),
    }
}

fn unchunk(mut rest: &[u8]) -> (Vec<u8>, End) {
    let mut body = Vec::new();
    while let Some(line_end) = rest.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(str::from_utf8(&rest[..line_end]).unwrap(), 16).unwrap();
        if length == 0 {
            return (body, End::Whole);
        }
        let start = line_end + 2;
        let Some(chunk) = rest.get(start..start + length) else { break };
        body.extend(chunk);
        rest = rest.get(start + length + 2..).unwrap_or_default();
    }
    (body, End::BrokenOff)
}
