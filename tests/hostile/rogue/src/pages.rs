//! Pages that no honest plugin returns.

use crate::posing::Pose;
use reeve_sdk::PageState;
use reeve_sdk::prelude::*;

pub fn last() -> PageState {
    PageState { next: None, complete: true, stated_total: None, warnings: vec![] }
}

fn more(cursor: &str) -> PageState {
    PageState { next: Some(cursor.into()), complete: false, ..last() }
}

pub fn account(id: &str) -> Account {
    Account { login: Some(format!("{id}@example.com")), ..Account::new(id) }
}

fn with(id: &str, change: impl FnOnce(&mut Account)) -> Vec<Account> {
    let mut account = account(id);
    change(&mut account);
    vec![account]
}

/// Groups that hold each other, and one that holds itself.
pub fn cycle() -> Vec<Entitlement> {
    let group =
        |id: &str, contains: &str| Entitlement { contains: vec![contains.into()], ..Entitlement::new(id, "role", id) };
    vec![group("one", "two"), group("two", "three"), group("three", "one"), group("self", "self")]
}

/// What follows from holding what follows from it.
pub fn inherited() -> Vec<Grant> {
    let from = |id: &str, of: &str| Grant { source: GrantSource::InheritedFrom(of.into()), ..Grant::direct("a1", id) };
    vec![from("one", "three"), from("two", "one"), from("three", "two"), from("self", "self")]
}

/// What a mode makes of the page that is asked for.
pub fn accounts(mode: &str, page: PageRequest) -> (Vec<Account>, PageState) {
    let first = page.cursor.is_none();
    let one = vec![account(if first { "a1" } else { "a2" })];
    let attribute =
        |value: Value| with("a1", |account| account.attributes = vec![Attribute { name: "x".into(), value }]);
    // `as ID EMAIL`: an account that says it is another system's.
    if let Some((id, email)) = mode.strip_prefix("as ").and_then(|rest| rest.split_once(' ')) {
        return (with(id, |account| account.email = Some(email.into())), last());
    }
    if let Some(pose) = Pose::of(mode) {
        return (vec![pose.account()], last());
    }
    match mode {
        // Of the listing.
        "cycle" => (vec![], more(if page.cursor.as_deref() == Some("ping") { "pong" } else { "ping" })),
        "neither" => (one, PageState { complete: false, ..last() }),
        "both" => (one, PageState { next: Some("x".into()), ..last() }),
        "repeat" if first => (one, more("again")),
        "repeat" => (vec![account("a1")], last()),
        "short" => (one, PageState { stated_total: Some(3), ..last() }),
        "long-cursor" => (one, more(&"x".repeat(70_000))),
        "many-warnings" => (one, PageState { warnings: vec![String::new(); 10_001], ..last() }),
        "many-items" => ((0..20_001).map(|at| account(&at.to_string())).collect(), last()),
        // For ever: each page as large as one may be, each with items that were not there before.
        "fat-pages" => {
            let at: u32 = page.cursor.as_deref().unwrap_or("0").parse().unwrap_or(0);
            let fat = |number: u32| {
                let value = Value::Text("x".repeat(60_000));
                let attributes = vec![Attribute { name: "x".into(), value }];
                Account { attributes, ..account(&number.to_string()) }
            };
            ((at..at + 1_000).map(fat).collect(), more(&(at + 1_000).to_string()))
        }
        // Nothing on it but the longest cursor that there may be.
        "fat-cursors" => {
            let at: u32 =
                page.cursor.as_deref().map_or("0", |cursor| cursor.trim_start_matches('x')).parse().unwrap_or(0);
            match at {
                2_000.. => (one, last()),
                _ => (vec![], more(&format!("{}{}", "x".repeat(65_000), at + 1))),
            }
        }
        "panic-midway" if first => (one, more("the second")),
        "panic-midway" => panic!("in the middle of the listing"),
        "huge" => (attribute(Value::Text("x".repeat(70 * 1024 * 1024))), last()),
        // Of an account.
        "empty-id" => (vec![account("")], last()),
        "long-id" => (vec![account(&"x".repeat(1025))], last()),
        "nul-id" => (vec![account("a\01")], last()),
        "long-text" => (with("a1", |account| account.display_name = Some("x".repeat(70_000))), last()),
        "no-offset" => (with("a1", |account| account.created_at = Some("2026-03-31T17:00:00".into())), last()),
        "odd-id" => {
            (with("a1\u{202e}\u{1b}[2J../1;--", |account| account.display_name = Some("\u{1b}[2J".into())), last())
        }
        "no-number" => (attribute(Value::Json("1e400".into())), last()),
        "stated-for-ever" => (one, PageState { stated_total: Some(u64::MAX), ..last() }),
        "leak-in-a-name" => (with("a1", |account| account.display_name = crate::outside::stolen().ok()), last()),
        "leak-in-a-warning" => {
            (one, PageState { warnings: vec![crate::outside::stolen().unwrap_or_default()], ..last() })
        }
        "no-json" => (attribute(Value::Json("{\"a\": NaN}".into())), last()),
        "deep-json" => (attribute(Value::Json("[".repeat(20_000))), last()),
        "twice" => (
            with("a1", |account| account.attributes = vec![Attribute::text("x", "1"), Attribute::text("x", "2")]),
            last(),
        ),
        _ => (one, last()),
    }
}
