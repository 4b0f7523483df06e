//! The engine's clock: it ticks while a guest may be running, and stands while none is, so that a host with nothing to do
//! sleeps.

use crate::limits::EPOCH_TICK;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use wasmtime::Engine;

/// How often a clock that stands looks whether its engine is still there.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Default)]
pub(super) struct Clock(Arc<Running>);

#[derive(Default)]
struct Running {
    calls: Mutex<usize>,
    some: Condvar,
}

/// The clock ticks for as long as this lives.
pub(crate) struct Ticking(Clock);

impl Clock {
    /// One thread for the whole engine, which ends with it: it holds the engine weakly.
    pub fn start(engine: &Engine) -> std::io::Result<Self> {
        let clock = Self::default();
        let (running, engine) = (clock.clone(), engine.weak());
        std::thread::Builder::new().name("reeve-epochs".to_owned()).spawn(move || {
            loop {
                if running.wait() {
                    std::thread::sleep(EPOCH_TICK);
                }
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        })?;
        Ok(clock)
    }

    pub fn tick(&self) -> Ticking {
        *self.0.calls.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.some.notify_one();
        Ticking(self.clone())
    }

    /// Waits for a guest to run, but not for ever, and answers whether one does.
    fn wait(&self) -> bool {
        let calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.some.wait_timeout_while(calls, LOOK_EVERY, |calls| *calls == 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 > 0
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        let mut calls = self.0.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls = calls.saturating_sub(1);
    }
}
