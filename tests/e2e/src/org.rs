//! The stand-in for Salesforce, in this process and over TLS: its ledger says what was really done, and what it was
//! asked to refuse stands in its setup.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::reeve::Reeve;
use crate::repo;
use crate::standing::Standing;
use reeve_sim::Tls;
use reeve_sim::salesforce::{App, Crowd, Options, PublicKey, Salesforce, Seed};
use serde_json::Value;
use std::ops::{Deref, DerefMut};

pub const CONSUMER: &str = "3MVG9-consumer-of-a-test";
pub const SECRET: &str = "the-app-secret-of-a-test";
const INTEGRATION: &str = "integration@acme.example";
const AUDIENCE: &str = "https://login.salesforce.com";

/// What people get at Salesforce by who they are.
pub const POLICY: &str = r#"
[[birthright]]
name = "crm"
because = "Everybody who works here looks after customers."
when = { kind = ["employee", "contractor"] }
give = { crm = ["profile:Standard User"] }

[[birthright]]
name = "finance"
because = "Finance sees what is owed."
when = { department = ["Finance"] }
give = { crm = ["permission-set-group:Finance Team"] }

[[birthright]]
name = "sales"
because = "Sales sees its accounts and takes orders."
when = { department = ["Sales"] }
give = { crm = ["role:Sales Representative", "queue:Incoming Orders"] }
"#;

/// How Reeve signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    Assertion,
    Secret,
}

pub struct Org {
    standing: Standing,
    crowd: u64,
    page_rows_max: usize,
}

impl Deref for Org {
    type Target = Standing;

    fn deref(&self) -> &Standing {
        &self.standing
    }
}

impl DerefMut for Org {
    fn deref_mut(&mut self) -> &mut Standing {
        &mut self.standing
    }
}

impl Org {
    /// A small company's: nine users, of whom `dora@acme.example` is the default owner of leads.
    pub fn start() -> Self {
        Self::with(0, 2_000)
    }

    /// With so many more users, and so many rows in one answer.
    pub fn with(crowd: u64, page_rows_max: usize) -> Self {
        let mut org = Self { standing: Standing::default(), crowd, page_rows_max };
        org.start_again(Seed::default_org().unwrap());
        org
    }

    /// Somebody changes the setup: nobody is a default owner any more. All that it knew stays.
    pub fn free_everybody(&mut self) {
        let mut seed = Seed::default_org().unwrap();
        seed.blockers.clear();
        self.start_again(seed);
    }

    fn start_again(&mut self, seed: Seed) {
        let certificate = std::fs::read(keys().join("app.crt")).unwrap();
        let app = App {
            name: "Reeve".to_owned(),
            key: CONSUMER.to_owned(),
            secret: Some(SECRET.to_owned()),
            public_key: Some(PublicKey::from_pem(&certificate).unwrap()),
            run_as: Some(INTEGRATION.to_owned()),
            approved: Vec::new(),
        };
        let options = Options {
            apps: vec![app],
            state: Some(self.standing.path("state")),
            seed: Some(seed),
            crowd: Crowd { users: self.crowd, assignments: 0 },
            page_rows_max: self.page_rows_max,
            ..Options::default()
        };
        let tls = Tls { roots_out: Some(self.standing.path("roots.pem")), names: Vec::new() };
        self.standing.serve(Salesforce::new(options).unwrap(), Some(tls));
    }

    /// Every change to something with this name, in their order: what, the field, and what became of it.
    pub fn changes(&self, name: &str) -> Vec<String> {
        let mut changes = Vec::new();
        for entry in self.ledger().into_iter().filter(|entry| entry.name.contains(name)) {
            let object = entry.resource.split('/').next().unwrap_or_default().to_owned();
            if entry.change != "changed" {
                changes.push(format!("{object} {}", entry.change));
                continue;
            }
            for (field, change) in &entry.changed {
                changes.push(format!("{object}.{field}={}", change.get("after").unwrap_or(&Value::Null)));
            }
        }
        changes
    }

    /// Puts it under governance as `crm`.
    pub fn govern(&self, reeve: &Reeve, sign_in: SignIn) {
        let url = self.url();
        let token_url = format!("{url}/services/oauth2/token");
        let auth = match sign_in {
            SignIn::Assertion => format!(
                "scheme = \"oauth2-jwt-bearer\", token-url = \"{token_url}\", issuer = \"{CONSUMER}\", \
                 subject = \"{INTEGRATION}\", audience = \"{AUDIENCE}\""
            ),
            SignIn::Secret => format!(
                "scheme = \"oauth2-client-credentials\", token-url = \"{token_url}\", client-id = \"{CONSUMER}\", \
                 in-body = true"
            ),
        };
        let roots = self.path("roots.pem");
        reeve.install(&["salesforce"]);
        reeve.add_system(&format!(
            "name = \"crm\"\nplugin = \"salesforce\"\nrole = \"target\"\nlogin = \"{{email}}\"\n\
             attributes = {{ Title = \"title\", Department = \"department\" }}\n[settings]\n\
             floor-profiles = [\"Minimum Access - Salesforce\", \"Chatter Free User\"]\npage-size = 200\n\
             [connections.api]\nkind = \"http\"\nbase-url = \"{url}\"\nprivate-addresses = true\n\
             tls-roots = {roots:?}\nauth = {{ {auth} }}\n"
        ));
        match sign_in {
            SignIn::Assertion => reeve.set_secret("crm/api/private-key", &private_key()),
            SignIn::Secret => reeve.set_secret("crm/api/client-secret", SECRET),
        }
        reeve.birthrights(POLICY);
    }
}

/// What Reeve signs its assertions with.
pub fn private_key() -> String {
    std::fs::read_to_string(keys().join("app.key")).unwrap()
}

fn keys() -> std::path::PathBuf {
    repo().join("tests/sim/tests/salesforce/keys")
}
