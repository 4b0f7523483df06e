//! A SCIM server as a child process, and the host's part in speaking to it: HTTP/1.1 over TCP, one request a connection.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use reeve_sdk::HttpError;
use reeve_sdk::testing::{Header, Host, Request, Response};
use serde_json::Value as Json;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use tempfile::NamedTempFile;

const TOKEN: &str = "a-token-for-tests";

pub struct Peer {
    child: Child,
    port: u16,
    /// Deleted with the server.
    _config: Option<NamedTempFile>,
}

impl Peer {
    /// Started on a port that was free a moment ago; another one is tried if somebody took it meanwhile.
    pub fn start(program: &OsStr, config: Option<Json>) -> Self {
        let config = config.map(|config| {
            let file = NamedTempFile::with_suffix(".json").unwrap();
            std::fs::write(&file, config.to_string()).unwrap();
            file
        });
        for _ in 0..5 {
            let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
            let mut command = Command::new(program);
            command.args(["--hostname", "127.0.0.1", "--bearer-token", TOKEN, "--port", &port.to_string()]);
            if let Some(file) = &config {
                command.arg("--service-provider-config").arg(file.path());
            }
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("scim2-server starts");
            // It says when it listens, so nobody has to wait and guess.
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            if line.contains("Serving SCIM") {
                return Self { child, port, _config: config };
            }
            child.kill().ok();
            child.wait().ok();
        }
        panic!("scim2-server does not start");
    }

    pub fn host(&self, settings: &str) -> Wire {
        self.host_with_token(settings, TOKEN)
    }

    pub fn host_with_token(&self, settings: &str, token: &str) -> Wire {
        Wire { port: self.port, settings: settings.to_owned(), token: token.to_owned() }
    }

    /// What an administrator does by hand.
    pub fn post(&self, path: &str, body: &Json) -> Json {
        let body = body.to_string();
        let headers = "content-type: application/scim+json\r\n";
        let response = exchange(self.port, TOKEN, "POST", path, headers, body.as_bytes()).unwrap();
        assert_eq!(response.status, 201, "{}", String::from_utf8_lossy(&response.body));
        serde_json::from_slice(&response.body).unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub struct Wire {
    port: u16,
    settings: String,
    token: String,
}

impl Host for Wire {
    fn http(&mut self, request: &Request) -> Result<Response, HttpError> {
        assert_eq!(request.connection, "api");
        let method = format!("{:?}", request.method).rsplit("::").next().unwrap().to_uppercase();
        let headers: String =
            request.headers.iter().map(|header| format!("{}: {}\r\n", header.name, header.value)).collect();
        let body = request.body.as_deref().unwrap_or_default();
        exchange(self.port, &self.token, &method, &request.path, &headers, body)
            .map_err(|error| HttpError::AnswerLost(error.to_string()))
    }

    fn settings(&mut self) -> String {
        self.settings.clone()
    }
}

fn exchange(port: u16, token: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> std::io::Result<Response> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let head = format!(
        "{method} /v2{path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut reader = BufReader::new(stream);
    let mut status = String::new();
    reader.read_line(&mut status)?;
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push(Header { name: name.to_ascii_lowercase(), value: value.trim().to_owned() });
    }
    let mut body = Vec::new();
    reader.read_to_end(&mut body)?;
    Ok(Response { status, headers, body, rate: None })
}
