//! The life of one operation: what was asked of a target, what it answered, and what may happen next.

mod breaker;
mod judge;
mod operation;
mod outcome;
pub mod pace;

pub use breaker::{Breaker, Pass};
pub use judge::*;
pub use operation::*;
pub use outcome::*;
