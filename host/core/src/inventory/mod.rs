//! The systems Reeve governs, and how each is reached. A system is one TOML file that a team keeps in git.

mod connection;
mod system;

pub use connection::*;
pub use system::*;
