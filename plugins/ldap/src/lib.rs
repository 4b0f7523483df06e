//! LDAP directories: people are accounts, groups are entitlements, and the members that a group lists are grants.
//!
//! Memberships are read from the groups, never from `memberOf`: an overlay or a plugin of the server keeps that one, it
//! is missing on many servers, and it misses whatever was written before it was switched on. Every id is the entry's
//! immutable one; distinguished names are compared in a normal form and never kept beyond a call.
//!
//! # Layout
//!
//! - [`settings`], [`flavour`]: what the administrator says, and how the three kinds of directory differ.
//! - [`dn`], [`moments`]: names and times as directories write them.
//! - [`directory`]: searches, page by page and within a budget.
//! - [`account`], [`state`]: an entry as an account, and whether it can sign in.
//! - [`group`], [`grants`], [`reader`]: groups and what is inside them; the walk over all memberships; the listings.
//! - [`writer`], [`create`], [`membership`]: operations on accounts, on new ones, and on memberships.
//! - [`descriptor`], [`probes`]: what it can do, and what it tries for an administrator.

mod account;
mod create;
mod descriptor;
mod directory;
mod dn;
mod flavour;
mod grants;
mod group;
mod membership;
mod moments;
mod probes;
mod reader;
mod settings;
mod state;
mod writer;

use directory::Directory;
use reeve_sdk::prelude::*;
use settings::{Profile, Settings};

pub struct Ldap {
    profile: Profile,
    directory: Directory,
}

impl Connector for Ldap {
    fn open() -> Result<Self, Failure> {
        let settings: Settings = reeve_sdk::settings::read()?;
        Ok(Self { profile: Profile::new(settings)?, directory: Directory::new() })
    }
}

reeve_sdk::export!(Ldap: Descriptor, Reader, Writer);
