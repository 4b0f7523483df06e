//! The API of the SDK's documentation, which answers at once.

use crate::server::{Answer, Request, parameter, serve};
use anyhow::Result;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

pub const TOKEN: &str = "the-staff-token-of-a-bench";
const PAGE: usize = 100;

pub fn id(number: usize) -> String {
    format!("{number:06}")
}

pub fn email(number: usize) -> String {
    format!("person{number}@example.com")
}

fn member(out: &mut String, number: usize, left: bool) {
    let (id, email) = (id(number), email(number));
    let status = if left { "left" } else { "active" };
    write!(out, r#"{{"id":"{id}","login":"{email}","email":"{email}","role":"clerk","status":"{status}"}}"#)
        .unwrap_or_default();
}

/// Serves this many members, numbered from 1, and gives the base URL.
pub fn start(members: usize) -> Result<String> {
    let left = Mutex::new(vec![false; members + 1]);
    serve(move |request: &Request| {
        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
        let mut body = String::new();
        let Some(number) = request.path.strip_prefix("/staff/") else {
            let after: usize = parameter(&request.query, "after").and_then(|after| after.parse().ok()).unwrap_or(0);
            body.push('[');
            for number in (after + 1..=members).take(PAGE) {
                if body.len() > 1 {
                    body.push(',');
                }
                member(&mut body, number, left.get(number).copied().unwrap_or(false));
            }
            body.push(']');
            return Answer::json(body.into_bytes());
        };
        let number = number.parse().unwrap_or(0);
        let Some(left) = left.get_mut(number).filter(|_| number > 0) else { return Answer::status(404) };
        if request.method == "PATCH" {
            *left = request.body.windows(6).any(|part| part == b"\"left\"");
            return Answer::status(204);
        }
        member(&mut body, number, *left);
        Answer::json(body.into_bytes())
    })
}
