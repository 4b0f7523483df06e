//! A server that gives back what it gets: in bodies, headers, errors, redirects, in what is no HTTP at all, and to clients
//! of LDAP in its refusal to let them in.

#![expect(clippy::unwrap_used, reason = "tests")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Ways of giving back, taken in turns.
pub const WAYS: usize = 10;
/// How long a client may take to send what it announced.
const PATIENCE: Duration = Duration::from_secs(5);
/// A sequence, with which every message of LDAP begins (RFC 4511).
const LDAP: u8 = 0x30;

pub struct Echo {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Echo {
    /// Whoever asks at `/token` gets this token, every other time.
    pub fn start(token: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, turns) = (Arc::<Mutex<Vec<u8>>>::default(), Arc::<AtomicUsize>::default());
        let ears = heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (ears, turns) = (ears.clone(), turns.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &turns, token, &ears).ok());
            }
        });
        Self { address, heard }
    }

    /// All that it ever got.
    pub fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, turns: &AtomicUsize, token: &str, heard: &Mutex<Vec<u8>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let (mut request, mut part) = (Vec::new(), [0; 8192]);
    while !is_whole(&request) {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => break,
            Ok(bytes) => request.extend(part.iter().take(bytes)),
        }
    }
    if request.is_empty() {
        return Ok(());
    }
    heard.lock().unwrap().extend(&request);
    let turn = turns.fetch_add(1, Ordering::Relaxed);
    let answer = match request.first() {
        Some(&LDAP) => refusal(&request),
        _ => answer(&String::from_utf8_lossy(&request), turn, token),
    };
    stream.write_all(&answer)
}

fn is_whole(request: &[u8]) -> bool {
    if request.first() == Some(&LDAP) {
        return true;
    }
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// One element of BER, with a length in two bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    [&[tag, 0x82, high, low], content].concat()
}

/// The credentials are invalid, and here they are (RFC 4511, 4.2.2). The first message on a connection has the number 1.
fn refusal(request: &[u8]) -> Vec<u8> {
    let said: String = String::from_utf8_lossy(request).chars().filter(|char| !char.is_control()).collect();
    let result = [&[0x0a, 1, 49][..], &element(0x04, b""), &element(0x04, said.as_bytes())].concat();
    element(LDAP, &[&[0x02, 1, 1][..], &element(0x61, &result)].concat())
}

/// Every other letter as JSON lets any be written, so that nobody but a parser finds the text.
fn disguised(text: &str) -> String {
    let letter = |(at, unit): (usize, u16)| match char::from_u32(unit.into()).filter(|_| at % 2 == 0) {
        Some(plain) if !matches!(plain, '"' | '\\') => plain.to_string(),
        _ => format!("\\u{unit:04x}"),
    };
    text.encode_utf16().enumerate().map(letter).collect()
}

fn answer(request: &str, turn: usize, token: &str) -> Vec<u8> {
    let line = request.lines().next().unwrap_or_default();
    let ok = |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes();
    if line.contains("/token") && turn.is_multiple_of(2) {
        return ok(&format!("{{\"access_token\":\"{token}\",\"token_type\":\"bearer\",\"expires_in\":1}}"));
    }
    if line.contains("/told") {
        let header = |name: &str| request.lines().find_map(|line| line.strip_prefix(name));
        let sent = header("authorization: ").or_else(|| header("x-api-key: ")).unwrap_or_default();
        return ok(&format!("{{\"credentials\":\"{}\"}}", disguised(sent)));
    }
    let said = request.replace(['\r', '\n'], " ");
    let json =
        serde_json::json!({ "detail": said, "hex": hex::encode(&said), "base64": STANDARD.encode(&said) }).to_string();
    let with = |status: &str, headers: &str| {
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{json}", json.len()).into_bytes()
    };
    match turn % WAYS {
        0 => with("200 OK", ""),
        1 => with("200 OK", &format!("x-echo: {said}\r\nset-cookie: a={said}\r\netag: \"{}\"\r\n", hex::encode(&said))),
        2 => with("302 Found", &format!("location: https://elsewhere.example.com/?{}\r\n", said.replace(' ', "%20"))),
        3 => with("401 Unauthorized", &format!("www-authenticate: Bearer error_description=\"{said}\"\r\n")),
        4 => with("400 Bad Request", "content-type: application/scim+json\r\n"),
        5 => with(&format!("409 {said}"), ""),
        6 => with("503 Service Unavailable", &format!("retry-after: 0\r\nx-ratelimit-scope: {said}\r\n")),
        7 => format!("{said}\r\n\r\n{said}").into_bytes(),
        8 => format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{said}\r\n").into_bytes(),
        _ => format!("HTTP/1.1 500 Oops\r\ncontent-length: 100000\r\n\r\n{json}").into_bytes(),
    }
}
