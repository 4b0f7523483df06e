//! `reeve:connector@0.1.0`: what a plugin of this version exports and imports, in core's words.

mod answer;
mod ask;
mod exports;
mod imports;

pub(crate) use exports::{Answer, Exports};
pub(crate) use imports::link;

/// What wasmtime makes of the contract's files.
mod wit {
    wasmtime::component::bindgen!({
        path: "../../wit/0.1.0",
        world: "connector",
        imports: { default: async | trappable },
        exports: { default: async },
    });
}
