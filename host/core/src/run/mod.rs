//! The life of one operation: what was asked of a target, what it answered, and what may happen next.

mod outcome;

pub use outcome::*;
