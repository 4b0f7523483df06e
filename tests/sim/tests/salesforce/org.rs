//! An org to test against: a Salesforce stand-in, and a client that is logged in to it.

use crate::common::{Reply, send};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reeve_sim::misbehaviour::Rule;
use reeve_sim::salesforce::{App, Options, PublicKey, Salesforce};
use reeve_sim::{Setup, StandIn};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

pub const APP_KEY: &[u8] = include_bytes!("keys/app.key");
pub const OTHER_KEY: &[u8] = include_bytes!("keys/other.key");
pub const APP_CERTIFICATE: &[u8] = include_bytes!("keys/app.crt");
pub const APP_PUBLIC_KEY: &[u8] = include_bytes!("keys/app.pub");

pub const CONSUMER: &str = "3MVG9-consumer";
pub const SECRET: &str = "s3cret/+&=";
pub const INTEGRATION: &str = "integration@acme.example";
pub const AUDIENCE: &str = "https://login.salesforce.com";
pub const DATA: &str = "/services/data/v66.0";

pub fn app() -> App {
    App {
        name: "Reeve".to_owned(),
        key: CONSUMER.to_owned(),
        secret: Some(SECRET.to_owned()),
        public_key: Some(PublicKey::from_pem(APP_CERTIFICATE).unwrap()),
        run_as: Some(INTEGRATION.to_owned()),
        approved: Vec::new(),
    }
}

pub fn now_seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}

pub fn claims(user: &str) -> Value {
    json!({"iss": CONSUMER, "sub": user, "aud": AUDIENCE, "exp": now_seconds() + 180})
}

/// An assertion, signed with a key in PEM.
pub fn sign(header: &Value, claims: &Value, key: &[u8]) -> String {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
    let key = PrivatePkcs8KeyDer::from_pem_slice(key).unwrap();
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", encode(&signature))
}

pub fn assertion(claims: &Value) -> String {
    sign(&json!({"alg": "RS256"}), claims, APP_KEY)
}

pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

pub struct Org {
    pub stand_in: StandIn,
    pub token: String,
}

impl Org {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        Self::with_setup(options, Setup::default()).await
    }

    pub async fn with_setup(options: Options, setup: Setup) -> Self {
        let mut org = Self { stand_in: Self::stand_in(options, setup).await, token: String::new() };
        org.token = org.log_in(INTEGRATION);
        org
    }

    /// Without a client.
    pub async fn stand_in(options: Options, setup: Setup) -> StandIn {
        let options = Options { apps: vec![app()], ..options };
        StandIn::start(Salesforce::new(options).unwrap(), setup).await.unwrap()
    }

    pub fn form(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Reply {
        let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let headers = [headers, &[("content-type", "application/x-www-form-urlencoded")]].concat();
        send(self.stand_in.address(), "POST", path, &headers, pairs.join("&").as_bytes()).unwrap()
    }

    pub fn ask_token(&self, claims: &Value) -> Reply {
        self.bearer(&assertion(claims))
    }

    pub fn bearer(&self, assertion: &str) -> Reply {
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        self.form("/services/oauth2/token", &[("grant_type", grant), ("assertion", assertion)], &[])
    }

    pub fn log_in(&self, user: &str) -> String {
        let reply = self.ask_token(&claims(user));
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub fn send_as(&self, token: &str, method: &str, path: &str, body: &[u8], headers: &[(&str, &str)]) -> Reply {
        let bearer = format!("Bearer {token}");
        let own = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        send(self.stand_in.address(), method, path, &[headers, &own].concat(), body).unwrap()
    }

    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let body = body.map(Value::to_string).unwrap_or_default();
        self.send_as(&self.token, method, &format!("{DATA}{path}"), body.as_bytes(), &[])
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None)
    }

    pub fn post(&self, object: &str, record: &Value) -> Reply {
        self.send("POST", &format!("/sobjects/{object}"), Some(record))
    }

    pub fn make(&self, object: &str, record: &Value) -> String {
        let reply = self.post(object, record);
        assert_eq!(reply.status, 201, "{}", reply.json());
        assert_eq!(reply.json()["success"], true);
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    pub fn patch(&self, object: &str, id: &str, change: &Value) -> Reply {
        self.send("PATCH", &format!("/sobjects/{object}/{id}"), Some(change))
    }

    pub fn delete(&self, object: &str, id: &str) -> Reply {
        self.send("DELETE", &format!("/sobjects/{object}/{id}"), None)
    }

    pub fn ask(&self, soql: &str) -> Reply {
        self.get(&format!("/query?q={}", encode(soql)))
    }

    /// The rows of a query that is answered at once.
    pub fn rows(&self, soql: &str) -> Vec<Value> {
        let reply = self.ask(soql);
        assert_eq!(reply.status, 200, "{soql}: {}", reply.json());
        assert_eq!(reply.json()["done"], true, "{soql}");
        reply.json()["records"].as_array().unwrap().clone()
    }

    /// One field of each row.
    pub fn column(&self, soql: &str) -> Vec<String> {
        let field = soql.split([' ', ',']).nth(1).unwrap();
        let text = |row: &Value| row[field].as_str().map_or_else(|| row[field].to_string(), str::to_owned);
        self.rows(soql).iter().map(text).collect()
    }

    /// The first field of the only row.
    pub fn one(&self, soql: &str) -> String {
        let [one] = self.column(soql).try_into().unwrap_or_else(|all| panic!("{soql}: {all:?}"));
        one
    }

    pub fn user(&self, name: &str) -> String {
        self.one(&format!("SELECT Id FROM User WHERE Username = '{name}@acme.example'"))
    }

    pub fn profile(&self, name: &str) -> String {
        self.one(&format!("SELECT Id FROM Profile WHERE Name = '{name}'"))
    }

    pub fn set(&self, name: &str) -> String {
        self.one(&format!("SELECT Id FROM PermissionSet WHERE Name = '{name}'"))
    }

    /// A whole new user.
    pub fn newcomer(&self, name: &str) -> Value {
        json!({
            "Username": format!("{name}@acme.example"),
            "LastName": name,
            "Email": format!("{name}@acme.example"),
            "Alias": name.chars().take(8).collect::<String>(),
            "ProfileId": self.profile("Standard User"),
            "TimeZoneSidKey": "Europe/Berlin",
            "LocaleSidKey": "en_US",
            "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "en_US",
        })
    }

    pub fn misbehave(&self, rule: Rule) {
        self.stand_in.rules().clear();
        self.stand_in.rules().add([rule]);
    }

    /// What the ledger says was done: `created ann@acme.example`, …
    pub fn done(&self) -> Vec<String> {
        self.stand_in.ledger().entries().iter().map(|entry| format!("{} {}", entry.change, entry.name)).collect()
    }
}

/// Status and code of a refusal.
pub fn refusal(reply: &Reply) -> (u16, String) {
    let errors = reply.json();
    let [error] = errors.as_array().unwrap().as_slice() else { panic!("{errors}") };
    assert!(!error["message"].as_str().unwrap().is_empty());
    (reply.status, error["errorCode"].as_str().unwrap().to_owned())
}

pub fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
