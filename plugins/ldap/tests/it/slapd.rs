//! A real OpenLDAP server on loopback, and a stand-in for the host that talks to it as the host does: bound as the
//! service account, and with a connection of its own for every listing that is under way.

use ldap3::controls::{Control, ControlType, PagedResults, RawControl};
use ldap3::{LdapConn, LdapResult, Mod, SearchEntry};
use reeve_sdk::LdapError;
use reeve_sdk::ldap::{Attribute, Change, ChangeKind, Entry, Refusal, Scope, SearchPage, SearchRequest};
use reeve_sdk::testing::Host;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SERVICE: &str = "cn=reeve,ou=services,dc=example,dc=com";
const SERVICE_PASSWORD: &str = "service-test-password";
const ROOT: &str = "cn=admin,dc=example,dc=com";
const ROOT_PASSWORD: &str = "root-test-password";
const STARTS_MAX: u32 = 5;
const START_TIME_MAX: Duration = Duration::from_secs(60);
const START_POLL: Duration = Duration::from_millis(5);

/// The process and its folder, which end with the test.
struct Running {
    child: Option<Child>,
    folder: TempDir,
}

struct Server {
    url: String,
    settings: String,
    service: LdapConn,
    sessions: BTreeMap<String, (LdapConn, Vec<u8>)>,
    cursors: u32,
    _running: Running,
}

#[derive(Clone)]
pub struct Slapd(Rc<RefCell<Server>>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts a server with the entries of `tests/setup` and those of `ldif`. None, with a word why, where there is no slapd.
pub fn start(test: &str, settings: serde_json::Value, ldif: &str) -> Option<Slapd> {
    let peer = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (slapd, modules, schema) = match (peer("REEVE_SLAPD"), peer("REEVE_SLAPD_MODULES"), peer("REEVE_SLAPD_SCHEMA"))
    {
        (Some(slapd), Some(modules), Some(schema)) => (slapd, modules, schema),
        _ => {
            let remedy = "run tests/setup/peers.sh and take over the variables that it prints";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "REEVE_SLAPD is not set; {remedy}");
            // Not `eprintln!`: the harness would keep that to itself.
            let _ = writeln!(std::io::stderr(), "skipped: {test} needs OpenLDAP; {remedy}");
            return None;
        }
    };
    let mut running =
        Running { child: None, folder: TempDir::with_prefix_in("slapd-", env!("CARGO_TARGET_TMPDIR")).unwrap() };
    let folder = running.folder.path().to_owned();
    fs::create_dir(folder.join("db")).unwrap();
    let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/setup");
    let fill = |name: &str| {
        let text = fs::read_to_string(setup.join(format!("{name}.in"))).unwrap();
        let text = text.replace("@DIR@", folder.to_str().unwrap()).replace("@MODULES@", &modules);
        let text = text.replace("@SCHEMA@", &schema).replace("@ROOTPW@", ROOT_PASSWORD);
        text.replace("@SERVICEPW@", SERVICE_PASSWORD)
    };
    fs::write(folder.join("slapd.conf"), fill("slapd.conf")).unwrap();
    fs::write(folder.join("base.ldif"), format!("{}\n{ldif}", fill("slapd.base.ldif"))).unwrap();
    let command = || {
        let mut command = Command::new(&slapd);
        command.current_dir(&folder);
        command
    };
    let load = ["-T", "add", "-q", "-f", "slapd.conf", "-l", "base.ldif"];
    let loaded = command().args(load).output().unwrap();
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    let (url, service) = (0..STARTS_MAX)
        .find_map(|_| listen(&mut command(), &mut running))
        .unwrap_or_else(|| panic!("slapd does not start: {}", fs::read_to_string(folder.join("log")).unwrap()));
    let settings = settings.to_string();
    let server = Server { url, settings, service, sessions: BTreeMap::new(), cursors: 0, _running: running };
    Some(Slapd(Rc::new(RefCell::new(server))))
}

/// Starts slapd on a free port, and waits until it answers. Another process may take the port in between: then slapd
/// ends, and there is nothing.
fn listen(command: &mut Command, running: &mut Running) -> Option<(String, LdapConn)> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("ldap://127.0.0.1:{port}");
    let log = fs::File::create(running.folder.path().join("log")).unwrap();
    let arguments = ["-f", "slapd.conf", "-h", &format!("{url}/"), "-d", "0"];
    let child = running.child.insert(command.args(arguments).stderr(log).stdout(Stdio::null()).spawn().unwrap());
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if let Ok(connection) = LdapConn::new(&url) {
            return Some((url, bind(connection, SERVICE, SERVICE_PASSWORD).unwrap()));
        }
        assert!(started.elapsed() < START_TIME_MAX, "slapd does not answer after {START_TIME_MAX:?}");
        std::thread::sleep(START_POLL);
    }
    None
}

fn connect(url: &str, dn: &str, password: &str) -> Result<LdapConn, u32> {
    bind(LdapConn::new(url).unwrap(), dn, password)
}

fn bind(mut connection: LdapConn, dn: &str, password: &str) -> Result<LdapConn, u32> {
    match connection.simple_bind(dn, password).unwrap().rc {
        0 => Ok(connection),
        code => Err(code),
    }
}

impl Slapd {
    /// Whether somebody can sign in.
    pub fn signs_in(&self, dn: &str, password: &str) -> bool {
        connect(&self.0.borrow().url, dn, password).is_ok()
    }

    pub fn root(&self) -> LdapConn {
        connect(&self.0.borrow().url, ROOT, ROOT_PASSWORD).unwrap()
    }

    pub fn set(&self, dn: &str, name: &str, values: &[&str]) {
        let values = values.iter().copied().collect();
        self.root().modify(dn, vec![Mod::Replace(name, values)]).unwrap().success().unwrap();
    }

    pub fn values(&self, dn: &str, name: &str) -> Vec<String> {
        let found = self.root().search(dn, ldap3::Scope::Base, "(objectClass=*)", [name]).unwrap();
        let entry = SearchEntry::construct(found.0.into_iter().next().unwrap());
        let mut values = entry.attrs.get(name).cloned().unwrap_or_default();
        values.sort();
        values
    }

    /// The answer to a search of the service account that does not page.
    pub fn unpaged_code(&self, base: &str) -> u32 {
        let service = &mut self.0.borrow_mut().service;
        service.search(base, ldap3::Scope::Subtree, "(objectClass=*)", ["1.1"]).unwrap().1.rc
    }

    pub fn settings(&self, settings: serde_json::Value) {
        self.0.borrow_mut().settings = settings.to_string();
    }
}

impl Server {
    fn page(
        &mut self,
        request: &SearchRequest,
        mut connection: LdapConn,
        cookie: Vec<u8>,
    ) -> Result<SearchPage, LdapError> {
        let size = i32::try_from(request.page_size).unwrap();
        connection.with_controls(RawControl::from(PagedResults { size, cookie }));
        let (entries, result) = search(&mut connection, request)?;
        let paged = |control: &Control| match control {
            Control(Some(ControlType::PagedResults), raw) => Some(raw.parse::<PagedResults>().cookie),
            _ => None,
        };
        let cookie = result.ctrls.iter().find_map(paged).unwrap_or_default();
        if cookie.is_empty() {
            return Ok(SearchPage { entries, next: None });
        }
        self.cursors += 1;
        let cursor = format!("cursor-{}", self.cursors);
        self.sessions.insert(cursor.clone(), (connection, cookie));
        Ok(SearchPage { entries, next: Some(cursor) })
    }
}

impl Host for Slapd {
    fn settings(&mut self) -> String {
        self.0.borrow().settings.clone()
    }

    fn ldap_search(&mut self, request: &SearchRequest) -> Result<SearchPage, LdapError> {
        let server = &mut *self.0.borrow_mut();
        let (connection, cookie) = match &request.cursor {
            Some(cursor) => server.sessions.remove(cursor).ok_or(LdapError::CursorExpired)?,
            None if request.page_size == 0 => {
                let (entries, _) = search(&mut server.service, request)?;
                return Ok(SearchPage { entries, next: None });
            }
            None => (connect(&server.url, SERVICE, SERVICE_PASSWORD).unwrap(), vec![]),
        };
        server.page(request, connection, cookie)
    }

    fn ldap_add(&mut self, _: &str, dn: &str, attributes: &[Attribute]) -> Result<(), LdapError> {
        let attributes =
            attributes.iter().map(|attribute| (attribute.name.as_bytes().to_vec(), set(attribute))).collect();
        done(self.0.borrow_mut().service.add(dn, attributes)).map(drop)
    }

    fn ldap_modify(&mut self, _: &str, dn: &str, changes: &[Change]) -> Result<(), LdapError> {
        let change = |change: &Change| {
            let name = change.attribute.name.as_bytes().to_vec();
            match change.kind {
                ChangeKind::Add => Mod::Add(name, set(&change.attribute)),
                ChangeKind::Delete => Mod::Delete(name, set(&change.attribute)),
                ChangeKind::Replace => Mod::Replace(name, set(&change.attribute)),
            }
        };
        done(self.0.borrow_mut().service.modify(dn, changes.iter().map(change).collect())).map(drop)
    }

    fn ldap_delete(&mut self, _: &str, dn: &str) -> Result<(), LdapError> {
        done(self.0.borrow_mut().service.delete(dn)).map(drop)
    }
}

fn set(attribute: &Attribute) -> HashSet<Vec<u8>> {
    attribute.values.iter().cloned().collect()
}

fn search(connection: &mut LdapConn, request: &SearchRequest) -> Result<(Vec<Entry>, LdapResult), LdapError> {
    let scope = match request.scope {
        Scope::Base => ldap3::Scope::Base,
        Scope::OneLevel => ldap3::Scope::OneLevel,
        Scope::Subtree => ldap3::Scope::Subtree,
    };
    let found = connection.search(&request.base, scope, &request.filter, request.attributes.clone()).unwrap();
    let result = done(Ok(found.1))?;
    Ok((found.0.into_iter().map(|entry| plain(SearchEntry::construct(entry))).collect(), result))
}

fn plain(entry: SearchEntry) -> Entry {
    let texts = entry
        .attrs
        .into_iter()
        .map(|(name, values)| Attribute { name, values: values.into_iter().map(String::into_bytes).collect() });
    let bytes = entry.bin_attrs.into_iter().map(|(name, values)| Attribute { name, values });
    Entry { dn: entry.dn, attributes: texts.chain(bytes).collect() }
}

fn done(result: ldap3::result::Result<LdapResult>) -> Result<LdapResult, LdapError> {
    let result = result.unwrap();
    if result.rc == 0 { Ok(result) } else { Err(LdapError::Refused(Refusal { code: result.rc, message: result.text })) }
}
