//! Waiting for something to become true, with a deadline and never for a fixed time.

#![expect(clippy::panic, reason = "tests")]

use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// Asks until there is an answer.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        if began.elapsed() > PATIENCE {
            panic!("{what}: not within {PATIENCE:?}");
        }
        std::thread::sleep(POLL);
    }
}
