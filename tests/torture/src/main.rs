//! The long run: kills until there were as many as were asked for, on each database, and writes down how it went.
//!
//! `torture [--kills N] [--seed N] [--worlds N] [--databases sqlite,postgres] [--results FILE]`

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use reeve_e2e::database::Database;
use reeve_torture::report::{Report, Tally};
use reeve_torture::site::Site;
use reeve_torture::world::World;
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
    kills: u64,
    seed: u64,
    worlds: u64,
    databases: Vec<String>,
    results: Option<PathBuf>,
}

fn args() -> Args {
    let mut args = Args {
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

fn main() {
    let args = args();
    let report = Mutex::new(Report::begin(args.seed));
    let (kills, began) = (AtomicU64::new(0), Instant::now());
    let told = Mutex::new(began);
    std::thread::scope(|scope| {
        for name in &args.databases {
            scope.spawn(|| torture(name, &args, &kills, &report, &told));
        }
    });
    let report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    let text = report.text(began.elapsed());
    println!("{text}");
    if let Some(path) = &args.results {
        let before = std::fs::read_to_string(path).unwrap_or_default();
        std::fs::write(path, format!("{}\n\n{text}", before.trim_end())).unwrap();
    }
    if report.broken() > 0 {
        std::process::exit(1);
    }
}

/// Worlds on one database until all have killed enough together.
fn torture(name: &str, args: &Args, kills: &AtomicU64, report: &Mutex<Report>, told: &Mutex<Instant>) {
    let began = Instant::now();
    let database = match name {
        "sqlite" => Database::Sqlite,
        "postgres" => Database::postgres().unwrap_or_else(|| panic!("PostgreSQL is missing")),
        _ => panic!("{name} is no database"),
    };
    let mut site = Site::new(database);
    for seed in (args.seed..).take(usize::try_from(args.worlds).unwrap_or(usize::MAX)) {
        if kills.load(Ordering::Relaxed) >= args.kills {
            return;
        }
        let outcome = World::of_seed(&mut site, seed);
        let done =
            outcome.kills.values().sum::<u64>() + kills.fetch_add(outcome.kills.values().sum(), Ordering::Relaxed);
        for broken in &outcome.broken {
            println!("BROKEN: {broken}\n  again: make torture SEED={seed} WORLDS=1 DATABASES={name}");
        }
        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
        report.add(name, Tally::of(seed, &outcome));
        let broken = report.broken();
        drop(report);
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() > TELL_EVERY {
            *told = Instant::now();
            let rate = done as f64 / began.elapsed().as_secs_f64();
            let left = args.kills.saturating_sub(done) as f64 / rate.max(0.01);
            println!("{done} of {} kills, {rate:.1}/s, {left:.0} s to go, {broken} worlds broken", args.kills);
        }
        drop(told);
        if broken >= BROKEN_MAX {
            return;
        }
    }
}
