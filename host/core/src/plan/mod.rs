//! What must change: the difference between what is and what should be, as a plan whose hash is its name.

mod action;
mod make;
mod model;
mod system;
mod wanted;

pub use action::*;
pub use make::*;
pub use model::*;
pub use system::*;
