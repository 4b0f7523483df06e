//! The stand-in for a SCIM service, in this process: its ledger says what was really done, and its rules count what was
//! asked.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::http;
use crate::reeve::Reeve;
use crate::standing::Standing;
use reeve_sim::scim::{Dialect, Options, Scim};
use serde_json::{Value, json};
use std::ops::{Deref, DerefMut};

pub const TOKEN: &str = "the-workspace-token-of-a-test";
const GROUPS: [&str; 3] = ["staff", "finance", "sales"];

/// What people get at the workspace by who they are.
pub const POLICY: &str = r#"
[[birthright]]
name = "staff"
because = "Everybody who works here uses the workspace."
when = { kind = ["employee", "contractor"] }
give = { workspace = ["group:staff"] }

[[birthright]]
name = "finance"
because = "Finance shares its workspace."
when = { department = ["Finance"] }
give = { workspace = ["group:finance"] }

[[birthright]]
name = "sales"
because = "Sales works in the customer workspace."
when = { department = ["Sales"] }
give = { workspace = ["group:sales"] }
"#;

pub struct Workspace {
    standing: Standing,
    dialect: Dialect,
}

impl Deref for Workspace {
    type Target = Standing;

    fn deref(&self) -> &Standing {
        &self.standing
    }
}

impl DerefMut for Workspace {
    fn deref_mut(&mut self) -> &mut Standing {
        &mut self.standing
    }
}

impl Workspace {
    pub fn start() -> Self {
        Self::with(Dialect::default())
    }

    pub fn with(dialect: Dialect) -> Self {
        let mut workspace = Self { standing: Standing::default(), dialect };
        workspace.start_again();
        workspace
    }

    /// At the same address, with all that it knew, and well-behaved.
    pub fn start_again(&mut self) {
        let options = Options {
            token: Some(TOKEN.to_owned()),
            state: Some(self.standing.path("state")),
            seed_groups: GROUPS.map(str::to_owned).to_vec(),
            dialect: self.dialect.clone(),
            ..Options::default()
        };
        self.standing.serve(Scim::new(options).unwrap(), None);
    }

    /// The login of every user that was ever created, in that order, twice if it was created twice.
    pub fn created(&self) -> Vec<String> {
        let users = self.ledger().into_iter();
        users.filter(|e| e.change == "created" && e.resource.starts_with("User/")).map(|e| e.name).collect()
    }

    /// Every membership that ever was added: the group's name and the user's id.
    pub fn joined(&self) -> Vec<(String, String)> {
        let groups = self.ledger().into_iter().filter(|entry| entry.resource.starts_with("Group/"));
        let mut joined = Vec::new();
        for entry in groups {
            let added = entry.changed.get("members").and_then(|members| members.get("added")).cloned();
            for member in added.as_ref().and_then(Value::as_array).into_iter().flatten() {
                let id = member.get("value").and_then(Value::as_str).unwrap();
                joined.push((entry.name.clone(), id.to_owned()));
            }
        }
        joined
    }

    fn get(&self, path: &str) -> Value {
        let headers = format!("authorization: Bearer {TOKEN}\r\n");
        let address = self.address.to_string();
        http::exchange(&address, "GET", &format!("/scim/v2{path}"), &headers, "").unwrap().json()
    }

    /// What it holds of a user; none where it holds nothing.
    pub fn user(&self, login: &str) -> Option<Value> {
        self.get(&format!("/Users?filter=userName%20eq%20%22{login}%22")).get("Resources")?.get(0).cloned()
    }

    #[track_caller]
    pub fn is_active(&self, login: &str) -> bool {
        self.user(login).unwrap().get("active").and_then(Value::as_bool).unwrap()
    }

    /// The groups that a user is in, by name.
    pub fn groups(&self, login: &str) -> Vec<String> {
        let user = self.user(login).unwrap();
        let groups = user.get("groups").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut names: Vec<_> =
            groups.iter().filter_map(|group| group.get("display")?.as_str().map(str::to_owned)).collect();
        names.sort();
        names
    }

    /// Its definition as a system, as JSON.
    pub fn definition(&self) -> Value {
        let base_url = format!("http://{}/scim/v2", self.address);
        json!({
            "name": "workspace", "plugin": "scim", "role": "target", "login": "{email}",
            "attributes": { "department": "department", "title": "title" },
            "settings": { "visible-after-s": 0 },
            "connections": {
                "api": { "kind": "http", "base-url": base_url, "private-addresses": true, "auth": { "scheme": "bearer" } },
            },
        })
    }

    /// An account that nobody knows of.
    pub fn add_stranger(&self, login: &str) {
        let headers = format!("authorization: Bearer {TOKEN}\r\ncontent-type: application/scim+json\r\n");
        let user =
            json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": login, "active": true });
        let answer = http::exchange(&self.address.to_string(), "POST", "/scim/v2/Users", &headers, user.to_string());
        assert_eq!(answer.unwrap().status, 201);
    }

    /// Puts it under governance.
    pub fn govern(&self, reeve: &Reeve) {
        self.govern_with(reeve, "visible-after-s = 0");
    }

    pub fn govern_with(&self, reeve: &Reeve, settings: &str) {
        let address = self.address;
        reeve.add_system(&format!(
            "name = \"workspace\"\nplugin = \"scim\"\nrole = \"target\"\nlogin = \"{{email}}\"\n\
             attributes = {{ department = \"department\", title = \"title\" }}\n[settings]\n{settings}\n\
             [connections.api]\nkind = \"http\"\nbase-url = \"http://{address}/scim/v2\"\nprivate-addresses = true\n\
             auth = {{ scheme = \"bearer\" }}\n"
        ));
        reeve.set_secret("workspace/api/token", TOKEN);
        reeve.birthrights(POLICY);
    }
}
