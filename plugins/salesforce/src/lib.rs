//! Salesforce, through its REST API and SOQL: users, connected apps and agents are accounts; profiles, permission sets,
//! their groups, public groups, queues, roles and licences are entitlements.
//!
//! Users are never deleted there. What stops one is freezing (at once, keeps the licence) and deactivating (frees it,
//! and may be refused while the user is somebody's default owner), so the two are operations of their own. A profile is
//! exchanged and never taken away. What the connector does not read (territories, sharing, object permissions) is no
//! access to it.
//!
//! # Layout
//!
//! - [`settings`]: what the administrator says.
//! - [`soql`], [`exchange`], [`fault`]: a query's text; one request; what a refusal means.
//! - [`walk`]: a listing over several kinds of objects, page by page.
//! - [`user`], [`program`]: users as accounts; connected apps and agents as accounts.
//! - [`entitlement`], [`nest`], [`grants`], [`reader`]: what there is to hold, what brings what along, who holds it.
//! - [`writer`], [`create`], [`membership`]: operations on users, on new ones, and on what they hold.
//! - [`credentials`], [`token`]: sessions; tokens of connected apps.
//! - [`descriptor`], [`probes`]: what it can do, and what it tries for an administrator.

mod create;
mod credentials;
mod descriptor;
mod entitlement;
mod exchange;
mod fault;
mod grants;
mod membership;
mod nest;
mod probes;
mod program;
mod reader;
mod settings;
mod soql;
mod token;
mod user;
mod walk;
mod writer;

use reeve_sdk::prelude::*;
use settings::Settings;

/// The connection that the manifest asks for.
const API: &str = "api";

pub struct Salesforce {
    settings: Settings,
}

impl Connector for Salesforce {
    fn open() -> Result<Self, Failure> {
        let settings: Settings = reeve_sdk::settings::read()?;
        settings.check()?;
        Ok(Self { settings })
    }
}

reeve_sdk::export!(Salesforce: Descriptor, Reader, Writer, Credentials);
