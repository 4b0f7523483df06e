//! The club's API.

use reeve_sdk::http::Request;
use reeve_sdk::json::{Doc, Node};
use reeve_sdk::prelude::*;

pub const API: &str = "api";

pub fn members(after: Option<&str>, limit: u32) -> Result<Doc, Failure> {
    let request = Request::get(API, "/members").query("limit", limit);
    match after {
        Some(id) => request.query("after", id),
        None => request,
    }
    .send()?
    .json()
}

/// Another text each time.
pub fn tick() -> Result<String, Failure> {
    Request::get(API, "/tick").send()?.json()?.root().get("tick")?.string()
}

pub fn account(member: &Node) -> Result<Account, Failure> {
    let active = member.get("active")?.flag()?;
    Ok(Account {
        login: member.text_of("login")?,
        email: member.text_of("email")?,
        display_name: member.text_of("name")?,
        correlation_key: member.text_of("key")?,
        kind: AccountKind::Person,
        state: if active { AccountState::Active } else { AccountState::Disabled },
        native_state: format!("active={active}"),
        ..Account::new(member.get("id")?.text()?)
    })
}

pub fn grants(member: &Node) -> Result<Vec<Grant>, Failure> {
    let id = member.get("id")?.text()?;
    member.get("groups")?.items()?.iter().map(|group| Ok(Grant::direct(id, group.text()?))).collect()
}
