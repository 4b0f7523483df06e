//! Operations under seeded chance: workers that die or stand still, answers that are lost or lie, clocks that are set back,
//! people of whom HR changes its mind. Every schedule must keep the laws of `laws.rs`.
//!
//! `REEVE_SIM_SCHEDULES=1000000` plays more of them (best with `--release`); `REEVE_SIM_SEED=7` plays one, and tells all
//! that happened in it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../it/given.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod given;

mod chance;
mod faults;
mod laws;
mod store;
mod target;
mod worker;
mod world;

use faults::{Fault, Faults};
use reeve_core::access::OperationKind;
use reeve_core::run::Phase;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use world::{Met, play};

/// Schedules of one `cargo test`.
const SCHEDULES: u64 = 5_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number: {text:?}")))
}

#[test]
fn no_schedule_breaks_a_law() {
    if let Some(seed) = number("REEVE_SIM_SEED") {
        let played = play(seed, Faults::all(), true);
        println!("{}", played.trace.join("\n"));
        return assert_eq!(played.broken, None, "seed {seed}");
    }
    let schedules = number("REEVE_SIM_SCHEDULES").unwrap_or(SCHEDULES);
    let began = Instant::now();
    // The first that fails, whichever thread plays it: the same on every machine.
    let (next, failing) = (AtomicU64::new(0), AtomicU64::new(schedules));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= failing.load(Ordering::Relaxed) {
                        return;
                    }
                    if play(seed, Faults::all(), false).broken.is_some() {
                        failing.fetch_min(seed, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let failing = failing.into_inner();
    if failing < schedules {
        panic!("{}", report(failing));
    }
    let took = began.elapsed().as_secs_f64();
    println!("{schedules} schedules in {took:.1} s: {:.0} a second", schedules as f64 / took);
}

#[test]
fn a_seed_is_one_schedule() {
    let traces = [1, 1, 2].map(|seed| play(seed, Faults::all(), true).trace);
    assert!(!traces[0].is_empty() && traces[0] == traces[1] && traces[1] != traces[2]);
}

#[test]
fn schedules_meet_every_fault_every_end_and_every_kind_of_operation() {
    let mut all = Met::default();
    for met in (0..500).map(|seed| play(seed, Faults::all(), false).met) {
        all.faults.extend(met.faults);
        all.ends.extend(met.ends);
        all.verified.extend(met.verified);
    }
    assert_eq!(all.faults, Fault::ALL.into());
    assert_eq!(all.ends, Phase::ALL.into_iter().filter(|phase| phase.is_settled()).collect());
    use OperationKind::{Create, Delete, Disable, Enable, Freeze, Grant, Replace, Revoke};
    assert_eq!(all.verified, [Create, Delete, Disable, Enable, Freeze, Grant, Replace, Revoke].into());
}

/// The law that a seed breaks, how to see it again, and what happens where only the faults that matter happen.
fn report(seed: u64) -> String {
    let law = play(seed, Faults::all(), false).broken.unwrap_or_default();
    let mut faults = Faults::all();
    let mut needed = Vec::new();
    for fault in Fault::ALL {
        match play(seed, faults.without(fault), false).broken {
            Some(_) => faults = faults.without(fault),
            None => needed.push(fault),
        }
    }
    let least = play(seed, faults, true);
    format!(
        "after {seed} schedules: {law}\nREEVE_SIM_SEED={seed} cargo test -p reeve-core --test simulation -- --nocapture\n\
         With no faults but {needed:?}: {}\n{}",
        least.broken.unwrap_or_default(),
        least.trace.join("\n")
    )
}
