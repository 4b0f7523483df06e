//! A SCIM server that is not ours: scim2-server, which forgets everything when it ends.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::reeve::Reeve;
use crate::workspace::POLICY;
use crate::{http, peer};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub const TOKEN: &str = "the-server-token-of-a-test";
const TRIES: u32 = 5;

pub struct ScimServer {
    child: Child,
    pub address: String,
}

impl ScimServer {
    /// None where it is not installed.
    pub fn start() -> Option<Self> {
        let program = peer("scim2-server", &["REEVE_SCIM2_SERVER"])?.remove(0);
        for _ in 0..TRIES {
            let address = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
            let mut command = Command::new(&program);
            command.args(["--hostname", "127.0.0.1", "--bearer-token", TOKEN, "--port", &address.port().to_string()]);
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            if line.contains("Serving SCIM") {
                return Some(Self { child, address: address.to_string() });
            }
            child.kill().ok();
            child.wait().ok();
        }
        panic!("scim2-server does not start");
    }

    /// Puts it under governance as the workspace, with the groups that its policy speaks of.
    pub fn govern(&self, reeve: &Reeve) {
        for group in ["staff", "finance", "sales"] {
            self.add_group(group);
        }
        reeve.add_system(&format!(
            "name = \"workspace\"\nplugin = \"scim\"\nrole = \"target\"\nlogin = \"{{email}}\"\n\
             attributes = {{ title = \"title\" }}\n[settings]\nvisible-after-s = 0\n\
             [connections.api]\nkind = \"http\"\nbase-url = \"http://{}/v2\"\nprivate-addresses = true\n\
             auth = {{ scheme = \"bearer\" }}\n",
            self.address
        ));
        reeve.set_secret("workspace/api/token", TOKEN);
        reeve.birthrights(POLICY);
    }

    fn exchange(&self, method: &str, path: &str, body: &str) -> http::Answer {
        let headers = format!("authorization: Bearer {TOKEN}\r\ncontent-type: application/scim+json\r\n");
        http::exchange(&self.address, method, &format!("/v2{path}"), &headers, body).unwrap()
    }

    /// What an administrator does by hand.
    pub fn add_group(&self, name: &str) {
        let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name });
        assert_eq!(self.exchange("POST", "/Groups", &group.to_string()).status, 201);
    }

    fn resources(&self, path: &str) -> Vec<Value> {
        let list = self.exchange("GET", path, "").json();
        list.get("Resources").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    pub fn user(&self, login: &str) -> Option<Value> {
        let is_it = |user: &Value| user.get("userName").and_then(Value::as_str) == Some(login);
        self.resources("/Users").into_iter().find(is_it)
    }

    pub fn users(&self) -> usize {
        self.resources("/Users").len()
    }

    /// The groups that list a user, by name.
    pub fn groups(&self, login: &str) -> Vec<String> {
        let user = self.user(login).unwrap();
        let lists = |group: &Value| {
            let members = group.get("members").and_then(Value::as_array);
            members.into_iter().flatten().any(|member| member.get("value") == user.get("id"))
        };
        let found = self.resources("/Groups").into_iter().filter(lists);
        let mut names: Vec<_> =
            found.filter_map(|group| Some(group.get("displayName")?.as_str()?.to_owned())).collect();
        names.sort();
        names
    }
}

impl Drop for ScimServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
