//! The Salesforce stand-in, as its clients see it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod login;
mod misbehaviour;
mod org;
mod peer;
mod program;
mod query;
mod records;
mod sessions;
