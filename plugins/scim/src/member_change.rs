//! Granting and revoking: changes to the members of a group. The group is read first, so that a membership that is there,
//! or gone, is not written again.

use crate::API;
use crate::change::{self, Way};
use crate::config::Config;
use crate::exchange::{self, PATCH_OP};
use crate::group::{Group, MemberKind};
use crate::settings::Settings;
use reeve_sdk::http::{Request, Response};
use reeve_sdk::json::Doc;
use reeve_sdk::prelude::*;
use serde_json::{Value as Json, json};

pub fn add(account: &str, group: &str, settings: &Settings) -> Result<Outcome, Failure> {
    let config = Config::read()?;
    let Some(doc) = exchange::find("/Groups", group)? else {
        return Err(Failure::not_found(format!("the target has no group {group:?}")));
    };
    if has_member(&doc, account)? {
        return Ok(Outcome::already_so());
    }
    // Some servers take a member that does not exist, and others refuse it as a wrong value.
    if exchange::find("/Users", account)?.is_none() {
        return Err(Failure::not_found(format!("the target has no user {account:?}")));
    }
    let answer = Way::attempt(settings, &config, |way| match way {
        Way::Patch => patch(group, &json!({ "op": "add", "path": "members", "value": [{ "value": account }] })),
        Way::Put => {
            let root = doc.root();
            let mut members = members_of(root.value());
            members.push(json!({ "value": account }));
            put(group, root.value(), members, &config)
        }
    })?;
    Ok(exchange::done(&answer))
}

pub fn remove(account: &str, group: &str, settings: &Settings) -> Result<Outcome, Failure> {
    let config = Config::read()?;
    let Some(doc) = exchange::find("/Groups", group)? else {
        return Ok(Outcome::already_so());
    };
    if !has_member(&doc, account)? {
        return Ok(Outcome::already_so());
    }
    let answer = Way::attempt(settings, &config, |way| match way {
        Way::Patch => remove_by_patch(account, group),
        Way::Put => {
            let root = doc.root();
            let mut members = members_of(root.value());
            members.retain(|member| member.get("value").and_then(Json::as_str) != Some(account));
            put(group, root.value(), members, &config)
        }
    })?;
    Ok(exchange::done(&answer))
}

/// As the standard has it, and if the server cannot read that, in the way of servers that take a value instead. A server
/// that answers 400 has changed nothing.
fn remove_by_patch(account: &str, group: &str) -> Result<Response, Failure> {
    let path = format!("members[value eq {}]", Json::from(account));
    let first = send_patch(group, &json!({ "op": "remove", "path": path }))?;
    if first.status() != 400 {
        return exchange::accepted(first);
    }
    let second = send_patch(group, &json!({ "op": "remove", "path": "members", "value": [{ "value": account }] }))?;
    // Where neither is understood, what the standard's own form was refused for is the better message.
    exchange::accepted(if second.status() == 400 { first } else { second })
}

fn patch(group: &str, operation: &Json) -> Result<Response, Failure> {
    exchange::accepted(send_patch(group, operation)?)
}

fn send_patch(group: &str, operation: &Json) -> Result<Response, Failure> {
    let body = json!({ "schemas": [PATCH_OP], "Operations": [operation] });
    exchange::send_body(Request::patch(API, "/Groups").segment(group), &body)
}

fn put(group: &str, current: &Json, members: Vec<Json>, config: &Config) -> Result<Response, Failure> {
    let mut wished = current.clone();
    if let Some(resource) = wished.as_object_mut() {
        resource.insert("members".to_owned(), Json::Array(members));
    }
    change::put("/Groups", group, wished, current, config)
}

fn members_of(group: &Json) -> Vec<Json> {
    group.get("members").and_then(Json::as_array).cloned().unwrap_or_default()
}

fn has_member(group: &Doc, account: &str) -> Result<bool, Failure> {
    Ok(Group::read(&group.root())?.member(account, MemberKind::Group).is_some())
}
