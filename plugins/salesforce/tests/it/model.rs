//! An org in memory: rows by object, a small part of SOQL, and faults that a test switches on.

use reeve_sdk::HttpError;
use reeve_sdk::http::Method;
use reeve_sdk::testing::{Header, Host, Request, Response, answer};
use serde_json::{Map, Value as Json, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub type Shared = Rc<RefCell<Model>>;
type Answer = Result<Response, HttpError>;

#[derive(Default)]
pub struct Model {
    pub rows: BTreeMap<String, Vec<Json>>,
    pub settings: Json,
    /// Rows of one answer, fewer than asked for.
    pub page_max: Option<usize>,
    /// Rows of one query in all, as for OauthToken.
    pub rows_max: Option<usize>,
    /// The object of which a row is stated and not given.
    pub lost: Option<&'static str>,
    /// The object of which every answer says that the rest is where it was.
    pub loops: Option<&'static str>,
    /// Answers instead of the model's own, by the beginning of "METHOD /path"; each is used once.
    pub instead: Vec<(String, u16, String)>,
    /// Objects that this edition does not have.
    pub missing: Vec<&'static str>,
    /// "METHOD /path", decoded, of every request; of a query only its text.
    pub seen: Vec<String>,
    pub bodies: Vec<Json>,
    pub revoked: Vec<String>,
    queries: Vec<(String, Vec<Json>)>,
    made: usize,
}

pub struct Behind(Shared);

impl Host for Behind {
    fn http(&mut self, request: &Request) -> Answer {
        self.0.borrow_mut().answer(request)
    }

    fn settings(&mut self) -> String {
        self.0.borrow().settings.to_string()
    }
}

impl Model {
    pub fn shared() -> Shared {
        Rc::new(RefCell::new(Self { settings: json!({}), ..Self::default() }))
    }

    pub fn host(org: &Shared) -> Behind {
        Behind(org.clone())
    }

    pub fn add(&mut self, object: &str, row: Json) {
        self.rows.entry(object.to_owned()).or_default().push(row);
    }

    pub fn row(&self, object: &str, id: &str) -> Json {
        self.rows[object].iter().find(|row| row["Id"] == id).unwrap_or_else(|| panic!("no {object} {id}")).clone()
    }

    pub fn instead(&mut self, request: &str, status: u16, body: &str) {
        self.instead.push((request.to_owned(), status, body.to_owned()));
    }

    /// The requests that may have changed something.
    pub fn writes(&self) -> Vec<&str> {
        self.seen
            .iter()
            .map(String::as_str)
            .filter(|line| !line.starts_with("SELECT") && !line.starts_with("GET"))
            .collect()
    }

    fn answer(&mut self, request: &Request) -> Answer {
        assert_eq!(request.connection, "api");
        assert!(request.path.len() <= 8 * 1024, "the host sends 8 KiB of address, and this has {}", request.path.len());
        let method = method(request.method);
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        assert!(is_asked_for(method, path), "the manifest does not ask for {method} {path}");
        let soql = query.strip_prefix("q=").map(decode);
        let line = soql.clone().unwrap_or_else(|| format!("{method} {path}"));
        self.seen.push(line.clone());
        if let Some(at) = self.instead.iter().position(|(start, ..)| line.starts_with(start)) {
            let (_, status, body) = self.instead.remove(at);
            return answer(status, &body);
        }
        let body = request.body.as_deref().unwrap_or_default();
        match (method, path.strip_prefix("/services/data/v62.0/").unwrap_or(path), soql) {
            ("GET", "query", Some(soql)) => self.query(&soql),
            ("GET", path, None) if path.starts_with("query/") => self.more(path.trim_start_matches("query/")),
            ("GET", "/services/data", None) => answer(200, r#"[{"version":"58.0"},{"version":"62.0"}]"#),
            ("POST", "/services/oauth2/revoke", None) => self.revoke(std::str::from_utf8(body).unwrap()),
            (_, path, None) => self.write(method, path.trim_start_matches("sobjects/"), body),
            other => panic!("{other:?}"),
        }
    }

    fn query(&mut self, soql: &str) -> Answer {
        let query = Query::parse(soql);
        if self.missing.contains(&query.object) {
            let message = format!("sObject type '{}' is not supported.", query.object);
            return answer(400, &json!([{ "message": message, "errorCode": "INVALID_TYPE" }]).to_string());
        }
        let all = self.rows.get(query.object).cloned().unwrap_or_default();
        let mut found: Vec<Json> =
            all.into_iter().filter(|row| query.conditions.iter().all(|one| one.holds(row))).collect();
        found.sort_by_key(|row| query.order.iter().map(|field| dig(row, field).to_string()).collect::<Vec<_>>());
        if query.counts {
            return answer(200, &json!({ "totalSize": found.len(), "done": true, "records": [] }).to_string());
        }
        found.iter_mut().for_each(|row| *row = project(row, &query.fields));
        found.truncate(self.rows_max.filter(|_| query.object == "OauthToken").unwrap_or(usize::MAX));
        self.queries.push((query.object.to_owned(), found));
        self.page(self.queries.len() - 1, 0)
    }

    fn more(&mut self, locator: &str) -> Answer {
        let place = locator.strip_prefix("0r8").and_then(|rest| rest.split_once('-'));
        let place = place.and_then(|(query, from)| Some((query.parse().ok()?, from.parse().ok()?)));
        match place {
            Some((query, from)) if query < self.queries.len() => self.page(query, from),
            _ => answer(400, r#"[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]"#),
        }
    }

    fn page(&self, query: usize, from: usize) -> Answer {
        let (object, rows) = &self.queries[query];
        let (lost, loops) = (self.lost == Some(object.as_str()), self.loops == Some(object.as_str()));
        let to = rows.len().min(from + self.page_max.unwrap_or(2_000));
        let mut page = json!({ "totalSize": rows.len() + usize::from(lost), "done": true, "records": rows[from..to] });
        if to < rows.len() || loops {
            let next = if loops { from } else { to };
            page["done"] = json!(false);
            page["nextRecordsUrl"] = json!(format!("/services/data/v62.0/query/0r8{query}-{next}"));
        }
        answer(200, &page.to_string())
    }

    fn write(&mut self, method: &str, path: &str, body: &[u8]) -> Answer {
        let (object, id) = path.split_once('/').unwrap_or((path, ""));
        let rows = self.rows.entry(object.to_owned()).or_default();
        let at = rows.iter().position(|row| row["Id"] == id);
        let fields: Json = if body.is_empty() { json!({}) } else { serde_json::from_slice(body).unwrap() };
        match (method, at) {
            ("POST", _) => {
                self.made += 1;
                let prefix = if object == "User" { "005" } else { "0XX" };
                let id = format!("{prefix}{:012}AAA", 900 + self.made);
                let mut row = fields.clone();
                row["Id"] = json!(id);
                rows.push(row);
                self.bodies.push(fields);
                answer(201, &json!({ "id": id, "success": true, "errors": [] }).to_string())
            }
            ("PATCH", Some(at)) => {
                rows[at].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
                self.bodies.push(fields);
                answer(204, "")
            }
            ("DELETE", Some(at)) => {
                rows.remove(at);
                answer(204, "")
            }
            _ => answer(404, r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#),
        }
    }

    fn revoke(&mut self, body: &str) -> Answer {
        let token = decode(body.strip_prefix("token=").unwrap());
        let rows = self.rows.get_mut("OauthToken").unwrap();
        match rows.iter().position(|row| row["DeleteToken"] == token.as_str()) {
            Some(at) => {
                rows.remove(at);
                self.revoked.push(token);
                Ok(Response { status: 200, headers: vec![], body: vec![], rate: None })
            }
            None => answer(400, r#"{"error":"invalid_token","error_description":"token is invalid"}"#),
        }
    }
}

pub fn limited(usage: &str) -> Answer {
    let body = r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#;
    let mut response = answer(403, body)?;
    response.headers.push(Header { name: "sforce-limit-info".into(), value: usage.into() });
    Ok(response)
}

struct Query<'a> {
    object: &'a str,
    fields: Vec<&'a str>,
    counts: bool,
    conditions: Vec<Condition>,
    order: Vec<&'a str>,
}

enum Condition {
    Is(String, Vec<Json>),
    Not(String, Json),
    After(String, String),
}

impl Condition {
    fn parse(text: &str) -> Self {
        let (field, rest) = text.trim().split_once(' ').unwrap();
        let field = field.to_owned();
        match rest.split_once(' ').unwrap() {
            ("=", value) => Self::Is(field, vec![literal(value)]),
            ("!=", value) => Self::Not(field, literal(value)),
            (">", value) => Self::After(field, literal(value).as_str().unwrap().to_owned()),
            ("IN", list) => {
                let list = list.trim().strip_prefix('(').unwrap().strip_suffix(')').unwrap();
                Self::Is(field, list.split(',').map(literal).collect())
            }
            other => panic!("{other:?}"),
        }
    }

    fn holds(&self, row: &Json) -> bool {
        // SOQL compares texts without regard to case, and ids as they are.
        let same = |a: &Json, b: &Json| match (a.as_str(), b.as_str()) {
            (Some(a), Some(b)) if a.len() != 18 => a.eq_ignore_ascii_case(b),
            _ => a == b,
        };
        match self {
            Self::Is(field, values) => values.iter().any(|value| same(dig(row, field), value)),
            Self::Not(field, value) => !same(dig(row, field), value),
            Self::After(field, value) => dig(row, field).as_str().is_some_and(|text| text > value.as_str()),
        }
    }
}

impl<'a> Query<'a> {
    fn parse(soql: &'a str) -> Self {
        let (fields, rest) = soql.strip_prefix("SELECT ").unwrap().split_once(" FROM ").unwrap();
        let (rest, _limit) = rest.split_once(" LIMIT ").unwrap_or((rest, ""));
        let (rest, order) = rest.split_once(" ORDER BY ").unwrap_or((rest, ""));
        let (object, conditions) = rest.split_once(" WHERE ").unwrap_or((rest, ""));
        Self {
            object,
            counts: fields == "COUNT()",
            fields: fields.split(", ").collect(),
            conditions: conditions.split(" AND ").filter(|text| !text.is_empty()).map(Condition::parse).collect(),
            order: order.split(", ").filter(|text| !text.is_empty()).collect(),
        }
    }
}

fn literal(text: &str) -> Json {
    let text = text.trim();
    match text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        Some(inner) => json!(inner.replace("\\'", "'").replace("\\\\", "\\")),
        None => serde_json::from_str(text).unwrap(),
    }
}

fn dig<'a>(row: &'a Json, path: &str) -> &'a Json {
    path.split('.').fold(row, |value, field| value.get(field).unwrap_or(&Json::Null))
}

/// Only what was asked for.
fn project(row: &Json, fields: &[&str]) -> Json {
    let mut out = Map::new();
    for field in fields {
        let Some((parent, rest)) = field.split_once('.') else {
            out.insert((*field).to_owned(), row.get(*field).cloned().unwrap_or(Json::Null));
            continue;
        };
        let inner = row.get(parent).unwrap_or(&Json::Null);
        let slot = out.entry(parent).or_insert(Json::Null);
        if let (true, Json::Object(more)) = (inner.is_object(), project(inner, &[rest])) {
            merge(slot, more);
        }
    }
    Json::Object(out)
}

fn merge(slot: &mut Json, more: Map<String, Json>) {
    let Some(there) = slot.as_object_mut() else {
        *slot = Json::Object(more);
        return;
    };
    for (name, value) in more {
        match value {
            Json::Object(more) => merge(there.entry(name).or_insert(Json::Null), more),
            value => drop(there.insert(name, value)),
        }
    }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
        other => panic!("{other:?}"),
    }
}

/// The manifest is what the host allows.
fn is_asked_for(method: &str, path: &str) -> bool {
    let manifest = include_str!("../../plugin.toml");
    let quoted: Vec<&str> = manifest.split('"').skip(1).step_by(2).collect();
    let allows = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => path.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && !rest.contains('/')),
        None => path == pattern,
    };
    quoted.contains(&method) && quoted.iter().any(|pattern| pattern.starts_with("/services") && allows(pattern))
}

pub fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}
