//! The long run: kills at every commit of every command of a small world, then by chance until there were as many kills as
//! were asked for, on each database, and writes down how it went.
//!
//! `torture [--every yes|no] [--kills N] [--seed N] [--worlds N] [--databases sqlite,postgres] [--results FILE]`

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_torture::harm::{Harm, Kind, Side};
use reeve_torture::report::{Report, Tally};
use reeve_torture::site::Site;
use reeve_torture::story::Story;
use reeve_torture::world::{Outcome, World};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const KILLS: u64 = 10_000;
/// How often it says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// Broken worlds after which it is no use to go on.
const BROKEN_MAX: u64 = 20;

struct Args {
    every: bool,
    kills: u64,
    seed: u64,
    worlds: u64,
    databases: Vec<String>,
    results: Option<PathBuf>,
}

fn args() -> Args {
    let mut args = Args {
        every: true,
        kills: KILLS,
        seed: 1,
        worlds: u64::MAX,
        databases: vec!["sqlite".to_owned(), "postgres".to_owned()],
        results: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let value = given.next().unwrap_or_else(|| panic!("{name} needs a value"));
        match name.as_str() {
            "--every" => args.every = ["no", "yes"].iter().position(|word| *word == value).unwrap() == 1,
            "--kills" => args.kills = value.parse().unwrap(),
            "--seed" => args.seed = value.parse().unwrap(),
            "--worlds" => args.worlds = value.parse().unwrap(),
            "--databases" => args.databases = value.split(',').map(str::to_owned).collect(),
            "--results" => args.results = Some(value.into()),
            _ => panic!("{name} is not known"),
        }
    }
    args
}

/// What the threads of the databases share.
struct Run {
    args: Args,
    began: Instant,
    told: Mutex<Instant>,
    kills: AtomicU64,
    report: Mutex<Report>,
}

fn main() {
    let (args, began) = (args(), Instant::now());
    let report = Mutex::new(Report::begin(args.seed));
    let run = Run { args, began, told: Mutex::new(began), kills: AtomicU64::new(0), report };
    std::thread::scope(|scope| {
        for name in &run.args.databases {
            scope.spawn(|| run.torture(name));
        }
    });
    let report = run.report.into_inner().unwrap_or_else(PoisonError::into_inner);
    let text = report.text(began.elapsed());
    println!("{text}");
    if let Some(path) = &run.args.results {
        let before = std::fs::read_to_string(path).unwrap_or_default();
        std::fs::write(path, format!("{}\n\n{text}", before.trim_end())).unwrap();
    }
    if report.broken() > 0 {
        std::process::exit(1);
    }
}

impl Run {
    /// Worlds on one database until all have killed enough together.
    fn torture(&self, name: &str) {
        let database = match name {
            "sqlite" => Database::Sqlite,
            "postgres" => Database::postgres().unwrap_or_else(|| panic!("PostgreSQL is missing")),
            _ => panic!("{name} is no database"),
        };
        let mut site = Site::new(database);
        if self.args.every && self.at_every_commit(name, &mut site).is_break() {
            return;
        }
        let worlds = usize::try_from(self.args.worlds).unwrap_or(usize::MAX);
        for seed in (self.args.seed..).take(worlds) {
            if self.kills.load(Ordering::Relaxed) >= self.args.kills {
                return;
            }
            let outcome = World::of_seed(&mut site, seed);
            let again = format!("SEED={seed} WORLDS=1 EVERY=no DATABASES={name}");
            if self.note(name, &again, false, &outcome).is_break() {
                return;
            }
        }
    }

    /// A small world for each side of the first commit of all its commands, of the second, and so on to the last one.
    fn at_every_commit(&self, name: &str, site: &mut Site) -> ControlFlow<()> {
        let story = Story::small();
        for side in Side::ALL {
            for at in 1.. {
                let outcome = World::once(site, &story, 0..story.steps(), Harm::kill(at, side).among(&Kind::COMMITS));
                if outcome.kills.is_empty() && outcome.broken.is_empty() {
                    break;
                }
                let again = format!("KILLS=0 DATABASES={name} ({} commit {at} of each command)", side.name());
                self.note(name, &again, true, &outcome)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Adds a world to the report, and breaks off where too much is broken. `again` plays it again.
    fn note(&self, name: &str, again: &str, in_turn: bool, outcome: &Outcome) -> ControlFlow<()> {
        let killed: u64 = outcome.kills.values().sum();
        let done = killed + self.kills.fetch_add(killed, Ordering::Relaxed);
        for broken in &outcome.broken {
            println!("BROKEN: {broken}\n  again: make torture {again}");
        }
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.add(name, Tally::of(again, in_turn, outcome));
        let broken = report.broken();
        drop(report);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() > TELL_EVERY {
            *told = Instant::now();
            let rate = done as f64 / self.began.elapsed().as_secs_f64();
            let left = self.args.kills.saturating_sub(done) as f64 / rate.max(0.01);
            println!("{done} of {} kills, {rate:.1}/s, {left:.0} s to go, {broken} worlds broken", self.args.kills);
        }
        if broken >= BROKEN_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
