//! Between the contract and core's own words: one module for each version of `reeve:connector` that this host runs.
//!
//! A plugin's answers are a stranger's. Everything that passes through here is checked against [`crate::limits`] and
//! named by field where it does not fit; what comes out the other side is core's, bounded and well-formed.

mod bounds;
mod v0_1;

pub(crate) use bounds::sentence;
/// The newest version. An older one that is kept alive gets a module beside it, and this becomes a choice.
pub(crate) use v0_1::{Answer, Exports, link};

use reeve_core::access::PageState;
use serde::{Deserialize, Serialize};

/// One page of a listing, of any version of the contract.
#[derive(Clone, Debug)]
pub(crate) struct Page<T> {
    pub items: Vec<T>,
    pub state: PageState,
}

/// Which page is asked for.
#[derive(Clone, Debug)]
pub(crate) struct PageRequest {
    pub cursor: Option<String>,
    pub size: u32,
}

/// One thing that a plugin's self-test tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    pub name: String,
    pub passed: bool,
    pub detail: String,
}
