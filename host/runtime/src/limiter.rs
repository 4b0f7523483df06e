//! What a guest may use of the machine: memory, tables, instances, and time of its own.

use crate::limits::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};

/// The guest ran over a limit; the text says over which.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct OverLimit(pub String);

/// Memory and tables of one call, over all its instances. Growing past a limit ends the call: a guest that is told "no"
/// mostly dies of it further on, and nobody would know why.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    memory_bytes: usize,
    table_elements: usize,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // Over its own declared maximum growing fails by the rules of WebAssembly.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let all = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if all > MEMORY_BYTES_MAX {
            return Err(OverLimit(format!("it asked for more than {MEMORY_BYTES_MAX} bytes of memory")).into());
        }
        self.memory_bytes = all;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let all = self.table_elements.saturating_add(desired.saturating_sub(current));
        if all > TABLE_ELEMENTS_MAX {
            return Err(OverLimit(format!("its tables have more than {TABLE_ELEMENTS_MAX} elements")).into());
        }
        self.table_elements = all;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        INSTANCES_MAX
    }

    fn memories(&self) -> usize {
        INSTANCES_MAX
    }
}

/// How long the guest's own code has run since its last host call. Only its turns count, so that a guest on a busy
/// machine is not stopped for the time of others.
#[derive(Debug)]
pub(crate) struct Turns {
    origin: Instant,
    /// When the turn began and how much was used before it, in nanoseconds.
    began: AtomicU64,
    used: AtomicU64,
}

impl Default for Turns {
    fn default() -> Self {
        Self { origin: Instant::now(), began: AtomicU64::new(0), used: AtomicU64::new(0) }
    }
}

impl Turns {
    pub fn start_anew(&self) {
        self.used.store(0, Ordering::Relaxed);
        self.begin();
    }

    fn begin(&self) {
        self.began.store(self.now(), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The guest's turn is over: the others' now, unless it has had too many.
    pub fn end(self: &Arc<Self>) -> wasmtime::Result<UpdateDeadline> {
        let turn = self.now().saturating_sub(self.began.load(Ordering::Relaxed));
        let used = self.used.load(Ordering::Relaxed).saturating_add(turn);
        self.used.store(used, Ordering::Relaxed);
        if u128::from(used) > GUEST_TIME_MAX.as_nanos() {
            return Err(OverLimit(format!("it ran for {} s without a host call", GUEST_TIME_MAX.as_secs())).into());
        }
        let turns = self.clone();
        let others = async move {
            tokio::task::yield_now().await;
            turns.begin();
        };
        Ok(UpdateDeadline::YieldCustom(EPOCH_TICKS_PER_TURN, Box::pin(others)))
    }
}

/// Sets a store's deadline: the end of its first turn, and then of each next one.
pub(crate) fn end_of_turn(context: &StoreContextMut<'_, crate::state::State>) -> wasmtime::Result<UpdateDeadline> {
    context.data().turns.end()
}
