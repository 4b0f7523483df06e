//! One request to Salesforce. Every answer that is no success goes through [`fault`].

use crate::{API, fault};
use reeve_sdk::http::{Request, Response};
use reeve_sdk::json::{Doc, Node};
use reeve_sdk::prelude::*;
use serde_json::Value as Json;

/// The versions that the org serves. Needs no sign-in.
pub const VERSIONS: &str = "/services/data";
/// The version that this connector is written for; Salesforce keeps each for years.
pub const VERSION: &str = "62.0";
const QUERY: &str = "/services/data/v62.0/query";
/// An answer's locator, in characters; they are some twenty.
const LOCATOR_CHARS_MAX: usize = 200;
/// Pages of one query that is read at once.
const PAGES_MAX: usize = 200;

/// What can be changed, by its object and its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    User,
    UserLogin,
    PermissionSetAssignment,
    PermissionSetLicenseAssign,
    GroupMember,
    AuthSession,
}

impl Object {
    pub fn name(self) -> &'static str {
        self.path().rsplit('/').next().unwrap_or_default()
    }

    fn path(self) -> &'static str {
        match self {
            Self::User => "/services/data/v62.0/sobjects/User",
            Self::UserLogin => "/services/data/v62.0/sobjects/UserLogin",
            Self::PermissionSetAssignment => "/services/data/v62.0/sobjects/PermissionSetAssignment",
            Self::PermissionSetLicenseAssign => "/services/data/v62.0/sobjects/PermissionSetLicenseAssign",
            Self::GroupMember => "/services/data/v62.0/sobjects/GroupMember",
            Self::AuthSession => "/services/data/v62.0/sobjects/AuthSession",
        }
    }
}

/// One answer to a query.
pub struct Rows {
    doc: Doc,
    /// Rows of the whole query, as Salesforce states it.
    pub total: u64,
    /// Where the rest is. A page may be short without being the last.
    pub locator: Option<String>,
}

impl Rows {
    fn read(doc: Doc) -> Result<Self, Failure> {
        let root = doc.root();
        let total = root.get("totalSize")?.count()?;
        let locator = match root.get("done")?.flag()? {
            true => None,
            false => Some(locator(&root.get("nextRecordsUrl")?.string()?)?),
        };
        Ok(Self { total, locator, doc })
    }

    pub fn items(&self) -> Result<Vec<Node<'_>>, Failure> {
        self.doc.root().get("records")?.items()
    }
}

/// `/services/data/v62.0/query/0r8...-2000`: only its end is believed, and sent to the path that the host allows.
fn locator(url: &str) -> Result<String, Failure> {
    let last = url.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if last.is_empty() || last.len() > LOCATOR_CHARS_MAX || !last.chars().all(plain) {
        return Err(Failure::protocol("an answer's nextRecordsUrl does not end in a query locator"));
    }
    Ok(last.to_owned())
}

/// The first answer to a query.
pub fn query(soql: &str, page_size: u32) -> Result<Rows, Failure> {
    let request = Request::get(API, QUERY).query("q", soql);
    rows(request.header("sforce-query-options", &format!("batchSize={page_size}")))
}

/// The answer after another.
pub fn more(locator: &str) -> Result<Rows, Failure> {
    rows(Request::get(API, QUERY).segment(locator))
}

fn rows(request: Request) -> Result<Rows, Failure> {
    Rows::read(accepted(request.send()?)?.json()?)
}

/// Every row of a query whose answer is known to be small. What Salesforce states must have come.
pub fn each(soql: &str, page_size: u32, take: impl FnMut(&Node) -> Result<(), Failure>) -> Result<(), Failure> {
    match some(soql, page_size, take)? {
        (total, seen) if total == seen => Ok(()),
        (total, seen) => Err(short(soql, total, seen)),
    }
}

/// As many rows as Salesforce gives: how many it states, and how many came.
pub fn some(
    soql: &str,
    page_size: u32,
    mut take: impl FnMut(&Node) -> Result<(), Failure>,
) -> Result<(u64, u64), Failure> {
    let mut rows = query(soql, page_size)?;
    let mut seen = 0;
    for _ in 0..PAGES_MAX {
        for item in rows.items()? {
            take(&item)?;
            seen += 1;
        }
        match rows.locator.as_deref() {
            Some(locator) => rows = more(locator)?,
            None => return Ok((rows.total, seen)),
        }
    }
    Err(Failure::protocol(format!("the answer to the query of {} has no end", from(soql))))
}

/// A fault of the target's that must not pass for a whole listing.
pub fn short(soql: &str, total: u64, seen: u64) -> Failure {
    Failure::protocol(format!("Salesforce states {total} rows of {} and gave {seen}", from(soql)))
}

/// The object that a query is about, for a sentence.
fn from(soql: &str) -> &str {
    soql.split(" FROM ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("a query")
}

/// How many rows a query has.
pub fn count(soql: &str) -> Result<u64, Failure> {
    Ok(query(soql, 2_000)?.total)
}

pub fn create(object: Object, fields: &Json) -> Result<Response, Failure> {
    accepted(Request::post(API, object.path()).json(fields).send()?)
}

pub fn update(object: Object, id: &str, fields: &Json) -> Result<Response, Failure> {
    accepted(send_update(object, id, fields)?)
}

/// An answer of any status.
pub fn send_update(object: Object, id: &str, fields: &Json) -> Result<Response, Failure> {
    Request::patch(API, object.path()).segment(id).json(fields).send()
}

/// False if there was no such row.
pub fn delete(object: Object, id: &str) -> Result<bool, Failure> {
    match accepted(Request::delete(API, object.path()).segment(id).send()?) {
        Ok(_) => Ok(true),
        Err(Failure::NotFound(_)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// This answer if it is a success. A page of HTML is none: a proxy's, or one that asks to sign in.
pub fn accepted(answer: Response) -> Result<Response, Failure> {
    if !answer.is_success() {
        return Err(fault::failure(&answer));
    }
    if answer.body().trim_ascii_start().first() == Some(&b'<') {
        return Err(fault::html(&answer));
    }
    Ok(answer)
}

/// A field of a row or of a row that it refers to: `Profile.UserLicense.Name`. None if anything on the way is null.
pub fn dig(row: &Node, path: &str) -> Result<Option<String>, Failure> {
    let Some((parent, rest)) = path.split_once('.') else {
        return row.text_of(path);
    };
    row.find(parent)?.map_or(Ok(None), |node| dig(&node, rest))
}

/// A flag that may be missing, as in versions and editions that do not have it.
pub fn flag(row: &Node, field: &str) -> Result<Option<bool>, Failure> {
    row.find(field)?.map(|node| node.flag()).transpose()
}
