//! Pages that no honest plugin returns.

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

/// What a mode makes of the page that is asked for.
pub fn accounts(mode: &str, page: PageRequest) -> (Vec<Account>, PageState) {
    let first = page.cursor.is_none();
    let one = vec![account(if first { "a1" } else { "a2" })];
    let attribute =
        |value: Value| with("a1", |account| account.attributes = vec![Attribute { name: "x".into(), value }]);
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
        "huge" => (attribute(Value::Text("x".repeat(70 * 1024 * 1024))), last()),
        // Of an account.
        "empty-id" => (vec![account("")], last()),
        "long-id" => (vec![account(&"x".repeat(1025))], last()),
        "nul-id" => (vec![account("a\01")], last()),
        "long-text" => (with("a1", |account| account.display_name = Some("x".repeat(70_000))), last()),
        "no-offset" => (with("a1", |account| account.created_at = Some("2026-03-31T17:00:00".into())), last()),
        "no-json" => (attribute(Value::Json("{\"a\": NaN}".into())), last()),
        "deep-json" => (attribute(Value::Json("[".repeat(20_000))), last()),
        "twice" => (
            with("a1", |account| account.attributes = vec![Attribute::text("x", "1"), Attribute::text("x", "2")]),
            last(),
        ),
        _ => (one, last()),
    }
}
