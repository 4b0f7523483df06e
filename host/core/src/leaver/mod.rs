//! The leaver case: it proves that a person who left has no access any more, system by system.
//!
//! A case opens with the exit and closes when a fresh, whole read of every system in scope shows nothing left. What a
//! target answered to a removal does not close it; only a read that began after the removal does.

mod case;
mod certificate;
mod seen;

pub use case::*;
pub use certificate::certificate;
pub use seen::{SeenByPerson, SystemSeen};
