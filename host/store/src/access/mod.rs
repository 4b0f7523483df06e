//! What the systems showed: snapshots, and spans of accounts, entitlements, grants and links.
//!
//! A span is [since, until): since the read that showed it first, until the whole read that did not show it any more. A
//! read of an unchanged system writes nothing.

mod apply;
mod diff;
mod held;
mod link;
mod page;
mod present;
mod snapshot;
mod spans;

pub use apply::ReadChanges;
pub use held::Held;
pub use link::LinkChange;
pub use snapshot::Snapshot;
