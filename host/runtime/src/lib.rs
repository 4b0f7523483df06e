//! Runs connector plugins in the sandbox, and is the only way out to a target.

mod engine;
pub mod limits;
pub mod package;
pub mod vault;

#[cfg(test)]
mod testing;
