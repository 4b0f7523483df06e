//! An empty WASI 0.2, for languages whose runtime imports it whether they use it or not: no environment, no arguments,
//! no folders, no network, and standard streams that lead nowhere.
//!
//! Clock and randomness are the call's senses.

use crate::limits::{HANDLES_MAX, WASI_RANDOM_BYTES_MAX};
use crate::senses::Senses;
use crate::state::State;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView};

pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

/// Made when it is first asked for, which most guests never do.
pub(crate) struct Wasi {
    senses: Senses,
    made: Option<(WasiCtx, ResourceTable)>,
}

impl Wasi {
    pub fn new(senses: Senses) -> Self {
        Self { senses, made: None }
    }

    pub fn senses(&self) -> &Senses {
        &self.senses
    }

    pub fn view(&mut self) -> WasiCtxView<'_> {
        let (ctx, table) = self.made.get_or_insert_with(|| (empty(&self.senses), table()));
        WasiCtxView { ctx, table }
    }
}

fn empty(senses: &Senses) -> WasiCtx {
    WasiCtx::builder()
        .wall_clock(senses.clone())
        .monotonic_clock(senses.clone())
        .secure_random(senses.chance("secure"))
        .insecure_random(senses.chance("insecure"))
        .insecure_random_seed(senses.chance("insecure-seed").number())
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(WASI_RANDOM_BYTES_MAX)
        .build()
}

fn table() -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES_MAX);
    table
}
