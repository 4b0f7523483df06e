//! Nothing that a plugin returns is believed: what does not fit the contract or its bounds breaks the read that it is part
//! of, with the reason, and what names somebody else is refused.

#![expect(clippy::unwrap_used, reason = "tests")]

use reeve_core::access::{Listed, MatchBy};
use reeve_core::plan::{Action, NewAccount};
use reeve_core::run::Failure;
use reeve_e2e::guests::Host;
use reeve_runtime::Connector;

async fn rogue(host: &Host, mode: &str) -> Connector {
    // Nobody listens there, and nobody is asked.
    host.rogue(mode, "http://127.0.0.1:9").await.unwrap()
}

#[tokio::test]
async fn pages_and_items_that_do_not_fit_break_the_read_and_say_why() {
    let host = Host::new("token").unwrap();
    for (mode, part) in [
        ("cycle", "a cursor that was given before, so the listing loops"),
        ("neither", "neither that the listing goes on nor that it is complete"),
        ("both", "complete and that it goes on"),
        ("repeat", "page 2 repeats the item a1"),
        ("short", "the source states 3 items and gave 1"),
        ("long-cursor", "a cursor of 70000 bytes"),
        ("many-warnings", "`warnings` has 10001 entries; the limit is 10000"),
        ("many-items", "`items` has 20001 entries; the limit is 20000"),
        ("empty-id", "item 1: `id` is empty"),
        ("long-id", "item 1: `id` has 1025 bytes; the limit of an id is 1024"),
        ("nul-id", "item 1: `id` holds a NUL"),
        ("long-text", "item 1: `display-name` has 70000 bytes; the limit is 65536"),
        ("no-offset", "item 1: `created-at` must be RFC 3339 with an offset"),
        ("no-json", "is not the JSON that it says it is"),
        ("deep-json", "is not the JSON that it says it is"),
        ("twice", "the attribute \"x\" is there twice"),
        ("no-number", "is not the JSON that it says it is: number out of range"),
        ("stated-for-ever", "the source states 18446744073709551615 items and gave 1"),
        ("many-capabilities", "`capabilities` has 10001 entries; the limit is 10000"),
        ("panic-midway", "page 2 could not be read"),
        ("undescribed-kind", "of the kind \"group\", which the description does not list"),
    ] {
        let read = rogue(&host, mode).await.read_system(&|_, _, _| ()).await;
        let why = read.incomplete().unwrap_or_else(|| unreachable!("{mode} reads as whole")).to_string();
        assert!(why.contains(part), "{mode}: {why}");
    }
}

#[tokio::test]
async fn an_id_is_a_text_and_nothing_else_whatever_it_holds() {
    let host = Host::new("token").unwrap();
    let read = rogue(&host, "odd-id").await.read_system(&|_, _, _| ()).await;
    assert_eq!(read.incomplete(), None);
    assert_eq!(
        read.accounts[0].id.as_str(),
        "a1\u{202e}\u{1b}[2J../1;--",
        "kept as it is, also where it would not be shown"
    );
}

#[tokio::test]
async fn groups_that_hold_each_other_are_read_as_they_are() {
    let host = Host::new("token").unwrap();
    let read = rogue(&host, "group-cycle").await.read_system(&|_, _, _| ()).await;
    assert_eq!(read.incomplete(), None);
    let held: Vec<_> = read.entitlements.iter().map(|group| (group.id.as_str(), group.contains[0].as_str())).collect();
    assert_eq!(held, [("one", "two"), ("two", "three"), ("three", "one"), ("self", "self")]);
    assert_eq!(read.grants.len(), 4, "what follows from itself is held all the same");
}

#[tokio::test]
async fn what_came_before_the_fall_is_kept_as_evidence_of_a_read_that_is_not_whole() {
    let host = Host::new("token").unwrap();
    let read = rogue(&host, "panic-midway").await.read_system(&|_, _, _| ()).await;
    assert!(read.incomplete().is_some());
    assert_eq!(read.accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), ["a1"]);
}

#[tokio::test]
async fn the_items_of_a_broken_listing_are_kept_and_none_of_them_twice() {
    let host = Host::new("token").unwrap();
    let read = rogue(&host, "repeat").await.read_system(&|_, _, _| ()).await;
    assert_eq!(read.accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), ["a1"]);
    let accounts = read.listings.iter().find(|listing| listing.what == Listed::Accounts).unwrap();
    assert_eq!((accounts.pages, accounts.page_sha256s.len()), (2, 2));
}

#[tokio::test]
async fn a_grant_is_kept_as_long_as_its_account_was_listed() {
    let host = Host::new("token").unwrap();
    let read = rogue(&host, "stray-grants").await.read_system(&|_, _, _| ()).await;
    assert_eq!(read.incomplete(), None);
    let held: Vec<_> = read.grants.iter().map(|grant| (grant.account.as_str(), grant.entitlement.as_str())).collect();
    assert_eq!(held, [("a1", "clerk"), ("a1", "emperor")]);
    let grants = read.listings.iter().find(|listing| listing.what == Listed::Grants).unwrap();
    let [left_out, unknown] = grants.warnings.as_slice() else { unreachable!("{:?}", grants.warnings) };
    assert!(left_out.contains("1 grants are left out") && left_out.contains("nobody"), "{left_out}");
    assert!(unknown.contains("1 grants are kept") && unknown.contains("emperor"), "{unknown}");
}

#[tokio::test]
async fn an_answer_about_somebody_else_is_refused() {
    let host = Host::new("token").unwrap();
    for mode in ["other-account", "other-grants"] {
        let forged = rogue(&host, mode).await.get_account(&"a1".into()).await;
        assert!(matches!(forged, Err(Failure::Protocol(_))), "{mode}: {forged:?}");
    }
    let disable = Action::Disable { account: "a1".into() };
    let applied = rogue(&host, "other-account").await.apply(&disable, &"operation-1".into()).await;
    assert!(matches!(applied.result, Err(Failure::Protocol(_))));

    let create = Action::Create(NewAccount {
        login: "a1".to_owned(),
        email: None,
        display_name: None,
        given_name: None,
        family_name: None,
        correlation_key: None,
        attributes: Default::default(),
        entitlements: vec![],
    });
    let applied = rogue(&host, "well").await.apply(&create, &"operation-2".into()).await;
    assert!(applied.result.is_err_and(|failure| failure.to_string().contains("did not say which")));
}

#[tokio::test]
async fn a_search_that_returns_everybody_finds_the_one_that_was_asked_for() {
    let host = Host::new("token").unwrap();
    let found = rogue(&host, "well").await.find_account(MatchBy::Login, "A2@example.com ").await.unwrap();
    assert_eq!(found.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), ["a2"]);
}

#[tokio::test]
async fn what_a_plugin_does_not_export_it_does_not_support() {
    let host = Host::new("token").unwrap();
    let rogue = rogue(&host, "well").await;
    let listed = rogue.list_credentials(&"a1".into()).await;
    assert!(listed.is_err_and(|failure| failure.to_string().contains("does not export `credentials`")));
    let people = rogue.read_workforce(&|_, _, _| ()).await;
    assert!(people.incomplete().is_some_and(|why| why.to_string().contains("does not export `workforce`")));
}
