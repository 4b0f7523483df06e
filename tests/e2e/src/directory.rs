//! A real OpenLDAP of a test's own, read by OpenLDAP's own tools.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::folder::Folder;
use crate::reeve::Reeve;
use crate::wait::until;
use crate::{peer, repo};
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const ROOT: &str = "cn=admin,dc=example,dc=com";
const ROOT_PASSWORD: &str = "the-root-password-of-a-test";
pub const SERVICE_PASSWORD: &str = "the-service-password-of-a-test";
/// LDAP's result codes (RFC 4511, 4.1.9).
const INVALID_CREDENTIALS: i32 = 49;
const STARTS_MAX: u32 = 5;

/// What people get at the directory by who they are.
pub const POLICY: &str = r#"
[[birthright]]
name = "directory-staff"
because = "Everybody who works here signs in to the directory."
when = { kind = ["employee", "contractor"] }
give = { directory = ["group:staff"] }

[[birthright]]
name = "directory-finance"
because = "Finance keeps the ledger."
when = { department = ["Finance"] }
give = { directory = ["group:ledger"] }
"#;

pub struct Directory {
    child: Child,
    slapd: String,
    address: SocketAddr,
    tools: PathBuf,
    folder: Folder,
}

impl Directory {
    /// None where there is no OpenLDAP.
    pub fn start() -> Option<Self> {
        let names = ["REEVE_SLAPD", "REEVE_SLAPD_MODULES", "REEVE_SLAPD_SCHEMA", "REEVE_LDAPSEARCH"];
        let [slapd, modules, schema, ldapsearch] = peer("OpenLDAP", &names)?.try_into().unwrap();
        let folder = Folder::new();
        let path = folder.path();
        std::fs::create_dir(path.join("db")).unwrap();
        let fill = |name: &str| {
            let text = std::fs::read_to_string(repo().join("tests/setup").join(name)).unwrap();
            let text = text.replace("@DIR@", path.to_str().unwrap()).replace("@MODULES@", &modules);
            let text = text.replace("@SCHEMA@", &schema).replace("@ROOTPW@", ROOT_PASSWORD);
            text.replace("@SERVICEPW@", SERVICE_PASSWORD)
        };
        let groups = std::fs::read_to_string(repo().join("tests/demo/groups.ldif")).unwrap();
        std::fs::write(path.join("slapd.conf"), fill("slapd.conf.in")).unwrap();
        std::fs::write(path.join("base.ldif"), format!("{}\n{groups}", fill("slapd.base.ldif.in"))).unwrap();
        let load = ["-T", "add", "-q", "-f", "slapd.conf", "-l", "base.ldif"];
        let loaded = Command::new(&slapd).current_dir(path).args(load).output().unwrap();
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        let tools = Path::new(&ldapsearch).parent().unwrap().to_owned();
        for _ in 0..STARTS_MAX {
            let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            if let Some(child) = listen(&slapd, path, address) {
                return Some(Self { child, slapd, address, tools, folder });
            }
        }
        panic!("slapd does not start: {}", log_of(path));
    }

    /// Nothing answers from now on.
    pub fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// At the same address, with all that it knew.
    pub fn start_again(&mut self) {
        let started = listen(&self.slapd, self.folder.path(), self.address);
        self.child = started.unwrap_or_else(|| panic!("slapd does not start again: {}", log_of(self.folder.path())));
    }

    fn url(&self) -> String {
        format!("ldap://{}", self.address)
    }

    pub fn dn(login: &str) -> String {
        format!("uid={login},ou=people,dc=example,dc=com")
    }

    /// What `ldapsearch` finds, as LDIF without comments and line breaks within values.
    pub fn search(&self, base: &str, filter: &str, attributes: &[&str]) -> String {
        let mut command = self.tool("ldapsearch", ROOT, ROOT_PASSWORD);
        let found = command.args(["-LLL", "-o", "ldif-wrap=no", "-b", base, filter]).args(attributes).output().unwrap();
        assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
        String::from_utf8(found.stdout).unwrap()
    }

    /// The values of one attribute of one person.
    pub fn values(&self, login: &str, attribute: &str) -> Vec<String> {
        let found = self.search("ou=people,dc=example,dc=com", &format!("(uid={login})"), &[attribute]);
        let prefix = format!("{attribute}: ");
        let mut values: Vec<_> =
            found.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect();
        values.sort();
        values
    }

    /// How many people it holds.
    pub fn people(&self) -> usize {
        let found = self.search("ou=people,dc=example,dc=com", "(objectClass=person)", &["1.1"]);
        found.lines().filter(|line| line.starts_with("dn:")).count()
    }

    /// The groups that list a person, by their first name part.
    pub fn groups(&self, login: &str) -> Vec<String> {
        let filter = format!("(member={})", Self::dn(login));
        let found = self.search("ou=groups,dc=example,dc=com", &filter, &["cn"]);
        let mut names: Vec<_> = found.lines().filter_map(|line| line.strip_prefix("cn: ")).map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Sets a password as an administrator would.
    pub fn set_password(&self, login: &str, password: &str) {
        let mut command = self.tool("ldapmodify", ROOT, ROOT_PASSWORD);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let dn = Self::dn(login);
        let ldif = format!("dn: {dn}\nchangetype: modify\nreplace: userPassword\nuserPassword: {password}\n");
        child.stdin.take().unwrap().write_all(ldif.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// Whether somebody can sign in; any other failure is the test's.
    #[track_caller]
    pub fn signs_in(&self, login: &str, password: &str) -> bool {
        let mut command = self.tool("ldapsearch", &Self::dn(login), password);
        let output = command.args(["-LLL", "-s", "base", "-b", "", "1.1"]).output().unwrap();
        match output.status.code() {
            Some(0) => true,
            Some(INVALID_CREDENTIALS) => false,
            code => panic!("{code:?}: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    fn tool(&self, name: &str, dn: &str, password: &str) -> Command {
        let mut command = Command::new(self.tools.join(name));
        command.args(["-x", "-H", &self.url(), "-D", dn, "-w", password]);
        command
    }

    /// Puts it under governance.
    pub fn govern(&self, reeve: &Reeve) {
        let url = self.url();
        reeve.add_system(&format!(
            "name = \"directory\"\nplugin = \"ldap\"\nrole = \"target\"\nlogin = \"{{given}}.{{family}}\"\n\
             [settings]\nflavour = \"openldap\"\npeople = \"ou=people,dc=example,dc=com\"\n\
             groups = \"ou=groups,dc=example,dc=com\"\nplaceholder-member = \"cn=nobody,dc=example,dc=com\"\n\
             password-policy = \"cn=default,ou=policies,dc=example,dc=com\"\n\
             [connections.directory]\nkind = \"ldap\"\nurl = \"{url}\"\nbase = \"dc=example,dc=com\"\n\
             private-addresses = true\n\
             auth = {{ scheme = \"simple-bind\", bind-dn = \"cn=reeve,ou=services,dc=example,dc=com\" }}\n"
        ));
        reeve.set_secret("directory/directory/password", SERVICE_PASSWORD);
        reeve.birthrights(POLICY);
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap()
}

/// Starts slapd at an address. Another process may have taken that: then slapd ends, and there is nothing.
fn listen(slapd: &str, folder: &Path, address: SocketAddr) -> Option<Child> {
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let arguments = ["-f", "slapd.conf", "-h", &format!("ldap://{address}/"), "-d", "0"];
    let mut command = Command::new(slapd);
    let mut child = command.current_dir(folder).args(arguments).stderr(log).stdout(Stdio::null()).spawn().unwrap();
    let answers = until("slapd answers, or ends", || match child.try_wait().unwrap() {
        Some(_) => Some(false),
        None => TcpStream::connect(address).is_ok().then_some(true),
    });
    answers.then_some(child)
}
