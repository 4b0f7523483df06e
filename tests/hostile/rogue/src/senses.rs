//! Looks at the clock and draws lots, as a guest of a language whose runtime does.

use crate::machine::wasi::clocks::{monotonic_clock, wall_clock};
use crate::machine::wasi::random::random;

/// What no second call would see.
pub fn seen() -> String {
    let now = wall_clock::now();
    let ticks = monotonic_clock::now();
    let lot = random::get_random_u64();
    format!("at {}.{:09} after {ticks} with {lot:016x}", now.seconds, now.nanoseconds)
}
