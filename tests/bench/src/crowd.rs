//! A large SCIM service: users and groups in pages that are made before the clock starts.
//!
//! Everybody is in ten groups of their department's, every group has a thousand members where there are 100,000 users.

use crate::server::{Answer, Request, parameter, serve};
use anyhow::Result;
use std::fmt::Write;
use std::sync::Arc;

pub const TOKEN: &str = "the-crowd-token-of-a-bench";
pub const GROUPS_EACH: u32 = 10;
pub const DEPARTMENTS: u32 = 100;
const USERS_PER_PAGE: u32 = 1_000;
const GROUPS_PER_PAGE: u32 = 10;

/// A group's name.
pub fn group(department: u32, number: u32) -> String {
    format!("d{department:02}-{number}")
}

pub fn email(user: u32) -> String {
    format!("person{user}@example.com")
}

/// Serves this many users, numbered from 0, and gives the base URL.
pub fn start(users: u32) -> Result<String> {
    let groups = DEPARTMENTS * GROUPS_EACH;
    let user_pages = pages(users, USERS_PER_PAGE, user);
    let group_pages = pages(groups, GROUPS_PER_PAGE, move |out, number| group_of(out, number, users, true));
    let bare_pages = pages(groups, GROUPS_PER_PAGE, move |out, number| group_of(out, number, users, false));
    let config: Arc<[u8]> = br#"{"patch":{"supported":true},"filter":{"supported":true,"maxResults":1000}}"#[..].into();
    serve(move |request: &Request| {
        let (pages, per_page) = match request.path.as_str() {
            "/ServiceProviderConfig" => return Answer::json(config.clone()),
            "/Users" => (&user_pages, USERS_PER_PAGE),
            "/Groups" if request.query.contains("excludedAttributes") => (&bare_pages, GROUPS_PER_PAGE),
            "/Groups" => (&group_pages, GROUPS_PER_PAGE),
            _ => return Answer::status(404),
        };
        let start: u32 = parameter(&request.query, "startIndex").and_then(|start| start.parse().ok()).unwrap_or(1);
        match pages.get((start.saturating_sub(1) / per_page) as usize) {
            Some(page) => Answer::json(page.clone()),
            None => Answer::status(404),
        }
    })
}

fn pages(total: u32, per_page: u32, one: impl Fn(&mut String, u32)) -> Vec<Arc<[u8]>> {
    let page = |first: u32| {
        let last = first.saturating_add(per_page).min(total);
        let mut out = format!(r#"{{"totalResults":{total},"startIndex":{},"Resources":["#, first + 1);
        for number in first..last {
            if number > first {
                out.push(',');
            }
            one(&mut out, number);
        }
        out.push_str("]}");
        Arc::from(out.into_bytes())
    };
    (0..total).step_by(per_page as usize).map(page).collect()
}

fn user(out: &mut String, number: u32) {
    let email = email(number);
    write!(
        out,
        r#"{{"id":"{}","externalId":"{number}","userName":"{email}","displayName":"Person {number}","active":true,"name":{{"givenName":"Person","familyName":"Number{number}"}},"emails":[{{"value":"{email}","primary":true}}],"title":"Clerk","meta":{{"resourceType":"User","created":"2020-03-01T08:00:00Z"}}}}"#,
        id(number)
    )
    .unwrap_or_default();
}

fn group_of(out: &mut String, number: u32, users: u32, members: bool) {
    let department = number / GROUPS_EACH;
    let name = group(department, number % GROUPS_EACH);
    write!(out, r#"{{"id":"g-{name}","displayName":"{name}""#).unwrap_or_default();
    if members {
        out.push_str(r#","members":["#);
        for user in (department..users).step_by(DEPARTMENTS as usize) {
            if user > department {
                out.push(',');
            }
            write!(out, r#"{{"value":"{}","type":"User"}}"#, id(user)).unwrap_or_default();
        }
        out.push(']');
    }
    out.push('}');
}

/// As long as the ids of real services are.
fn id(user: u32) -> String {
    format!("2f9c1d74-6a0b-4c3e-9d51-{user:012}")
}
