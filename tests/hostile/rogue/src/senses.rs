//! Looks at the clock and draws lots, as a guest of a language whose runtime does.

mod wasi {
    wit_bindgen::generate!({
        inline: "
            package reeve:rogue;

            world senses {
                import wasi:clocks/wall-clock@0.2.0;
                import wasi:clocks/monotonic-clock@0.2.0;
                import wasi:random/random@0.2.0;
            }

            package wasi:clocks@0.2.0 {
                interface wall-clock {
                    record datetime { seconds: u64, nanoseconds: u32 }
                    now: func() -> datetime;
                }
                interface monotonic-clock {
                    now: func() -> u64;
                }
            }

            package wasi:random@0.2.0 {
                interface random {
                    get-random-u64: func() -> u64;
                }
            }
        ",
        world: "senses",
        generate_all,
    });
}

/// What no second call would see.
pub fn seen() -> String {
    let now = wasi::wasi::clocks::wall_clock::now();
    let ticks = wasi::wasi::clocks::monotonic_clock::now();
    let lot = wasi::wasi::random::random::get_random_u64();
    format!("at {}.{:09} after {ticks} with {lot:016x}", now.seconds, now.nanoseconds)
}
