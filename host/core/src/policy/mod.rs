//! What should be: a folder of TOML that a team keeps in git, read whole or refused with file and line.

mod assignment;
mod birthright;
mod guardrail;
mod parse;

pub use assignment::*;
pub use birthright::*;
pub use guardrail::*;
pub use parse::*;
