//! Runs connector plugins in the sandbox, and is the only way out to a target.
//!
//! # Layout
//!
//! A plugin file is opened and judged by [`package`]. [`Runtime`] compiles it (`engine`), links it to the imports of its
//! contract's version (`abi`) and binds it to a system: a [`Connector`]. Each call of a connector is a fresh store under
//! every limit of [`limits`] (`call`, `limiter`, `senses`, `state`), listings are walked to a proven end (`listing`, `read`), and
//! what a plugin says is cleaned before a person reads it (`clean`). A [`Bench`] is a connector with trouble
//! on the way to its target, for the conformance kit alone. The only way from there to a target is `outside`,
//! which knows nothing of WebAssembly, takes its secrets from [`vault`] and keeps a [`Journal`]. An operation's journal can be
//! run again without it (`replay`), because all that a call sees comes through `reach` and `senses`.

mod abi;
mod bench;
mod call;
mod clean;
mod connector;
mod engine;
mod journal;
mod limiter;
pub mod limits;
mod listing;
mod outside;
pub mod package;
mod plugin;
mod reach;
mod read;
mod replay;
mod runtime;
mod senses;
mod state;
pub mod vault;
mod wasi;
mod webhook;

pub use abi::Probe;
pub use bench::{Bench, OnePage};
pub use connector::{Applied, Connector};
pub use journal::Journal;
pub use outside::{RETRY_AFTER_MS, Strike, Trouble, check_secret};
pub use plugin::Plugin;
pub use read::Progress;
pub use replay::{Difference, Replay, Verdict};
pub use runtime::{Runtime, RuntimeError, RuntimeOptions};
pub use webhook::SignedMessage;

#[cfg(test)]
mod testing;
