//! `reeve serve` on a free port, and callers with a token. What the server says to its own log is kept.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use crate::http::{self, Answer};
use crate::reeve::Reeve;
use crate::wait::until;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

pub struct Server {
    child: Child,
    pub address: String,
    said: Arc<Mutex<Vec<u8>>>,
    listener: Option<JoinHandle<()>>,
}

impl Server {
    /// Started, and answering. It tells its log everything that it ever tells.
    pub fn start(reeve: &Reeve) -> Self {
        let mut command = reeve.command(["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.env("REEVE_LOG", "debug").spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stderr = child.stderr.take().unwrap();
        let said: Arc<Mutex<Vec<u8>>> = Arc::default();
        let heard = said.clone();
        let listener = std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut part) {
                heard.lock().unwrap().extend(&part[..count]);
            }
        });
        let Some(line) = lines.map_while(Result::ok).find(|line| line.contains("listening")) else {
            child.wait().unwrap();
            listener.join().unwrap();
            panic!("the server does not start: {}", String::from_utf8_lossy(&said.lock().unwrap()));
        };
        let address = line.split('"').nth(3).unwrap().to_owned();
        Self { child, address, said, listener: Some(listener) }
    }

    pub fn caller(&self, token: &str) -> Caller {
        Caller { address: self.address.clone(), authorization: format!("authorization: Bearer {token}\r\n") }
    }

    pub fn nobody(&self) -> Caller {
        Caller { address: self.address.clone(), authorization: String::new() }
    }

    /// Tells it to end, and answers all that it said to its log.
    pub fn end(self) -> String {
        self.end_with(0)
    }

    /// The same, where it ends with another code.
    pub fn end_with(mut self, code: i32) -> String {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        let ended = until("the server ends", || self.child.try_wait().unwrap());
        self.listener.take().unwrap().join().unwrap();
        let said = String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned();
        assert_eq!(ended.code(), Some(code), "{said}");
        // A plugin may panic, and is told of in other words.
        assert!(!said.contains("thread '") && !said.contains("a request panicked"), "{said}");
        said
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Makes a token at the command line, and answers its text.
pub fn token(reeve: &Reeve, name: &str, role: &str, scopes: &[&str]) -> String {
    let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
    let made = reeve.run(["token", "create", name, "--role", role].into_iter().chain(scopes)).ok();
    made["token"].as_str().unwrap().to_owned()
}

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Caller {
    address: String,
    authorization: String,
}

impl Caller {
    /// The same caller at another server.
    #[must_use]
    pub fn at(&self, server: &Server) -> Self {
        Self { address: server.address.clone(), ..self.clone() }
    }

    /// One request. `headers` are whole lines with their ends; a body is JSON unless they say otherwise.
    pub fn send_once(&self, method: &str, path: &str, headers: &str, body: impl AsRef<[u8]>) -> Answer {
        let body = body.as_ref();
        let json = if body.is_empty() || headers.contains("content-type:") {
            ""
        } else {
            "content-type: application/json\r\n"
        };
        let headers = format!("{}{json}{headers}", self.authorization);
        http::exchange(&self.address, method, path, &headers, body).unwrap()
    }

    /// The same, and again for as long as it comes too fast.
    pub fn send(&self, method: &str, path: &str, headers: &str, body: impl AsRef<[u8]>) -> Answer {
        let body = body.as_ref();
        let patient = || Some(self.send_once(method, path, headers, body)).filter(|answer| answer.status != 429);
        until("the server has time", patient)
    }

    /// The beginning of an answer that may have no end.
    pub fn glimpse(&self, path: &str, silence: Duration) -> Answer {
        http::glimpse(&self.address, path, &self.authorization, silence).unwrap()
    }

    /// What is there; it must be.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.text(path).json()
    }

    #[track_caller]
    pub fn text(&self, path: &str) -> Answer {
        let answer = self.send("GET", path, "", "");
        assert_eq!(answer.status, 200, "GET {path} -> {answer:?}");
        answer
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, "", body.to_string())
    }

    /// Every item of a list, by pages of this size.
    #[track_caller]
    pub fn walk(&self, list: &str, limit: u32) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        let mark = if list.contains('?') { '&' } else { '?' };
        loop {
            let page = self.get(&format!("{list}{mark}limit={limit}{cursor}"));
            let part = page["items"].as_array().unwrap();
            assert!(part.len() <= limit as usize, "{list}: {} on a page of {limit}", part.len());
            items.extend(part.iter().cloned());
            match page["next-cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// Follows a stream to its end: the name and the state of each event.
    #[track_caller]
    pub fn follow(&self, path: &str) -> Vec<(String, Value)> {
        let answer = self.text(path);
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
        let field = |event: &str, name: &str| {
            let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.map(str::to_owned)
        };
        let events =
            answer.body.split("\n\n").filter_map(|event| Some((field(event, "event")?, field(event, "data")?)));
        events.map(|(name, data)| (name, serde_json::from_str(&data).unwrap())).collect()
    }

    /// Follows a stream until it says `ended`, and answers the last state.
    #[track_caller]
    pub fn ended(&self, path: &str) -> Value {
        let mut events = self.follow(path);
        let (last, state) = events.pop().unwrap();
        assert_eq!(last, "ended", "{path}: {state:#}");
        assert!(events.iter().all(|(name, _)| name == "progress"), "{path}: {events:?}");
        state
    }
}
