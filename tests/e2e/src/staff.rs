//! The API of the SDK's documentation, on loopback.

#![expect(clippy::unwrap_used, reason = "tests")]

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

pub const TOKEN: &str = "canary-7f3a";
const PAGE: usize = 100;

#[derive(Default)]
struct Inner {
    members: BTreeMap<String, BTreeMap<String, Value>>,
    requests: u32,
    writes: u32,
}

type Shared = Arc<Mutex<Inner>>;

pub struct Staff {
    pub url: String,
    inner: Shared,
}

impl Staff {
    pub async fn start(members: usize) -> Self {
        let member = |number: usize| {
            let id = format!("{number:04}");
            let login = format!("{id}@example.com");
            let fields = [("id", id.as_str()), ("login", login.as_str()), ("role", "clerk"), ("status", "active")];
            let member = fields.map(|(name, value)| (name.to_owned(), Value::from(value))).into();
            (id, member)
        };
        let inner = Shared::new(Mutex::new(Inner { members: (1..=members).map(member).collect(), ..Inner::default() }));
        let one = get(show).patch(change);
        let app = Router::new()
            .route("/staff", get(list))
            .route("/staff/told", get(tell))
            .route("/staff/{id}", one)
            .fallback(other);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, app.with_state(inner.clone())).into_future());
        Self { url, inner }
    }

    pub fn requests(&self) -> u32 {
        self.inner.lock().unwrap().requests
    }

    pub fn writes(&self) -> u32 {
        self.inner.lock().unwrap().writes
    }
}

/// Counts the request, and refuses one without the token.
fn enter(state: &Shared, headers: &HeaderMap) -> Result<(), StatusCode> {
    state.lock().unwrap().requests += 1;
    let token = headers.get("authorization").and_then(|value| value.to_str().ok());
    if token == Some(&format!("Bearer {TOKEN}")) { Ok(()) } else { Err(StatusCode::UNAUTHORIZED) }
}

async fn list(
    State(state): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    enter(&state, &headers)?;
    let after = query.get("after").cloned().unwrap_or_default();
    let inner = state.lock().unwrap();
    let members: Vec<_> =
        inner.members.iter().filter(|(id, _)| **id > after).take(PAGE).map(|(_, member)| member).collect();
    Ok(Json(json!(members)))
}

/// Tells whoever asks what credentials the host sent, letter by letter in the escapes of JSON.
async fn tell(headers: HeaderMap) -> String {
    let sent = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = sent.trim_start_matches("Bearer ");
    // Half of it as it is: no part of a text that is long enough to be found.
    let letter = |(at, unit): (usize, u16)| match char::from_u32(unit.into()).filter(|_| at % 2 == 0) {
        Some(plain) => plain.to_string(),
        None => format!("\\u{unit:04x}"),
    };
    format!("{{\"credentials\":\"{}\"}}", token.encode_utf16().enumerate().map(letter).collect::<String>())
}

async fn show(
    State(state): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    enter(&state, &headers)?;
    state.lock().unwrap().members.get(&id).map(|member| Json(json!(member))).ok_or(StatusCode::NOT_FOUND)
}

async fn change(
    State(state): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(change): Json<BTreeMap<String, Value>>,
) -> Result<StatusCode, StatusCode> {
    enter(&state, &headers)?;
    let mut inner = state.lock().unwrap();
    inner.writes += 1;
    let member = inner.members.get_mut(&id).ok_or(StatusCode::NOT_FOUND)?;
    member.extend(change);
    Ok(StatusCode::NO_CONTENT)
}

async fn other(State(state): State<Shared>) -> StatusCode {
    state.lock().unwrap().requests += 1;
    StatusCode::OK
}
