//! Whether a fresh read shows what was wished: one table per kind of operation.

use crate::given::{account, grant, now};
use reeve_core::access::{
    Account, AccountState, AccountView, Credential, CredentialKind, Grant, GrantSource, LastUse, Quality,
};
use reeve_core::id::NativeId;
use reeve_core::plan::{AccountRef, Action, NewAccount};
use reeve_core::run::{Breach, Judgement, Sight, judge};
use serde_json::json;

const HOLDS: &str = "holds";

/// `holds`, `holds: ID`, `not shown: ...` or `ambiguous: ...`.
fn told(action: &Action<AccountRef>, sight: &Sight) -> String {
    match judge(action, Some(&NativeId::new("a1")), sight) {
        Judgement::Holds { account: None } => HOLDS.to_owned(),
        Judgement::Holds { account: Some(id) } => format!("holds: {id}"),
        Judgement::Breach(Breach::NotShown(why)) => format!("not shown: {why}"),
        Judgement::Breach(Breach::Ambiguous(why)) => format!("ambiguous: {why}"),
        Judgement::Breach(Breach::Unobservable) => "unobservable".to_owned(),
    }
}

fn a1() -> AccountRef {
    AccountRef::Existing(NativeId::new("a1"))
}

fn view(account: Account, grants: &[Grant]) -> Sight {
    Sight::Account(Some(Box::new(AccountView { account, grants: grants.to_vec() })))
}

fn seen(state: AccountState, grants: &[Grant]) -> Sight {
    let native_state = format!("is {state:?}").to_lowercase();
    view(Account { state, native_state, ..account("a1", "mia") }, grants)
}

fn inherited(entitlement: &str) -> Grant {
    Grant { source: GrantSource::InheritedFrom(NativeId::new("parent")), ..grant("a1", entitlement) }
}

fn new_account(entitlements: &[&str]) -> Action<AccountRef> {
    Action::Create(NewAccount {
        login: "mia".to_owned(),
        email: None,
        display_name: None,
        given_name: None,
        family_name: None,
        correlation_key: Some("1".to_owned()),
        attributes: Default::default(),
        entitlements: entitlements.iter().map(|id| NativeId::new(*id)).collect(),
    })
}

#[test]
fn a_state_is_confirmed_only_by_a_state_that_means_it() {
    use AccountState::{Active, Deleted, Disabled, Frozen, Locked, Pending, Unknown};
    let enable = Action::Enable { account: a1() };
    let disable = Action::Disable { account: a1() };
    let freeze = Action::Freeze { account: a1() };
    let delete = Action::Delete { account: a1() };
    for (state, confirms) in [
        (Active, [true, false, false, false]),
        (Locked, [true, false, false, false]),
        (Pending, [true, false, false, false]),
        (Unknown, [true, false, false, false]),
        (Frozen, [false, false, true, false]),
        (Disabled, [false, true, true, false]),
        (Deleted, [false, true, true, true]),
    ] {
        let found = [&enable, &disable, &freeze, &delete].map(|action| told(action, &seen(state, &[])) == HOLDS);
        assert_eq!(found, confirms, "{state:?}: enable, disable, freeze, delete");
    }
    assert_eq!(told(&disable, &seen(Locked, &[])), "not shown: the account is locked (is locked)");
}

#[test]
fn an_account_that_is_gone_has_nothing_and_gets_nothing() {
    let gone = Sight::Account(None);
    let staff = NativeId::new("staff");
    for removal in [
        Action::Disable { account: a1() },
        Action::Freeze { account: a1() },
        Action::Delete { account: a1() },
        Action::Revoke { account: a1(), entitlement: staff.clone() },
    ] {
        assert_eq!(told(&removal, &gone), HOLDS);
    }
    for gift in [
        Action::Enable { account: a1() },
        Action::Grant { account: a1(), entitlement: staff.clone(), expires_at: None },
        Action::Replace { account: a1(), take: None, give: staff },
        Action::Update { account: a1(), etag: None, attributes: Default::default() },
    ] {
        assert_eq!(told(&gift, &gone), "not shown: the account does not exist");
    }
    assert_eq!(told(&new_account(&[]), &gone), "not shown: account a1 does not exist");
}

#[test]
fn a_grant_is_confirmed_by_any_holding_and_a_revocation_by_no_holding_of_its_own() {
    let give = Action::Grant { account: a1(), entitlement: NativeId::new("g"), expires_at: None };
    let take = Action::Revoke { account: a1(), entitlement: NativeId::new("g") };
    let unknown = Grant { source: GrantSource::Unknown, ..grant("a1", "g") };
    for (grants, given, taken) in [
        (vec![], "not shown: the account does not hold g", HOLDS),
        (vec![grant("a1", "other")], "not shown: the account does not hold g", HOLDS),
        (vec![grant("a1", "g")], HOLDS, "not shown: the account still holds g"),
        (vec![unknown], HOLDS, "not shown: the account still holds g"),
        (vec![inherited("g")], HOLDS, HOLDS),
    ] {
        let sight = seen(AccountState::Active, &grants);
        assert_eq!((told(&give, &sight).as_str(), told(&take, &sight).as_str()), (given, taken), "{grants:?}");
    }
}

#[test]
fn an_exchange_needs_the_new_one_there_and_the_old_one_gone() {
    let swap =
        |take: Option<&str>| Action::Replace { account: a1(), take: take.map(NativeId::new), give: "new".into() };
    let both = seen(AccountState::Active, &[grant("a1", "old"), grant("a1", "new")]);
    let new = seen(AccountState::Active, &[grant("a1", "new")]);
    let none = seen(AccountState::Active, &[]);
    assert_eq!(told(&swap(Some("old")), &both), "not shown: the account still holds old");
    assert_eq!(told(&swap(Some("old")), &new), HOLDS);
    assert_eq!(told(&swap(None), &both), HOLDS);
    assert_eq!(told(&swap(Some("old")), &none), "not shown: the account does not hold new");
    assert_eq!(told(&swap(Some("new")), &new), HOLDS, "what it takes and gives is one");
}

#[test]
fn an_update_is_confirmed_attribute_by_attribute() {
    let mut account = account("a1", "mia");
    account.email = Some("mia@example.com".to_owned());
    account.attributes.insert("cost-centre".to_owned(), json!("4711"));
    let sight = view(account, &[]);
    let update = |name: &str, value: &str| Action::Update {
        account: a1(),
        etag: None,
        attributes: [(name.to_owned(), json!(value))].into(),
    };
    assert_eq!(told(&update("email", "mia@example.com"), &sight), HOLDS);
    assert_eq!(told(&update("cost-centre", "4711"), &sight), HOLDS);
    assert_eq!(told(&update("cost-centre", "4712"), &sight), "not shown: cost-centre is not as wished");
    assert_eq!(told(&update("floor", "3"), &sight), "not shown: floor is not as wished");
}

#[test]
fn a_new_account_is_confirmed_by_its_id_with_what_it_was_born_with() {
    let active = seen(AccountState::Active, &[grant("a1", "profile")]);
    assert_eq!(told(&new_account(&["profile"]), &active), "holds: a1");
    assert_eq!(told(&new_account(&["admin"]), &active), "not shown: the account does not hold admin");
    let off = seen(AccountState::Disabled, &[]);
    assert_eq!(told(&new_account(&[]), &off), "not shown: the account is disabled (is disabled)");
}

/// Case 26.
#[test]
fn a_new_account_that_is_searched_by_its_key_must_be_the_only_one_and_ours() {
    let found = |accounts: &[Account]| told(&new_account(&[]), &Sight::Found(accounts.to_vec()));
    let keyed = |id: &str, key: &str| Account { correlation_key: Some(key.to_owned()), ..account(id, "mia") };
    let in_state = |state| Account { state, ..keyed("a7", "1") };
    assert_eq!(found(&[]), "not shown: no account has its key");
    assert_eq!(found(&[keyed("a7", "1")]), "holds: a7");
    // A conflict on create leads here too: whoever has the login already must not pass for the new account.
    assert!(
        found(&[account("a7", "mia")]).ends_with("nothing shows that it was made for this person; if it was, link it")
    );
    assert_eq!(
        found(&[keyed("a7", "2")]),
        "ambiguous: the login \"mia\" belongs to account a7, which is somebody else's (2)"
    );
    assert_eq!(found(&[keyed("a7", "1"), keyed("a8", "1")]), "ambiguous: 2 accounts have its key");
    assert!(found(&[in_state(AccountState::Disabled)]).starts_with("ambiguous: the login \"mia\" belongs"));
    assert_eq!(found(&[in_state(AccountState::Deleted)]), "not shown: no account has its key");
    assert_eq!(found(&[in_state(AccountState::Deleted), keyed("a8", "1")]), "holds: a8");
    assert!(told(&new_account(&[]), &Sight::Blind).starts_with("ambiguous: the account may have been made"));
}

#[test]
fn a_credential_is_ended_when_the_list_does_not_show_it() {
    let end = Action::EndCredential { account: a1(), credential: NativeId::new("s1") };
    let session = |id: &str| Credential {
        id: NativeId::new(id),
        account: Some(NativeId::new("a1")),
        kind: CredentialKind::Session,
        name: None,
        created_at: Some(now()),
        expires_at: None,
        last_used: LastUse { at: None, quality: Quality::NotAvailable },
        endable: true,
        observable: true,
    };
    assert_eq!(told(&end, &Sight::Credentials(vec![session("s2")])), HOLDS);
    assert_eq!(told(&end, &Sight::Credentials(vec![session("s1")])), "not shown: the credential is still listed");
    let forever = Credential { observable: false, ..session("s1") };
    assert_eq!(told(&end, &Sight::Credentials(vec![forever])), "unobservable");
}

#[test]
fn a_read_of_something_else_proves_nothing() {
    let cannot = "ambiguous: the connector can't read what this operation changes";
    let disable = Action::Disable { account: a1() };
    assert_eq!(told(&disable, &Sight::Found(vec![])), cannot);
    assert_eq!(told(&disable, &Sight::Credentials(vec![])), cannot);
    let end = Action::EndCredential { account: a1(), credential: NativeId::new("s1") };
    assert_eq!(told(&end, &seen(AccountState::Active, &[])), "ambiguous: this read does not show it");
}
