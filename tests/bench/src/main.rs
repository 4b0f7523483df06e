//! The figures that Reeve is held to, measured through the real crates and the real program, and printed as one table.
//!
//! Every figure is the median of repeated runs, and compares two things of the same run wherever it can, because the
//! machine is shared: `tests/bench/RESULTS.md` keeps what was measured, when and how. Run it by `make bench`.

mod bulk;
mod call;
mod crowd;
mod figure;
mod machine;
mod neighbours;
mod operations;
mod process;
mod server;
mod staff;
mod start;

use anyhow::Result;
use clap::Parser;
use figure::{Figure, table};
use std::time::Instant;

/// Measures Reeve.
#[derive(Debug, Parser)]
struct Args {
    /// Only these parts: machine, call, start, neighbours, operations, bulk, bulk-postgres, operations-postgres.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Accounts of the large system; each holds ten grants.
    #[arg(long, default_value_t = 100_000)]
    accounts: u32,
    /// Operations of one run.
    #[arg(long, default_value_t = 1_000)]
    operations: u32,
    /// Keeps the folder of each large import and prints where it is.
    #[arg(long)]
    keep: bool,
}

type Part<'a> = (&'a str, Box<dyn Fn() -> Result<Vec<Figure>> + 'a>);

fn main() -> Result<()> {
    let args = Args::parse();
    let parts: Vec<Part<'_>> = vec![
        ("machine", Box::new(machine::measure)),
        ("call", Box::new(call::measure)),
        ("start", Box::new(start::measure)),
        ("neighbours", Box::new(neighbours::measure)),
        ("operations", Box::new(|| operations::on_sqlite(args.operations))),
        ("operations-postgres", Box::new(|| operations::on_postgres(args.operations))),
        ("bulk", Box::new(|| bulk::on_sqlite(args.accounts, args.keep))),
        ("bulk-postgres", Box::new(|| bulk::on_postgres(args.accounts))),
    ];
    let mut figures = Vec::new();
    let began = Instant::now();
    for (name, measure) in parts {
        if !args.only.is_empty() && !args.only.iter().any(|only| only == name) {
            continue;
        }
        eprintln!("[{:>4} s] {name} ...", began.elapsed().as_secs());
        match measure() {
            Ok(found) => figures.extend(found),
            Err(error) => figures.push(Figure::broken(name, &error)),
        }
    }
    eprintln!("[{:>4} s] done", began.elapsed().as_secs());
    println!("{}", table(&figures));
    Ok(())
}
