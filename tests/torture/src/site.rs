//! A Reeve with a source and two targets, set up once and put back to that state for every world.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::harm::{Clock, Count, Kind, Orders, put};
use crate::target::{Manner, TOKEN, Target};
use reeve_e2e::database::{Database, query};
use reeve_e2e::reeve::{Output, Reeve, text};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;

/// Guardrails that let a small world lose most of its people.
const GUARDRAILS: &str =
    "[feed]\nlost-percent-max = 100\n[plan]\nremoved-percent-max = 100\nshrunk-percent-max = 100\n";

pub struct Site {
    pub reeve: Reeve,
    pub targets: [Target; 2],
    pub clock: Arc<Clock>,
    count: Count,
    /// Every signed head that ever lay in the file which Reeve copies them to.
    pub heads: BTreeSet<String>,
    /// The most boundaries of each kind that a command has passed so far.
    pub known: BTreeMap<String, BTreeMap<Kind, u64>>,
}

/// What one life of one command came to.
#[derive(Debug)]
pub struct Life {
    pub output: Output,
    /// Where the harm was done; none if the command ended before its time came.
    pub struck: Option<Kind>,
    pub events: u64,
}

impl Site {
    /// None where there is no PostgreSQL.
    pub fn on_postgres() -> Option<Self> {
        Database::postgres().map(Self::new)
    }

    pub fn new(database: Database) -> Self {
        let reeve = Reeve::new(database);
        let clock = Arc::new(Clock::new(reeve.path("clock")));
        let count = Count::new(reeve.path("count"));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let runtime = Arc::new(runtime);
        let target = |name, manner| Target::start(name, manner, runtime.clone(), clock.clone());
        let targets = [target("workspace", Manner::Patch), target("crm", Manner::Put)];
        for target in &targets {
            reeve.add_system(&target.system_file());
            reeve.set_secret(&format!("{}/api/token", target.name), TOKEN);
            reeve.birthrights(&target.policy());
        }
        reeve.guardrails(GUARDRAILS);
        let config = reeve.home().join("reeve.toml");
        let copy = format!("{}checkpoint-copy = {:?}\n", text(&config), reeve.home().join("head"));
        std::fs::write(&config, copy).unwrap();
        let site = Self { reeve, targets, clock, count, heads: BTreeSet::new(), known: BTreeMap::new() };
        site.keep();
        site
    }

    /// The address of PostgreSQL without the database's name, and that name.
    fn postgres(&self) -> Option<(&str, &str)> {
        match &self.reeve.database {
            Database::Sqlite => None,
            Database::Postgres(url) => url.rsplit_once('/'),
        }
    }

    fn postgres_port(&self) -> Option<u16> {
        self.postgres()?.0.rsplit_once(':')?.1.parse().ok()
    }

    fn kept(&self) -> PathBuf {
        self.reeve.path("kept")
    }

    fn keep(&self) {
        match self.postgres() {
            None => {
                std::fs::create_dir(self.kept()).unwrap();
                copy_database(&self.reeve.home(), &self.kept());
            }
            Some((server, name)) => {
                query(&format!("{server}/postgres"), &format!("ALTER DATABASE {name} RENAME TO {name}_kept"));
                self.fill(server, name);
            }
        }
    }

    fn fill(&self, server: &str, name: &str) {
        query(&format!("{server}/postgres"), &format!("CREATE DATABASE {name} TEMPLATE {name}_kept"));
    }

    /// Everything as it was when it was set up.
    pub fn begin_anew(&mut self) {
        match self.postgres() {
            None => copy_database(&self.kept(), &self.reeve.home()),
            Some((server, name)) => {
                query(&format!("{server}/postgres"), &format!("DROP DATABASE {name} WITH (FORCE)"));
                self.fill(server, name);
            }
        }
        for name in ["head", "head.part"] {
            std::fs::remove_file(self.reeve.home().join(name)).ok();
        }
        for entry in std::fs::read_dir(self.reeve.home()).unwrap().map(Result::unwrap) {
            if entry.file_name().to_string_lossy().contains("log") {
                std::fs::remove_dir_all(entry.path()).unwrap();
            }
        }
        self.targets.iter().for_each(Target::begin_anew);
        self.clock.reset();
        self.heads.clear();
    }

    /// Starts a command as ordered, which counts into `count`.
    pub fn start(&self, args: &[&str], orders: &Orders, count: &Count) -> Child {
        let mut command = self.reeve.command(args.iter().copied());
        put(&mut command, &self.reeve.home(), self.postgres_port(), &self.clock, count, orders);
        self.reeve.spawn(command)
    }

    /// One life of one command, to its end, by harm or by itself.
    #[track_caller]
    pub fn live(&mut self, args: &[&str], orders: &Orders) -> Life {
        let child = self.start(args, orders, &self.count);
        let output = self.reeve.output(&args.join(" "), child);
        self.clock.forget_processes();
        let life = Life { output, struck: self.count.struck(), events: self.count.events() };
        if life.output.code < 0 {
            self.targets.iter().for_each(Target::settle);
        } else {
            let name = args.first().map(|name| (*name).to_owned()).unwrap_or_default();
            let known = self.known.entry(name).or_default();
            for kind in Kind::ALL {
                let most = known.entry(kind).or_default();
                *most = (*most).max(self.count.of(kind));
            }
        }
        self.collect_head();
        life
    }

    /// Keeps the head that lies in the file now.
    pub fn collect_head(&mut self) {
        if let Ok(head) = std::fs::read_to_string(self.reeve.home().join("head")) {
            self.heads.insert(head);
        }
    }

    /// One life without harm, which must end with one of these codes.
    #[track_caller]
    pub fn clean(&mut self, args: &[&str], codes: &[i32]) -> Output {
        let output = self.live(args, &Orders::default()).output;
        assert!(codes.contains(&output.code), "reeve {args:?} -> {} {:#} {}", output.code, output.json, output.error);
        output
    }

    /// Where the log is exported to.
    pub fn log_folder(&self) -> PathBuf {
        self.reeve.home().join("log")
    }

    pub fn log_folder_text(&self) -> String {
        Path::to_string_lossy(&self.log_folder()).into_owned()
    }
}

/// SQLite's file and its WAL, in place of those that are there. Nobody may have it open.
fn copy_database(from: &Path, to: &Path) {
    for name in ["reeve.db", "reeve.db-wal", "reeve.db-shm"] {
        std::fs::remove_file(to.join(name)).ok();
        if name != "reeve.db-shm" && from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}
