//! The connector as the host sees it: every call a fresh instance, every listing walked to its end.
//!
//! `real` talks to an OpenLDAP server; the others to a directory in memory, for what OpenLDAP does not do.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod active_directory;
mod ds389;
mod filter;
mod misbehaviour;
mod model;
mod real;
mod slapd;
mod words;

use reeve_plugin_ldap::Ldap;
use reeve_sdk::prelude::*;
use reeve_sdk::testing::Host;
use std::collections::BTreeSet;

/// One call: the instance lives no longer.
fn call<H: Host + Clone + 'static, T>(host: &H, body: impl FnOnce(&Ldap) -> T) -> T {
    host.clone().run(|| body(&Ldap::open().unwrap()))
}

struct Listed<T> {
    items: Vec<T>,
    pages: usize,
    warnings: Vec<String>,
}

/// Walks a listing as the host does, which refuses a cursor that it has seen.
fn walk<H: Host + Clone + 'static, T>(
    host: &H,
    size: u32,
    list: impl Fn(&Ldap, PageRequest) -> Result<Page<T>, Failure>,
) -> Result<Listed<T>, Failure> {
    let mut seen = BTreeSet::new();
    let mut listed = Listed { items: vec![], pages: 0, warnings: vec![] };
    let mut cursor = None;
    loop {
        let page = call(host, |ldap| list(ldap, PageRequest { cursor: cursor.take(), size }))?;
        let state = page.state().clone();
        assert_eq!(state.complete, state.next.is_none());
        listed.items.extend(page.items);
        listed.pages += 1;
        listed.warnings.extend(state.warnings);
        let Some(next) = state.next else { return Ok(listed) };
        assert!(seen.insert(next.clone()), "the listing loops at {next}");
        cursor = Some(next);
    }
}

fn accounts<H: Host + Clone + 'static>(host: &H, size: u32) -> Listed<Account> {
    walk(host, size, |ldap, page| ldap.list_accounts(page)).unwrap()
}

fn entitlements<H: Host + Clone + 'static>(host: &H, size: u32) -> Listed<Entitlement> {
    walk(host, size, |ldap, page| ldap.list_entitlements(page)).unwrap()
}

fn grants<H: Host + Clone + 'static>(host: &H, size: u32) -> Listed<Grant> {
    walk(host, size, |ldap, page| ldap.list_grants(page)).unwrap()
}

fn view<H: Host + Clone + 'static>(host: &H, id: &str) -> Option<AccountView> {
    call(host, |ldap| ldap.get_account(id)).unwrap()
}

fn by_login<H: Host + Clone + 'static>(host: &H, login: &str) -> Vec<Account> {
    call(host, |ldap| ldap.find_account(MatchBy::Login, login)).unwrap()
}

fn id_of<H: Host + Clone + 'static>(host: &H, login: &str) -> String {
    let found = by_login(host, login);
    assert_eq!(found.len(), 1, "{login}");
    found[0].id.clone()
}

fn group_id<H: Host + Clone + 'static>(host: &H, name: &str) -> String {
    let found = entitlements(host, 100).items.into_iter().find(|group| group.name == name);
    found.unwrap_or_else(|| panic!("no group {name}")).id
}

fn apply<H: Host + Clone + 'static>(host: &H, operation: Operation) -> Result<Outcome, Failure> {
    call(host, |ldap| ldap.apply(operation, "operation-1"))
}

fn grant_to<H: Host + Clone + 'static>(host: &H, account: &str, group: &str) -> Result<Outcome, Failure> {
    apply(host, Operation::Grant(NewGrant { account: account.into(), entitlement: group.into(), expires_at: None }))
}

fn revoke_from<H: Host + Clone + 'static>(host: &H, account: &str, group: &str) -> Result<Outcome, Failure> {
    apply(host, Operation::Revoke(Membership { account: account.into(), entitlement: group.into() }))
}

fn person(login: &str) -> NewAccount {
    NewAccount {
        login: login.into(),
        email: Some(format!("{}@example.com", login.to_lowercase())),
        display_name: Some("Ines Marchetti".into()),
        given_name: Some("Ines".into()),
        family_name: Some("Marchetti".into()),
        correlation_key: Some("E-1001".into()),
        attributes: vec![],
        entitlements: vec![],
    }
}

/// Each grant as `login > group`, with its source where that is a group.
fn told<H: Host + Clone + 'static>(host: &H, grants: &[Grant]) -> Vec<String> {
    let people = accounts(host, 500).items;
    let groups = entitlements(host, 200).items;
    let group = |id: &str| groups.iter().find(|group| group.id == id).map_or("?", |group| group.name.as_str());
    let login = |id: &str| people.iter().find(|account| account.id == id).and_then(|account| account.login.clone());
    let mut told: Vec<_> = grants
        .iter()
        .map(|grant| {
            let source = match &grant.source {
                GrantSource::Direct => String::new(),
                GrantSource::InheritedFrom(from) => format!(" through {}", group(from)),
                other => format!(" {other:?}"),
            };
            let stays = if grant.revocable || !source.is_empty() { "" } else { ", stays" };
            format!("{} > {}{source}{stays}", login(&grant.account).unwrap_or("?".into()), group(&grant.entitlement))
        })
        .collect();
    told.sort();
    told
}
