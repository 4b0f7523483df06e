//! The one wasmtime engine of the process: its pool, its clock, and compiled code kept on disk.

mod cache;
mod clock;

pub(crate) use cache::CodeCache;

use crate::limits::*;
use clock::{Clock, Ticking};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Address space that must be had for a pool: one slot takes 4 GiB and its guard, and there are hundreds.
const ADDRESS_BITS_NEEDED: u32 = 42;
/// Core instances, memories and tables per call that the pool is made for on average.
const POOL_SHARE_INSTANCES: u32 = 24;
const POOL_SHARE_MEMORIES: u32 = 2;
const POOL_SHARE_TABLES: u32 = 4;
/// What wasmtime itself may keep per instance, in bytes.
const INSTANCE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The stack of a guest and of the host calls it makes, in bytes.
const STACK_BYTES: usize = 2 * 1024 * 1024;
const WASM_STACK_BYTES: usize = 1024 * 1024;

/// An engine, and the right to run at most as many guests as its pool holds.
#[derive(Clone)]
pub(crate) struct Sandbox {
    engine: Engine,
    // One less than the pool: a full pool is an error in wasmtime, not a wait.
    slots: Arc<Semaphore>,
    clock: Clock,
}

/// The right to run one guest. The clock that ends its turns ticks meanwhile.
pub(crate) struct Slot {
    _permit: OwnedSemaphorePermit,
    _ticking: Ticking,
}

impl Sandbox {
    pub fn new() -> wasmtime::Result<Self> {
        let config = if address_space_is_wide() { pooled() } else { common() };
        let engine = Engine::new(&config)?;
        let clock = Clock::start(&engine)?;
        Ok(Self { engine, clock, slots: Arc::new(Semaphore::new(CALLS_AT_ONCE_MAX.saturating_sub(1) as usize)) })
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Waits for a slot. None only if the process is ending.
    pub async fn slot(&self) -> Option<Slot> {
        let permit = self.slots.clone().acquire_owned().await.ok()?;
        Some(Slot { _permit: permit, _ticking: self.clock.tick() })
    }
}

fn common() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        // The contract is sync-shaped; the machinery for concurrent guests would cost every call and add surface.
        .concurrency_support(false)
        // A call that is replayed on another machine must compute what it computed on this one.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .async_stack_size(STACK_BYTES)
        .max_wasm_stack(WASM_STACK_BYTES);
    config
}

fn pooled() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(CALLS_AT_ONCE_MAX)
        .total_core_instances(CALLS_AT_ONCE_MAX * POOL_SHARE_INSTANCES)
        .total_memories(CALLS_AT_ONCE_MAX * POOL_SHARE_MEMORIES)
        .total_tables(CALLS_AT_ONCE_MAX * POOL_SHARE_TABLES)
        .total_stacks(CALLS_AT_ONCE_MAX)
        .max_component_instance_size(INSTANCE_BYTES_MAX)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .max_memory_size(MEMORY_BYTES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX);
    let mut config = common();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Tries to reserve a large memory: on machines with little address space the pool would fail at start.
fn address_space_is_wide() -> bool {
    let mut config = Config::new();
    config.wasm_memory64(true).memory_reservation(1 << ADDRESS_BITS_NEEDED);
    let reserve = |engine: Engine| {
        let pages = 1_u64 << (ADDRESS_BITS_NEEDED - 16);
        let mut store = wasmtime::Store::new(&engine, ());
        wasmtime::Memory::new(&mut store, wasmtime::MemoryType::new64(0, Some(pages))).is_ok()
    };
    Engine::new(&config).is_ok_and(reserve)
}
