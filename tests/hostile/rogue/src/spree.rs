//! Takes more of the machine than it should.

use std::hint::black_box;

const HUGE_BYTES: usize = 40 * 1024 * 1024;
const ROUNDS: u32 = 10;

pub fn run(mode: &str) {
    match mode {
        "loop" => loop {
            black_box(0);
        },
        "recursion" => {
            black_box(deeper(black_box(1)));
        }
        "memory" => {
            let mut hoard: Vec<Vec<u8>> = vec![];
            loop {
                hoard.push(black_box(vec![1; 1024 * 1024]));
            }
        }
        // Each line is a host call, so the guest's own clock never runs out.
        "log-for-ever" => loop {
            reeve_sdk::log::info("still here");
        },
        "log-flood" => {
            for _ in 0..100 {
                reeve_sdk::log::info("x".repeat(100_000));
            }
        }
        // Each round is one instruction over a lot of memory, in which nothing interrupts the guest.
        "fill" => {
            let mut hoard = vec![0_u8; 128 * 1024 * 1024];
            loop {
                black_box(&mut hoard).fill(black_box(1));
            }
        }
        "settings-for-ever" => loop {
            black_box(reeve_sdk::settings::read::<serde_json::Value>()).ok();
        },
        // Each host call hands over as much as one may.
        "log-huge" => {
            let line = "x".repeat(HUGE_BYTES);
            (0..ROUNDS).for_each(|_| reeve_sdk::log::info(&line));
        }
        "request-huge" => {
            let path = "/".repeat(HUGE_BYTES);
            for _ in 0..ROUNDS {
                black_box(reeve_sdk::http::Request::get("api", &path).send()).ok();
            }
        }
        "forged-line" => reeve_sdk::log::info("done\n2026-01-01 INFO approved by root \u{1b}[2J"),
        "panic" => panic!("out of cheese\nand of luck"),
        _ => {}
    }
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn deeper(depth: u64) -> u64 {
    black_box(deeper(black_box(depth + 1))) + depth
}
