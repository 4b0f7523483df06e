//! A small SCIM server in memory, with the faults that real ones have, each behind a switch.

#![expect(dead_code, reason = "each test program uses a part of it")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test's server may panic")]

mod resource;

use reeve_plugin_scim::Scim;
use reeve_sdk::http::Method;
use reeve_sdk::prelude::*;
use reeve_sdk::testing::{self, Host, Response, answer};
use reeve_sdk::{HttpError, percent};
use serde_json::{Value as Json, json};
use std::cell::RefCell;
use std::rc::Rc;

pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Serves at most so many resources, and says nothing about it.
    pub page_max: Option<usize>,
    /// States so many more users than there are.
    pub lost_users: u64,
    pub lost_groups: u64,
    pub no_total: bool,
    pub by_cursor: bool,
    pub ignores_start: bool,
    /// Somebody before the second page disappears while it is listed, and somebody else appears at its end.
    pub drifts: bool,
    pub ignores_filter: bool,
    /// Answers a search with 400 invalidFilter.
    pub refuses_filter: bool,
    /// Answers a search for members with an empty list.
    pub finds_no_members: bool,
    pub no_config: bool,
    pub no_patch: bool,
    pub etag: bool,
    pub remove_by_value_only: bool,
    pub create_then_500: bool,
    pub create_says_nothing: bool,
    pub html: bool,
    pub html_404: bool,
    /// Shows the members of a group with so many of them only where it is read by its id.
    pub hides_members: Option<usize>,
    /// Somebody else changes the resource between a read and the write after it.
    pub rival: bool,
}

#[derive(Debug, Default)]
pub struct Server {
    pub users: Vec<Json>,
    pub groups: Vec<Json>,
    pub faults: Faults,
    /// Method and path of every request, query included and decoded.
    pub seen: Vec<String>,
    pub bodies: Vec<Json>,
    version: u64,
    next_id: u64,
}

pub type Shared = Rc<RefCell<Server>>;

pub fn server(faults: Faults) -> Shared {
    Rc::new(RefCell::new(Server { faults, ..Server::default() }))
}

/// Runs a call of the plugin as the host does: a fresh instance, this server behind the connection.
pub fn call<T>(server: &Shared, settings: &str, call: impl FnOnce(&Scim) -> Result<T, Failure>) -> Result<T, Failure> {
    let host = Behind { server: server.clone(), settings: settings.to_owned() };
    host.run(|| call(&Scim::open()?))
}

struct Behind {
    server: Shared,
    settings: String,
}

impl Host for Behind {
    fn http(&mut self, request: &testing::Request) -> Answer {
        self.server.borrow_mut().answer(request)
    }

    fn settings(&mut self) -> String {
        self.settings.clone()
    }
}

/// A listing as the host drives it.
#[derive(Debug)]
pub struct Listed<T> {
    pub items: Vec<T>,
    pub pages: usize,
    pub stated_total: Option<u64>,
    pub warnings: Vec<String>,
}

pub fn list<T>(
    server: &Shared,
    settings: &str,
    read: impl Fn(&Scim, PageRequest) -> Result<Page<T>, Failure>,
) -> Result<Listed<T>, Failure> {
    let mut listed = Listed { items: vec![], pages: 0, stated_total: None, warnings: vec![] };
    let mut cursor = None;
    let mut cursors = Vec::new();
    loop {
        let request = PageRequest { cursor: cursor.clone(), size: 1_000 };
        let page = call(server, settings, |scim| read(scim, request))?;
        let state = page.state().clone();
        listed.pages += 1;
        listed.items.extend(page.items);
        listed.stated_total = listed.stated_total.or(state.stated_total);
        listed.warnings.extend(state.warnings);
        if state.complete {
            return Ok(listed);
        }
        assert!(!cursors.contains(&state.next) && listed.pages < 1_000, "the listing loops");
        cursors.push(state.next.clone());
        cursor = state.next;
    }
}

pub fn accounts(server: &Shared, settings: &str) -> Result<Listed<Account>, Failure> {
    list(server, settings, |scim, page| scim.list_accounts(page))
}

pub fn grants(server: &Shared, settings: &str) -> Result<Listed<Grant>, Failure> {
    list(server, settings, |scim, page| scim.list_grants(page))
}

pub fn view(server: &Shared, settings: &str, id: &str) -> Result<Option<AccountView>, Failure> {
    call(server, settings, |scim| scim.get_account(id))
}

/// What an account holds, each with where it comes from.
pub fn held(server: &Shared, settings: &str, id: &str) -> Vec<(String, GrantSource)> {
    let grants = view(server, settings, id).unwrap().unwrap().grants;
    let mut held: Vec<_> = grants.into_iter().map(|grant| (grant.entitlement, grant.source)).collect();
    held.sort_by_key(|(group, source)| (group.clone(), format!("{source:?}")));
    held
}

pub fn user(id: &str, login: &str) -> Json {
    json!({ "id": id, "userName": login, "active": true, "emails": [{ "value": login, "primary": true }] })
}

pub fn group(id: &str, members: &[&str]) -> Json {
    let members: Vec<Json> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({ "id": id, "displayName": format!("Group {id}"), "members": members })
}

type Answer = Result<Response, HttpError>;

impl Server {
    pub fn user(&self, id: &str) -> &Json {
        self.users.iter().find(|user| user["id"] == id).unwrap()
    }

    pub fn members(&self, group: &str) -> Vec<String> {
        let group = self.groups.iter().find(|one| one["id"] == group).unwrap();
        group["members"].as_array().into_iter().flatten().map(|m| m["value"].as_str().unwrap().to_owned()).collect()
    }

    /// Requests that may have changed something.
    pub fn writes(&self) -> Vec<&String> {
        self.seen.iter().filter(|line| !line.starts_with("GET")).collect()
    }

    fn answer(&mut self, request: &testing::Request) -> Answer {
        assert_eq!(request.connection, "api");
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let query: Vec<(String, String)> =
            query.split('&').filter_map(|pair| pair.split_once('=')).map(decoded).collect();
        let shown: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let method = format!("{:?}", request.method).to_uppercase().replace("METHOD::", "");
        self.seen.push(format!("{method} {path} {}", shown.join("&")).trim_end().to_owned());
        let body: Json = request.body.as_ref().map_or(Json::Null, |body| serde_json::from_slice(body).unwrap());
        if body != Json::Null {
            self.bodies.push(body.clone());
        }
        if self.faults.html {
            return html(200);
        }
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let if_match =
            request.headers.iter().find(|header| header.name == "if-match").map(|header| header.value.clone());
        match (request.method, parts.as_slice()) {
            (Method::Get, ["ServiceProviderConfig"]) => self.config(),
            (Method::Get, ["ResourceTypes"]) => {
                answer(200, r#"{"Resources":[{"endpoint":"/Users"},{"endpoint":"/Groups"}]}"#)
            }
            (Method::Get, [kind]) => self.list(kind, &query),
            (Method::Get, [kind, id]) => self.get(kind, id),
            (Method::Post, ["Users"]) => self.create(body),
            (_, [kind, id]) => self.write(request.method, kind, id, body, if_match),
            other => panic!("not asked for in the manifest: {other:?}"),
        }
    }

    fn config(&self) -> Answer {
        let faults = &self.faults;
        if faults.no_config {
            return error(404, None, "no such resource");
        }
        let config = json!({
            "patch": { "supported": !faults.no_patch },
            "filter": { "supported": true, "maxResults": 200 },
            "etag": { "supported": faults.etag },
            "pagination": { "cursor": faults.by_cursor, "index": !faults.by_cursor },
        });
        answer(200, &config.to_string())
    }

    fn store(&mut self, kind: &str) -> &mut Vec<Json> {
        match kind {
            "Users" => &mut self.users,
            "Groups" => &mut self.groups,
            other => panic!("no resources of the type {other}"),
        }
    }

    fn list(&mut self, kind: &str, query: &[(String, String)]) -> Answer {
        let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let faults = self.faults.clone();
        let mut found = self.store(kind).clone();
        if let Some(filter) = value("filter") {
            if faults.refuses_filter {
                return error(400, Some("invalidFilter"), "filters are not for you");
            }
            if !faults.ignores_filter {
                let (path, wanted) = filter.split_once(" eq ").unwrap();
                let wanted: String = serde_json::from_str(wanted).unwrap();
                let blind = faults.finds_no_members && path == "members.value";
                found.retain(|resource| !blind && resource::matches(resource, path, &wanted));
            }
        }
        if kind == "Groups" {
            let unwanted = value("excludedAttributes") == Some("members");
            for group in &mut found {
                let members = group["members"].as_array().map_or(0, Vec::len);
                if unwanted || faults.hides_members.is_some_and(|from| members >= from) {
                    group.as_object_mut().unwrap().remove("members");
                }
            }
        }
        let lost = if value("filter").is_some() {
            0
        } else if kind == "Users" {
            faults.lost_users
        } else {
            faults.lost_groups
        };
        let total = found.len() as u64 + lost;
        let count: usize = value("count").unwrap().parse().unwrap();
        let count = count.min(faults.page_max.unwrap_or(usize::MAX));
        let mut body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"] });
        let from = match (faults.by_cursor, value("cursor"), value("startIndex")) {
            (true, Some(""), None) => 0,
            (true, Some(_), None) if faults.ignores_start => 0,
            (true, Some(cursor), None) => match cursor.strip_prefix("after-") {
                Some(from) => from.parse().unwrap(),
                None => return error(400, Some("expiredCursor"), "too late"),
            },
            (false, None, Some(start)) if !faults.ignores_start => start.parse::<usize>().unwrap() - 1,
            (false, None, Some(_)) => 0,
            other => panic!("pages in the wrong way: {other:?}"),
        };
        let drift = usize::from(faults.drifts && from > 0);
        let rest: Vec<Json> = found.into_iter().skip(from - drift).collect();
        if faults.by_cursor && rest.len() > count {
            body["nextCursor"] = json!(format!("after-{}", from + count));
        }
        let page: Vec<Json> = rest.into_iter().take(count).collect();
        if !faults.by_cursor {
            body["startIndex"] = json!(from + 1);
            body["itemsPerPage"] = json!(page.len());
        }
        if !faults.no_total {
            body["totalResults"] = json!(total);
        }
        body["Resources"] = json!(page);
        answer(200, &body.to_string())
    }

    fn get(&mut self, kind: &str, id: &str) -> Answer {
        if self.faults.html_404 {
            return html(404);
        }
        match self.store(kind).iter().find(|resource| resource["id"] == id) {
            Some(found) => answer(200, &found.to_string()),
            None => error(404, None, "no such resource"),
        }
    }

    fn create(&mut self, mut user: Json) -> Answer {
        if self.users.iter().any(|other| other["userName"] == user["userName"]) {
            return error(409, Some("uniqueness"), "that userName is taken");
        }
        self.next_id += 1;
        let id = format!("new-{}", self.next_id);
        user["id"] = json!(id);
        self.users.push(user.clone());
        if self.faults.create_then_500 {
            return error(500, None, "boom");
        }
        if self.faults.create_says_nothing {
            return answer(201, "");
        }
        answer(201, &user.to_string())
    }

    fn write(&mut self, method: Method, kind: &str, id: &str, body: Json, if_match: Option<String>) -> Answer {
        let faults = self.faults.clone();
        self.version += 1;
        let version = format!("W/\"{}\"", self.version);
        let Some(at) = self.store(kind).iter().position(|resource| resource["id"] == id) else {
            return error(404, None, "no such resource");
        };
        if method == Method::Delete {
            self.store(kind).remove(at);
            return Ok(Response { status: 204, headers: vec![], body: vec![], rate: None });
        }
        let current = &mut self.store(kind)[at];
        if faults.rival {
            current["meta"]["version"] = json!("W/\"rival\"");
        }
        if if_match.is_some_and(|wanted| current["meta"]["version"] != json!(wanted)) {
            return error(412, None, "somebody was faster");
        }
        match method {
            Method::Put => *current = body,
            Method::Patch if faults.no_patch => return error(501, None, "no PATCH here"),
            Method::Patch => {
                for operation in body["Operations"].as_array().unwrap() {
                    if let Some(refusal) = resource::patch(current, operation, &faults) {
                        return refusal;
                    }
                }
            }
            other => panic!("{other:?}"),
        }
        current["meta"] = json!({ "version": version, "created": "2026-01-02T03:04:05Z" });
        answer(200, &current.to_string())
    }
}

fn error(status: u16, scim_type: Option<&str>, detail: &str) -> Answer {
    let body = json!({ "status": status.to_string(), "scimType": scim_type, "detail": detail });
    answer(status, &body.to_string())
}

fn html(status: u16) -> Answer {
    let mut page = answer(status, "<!doctype html><title>Sign in</title>")?;
    page.headers[0].value = "text/html".to_owned();
    Ok(page)
}

fn decoded((name, value): (&str, &str)) -> (String, String) {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let hex: String = [rest.next().unwrap(), rest.next().unwrap()].map(char::from).iter().collect();
        bytes.push(u8::from_str_radix(&hex, 16).unwrap());
    }
    assert_eq!(percent::encode(&String::from_utf8(bytes.clone()).unwrap()), value, "not encoded as it should be");
    (name.to_owned(), String::from_utf8(bytes).unwrap())
}
