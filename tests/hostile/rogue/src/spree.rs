//! Takes more of the machine than it should.

use std::hint::black_box;

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
        "forged-line" => reeve_sdk::log::info("done\n2026-01-01 INFO approved by root \u{1b}[2J"),
        "panic" => panic!("out of cheese\nand of luck"),
        _ => {}
    }
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn deeper(depth: u64) -> u64 {
    black_box(deeper(black_box(depth + 1))) + depth
}
