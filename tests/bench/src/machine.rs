//! What the machine itself gives at this moment: figures of two runs are compared by these.

use crate::figure::{Figure, median, rate};
use anyhow::Result;
use reeve_core::audit::leaf_hash;
use std::io::Write;
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
const SYNCS: u64 = 200;
const HASHED_BYTES: usize = 64 * 1024 * 1024;

pub fn measure() -> Result<Vec<Figure>> {
    let mut file = tempfile::tempfile()?;
    let mut syncs = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..SYNCS {
            file.write_all(&[7; 8192])?;
            file.sync_data()?;
        }
        syncs.push(rate(SYNCS, began.elapsed()));
    }
    let bytes = vec![7; HASHED_BYTES];
    let hashed = |_| {
        let began = Instant::now();
        std::hint::black_box(leaf_hash(&bytes));
        began.elapsed()
    };
    let hashing: Vec<Duration> = (0..ROUNDS).map(hashed).collect();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?").to_owned();
    Ok(vec![
        Figure::new("the machine: cores, and load before this run", format!("{cores}, {load}")),
        Figure::new("the disk: appends of 8 KiB made durable", format!("{:.0}/s", median(&syncs))),
        Figure::new("one core: SHA-256", format!("{:.0} MiB/s", 64.0 / median(&hashing).as_secs_f64())),
    ])
}
