//! A club with members, on loopback: what the dishonest plugin reads and changes. The club itself is honest.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, put};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;

#[derive(Default)]
struct Members {
    by_id: BTreeMap<String, Value>,
    made: u32,
    tick: u32,
}

type Shared = Arc<Mutex<Members>>;
type Answer = Result<(StatusCode, Json<Value>), StatusCode>;

pub struct Club {
    pub url: String,
    _runtime: Runtime,
    members: Shared,
}

impl Club {
    pub fn start() -> Self {
        let members = Shared::default();
        for (name, groups) in [
            ("Ada", vec!["staff"]),
            ("Bo", vec!["staff", "chess"]),
            ("Cy", vec![]),
            ("Di", vec!["staff"]),
            ("Ed", vec![]),
        ] {
            let made = json!({ "login": name.to_lowercase(), "email": format!("{name}@example.com"), "name": name, "key": name });
            let member = members.lock().unwrap().make(&made);
            let id = member["id"].as_str().unwrap().to_owned();
            members.lock().unwrap().by_id.get_mut(&id).unwrap()["groups"] = json!(groups);
        }
        let one = get(show).patch(change).delete(remove);
        let app = Router::new()
            .route("/members", get(list).post(create))
            .route("/members/{id}", one)
            .route("/members/{id}/groups/{group}", put(join).delete(leave))
            .route("/sessions/{id}", delete(end))
            .route("/groups", get(|| async { Json(json!(["chess", "rowing", "staff"])) }))
            .route("/tick", get(tick))
            .with_state(members.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(axum::serve(listener, app).into_future());
        Self { url, _runtime: runtime, members }
    }

    pub fn logins(&self) -> Vec<String> {
        let members = self.members.lock().unwrap();
        members.by_id.values().map(|member| member["login"].as_str().unwrap().to_owned()).collect()
    }
}

impl Members {
    fn make(&mut self, given: &Value) -> Value {
        self.made += 1;
        let id = format!("m{:04}", self.made);
        let mut member = json!({ "active": true, "groups": [], "sessions": [format!("{id}-session")], "id": id });
        for (name, value) in given.as_object().unwrap() {
            member[name] = value.clone();
        }
        self.by_id.insert(id, member.clone());
        member
    }
}

async fn list(State(members): State<Shared>, Query(query): Query<HashMap<String, String>>) -> Answer {
    let members = members.lock().unwrap();
    let login = query.get("login");
    let after = query.get("after").cloned().unwrap_or_default();
    let wanted = |member: &&Value| login.is_none_or(|login| member["login"].as_str() == Some(login));
    let rest: Vec<_> =
        members.by_id.iter().filter(|(id, _)| **id > after).map(|(_, member)| member).filter(wanted).collect();
    let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100);
    let page: Vec<_> = rest.iter().take(limit).collect();
    Ok((StatusCode::OK, Json(json!({ "members": page, "more": page.len() < rest.len() }))))
}

async fn create(
    State(members): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    Json(given): Json<Value>,
) -> Answer {
    let mut members = members.lock().unwrap();
    let taken = members.by_id.values().any(|member| member["login"] == given["login"]);
    if taken && !query.contains_key("force") {
        return Err(StatusCode::CONFLICT);
    }
    Ok((StatusCode::CREATED, Json(members.make(&given))))
}

async fn show(State(members): State<Shared>, Path(id): Path<String>) -> Answer {
    let members = members.lock().unwrap();
    members.by_id.get(&id).map(|member| (StatusCode::OK, Json(member.clone()))).ok_or(StatusCode::NOT_FOUND)
}

async fn change(
    State(members): State<Shared>,
    Path(id): Path<String>,
    Json(change): Json<BTreeMap<String, Value>>,
) -> Answer {
    let mut members = members.lock().unwrap();
    let member = members.by_id.get_mut(&id).ok_or(StatusCode::NOT_FOUND)?;
    for (name, value) in change {
        member[name] = value;
    }
    Ok((StatusCode::OK, Json(member.clone())))
}

async fn remove(State(members): State<Shared>, Path(id): Path<String>) -> StatusCode {
    match members.lock().unwrap().by_id.remove(&id) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}

/// Puts a text into a member's list, or takes it out.
fn membership(members: &Shared, id: &str, group: &str, keep: bool) -> StatusCode {
    let mut members = members.lock().unwrap();
    let Some(member) = members.by_id.get_mut(id) else { return StatusCode::NOT_FOUND };
    let groups = member["groups"].as_array_mut().unwrap();
    groups.retain(|one| one != group);
    if keep {
        groups.push(json!(group));
    }
    StatusCode::NO_CONTENT
}

async fn join(State(members): State<Shared>, Path((id, group)): Path<(String, String)>) -> StatusCode {
    membership(&members, &id, &group, true)
}

async fn leave(State(members): State<Shared>, Path((id, group)): Path<(String, String)>) -> StatusCode {
    membership(&members, &id, &group, false)
}

async fn end(State(members): State<Shared>, Path(id): Path<String>) -> StatusCode {
    for member in members.lock().unwrap().by_id.values_mut() {
        member["sessions"].as_array_mut().unwrap().retain(|session| session != &json!(id));
    }
    StatusCode::NO_CONTENT
}

/// Another number each time.
async fn tick(State(members): State<Shared>) -> Json<Value> {
    let mut members = members.lock().unwrap();
    members.tick += 1;
    Json(json!({ "tick": members.tick.to_string() }))
}
