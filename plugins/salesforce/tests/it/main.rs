//! The connector against a model of Salesforce, one request at a time. The model answers queries from rows, and is held
//! to the paths and methods of the manifest.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod credentials;
mod faults;
mod grants;
mod listings;
mod model;
mod org;
mod soql;
mod words;
mod writing;

use model::{Model, Shared};
use reeve_plugin_salesforce::Salesforce;
use reeve_sdk::prelude::*;
use reeve_sdk::testing::Host;

/// Runs a call of the plugin as the host does: a fresh instance each time.
fn call<T>(org: &Shared, call: impl FnOnce(&Salesforce) -> Result<T, Failure>) -> Result<T, Failure> {
    Model::host(org).run(|| call(&Salesforce::open()?))
}

/// A listing as the host drives it.
#[derive(Debug)]
struct Listed<T> {
    items: Vec<T>,
    pages: usize,
    stated_total: Option<u64>,
    warnings: Vec<String>,
}

fn list<T>(
    org: &Shared,
    read: impl Fn(&Salesforce, PageRequest) -> Result<Page<T>, Failure>,
) -> Result<Listed<T>, Failure> {
    let mut listed = Listed { items: vec![], pages: 0, stated_total: None, warnings: vec![] };
    let mut cursors: Vec<Option<String>> = vec![None];
    loop {
        let request = PageRequest { cursor: cursors.last().cloned().flatten(), size: 1_000 };
        let page = call(org, |plugin| read(plugin, request))?;
        let state = page.state().clone();
        listed.items.extend(page.items);
        listed.pages += 1;
        listed.stated_total = listed.stated_total.or(state.stated_total);
        listed.warnings.extend(state.warnings);
        assert_eq!(state.complete, state.next.is_none());
        if state.complete {
            return Ok(listed);
        }
        if cursors.contains(&state.next) {
            return Err(Failure::internal("the listing loops"));
        }
        cursors.push(state.next);
    }
}

fn accounts(org: &Shared) -> Result<Listed<Account>, Failure> {
    list(org, |plugin, page| plugin.list_accounts(page))
}

fn grants(org: &Shared) -> Result<Listed<Grant>, Failure> {
    list(org, |plugin, page| plugin.list_grants(page))
}

fn entitlements(org: &Shared) -> Result<Listed<Entitlement>, Failure> {
    list(org, |plugin, page| plugin.list_entitlements(page))
}

fn apply(org: &Shared, operation: Operation) -> Result<Outcome, Failure> {
    call(org, |plugin| plugin.apply(operation, "operation-1"))
}

fn member(account: &str, entitlement: &str) -> Membership {
    Membership { account: account.to_owned(), entitlement: entitlement.to_owned() }
}
