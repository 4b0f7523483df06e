//! The `reeve` program with a folder and a database of its own, used as a person would: by its command line.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use crate::database::Database;
use crate::folder::Folder;
use crate::people::{Person, csv};
use crate::{plugins, target};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long any command may take.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(120);

/// How often the memory of a command is looked at.
const WEIGH_EVERY: Duration = Duration::from_millis(2);

/// What a process held at most so far, as the kernel counts it; none once it has ended.
fn memory_peak(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The program under test.
pub fn program() -> PathBuf {
    let program = std::env::var_os("REEVE_BIN").map_or_else(|| target().join("debug/reeve"), PathBuf::from);
    if !program.exists() {
        panic!("the program {} is not there: run `make programs`", program.display());
    }
    program
}

/// What a command came to.
#[derive(Debug)]
pub struct Output {
    pub args: String,
    pub code: i32,
    /// Its result; null where it printed none.
    pub json: Value,
    /// Why it failed; empty where it did not.
    pub error: String,
}

impl Output {
    /// Its result, if it ended with this code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Value {
        assert_eq!(self.code, code, "reeve {} -> {:#} {}", self.args, self.json, self.error);
        self.json
    }

    #[track_caller]
    pub fn ok(self) -> Value {
        self.expect(0)
    }

    /// Why it failed, if it ended with this code.
    #[track_caller]
    pub fn refused(self, code: i32) -> String {
        assert_eq!(self.code, code, "reeve {} -> {:#} {}", self.args, self.json, self.error);
        assert!(!self.error.is_empty(), "reeve {} says nothing", self.args);
        self.error
    }
}

pub struct Reeve {
    folder: Folder,
    pub database: Database,
    transcript: Mutex<Vec<u8>>,
    started: Mutex<Vec<u32>>,
}

impl Reeve {
    /// A new one with the three plugins, HR's folder as a source, and nobody in it.
    pub fn new(database: Database) -> Self {
        let reeve = Self::bare(database);
        reeve.install(&plugins::NAMES);
        std::fs::create_dir_all(reeve.path("hr")).unwrap();
        let folder = reeve.path("hr");
        reeve.add_system(&format!(
            "name = \"hr\"\nplugin = \"hr-csv\"\nrole = \"source\"\nsettings = {{ file = \"people.csv\", columns = \
             [\"kind=Type\"] }}\nconnections.folder = {{ kind = \"files\", folder = {folder:?} }}\n"
        ));
        reeve
    }

    /// Installs plugins, unsigned.
    pub fn install(&self, names: &[&str]) {
        let cache = self.home().join("cache");
        plugins::lend_code(names, &cache);
        for name in names {
            let file = plugins::packed(name);
            self.run(["plugin", "install", file.to_str().unwrap(), "--yes", "--allow-unsigned"]).ok();
        }
        plugins::keep_code(names, &cache);
    }

    /// A new one as `reeve init` makes it.
    pub fn bare(database: Database) -> Self {
        let reeve = Self { folder: Folder::new(), database, transcript: Mutex::default(), started: Mutex::default() };
        let home = reeve.home();
        let mut args = vec!["init", home.to_str().unwrap(), "--origin", "reeve.example.com/test"];
        if let Database::Postgres(url) = &reeve.database {
            args.extend(["--database", url]);
        }
        reeve.run(args).ok();
        reeve
    }

    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// A path in the test's own folder, beside Reeve's.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its database's address, for a look behind its back.
    pub fn database_url(&self) -> String {
        match &self.database {
            Database::Sqlite => format!("sqlite:{}", self.home().join("reeve.db").display()),
            Database::Postgres(url) => url.clone(),
        }
    }

    pub fn command<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(program());
        command.args(args).arg("--json").env("REEVE_HOME", self.home()).env("REEVE_LOG", "warn");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    #[track_caller]
    pub fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Output {
        let args: Vec<_> = args.into_iter().collect();
        let child = self.start(args.iter().copied());
        self.output(&args.join(" "), child)
    }

    /// Runs a command, and answers also the most memory that it held, in bytes.
    #[track_caller]
    pub fn run_weighed<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> (Output, u64) {
        let args: Vec<_> = args.into_iter().collect();
        let child = self.start(args.iter().copied());
        let id = child.id();
        let scales = std::thread::spawn(move || {
            let mut bytes = 0;
            while let Some(now) = memory_peak(id) {
                bytes = now;
                std::thread::park_timeout(WEIGH_EVERY);
            }
            bytes
        });
        (self.output(&args.join(" "), child), scales.join().unwrap())
    }

    /// Starts a command and leaves it running.
    pub fn start<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Child {
        self.spawn(self.command(args))
    }

    /// The same for a command to which something was added.
    pub fn spawn(&self, mut command: Command) -> Child {
        let child = command.spawn().unwrap();
        self.started.lock().unwrap_or_else(PoisonError::into_inner).push(child.id());
        child
    }

    /// Waits for a command that was started. One that does not end is killed, and named.
    #[track_caller]
    pub fn output(&self, args: &str, child: Child) -> Output {
        let id = child.id();
        let (ended, end) = std::sync::mpsc::channel();
        std::thread::spawn(move || ended.send(child.wait_with_output()));
        let Ok(output) = end.recv_timeout(COMMAND_TIME_MAX) else {
            Command::new("kill").args(["-9", &id.to_string()]).status().ok();
            panic!("reeve {args} did not end within {COMMAND_TIME_MAX:?}");
        };
        let output = output.unwrap();
        {
            let mut all = self.transcript.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend([output.stdout.as_slice(), output.stderr.as_slice()].concat());
        }
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let error = stderr.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok());
        let error = error.and_then(|error| error["error"].as_str().map(str::to_owned)).unwrap_or_default();
        Output {
            args: args.to_owned(),
            code: output.status.code().unwrap_or(-1),
            json: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            error: if output.status.success() || !error.is_empty() { error } else { stderr },
        }
    }

    /// Everything that its commands have said so far.
    pub fn transcript(&self) -> Vec<u8> {
        self.transcript.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a system, or takes up its changes.
    pub fn add_system(&self, toml: &str) {
        let path = self.path("system.toml");
        std::fs::write(&path, toml).unwrap();
        self.run(["system", "add", path.to_str().unwrap()]).ok();
    }

    pub fn set_secret(&self, name: &str, secret: &str) {
        let mut child = self.command(["secret", "set", name]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(secret.as_bytes()).unwrap();
        self.output("secret set", child).ok();
    }

    /// Adds rules to its policy.
    pub fn birthrights(&self, toml: &str) {
        let path = self.home().join("policy/birthright.toml");
        std::fs::write(&path, text(&path) + toml).unwrap();
    }

    /// Replaces its guardrails.
    pub fn guardrails(&self, toml: &str) {
        std::fs::write(self.home().join("policy/guardrails.toml"), toml).unwrap();
    }

    /// HR hands over its file.
    pub fn hr(&self, people: &[Person]) {
        self.hr_text(csv(people).as_bytes());
    }

    pub fn hr_text(&self, bytes: &[u8]) {
        let part = self.path("people.csv.part");
        std::fs::write(&part, bytes).unwrap();
        std::fs::rename(part, self.path("hr/people.csv")).unwrap();
    }

    /// Makes a plan and approves it. Answers the plan's operations, none where there was nothing to do.
    #[track_caller]
    pub fn approve(&self) -> Vec<Value> {
        let made = self.run(["plan"]).ok();
        let Some(hash) = made["hash"].as_str() else { return Vec::new() };
        self.run(["approve", hash]).ok();
        made["plan"]["operations"].as_array().unwrap().clone()
    }

    /// Reads all, and does what is due, to the end.
    #[track_caller]
    pub fn day(&self) -> Value {
        self.run(["sync"]).ok();
        self.approve();
        self.run(["run"]).ok()
    }

    /// A leaver's certificate as it would be printed.
    #[track_caller]
    pub fn certificate(&self, person: &str) -> String {
        self.run(["leaver", "certificate", person]).ok()["certificate"].as_str().unwrap().to_owned()
    }

    /// The case of a person, as Reeve sees it.
    #[track_caller]
    pub fn case(&self, person: &str) -> Value {
        self.run(["leaver", "show", person]).ok()
    }

    /// The phases of all operations of all plans, with their count.
    pub fn phases(&self) -> std::collections::BTreeMap<String, usize> {
        let mut phases = std::collections::BTreeMap::new();
        for plan in self.run(["plan", "list"]).ok().as_array().unwrap() {
            for operation in self.run(["run", "show", plan["hash"].as_str().unwrap()]).ok().as_array().unwrap() {
                *phases.entry(operation["phase"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        phases
    }

    /// Writes the signed head of its log to a file, to be pinned.
    pub fn checkpoint(&self, name: &str) -> PathBuf {
        let note = self.run(["log", "checkpoint"]).ok();
        let path = self.path(name);
        std::fs::write(&path, note["checkpoint"].as_str().unwrap()).unwrap();
        path
    }

    /// Exports the log, and has it verified against each of these heads.
    #[track_caller]
    pub fn export_and_verify(&self, pinned: &[PathBuf]) -> PathBuf {
        let folder = self.path("log");
        let text = folder.to_str().unwrap();
        self.run(["log", "export", text]).ok();
        self.run(["log", "verify", text]).ok();
        for head in pinned {
            self.run(["log", "verify", text, "--pinned", head.to_str().unwrap()]).ok();
        }
        folder
    }
}

/// A test that fails leaves no program running. A number may be another's by now, so what it runs on is looked at first.
impl Drop for Reeve {
    fn drop(&mut self) {
        let home = format!("REEVE_HOME={}\0", self.home().display());
        for id in self.started.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let environment = || std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            // Until it is gone: one that still writes would keep its folder from being deleted.
            while String::from_utf8_lossy(&environment()).contains(&home) {
                Command::new("kill").args(["-9", &id.to_string()]).status().ok();
            }
        }
    }
}

/// The text of a file that must be there.
pub fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
