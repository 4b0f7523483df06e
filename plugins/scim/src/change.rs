//! Setting attributes of a user, in the two dialects of the standard: PATCH names what changes, PUT sends everything, so
//! that there everything that was read must go back, also what this connector does not know.

use crate::config::Config;
use crate::exchange::{self, PATCH_OP};
use crate::path::Path;
use crate::settings::{Dialect, Settings};
use crate::{API, user};
use reeve_sdk::http::Request;
use reeve_sdk::prelude::*;
use serde_json::{Value as Json, json};

/// One wish for a user.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    Set(Path, Json),
    /// `emails` is a list, of which the main one is meant.
    Email(String),
}

impl Wish {
    fn holds(&self, user: &Json) -> bool {
        match self {
            Self::Set(path, value) => path.get(user) == Some(value),
            Self::Email(email) => user::email(user) == Some(email),
        }
    }

    pub fn apply(&self, user: &mut Json) {
        match self {
            Self::Set(path, value) => path.set(user, value.clone()),
            Self::Email(email) => {
                if let Some(emails) = Path::parse("emails") {
                    let value = user::emails_with(user, email);
                    emails.set(user, value);
                }
            }
        }
    }

    fn operation(&self, user: &Json) -> Json {
        match self {
            Self::Set(path, value) => json!({ "op": "replace", "path": path.to_string(), "value": value }),
            Self::Email(email) => json!({ "op": "replace", "path": "emails", "value": user::emails_with(user, email) }),
        }
    }
}

/// How changes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Patch,
    Put,
}

impl Way {
    pub fn of(settings: &Settings, config: &Config) -> Self {
        match settings.dialect {
            Dialect::Patch => Self::Patch,
            Dialect::Put => Self::Put,
            Dialect::Auto if config.patch => Self::Patch,
            Dialect::Auto => Self::Put,
        }
    }

    /// Tries PATCH, and PUT if it turns out that there is no PATCH and nobody said what there is. A refusal for want of
    /// the method changes nothing, so the second attempt is the only one.
    pub fn attempt<T>(
        settings: &Settings,
        config: &Config,
        mut write: impl FnMut(Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let way = Self::of(settings, config);
        match write(way) {
            Err(Failure::Unsupported(_))
                if way == Self::Patch && settings.dialect == Dialect::Auto && !config.stated =>
            {
                write(Self::Put)
            }
            other => other,
        }
    }
}

/// Makes the wishes true. None if there is no such user.
pub fn user(id: &str, wishes: &[Wish], settings: &Settings) -> Result<Option<Outcome>, Failure> {
    let config = Config::read()?;
    let Some(doc) = exchange::find("/Users", id)? else {
        return Ok(None);
    };
    let root = doc.root();
    let current = root.value();
    let open: Vec<&Wish> = wishes.iter().filter(|wish| !wish.holds(current)).collect();
    if open.is_empty() {
        return Ok(Some(Outcome::already_so()));
    }
    let answer = Way::attempt(settings, &config, |way| match way {
        Way::Patch => {
            let operations: Vec<Json> = open.iter().map(|wish| wish.operation(current)).collect();
            let body = json!({ "schemas": [PATCH_OP], "Operations": operations });
            let request = Request::patch(API, "/Users").segment(id);
            exchange::write(if_unchanged(request, current, &config), &body)
        }
        Way::Put => {
            let mut wished = current.clone();
            open.iter().for_each(|wish| wish.apply(&mut wished));
            put("/Users", id, wished, current, &config)
        }
    })?;
    Ok(Some(exchange::done(&answer)))
}

/// Replaces a resource by one made from what was just read.
pub fn put(
    path: &str,
    id: &str,
    mut wished: Json,
    current: &Json,
    config: &Config,
) -> Result<reeve_sdk::http::Response, Failure> {
    if let Some(resource) = wished.as_object_mut() {
        // The server's own; some refuse to be told.
        resource.remove("meta");
        if path == "/Users" {
            resource.remove("groups");
        }
    }
    exchange::write(if_unchanged(Request::put(API, path).segment(id), current, config), &wished)
}

/// Has the server refuse the change if somebody else was faster. Only a server that says that it compares is asked to.
fn if_unchanged(request: Request, current: &Json, config: &Config) -> Request {
    match exchange::version(current).filter(|_| config.etag) {
        Some(version) => request.header("if-match", version),
        None => request,
    }
}
