//! Stand-ins for the systems that Reeve manages, for tests and for the demo.
//!
//! A stand-in behaves like the real thing until it is told not to, and it keeps a ledger of every change that really
//! took place, so that a test can prove what was done and how often, whatever was answered. It is not a mock: it
//! knows nothing of what a test expects.
//!
//! # Layout
//!
//! [`StandIn`] serves a [`Target`] ([`scim::Scim`] or [`salesforce::Salesforce`]) over HTTP, with [`Tls`] if asked to,
//! and puts the [`misbehaviour`] between the two; [`Ledger`] is the record; `sabotage` and `connection` spoil answers
//! and connections; `control` is the second port, where rules are set and the ledger is read. Everything but `scim` and
//! `salesforce` is the same for all targets. What is documented of Salesforce and what is assumed stands in
//! [`salesforce`].

mod connection;
mod control;
mod error;
mod gzip_bomb;
mod http;
mod journal;
mod ledger;
pub mod misbehaviour;
mod sabotage;
pub mod salesforce;
pub mod scim;
mod stand_in;
mod tls;

pub use error::SimError;
pub use http::{Answer, Request};
pub use ledger::{Effect, Entry, Ledger};
pub use stand_in::{Setup, StandIn, Target};
pub use tls::Tls;

use std::sync::Arc;

/// Where a stand-in has the time from.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// The machine's own clock.
pub fn system_clock() -> Clock {
    Arc::new(jiff::Timestamp::now)
}
