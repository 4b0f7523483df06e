//! 100,000 accounts and 1,000,000 grants: read through a plugin over HTTP into the database, read again, and compared
//! with what policy gives.

use crate::crowd;
use crate::figure::{Figure, mebibytes, median, rate, seconds};
use crate::process::{Ran, run};
use anyhow::{Context, Result, ensure};
use reeve_core::Timestamp;
use reeve_core::inventory::SystemRole;
use reeve_core::plan::{PlanInput, SystemBasis, SystemState, make};
use reeve_core::policy::{Policy, PolicyFile};
use reeve_e2e::database::Database;
use reeve_e2e::reeve::Reeve;
use reeve_store::Store;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

const RATE_MIN: f64 = 40_000.0;
const PLAN_MAX: Duration = Duration::from_secs(3);
/// The median of so many imports, each into a database of its own; of two, the slower.
const SQLITE_ROUNDS: usize = 3;
const POSTGRES_ROUNDS: usize = 2;
/// The median of so many plans.
const PLANS: usize = 3;
/// HR has moved every hundredth person to another department since.
const MOVED_EVERY: u32 = 100;

pub fn on_sqlite(accounts: u32, keep: bool) -> Result<Vec<Figure>> {
    measure(accounts, "SQLite", SQLITE_ROUNDS, keep, || Some(Database::Sqlite))
}

pub fn on_postgres(accounts: u32) -> Result<Vec<Figure>> {
    measure(accounts, "PostgreSQL", POSTGRES_ROUNDS, false, Database::postgres)
}

fn measure(
    accounts: u32,
    name: &str,
    rounds: usize,
    keep: bool,
    database: impl Fn() -> Option<Database>,
) -> Result<Vec<Figure>> {
    let url = crowd::start(accounts)?;
    let mut runs = Vec::new();
    let mut figures = Vec::new();
    for round in 1..=rounds {
        let database = database().context("PostgreSQL is not installed: run tests/setup/peers.sh")?;
        let reeve = prepare(database, &url, accounts)?;
        let people = run(&reeve, &["sync", "hr"])?;
        let first = run(&reeve, &["sync", "crowd"])?;
        let records = records(&first)?;
        ensure!(records == u64::from(accounts) * u64::from(1 + crowd::GROUPS_EACH), "{records} records came");
        eprintln!("         {name}, round {round}: {:.0} records/s", rate(records, first.wall));
        runs.push((people, first, records));
        if round < rounds {
            continue;
        }
        let again = run(&reeve, &["sync", "crowd"])?;
        figures.push(second(name, &again, &runs)?);
        if name == "SQLite" {
            figures.extend(plan(&reeve)?);
        }
        if keep {
            eprintln!("kept: {}", reeve.home().display());
            std::mem::forget(reeve);
        }
    }
    figures.insert(0, import(name, &runs));
    figures.insert(0, feed(name, accounts, &runs));
    Ok(figures)
}

type Runs = [(Ran, Ran, u64)];

fn import(name: &str, runs: &Runs) -> Figure {
    let of = |one: &dyn Fn(&Ran) -> Duration| median(&runs.iter().map(|(_, ran, _)| one(ran)).collect::<Vec<_>>());
    let (wall, cpu, server) = (of(&|ran| ran.wall), of(&|ran| ran.cpu), of(&|ran| ran.own_cpu));
    let records = runs.first().map_or(0, |(.., records)| *records);
    let peak = runs.iter().map(|(_, ran, _)| ran.peak_bytes).max().unwrap_or(0);
    let per_second = rate(records, wall);
    Figure::new(
        format!("{records} records read through the SCIM plugin over HTTP into {name}"),
        format!(
            "{per_second:.0}/s: {}, {} of CPU in reeve and {} in the target; peak memory {}",
            seconds(wall),
            seconds(cpu),
            seconds(server),
            mebibytes(peak)
        ),
    )
    .target("at least 40000/s", per_second >= RATE_MIN)
    .limit("the plugin, two calls of which read at once, and then the database, which writes on one core")
}

fn feed(name: &str, people: u32, runs: &Runs) -> Figure {
    let wall = median(&runs.iter().map(|(ran, ..)| ran.wall).collect::<Vec<_>>());
    let peak = runs.iter().map(|(ran, ..)| ran.peak_bytes).max().unwrap_or(0);
    let text = format!("{:.0}/s: {}, peak memory {}", rate(u64::from(people), wall), seconds(wall), mebibytes(peak));
    Figure::new(format!("{people} people of HR's file into {name}"), text)
        .limit("an event and a log entry for everybody who is new")
}

fn second(name: &str, again: &Ran, runs: &Runs) -> Result<Figure> {
    let first = median(&runs.iter().map(|(_, ran, _)| ran.wall).collect::<Vec<_>>());
    let changes = again.json.pointer("/read/0/changes").and_then(Value::as_object).context("no changes are told")?;
    let changed: u64 = changes.values().filter_map(Value::as_u64).sum();
    let text = format!(
        "{}, {:.2} times the first; {changed} rows changed, {} handed to the disk by reeve",
        seconds(again.wall),
        again.wall.as_secs_f64() / first.as_secs_f64(),
        mebibytes(again.written_bytes)
    );
    Ok(Figure::new(format!("the same system read again into {name}, unchanged"), text)
        .target("writes almost nothing", changed == 0)
        .limit("reading and comparing, on one core"))
}

fn records(ran: &Ran) -> Result<u64> {
    let count = |name: &str| ran.json.pointer(&format!("/read/0/{name}")).and_then(Value::as_u64);
    Ok(count("accounts").context("no accounts")? + count("grants").context("no grants")?)
}

/// The plan of everybody: as a command, and core's part of it alone.
fn plan(reeve: &Reeve) -> Result<Vec<Figure>> {
    let command = run(reeve, &["plan"])?;
    let planned = command.json.pointer("/plan/operations").and_then(Value::as_array).map_or(0, Vec::len);
    let (times, operations) = tokio::runtime::Runtime::new()?.block_on(in_core(reeve))?;
    let time = median(&times);
    ensure!(operations == planned, "core plans {operations} operations and the program {planned}");
    Ok(vec![
        Figure::new(
            "all of it compared with policy by core: the plan is made",
            format!("{}, {operations} operations", seconds(time)),
        )
        .target("under 3 s", time < PLAN_MAX)
        .limit("one core: maps over all grants"),
        Figure::new(
            "`reeve plan` as a command, for the first time",
            format!("{}, peak memory {}", seconds(command.wall), mebibytes(command.peak_bytes)),
        )
        .limit("reading every row back from the database, and the reasons that are kept for what is there already"),
    ])
}

async fn in_core(reeve: &Reeve) -> Result<(Vec<Duration>, usize)> {
    let store = Store::open(&reeve.database_url()).await?;
    let mut tx = store.read().await?;
    let all = tx.systems().await?;
    let system = all.iter().find(|system| system.role == SystemRole::Target).context("no target")?;
    let name = &system.name;
    let snapshot = tx.last_snapshot(name, false).await?.context("never read")?;
    let identities = tx.identities().await?;
    let (accounts, entitlements) = (tx.accounts(name).await?, tx.entitlements(name).await?);
    let (grants, links) = (tx.grants(name).await?, tx.links(name).await?);
    let assignments = tx.open_assignments().await?;
    let (birthright, guardrails) = (policy_file(reeve, "birthright.toml")?, policy_file(reeve, "guardrails.toml")?);
    let files = [
        PolicyFile { name: "birthright.toml", text: &birthright },
        PolicyFile { name: "guardrails.toml", text: &guardrails },
    ];
    let policy = Policy::parse(&files, &BTreeSet::from([name.clone()]))
        .map_err(|faults| anyhow::anyhow!("{} faults in the policy", faults.len()))?;
    let basis = SystemBasis {
        snapshot: snapshot.id.clone(),
        read_at: snapshot.read_at,
        accounts: accounts.len() as u64,
        grants: grants.len() as u64,
        complete: snapshot.whole,
    };
    let state = SystemState {
        system,
        description: &snapshot.description,
        basis: &basis,
        accounts: &accounts,
        entitlements: &entitlements,
        grants: &grants,
        credentials: &[],
        links: &links,
    };
    let mut times = Vec::new();
    let mut operations = 0;
    for _ in 0..PLANS {
        let began = Instant::now();
        let planned = make(PlanInput {
            now: Timestamp::now(),
            policy: &policy,
            identities: &identities,
            systems: &[state],
            assignments: &assignments,
            underway: &BTreeSet::new(),
        });
        times.push(began.elapsed());
        operations = planned.plan.operations.len();
    }
    Ok((times, operations))
}

fn policy_file(reeve: &Reeve, name: &str) -> Result<String> {
    Ok(std::fs::read_to_string(reeve.home().join("policy").join(name))?)
}

/// A Reeve with HR's file and a rule for every department, to which nothing was read yet.
fn prepare(database: Database, url: &str, people: u32) -> Result<Reeve> {
    let reeve = Reeve::new(database);
    reeve.add_system(&format!(
        "name = \"crowd\"\nplugin = \"scim\"\nrole = \"target\"\nlogin = \"{{email}}\"\n[settings]\npage-size = 1000\n\
         nested-groups = false\n[connections.api]\nkind = \"http\"\nbase-url = \"{url}\"\nprivate-addresses = true\n\
         auth = {{ scheme = \"bearer\" }}\n"
    ));
    reeve.set_secret("crowd/api/token", crowd::TOKEN);
    let mut rules = String::new();
    for department in 0..crowd::DEPARTMENTS {
        let group = crowd::group(department, 0);
        write!(
            rules,
            "[[birthright]]\nname = \"department-{department:02}\"\nbecause = \"It is the department's group.\"\n\
             when = {{ department = [\"D{department:02}\"] }}\ngive = {{ crowd = [\"group:{group}\"] }}\n"
        )?;
    }
    reeve.birthrights(&rules);
    let mut text =
        String::from("Employee ID;Type;Status;First name;Last name;Email;Department;Start date;End date;Time zone\r\n");
    for number in 0..people {
        let moved = u32::from((number / crowd::DEPARTMENTS).is_multiple_of(MOVED_EVERY));
        let department = (number + moved) % crowd::DEPARTMENTS;
        let email = crowd::email(number);
        write!(
            text,
            "{number};Employee;Active;Person;Number{number};{email};D{department:02};2020-03-01;;Europe/Lisbon\r\n"
        )?;
    }
    reeve.hr_text(text.as_bytes());
    Ok(reeve)
}
