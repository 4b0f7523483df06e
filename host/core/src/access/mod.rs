//! What is: accounts, entitlements, grants and credentials as the targets report them, and whether a report is whole.

mod link;
mod listing;
mod model;
mod read;

pub use link::*;
pub use listing::*;
pub use model::*;
pub use read::*;
