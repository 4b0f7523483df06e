//! What is true and what must happen.
//!
//! Core holds Reeve's vocabulary and its decisions: who a person is, which access policy gives them, what must change,
//! what an operation may do next, and what the log proves. It does no IO, has no async, and takes time, ids and
//! randomness as arguments, so that the same inputs give the same answer, byte for byte.
//!
//! # Layout
//!
//! One folder per step of the work: [`inventory`] (systems and how they are reached), [`identity`] (people and their
//! lifecycle), [`access`] (accounts, entitlements, grants, complete reads), [`policy`] (what should be), [`plan`] (what
//! must change), [`run`] (the life of one operation), [`leaver`] (the case that proves an exit), [`finding`] (what a
//! person must look at) and [`audit`] (the log).

pub mod access;
pub mod audit;
pub mod finding;
pub mod glyph;
pub mod id;
pub mod identity;
pub mod inventory;
pub mod leaver;
pub mod plan;
pub mod policy;
pub mod run;

pub use jiff::Timestamp;
