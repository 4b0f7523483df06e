//! Runs the `reeve` program, and tells what it took of the machine.

use anyhow::{Context, Result, ensure};
use reeve_e2e::reeve::Reeve;
use serde_json::Value;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

/// How often a program that runs is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Of `/proc`, in ticks a second: the same on every Linux.
const TICKS: u64 = 100;

/// What one command came to and took.
pub struct Ran {
    pub json: Value,
    pub wall: Duration,
    /// Of the program.
    pub cpu: Duration,
    /// Of this process meanwhile, in which the stand-in lives.
    pub own_cpu: Duration,
    pub peak_bytes: u64,
    /// Handed to the disk.
    pub written_bytes: u64,
}

/// Runs a command to its end, which must be a success.
pub fn run(reeve: &Reeve, args: &[&str]) -> Result<Ran> {
    let (ran, error) = try_run(reeve, args)?;
    ensure!(error.is_none(), "reeve {} failed: {}", args.join(" "), error.unwrap_or_default());
    Ok(ran)
}

/// Runs a command to its end, and gives what it said of a failure.
pub fn try_run(reeve: &Reeve, args: &[&str]) -> Result<(Ran, Option<String>)> {
    let own = cpu(Path::new("/proc/self"))?;
    let began = Instant::now();
    let child = reeve.start(args.iter().copied());
    let watch = watch(&child);
    let output = child.wait_with_output()?;
    let wall = began.elapsed();
    let (peak_bytes, written_bytes, spent) = watch.join().unwrap_or_default();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let ran = Ran {
        json: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        wall,
        cpu: spent,
        own_cpu: cpu(Path::new("/proc/self"))?.saturating_sub(own),
        peak_bytes,
        written_bytes,
    };
    Ok((ran, (!output.status.success()).then_some(error)))
}

fn watch(child: &Child) -> std::thread::JoinHandle<(u64, u64, Duration)> {
    let folder = Path::new("/proc").join(child.id().to_string());
    std::thread::spawn(move || {
        let (mut peak, mut written, mut spent) = (0, 0, Duration::ZERO);
        // Until it is gone, or only its entry in the table is left.
        while let Ok(bytes) = memory(&folder, "VmHWM:") {
            peak = peak.max(bytes);
            written = written.max(field(&folder.join("io"), "write_bytes:").unwrap_or(0));
            spent = spent.max(cpu(&folder).unwrap_or_default());
            std::thread::sleep(LOOK_EVERY);
        }
        (peak, written, spent)
    })
}

/// A number of bytes from `/proc/PID/status`, by its name there.
pub fn memory(folder: &Path, name: &str) -> Result<u64> {
    Ok(field(&folder.join("status"), name)? * 1024)
}

fn field(file: &Path, name: &str) -> Result<u64> {
    let text = std::fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).context("it is not there")?;
    Ok(line.split_ascii_whitespace().next().context("it is empty")?.parse()?)
}

/// What the machine's cores have worked so far, together, for whomever.
pub fn busy() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let line = text.lines().find_map(|line| line.strip_prefix("cpu ")).context("the cores are not told")?;
    let ticks = line.split_ascii_whitespace().map(str::parse).collect::<Result<Vec<u64>, _>>()?;
    // The fourth and the fifth are idle; those after the seventh are of other machines, or stand in the first two already.
    let worked = ticks.iter().take(7).enumerate().filter(|(at, _)| ![3, 4].contains(at));
    Ok(Duration::from_millis(worked.map(|(_, ticks)| ticks).sum::<u64>() * 1000 / TICKS))
}

/// Of a process, without its children.
fn cpu(folder: &Path) -> Result<Duration> {
    let text = std::fs::read_to_string(folder.join("stat"))?;
    // The name before it may hold spaces.
    let (_, rest) = text.rsplit_once(')').context("no name")?;
    let fields: Vec<_> = rest.split_ascii_whitespace().collect();
    let ticks = |at: usize| fields.get(at).context("too short")?.parse::<u64>().context("no number");
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 1000 / TICKS))
}
