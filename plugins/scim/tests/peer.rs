//! The whole life of an account at a server that is not ours: scim2-server, over TCP on loopback.
//! `eval "$(tests/setup/peers.sh)"` says where it is (REEVE_SCIM2_SERVER).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod wire;

use reeve_plugin_scim::Scim;
use reeve_sdk::Traits;
use reeve_sdk::prelude::*;
use reeve_sdk::testing::Host;
use serde_json::{Value as Json, json};
use wire::Peer;

const BY_PATCH: &str = "{}";
const BY_PUT: &str = r#"{"dialect": "put"}"#;

/// The peer, or none where a developer's machine has none.
fn peer(config: Option<Json>) -> Option<Peer> {
    if let Some(program) = std::env::var_os("REEVE_SCIM2_SERVER") {
        return Some(Peer::start(&program, config));
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "REEVE_SCIM2_SERVER is not set; run tests/setup/peers.sh");
    eprintln!("skipped: scim2-server is missing (REEVE_SCIM2_SERVER); run tests/setup/peers.sh");
    None
}

fn call<T>(peer: &Peer, settings: &str, call: impl FnOnce(&Scim) -> Result<T, Failure>) -> T {
    peer.host(settings).run(|| call(&Scim::open()?)).unwrap()
}

fn apply(peer: &Peer, settings: &str, operation: Operation) -> Outcome {
    call(peer, settings, |scim| scim.apply(operation, "op-1"))
}

fn list<T>(
    peer: &Peer,
    settings: &str,
    read: impl Fn(&Scim, PageRequest) -> Result<Page<T>, Failure>,
) -> (Vec<T>, usize) {
    let (mut items, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let page = call(peer, settings, |scim| read(scim, PageRequest { cursor: cursor.clone(), size: 1_000 }));
        pages += 1;
        cursor = page.state().next.clone();
        let (complete, stated) = (page.state().complete, page.state().stated_total);
        items.extend(page.items);
        if complete {
            assert!(stated.is_none_or(|stated| stated == items.len() as u64));
            return (items, pages);
        }
        assert!(pages < 1_000, "the listing does not end");
    }
}

fn new_account(n: usize) -> NewAccount {
    NewAccount {
        login: format!("person{n}@example.com"),
        email: Some(format!("person{n}@example.com")),
        display_name: Some(format!("Person {n}")),
        given_name: Some("Person".into()),
        family_name: Some(n.to_string()),
        correlation_key: Some((1000 + n).to_string()),
        attributes: vec![Attribute::text("department", "Treasury")],
        entitlements: vec![],
    }
}

fn create(peer: &Peer, settings: &str, n: usize) -> String {
    apply(peer, settings, Operation::Create(new_account(n))).account.unwrap()
}

fn create_group(peer: &Peer, name: &str, members: &[&str]) -> String {
    let members: Vec<Json> = members.iter().map(|id| json!({ "value": id })).collect();
    let schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
    peer.post("/Groups", &json!({ "schemas": schemas, "displayName": name, "members": members }))["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn view(peer: &Peer, settings: &str, id: &str) -> Option<AccountView> {
    call(peer, settings, |scim| scim.get_account(id))
}

fn held(peer: &Peer, settings: &str, id: &str) -> Vec<(String, GrantSource)> {
    view(peer, settings, id).unwrap().grants.into_iter().map(|grant| (grant.entitlement, grant.source)).collect()
}

#[test]
fn an_account_lives_and_ends_in_both_dialects() {
    let Some(peer) = peer(None) else { return };
    for (n, settings) in [BY_PATCH, BY_PUT].into_iter().enumerate() {
        let id = create(&peer, settings, n);
        let group = create_group(&peer, &format!("Ledger {n}"), &[]);
        let account = view(&peer, settings, &id).unwrap().account;
        assert_eq!((account.state, account.native_state.as_str()), (AccountState::Active, "active=true"));
        assert!(account.created_at.is_some() && account.etag.is_some());

        let key = (1000 + n).to_string();
        let found = call(&peer, settings, |scim| scim.find_account(MatchBy::CorrelationKey, &key));
        assert_eq!(found, [account]);

        let membership = || Membership { account: id.clone(), entitlement: group.clone() };
        let grant = || NewGrant { account: id.clone(), entitlement: group.clone(), expires_at: None };
        assert_eq!(apply(&peer, settings, Operation::Grant(grant())).status, Status::Done);
        assert_eq!(held(&peer, settings, &id), [(group.clone(), GrantSource::Direct)]);
        assert_eq!(apply(&peer, settings, Operation::Grant(grant())).status, Status::AlreadySo);

        let attributes = [("department", "Audit"), ("email", "new@example.com"), ("family-name", "Ledger")];
        let attributes = attributes.map(|(name, value)| Attribute::text(name, value)).to_vec();
        let change = AccountChange { account: id.clone(), etag: None, attributes: attributes.clone() };
        assert_eq!(apply(&peer, settings, Operation::Update(change)).status, Status::Done);
        let changed = view(&peer, settings, &id).unwrap().account;
        assert_eq!(changed.email.as_deref(), Some("new@example.com"));
        assert!(
            changed.attributes.contains(&attributes[0]) && changed.attributes.contains(&attributes[2]),
            "{changed:?}"
        );

        assert_eq!(apply(&peer, settings, Operation::Revoke(membership())).status, Status::Done);
        assert_eq!(held(&peer, settings, &id), []);
        assert_eq!(apply(&peer, settings, Operation::Revoke(membership())).status, Status::AlreadySo);

        assert_eq!(apply(&peer, settings, Operation::Disable(id.clone())).status, Status::Done);
        assert_eq!(view(&peer, settings, &id).unwrap().account.state, AccountState::Disabled);
        assert_eq!(apply(&peer, settings, Operation::Disable(id.clone())).status, Status::AlreadySo);
        assert_eq!(apply(&peer, settings, Operation::Enable(id.clone())).status, Status::Done);

        assert_eq!(apply(&peer, settings, Operation::Delete(id.clone())).status, Status::Done);
        assert_eq!(view(&peer, settings, &id), None);
        assert_eq!(apply(&peer, settings, Operation::Delete(id)).status, Status::AlreadySo);
    }
}

#[test]
fn what_is_described_as_idempotent_is() {
    let Some(peer) = peer(None) else { return };
    let (id, group) = (create(&peer, BY_PATCH, 1), create_group(&peer, "Ledger", &[]));
    let described = call(&peer, BY_PATCH, |scim| Ok(scim.describe()));
    for capability in described.capabilities.iter().filter(|one| one.traits.contains(Traits::IDEMPOTENT)) {
        let operation = match capability.operation {
            OperationKind::Enable => Operation::Enable(id.clone()),
            OperationKind::Disable => Operation::Disable(id.clone()),
            OperationKind::Grant => {
                Operation::Grant(NewGrant { account: id.clone(), entitlement: group.clone(), expires_at: None })
            }
            OperationKind::Revoke => Operation::Revoke(Membership { account: id.clone(), entitlement: group.clone() }),
            OperationKind::Delete => continue,
            OperationKind::Update => {
                let attributes = vec![Attribute::text("title", "Clerk")];
                Operation::Update(AccountChange { account: id.clone(), etag: None, attributes })
            }
            other => panic!("{other:?} is not expected to be idempotent"),
        };
        apply(&peer, BY_PATCH, operation.clone());
        let once = view(&peer, BY_PATCH, &id);
        apply(&peer, BY_PATCH, operation);
        assert_eq!(view(&peer, BY_PATCH, &id), once, "{:?}", capability.operation);
    }
}

#[test]
fn a_login_that_is_taken_is_a_conflict() {
    let Some(peer) = peer(None) else { return };
    create(&peer, BY_PATCH, 1);
    let again = peer.host(BY_PATCH).run(|| Scim::open()?.create(new_account(1), "op-1"));
    assert!(matches!(again, Err(Failure::Conflict(_))), "{again:?}");
}

#[test]
fn two_hundred_and_fifty_users_are_listed_by_index_and_by_cursor() {
    let by_cursor = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true }, "filter": { "supported": true, "maxResults": 40 },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "changePassword": { "supported": false }, "sort": { "supported": false }, "etag": { "supported": true },
        "authenticationSchemes": [], "pagination": { "cursor": true, "index": true },
    });
    // 100 is the page that the settings wish for, 40 the most that the second server says it gives.
    for (config, pages_expected) in [(None, 3), (Some(by_cursor), 7)] {
        let Some(peer) = peer(config) else { return };
        let ids: Vec<String> = (0..250).map(|n| create(&peer, BY_PATCH, n)).collect();
        let members: Vec<&str> = ids.iter().map(String::as_str).collect();
        let group = create_group(&peer, "Everybody", &members);
        let (accounts, pages) = list(&peer, BY_PATCH, |scim, page| scim.list_accounts(page));
        assert_eq!(pages, pages_expected);
        let mut listed: Vec<&str> = accounts.iter().map(|account| account.id.as_str()).collect();
        let mut expected = members.clone();
        listed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(listed, expected);
        let (grants, _) = list(&peer, BY_PATCH, |scim, page| scim.list_grants(page));
        assert_eq!(grants.len(), 250);
        assert!(grants.iter().all(|grant| grant.entitlement == group && grant.source == GrantSource::Direct));
    }
}

#[test]
fn a_group_inside_a_group_is_seen_though_this_server_does_not_say_what_a_member_is() {
    let Some(peer) = peer(None) else { return };
    let ada = create(&peer, BY_PATCH, 1);
    let team = create_group(&peer, "Team", &[&ada]);
    let unit = create_group(&peer, "Unit", &[&team]);
    let firm = create_group(&peer, "Firm", &[&unit]);
    let through = GrantSource::InheritedFrom(team.clone());
    let mut expected =
        vec![(team.clone(), GrantSource::Direct), (unit.clone(), through.clone()), (firm.clone(), through)];
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    let mut fresh = held(&peer, BY_PATCH, &ada);
    fresh.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(fresh, expected);
    let (grants, _) = list(&peer, BY_PATCH, |scim, page| scim.list_grants(page));
    let mut listed: Vec<_> = grants.into_iter().map(|grant| (grant.entitlement, grant.source)).collect();
    listed.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(listed, expected);
    let (entitlements, _) = list(&peer, BY_PATCH, |scim, page| scim.list_entitlements(page));
    let inner = entitlements.iter().find(|entitlement| entitlement.id == team).unwrap();
    assert_eq!(inner.contains, [unit]);
}

#[test]
fn a_check_finds_nothing_wrong_with_it() {
    let Some(peer) = peer(None) else { return };
    let ada = create(&peer, BY_PATCH, 1);
    create_group(&peer, "Team", &[&ada]);
    let probes = call(&peer, BY_PATCH, |scim| scim.check());
    assert!(probes.iter().all(|probe| probe.passed), "{probes:#?}");
    let wrong = peer.host_with_token(BY_PATCH, "wrong").run(|| Scim::open()?.check());
    assert!(matches!(wrong, Err(Failure::AuthFailed(_))), "{wrong:?}");
}
