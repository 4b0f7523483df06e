//! `reeve serve`, asked through its interface by somebody who may do everything.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use crate::api::{Caller, Server};
use crate::http::Answer;
use crate::reeve::Reeve;
use crate::wait::until;
use serde_json::{Value, json};
use std::time::Duration;

/// Of a list this many things are looked at one by one: what they are alike in shows.
const EACH_MAX: usize = 3;
/// After this nothing more is expected of a stream of events.
const SILENCE: Duration = Duration::from_millis(300);

pub struct Interface {
    server: Server,
    caller: Caller,
    pub token: String,
}

impl Interface {
    /// Starts a server that logs all it can, with a token that no transcript knows.
    pub fn start(reeve: &Reeve) -> Self {
        let created = reeve.command(["token", "create", "everything", "--role", "admin"]).output().unwrap();
        let created: Value = serde_json::from_slice(&created.stdout).unwrap();
        let token = created["token"].as_str().unwrap().to_owned();
        let server = Server::start(reeve);
        Self { caller: server.caller(&token), server, token }
    }

    pub fn ask(&self, method: &str, path: &str, headers: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.caller.send(method, path, headers, body)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", &Value::Null)
    }

    /// The answer to what must be accepted.
    #[track_caller]
    pub fn accepted(&self, method: &str, path: &str, headers: &str, body: &Value) -> Answer {
        let answer = self.ask(method, path, headers, body);
        assert!((200..300).contains(&answer.status), "{method} {path} -> {} {}", answer.status, answer.body);
        answer
    }

    /// Adds a system, or changes it.
    #[track_caller]
    pub fn put_system(&self, system: &Value) {
        let path = format!("/v1/systems/{}", system["name"].as_str().unwrap());
        let now = self.get(&path);
        let condition = match now.header("etag") {
            Some(tag) => format!("if-match: {tag}\r\n"),
            None => "if-none-match: *\r\n".to_owned(),
        };
        self.accepted("PUT", &path, &condition, system);
    }

    /// Reads all systems, and waits until that is over.
    pub fn sync(&self) -> Value {
        let run = self.accepted("POST", "/v1/sync-runs", "", &json!({})).json();
        let path = format!("/v1/sync-runs/{}", run["id"].as_str().unwrap());
        until("the sync run ends", || Some(self.get(&path).json()).filter(|run| run["state"] != "running"))
    }

    /// The answers at every path that its own description offers to read, with the ids that its lists name.
    pub fn read_everything(&self) -> Vec<(String, Answer)> {
        let description = self.get("/v1/openapi.json").json();
        let paths = description["paths"].as_object().unwrap().iter();
        let readable = paths.filter(|(_, methods)| methods.get("get").is_some());
        let paths: Vec<_> = readable.flat_map(|(template, _)| self.filled(template)).collect();
        let read = |path: &str| match path.ends_with("/events") {
            true => self.caller.glimpse(path, SILENCE),
            false => self.get(path),
        };
        paths.into_iter().map(|path| (path.clone(), read(&path))).collect()
    }

    /// A path's parameters filled in. What no list names is left out.
    fn filled(&self, template: &str) -> Vec<String> {
        let Some((list, rest)) = template.split_once("/{") else { return vec![template.to_owned()] };
        let (parameter, rest) = rest.split_once('}').unwrap();
        let listed = self.get(list);
        let items = match serde_json::from_str::<Value>(&listed.body) {
            Ok(answer) if listed.status == 200 => answer["items"].as_array().cloned().unwrap_or_default(),
            _ => Vec::new(),
        };
        let id = |item: &Value| match &item[parameter] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => item["id"].as_str().map(str::to_owned),
        };
        let ids = items.iter().filter_map(id).take(EACH_MAX);
        ids.flat_map(|id| self.filled(&format!("{list}/{id}{rest}"))).collect()
    }

    /// Tells the server to end, and answers what it said.
    pub fn end(self) -> Vec<u8> {
        self.server.end().into_bytes()
    }
}
