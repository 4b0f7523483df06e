//! What a long run came to, as it is written into `RESULTS.md`.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::checks::{CHECKS, ENDS_WELL};
use crate::world::{Kills, Outcome};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::Command;
use std::time::Duration;

/// One world, for the sums.
pub struct Tally {
    /// What plays it again.
    again: String,
    /// One of those that are killed at each commit in turn.
    in_turn: bool,
    kills: Kills,
    misbehaves: bool,
    broken: Vec<String>,
}

impl Tally {
    pub fn of(again: &str, in_turn: bool, outcome: &Outcome) -> Self {
        let Outcome { kills, broken, misbehaves } = outcome;
        Self { again: again.to_owned(), in_turn, kills: kills.clone(), misbehaves: *misbehaves, broken: broken.clone() }
    }
}

pub struct Report {
    /// What is tried, though the tree may have moved on by the end.
    commit: String,
    seed: u64,
    worlds: BTreeMap<String, Vec<Tally>>,
}

impl Report {
    pub fn begin(seed: u64) -> Self {
        Self { commit: commit(), seed, worlds: BTreeMap::new() }
    }

    pub fn add(&mut self, database: &str, tally: Tally) {
        self.worlds.entry(database.to_owned()).or_default().push(tally);
    }

    /// Worlds in which something did not hold.
    pub fn broken(&self) -> u64 {
        self.worlds.values().flatten().filter(|tally| !tally.broken.is_empty()).count() as u64
    }

    pub fn text(&self, took: Duration) -> String {
        let mut text = String::new();
        let today = jiff::Timestamp::now().strftime("%Y-%m-%d");
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let all: u64 = self.worlds.values().flatten().flat_map(|tally| tally.kills.values()).sum();
        writeln!(text, "## {today}, commit {}: {all} kills, {} worlds broken\n", self.commit, self.broken()).unwrap();
        let (seconds, rate) = (took.as_secs(), all as f64 / took.as_secs_f64());
        writeln!(
            text,
            "On a machine with {cores} cores, in {seconds} s ({rate:.1} kills/s), from seed {}.\n",
            self.seed
        )
        .unwrap();
        for (database, worlds) in &self.worlds {
            let kills: u64 = worlds.iter().flat_map(|tally| tally.kills.values()).sum();
            let misbehaving = worlds.iter().filter(|tally| tally.misbehaves).count();
            let in_turn = worlds.iter().filter(|tally| tally.in_turn).count();
            writeln!(
                text,
                "### {database}: {kills} kills in {} worlds, {misbehaving} of them with targets that misbehave; {in_turn} \
                 are one small world, killed at each commit in turn\n",
                worlds.len()
            )
            .unwrap();
            text.push_str("| Boundary | before | torn | after |\n|---|---:|---:|---:|\n");
            let mut sums: BTreeMap<_, [u64; 3]> = BTreeMap::new();
            for ((kind, side), count) in worlds.iter().flat_map(|tally| &tally.kills) {
                if let Some(sum) = sums.entry(*kind).or_default().get_mut(*side as usize) {
                    *sum += count;
                }
            }
            for (kind, [before, torn, after]) in sums {
                writeln!(text, "| {} | {before} | {torn} | {after} |", kind.name()).unwrap();
            }
            text.push('\n');
        }
        let worlds: usize = self.worlds.values().map(Vec::len).sum();
        text.push_str("| What must hold | Worlds that broke it |\n|---|---:|\n");
        let of_commands = (ENDS_WELL, "Every command ended by the harm, or as it should.");
        for (name, sentence) in CHECKS.iter().map(|check| (check.name, check.sentence)).chain([of_commands]) {
            let breaks = |tally: &&Tally| tally.broken.iter().any(|broken| broken.starts_with(name));
            let count = self.worlds.values().flatten().filter(breaks).count();
            writeln!(text, "| {sentence} | {count} of {worlds} |").unwrap();
        }
        for worlds in self.worlds.values() {
            for tally in worlds.iter().filter(|tally| !tally.broken.is_empty()) {
                let names = tally.broken.iter().filter_map(|broken| Some(broken.split_once(':')?.0));
                let names: Vec<_> = names.collect::<BTreeSet<_>>().into_iter().collect();
                writeln!(text, "\nBroken: {}; `make torture {}`", names.join(", "), tally.again).unwrap();
            }
        }
        text
    }
}

fn commit() -> String {
    let told = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    told.map_or_else(|_| "unknown".to_owned(), |told| String::from_utf8_lossy(&told.stdout).trim().to_owned())
}
