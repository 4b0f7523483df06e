//! The systems Reeve governs, how each is reached, and when it is read. A system is one TOML file that a team keeps in git.

mod connection;
mod due;
mod system;

pub use connection::*;
pub use due::*;
pub use system::*;
