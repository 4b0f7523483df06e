//! The store through its public face. Every test runs on SQLite and on PostgreSQL: `on_both!(name)` makes `name::sqlite`
//! and `name::postgres` of the function `name`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod access;
mod access_order;
mod access_property;
mod assignments;
mod bulk;
mod cases;
mod claims;
mod findings;
mod held;
mod interface;
mod inventory;
mod links;
mod log;
mod log_check;
mod opening;
mod operations;
mod people;
mod plans;
mod postgres;
mod sample;
mod secrets;
mod support;
mod units;
mod worker;
