//! Operations through their whole life: claimed, intended, sent, answered, read back, judged, logged. The target answers
//! at once, so what is measured is Reeve and its database.

use crate::figure::{Figure, mebibytes, median, rate};
use crate::{process, staff};
use anyhow::{Context, Result, ensure};
use reeve_core::Timestamp;
use reeve_core::run::{Operation, Phase};
use reeve_e2e::database::Database;
use reeve_e2e::guests;
use reeve_e2e::reeve::Reeve;
use reeve_runtime::package::pack;
use reeve_store::Store;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The median of so many runs.
const ROUNDS: usize = 3;
const WORKERS: [usize; 4] = [1, 2, 4, 8];
const RATE_MIN: f64 = 200.0;
/// Who stays: a feed that ends everybody's work at once is refused by every guardrail.
const STAYING: usize = 20;

pub fn on_sqlite(operations: u32) -> Result<Vec<Figure>> {
    let mut runs = Vec::new();
    for _ in 0..ROUNDS {
        runs.push(run(Database::Sqlite, operations as usize, 1)?);
    }
    let per_second = median(&runs.iter().map(|run| run.rate).collect::<Vec<_>>());
    let peak = runs.iter().map(|run| run.peak_bytes).max().unwrap_or(0);
    let each = median(&runs.iter().map(|run| run.cpu_each).collect::<Vec<_>>());
    Ok(vec![
        Figure::new(
            format!("operations to the end on SQLite, synchronous=FULL, one process ({operations} of them)"),
            format!("{per_second:.0}/s; {} us of CPU each, peak {}", each.as_micros(), mebibytes(peak)),
        )
        .target("at least 200/s", per_second >= RATE_MIN)
        .limit("one writer at a time: the statements of an operation's three steps, and the disk's syncs"),
    ])
}

pub fn on_postgres(operations: u32) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut alone = 0.0;
    for workers in WORKERS {
        let database = Database::postgres().context("PostgreSQL is not installed: run tests/setup/peers.sh")?;
        let Database::Postgres(url) = &database else { continue };
        let fsync = tokio::runtime::Runtime::new()?.block_on(setting(url))?;
        let run = run(database, operations as usize, workers)?;
        if workers == 1 {
            alone = run.rate;
        }
        let text = format!("{:.0}/s, {:.2} times one; {:.2} cores at work", run.rate, run.rate / alone, run.cores);
        figures.push(
            Figure::new(format!("the same on PostgreSQL (fsync {fsync}), {workers} worker processes"), text)
                .limit("changes take turns at the log's head row; two cores for workers, database and target"),
        );
    }
    Ok(figures)
}

async fn setting(url: &str) -> Result<String> {
    let settings = Store::open(url).await?.settings().await?;
    let fsync = settings.into_iter().find(|(name, _)| *name == "fsync");
    Ok(fsync.map(|(_, value)| value).unwrap_or_default())
}

struct Run {
    rate: f64,
    peak_bytes: u64,
    /// Of the first worker, for each operation; of use where it is the only one.
    cpu_each: Duration,
    /// Of the machine, for workers, database and target together.
    cores: f64,
}

fn run(database: Database, operations: usize, workers: usize) -> Result<Run> {
    let reeve = prepare(database, operations)?;
    let (busy, start) = (process::busy()?, Instant::now());
    let others: Vec<_> = (1..workers).map(|_| reeve.start(["run", "--no-proof", "--patience", "0"])).collect();
    // One that finds the rest in others' hands says that something is left, which is so.
    let (first, _) = process::try_run(&reeve, &["run", "--no-proof", "--patience", "0"])?;
    for other in others {
        other.wait_with_output()?;
    }
    let cores = process::busy()?.saturating_sub(busy).as_secs_f64() / start.elapsed().as_secs_f64();
    let done = tokio::runtime::Runtime::new()?.block_on(settled(&reeve.database_url()))?;
    let verified = done.iter().filter(|operation| operation.phase == Phase::Verified).count();
    ensure!(verified == operations, "{verified} of {operations} operations are verified");
    let began: Timestamp = done.iter().filter_map(|operation| operation.sent_at).min().context("nothing was sent")?;
    let ended = done.iter().filter_map(|operation| operation.settled_at).max().context("nothing was settled")?;
    let took = Duration::try_from(ended.duration_since(began))?;
    let cpu_each = first.cpu / u32::try_from(operations)?;
    Ok(Run { rate: rate(operations as u64, took), peak_bytes: first.peak_bytes, cpu_each, cores })
}

async fn settled(url: &str) -> Result<Vec<Operation>> {
    let store = Store::open(url).await?;
    let mut tx = store.read().await?;
    let mut all = Vec::new();
    for plan in tx.plans(None, 10).await? {
        all.extend(tx.operations_of(&plan.hash).await?);
    }
    Ok(all)
}

/// A Reeve with an approved plan that disables the accounts of so many leavers.
fn prepare(database: Database, leavers: usize) -> Result<Reeve> {
    let members = leavers + STAYING;
    let url = staff::start(members)?;
    let reeve = Reeve::new(database);
    let manifest = std::fs::read_to_string(reeve_e2e::repo().join("tests/hostile/toy/plugin.toml"))?;
    let file = reeve.path("toy.reeve");
    std::fs::write(&file, pack(&manifest, &guests::wasm("reeve-guest-toy")?, None)?)?;
    let file = file.to_str().context("a path that is not text")?;
    reeve.run(["plugin", "install", file, "--yes", "--allow-unsigned"]).ok();
    reeve.add_system(&format!(
        "name = \"staff\"\nplugin = \"toy\"\nrole = \"target\"\nlogin = \"{{email}}\"\nsettings = {{ roles = [\"clerk\"] \
         }}\n[connections.api]\nkind = \"http\"\nbase-url = \"{url}\"\nprivate-addresses = true\n\
         auth = {{ scheme = \"bearer\" }}\n"
    ));
    reeve.set_secret("staff/api/token", staff::TOKEN);
    reeve.guardrails("[feed]\nlost-percent-max = 100\n[plan]\nremoved-percent-max = 100\n");
    reeve.hr_text(people(members, members).as_bytes());
    reeve.run(["sync"]).ok();
    reeve.hr_text(people(members, STAYING).as_bytes());
    reeve.run(["sync"]).ok();
    let planned = reeve.approve().len();
    ensure!(planned == leavers, "{planned} operations were planned for {leavers} leavers");
    Ok(reeve)
}

/// HR's file, in which the first few still work here.
fn people(members: usize, staying: usize) -> String {
    let mut text =
        String::from("Employee ID;Type;Status;First name;Last name;Email;Department;Start date;End date;Time zone\r\n");
    for number in 1..=members {
        let email = staff::email(number);
        let (status, end) = if number <= staying { ("Active", "") } else { ("Terminated", "2026-01-31") };
        write!(
            text,
            "{number};Employee;{status};Person;Number{number};{email};Sales;2020-03-01;{end};Europe/Lisbon\r\n"
        )
        .unwrap_or_default();
    }
    text
}
