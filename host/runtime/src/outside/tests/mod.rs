//! The outside as the sandbox sees it, against servers that a test writes by hand.

mod addresses;
mod assertions;
mod binding;
mod directory;
mod encryption;
mod limits;
pub(super) mod names;
mod openssl;
mod peer;
mod requests;
mod servers;
mod tokens;
mod trouble;

use super::*;
use crate::package::Method;
use crate::package::parse_manifest;
use crate::testing::Folder;
use crate::vault::{SealedSecret, SecretName, SecretSource, Vault};
use futures_util::future::BoxFuture;
use reeve_core::id::SystemName;
use reeve_core::inventory::{Connection, HttpAuth};
use std::sync::Mutex;

const CANARY: &str = "canary-7f3a9c51-secret";
/// A port on which nobody listens: it belongs to no protocol, and only root could.
const NOBODY: u16 = 1;

/// Secrets in memory, sealed as the database has them.
struct Sealed {
    vault: Arc<Vault>,
    secrets: Mutex<BTreeMap<String, SealedSecret>>,
    asked: Mutex<u32>,
}

impl Sealed {
    fn set(&self, connection: &str, field: &str, secret: &str) {
        let name = SecretName {
            tenant: "main".to_owned(),
            system: "crm".into(),
            connection: connection.to_owned(),
            field: field.to_owned(),
        };
        let sealed = self.vault.seal(&name, 1, &secret.into()).unwrap();
        self.secrets.lock().unwrap().insert(name.to_string(), sealed);
    }
}

impl SecretSource for Sealed {
    fn sealed(
        &self,
        system: &SystemName,
        connection: &str,
        field: &str,
    ) -> BoxFuture<'_, Result<Option<SealedSecret>, String>> {
        *self.asked.lock().unwrap() += 1;
        let found = self.secrets.lock().unwrap().get(&format!("{system}/{connection}/{field}")).cloned();
        Box::pin(async move { Ok(found) })
    }
}

/// A plugin that may use `/Users` and below with GET and POST, and the system `crm` that binds it.
struct World {
    _folder: Folder,
    sealed: Arc<Sealed>,
    shared: Arc<Shared>,
}

const MANIFEST: &str = r#"
id = "crm"
version = "0.1.0"
contract = "0.1.0"
name = "CRM"
summary = "A sample."
exports = ["descriptor", "reader"]

[[connection]]
name = "api"
kind = "http"
purpose = "Reads users."
methods = ["GET", "POST"]
paths = ["/Users", "/Users/*"]
auth = ["none", "basic", "bearer", "header", "oauth2-client-credentials", "oauth2-jwt-bearer"]
"#;

impl World {
    fn new() -> Self {
        let folder = Folder::new();
        let vault = Arc::new(Vault::create(&folder.path("key")).unwrap());
        let sealed = Arc::new(Sealed { vault: vault.clone(), secrets: Mutex::default(), asked: Mutex::default() });
        let shared = Shared::new("main".to_owned(), vault, sealed.clone()).unwrap();
        Self { _folder: folder, sealed, shared }
    }

    /// `connection` is the body of `[connections.api]`.
    fn bind(&self, connection: &str) -> Result<Outside, Vec<String>> {
        self.bind_patiently(connection, Patience::default())
    }

    fn bind_patiently(&self, connection: &str, patience: Patience) -> Result<Outside, Vec<String>> {
        self.bind_to(MANIFEST, &format!("[connections.api]\nkind = \"http\"\n{connection}"), patience)
    }

    fn bind_to(&self, manifest: &str, connections: &str, patience: Patience) -> Result<Outside, Vec<String>> {
        let manifest = parse_manifest(manifest).unwrap();
        bind::bind(&manifest, &system(connections), &self.shared, patience)
    }

    /// With credentials that are no TOML.
    fn bind_auth(&self, connection: &str, auth: HttpAuth) -> Result<Outside, Vec<String>> {
        let mut system = system(&format!("[connections.api]\nkind = \"http\"\n{connection}"));
        if let Some(Connection::Http(http)) = system.connections.get_mut("api") {
            http.auth = auth;
        }
        bind::bind(&parse_manifest(MANIFEST).unwrap(), &system, &self.shared, Patience::default())
    }
}

fn system(connections: &str) -> System {
    toml::from_str(&format!("name = \"crm\"\nplugin = \"crm\"\nrole = \"target\"\n{connections}")).unwrap()
}

fn loopback(port: u16) -> String {
    format!("base-url = \"http://127.0.0.1:{port}\"\nprivate-addresses = true\n")
}

fn request(method: Method, path: &str) -> HttpRequest {
    HttpRequest { connection: "api".to_owned(), method, path: path.to_owned(), headers: Vec::new(), body: None }
}

fn get(path: &str) -> HttpRequest {
    request(Method::Get, path)
}

fn header<'a>(answer: &'a HttpAnswer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

fn denied<T: std::fmt::Debug>(outcome: Result<T, HttpFault>) -> String {
    match outcome {
        Err(HttpFault::Denied(why)) => why,
        other => panic!("{other:?}"),
    }
}
