//! People and their lifecycle: who works here, since when, until when.
//!
//! A complete feed of workers comes in, identities and lifecycle events come out ([`reconcile`]); time alone makes
//! events too ([`advance`]), because a termination may lie in the future and a contract may just end.

mod lifecycle;
mod model;
mod reconcile;
mod term;
mod worker;

pub use lifecycle::*;
pub use model::*;
pub use reconcile::*;
pub use term::*;
pub use worker::*;
