//! SCIM 2.0 (RFC 7643, RFC 7644, cursors of RFC 9865): users are accounts, groups are entitlements, and memberships are
//! grants.
//!
//! The standard leaves much to the server, so this connector reads the server's `ServiceProviderConfig`, believes it,
//! and checks again what can be checked: that a search answers with what was asked for, that a page starts where it was
//! wished, that a listing is as long as the server says. It knows no sessions, no keys and no last login: SCIM has none.
//!
//! # Layout
//!
//! - [`settings`], [`config`]: what the administrator says, and what the server says about itself.
//! - [`exchange`], [`paging`]: one request and what its refusal means; a listing, page by page.
//! - [`path`], [`user`], [`group`], [`nesting`]: the resources, and what follows from groups inside groups.
//! - [`reader`], [`membership`]: the listings; the fresh read of one account.
//! - [`writer`], [`change`], [`member_change`]: operations on accounts, on attributes, and on memberships.
//! - [`descriptor`], [`probes`]: what it can do, and what it tries for an administrator.

mod change;
mod config;
mod descriptor;
mod exchange;
mod group;
mod member_change;
mod membership;
mod nesting;
mod paging;
mod path;
mod probes;
mod reader;
mod settings;
mod user;
mod writer;

use reeve_sdk::prelude::*;
use settings::Settings;

/// The connection that the manifest asks for.
const API: &str = "api";

pub struct Scim {
    settings: Settings,
}

impl Connector for Scim {
    fn open() -> Result<Self, Failure> {
        let settings: Settings = reeve_sdk::settings::read()?;
        settings.check()?;
        Ok(Self { settings })
    }
}

reeve_sdk::export!(Scim: Descriptor, Reader, Writer);
