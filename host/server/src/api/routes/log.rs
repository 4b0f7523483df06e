//! The audit log: its entries with proofs that they are in it, and its signed head.

use crate::api::caller::Caller;
use crate::api::input::{Path, Query};
use crate::api::page::{Page, Wanted};
use crate::api::problem::{Kind, Problem};
use crate::log::proofs;
use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// An entry of the log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EntryView {
    /// Its place in the log, from 0.
    pub seq: u64,
    /// What it says. None where its bytes are no entry that this version can show.
    #[schema(value_type = Option<Object>)]
    pub entry: Option<Value>,
    /// Its exact bytes, in base64: what is hashed.
    pub bytes: String,
}

fn shown((seq, bytes): (u64, Vec<u8>)) -> EntryView {
    EntryView { seq, entry: serde_json::from_slice(&bytes).ok(), bytes: STANDARD.encode(bytes) }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntryQuery {
    /// The first entry; a cursor goes before it.
    #[serde(default)]
    from: u64,
    /// How many items, at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next-cursor` of the page before.
    #[param(max_length = 4096)]
    cursor: Option<String>,
}

/// Entries of the log, in its order.
#[utoipa::path(
    get, path = "/v1/log/entries", tag = "log", params(EntryQuery),
    responses((status = 200, description = "A page.", body = Page<EntryView>))
)]
pub async fn entries(caller: Caller, Query(query): Query<EntryQuery>) -> Result<Page<EntryView>, Problem> {
    let wanted = Wanted::new("log", query.limit, query.cursor.as_deref())?;
    let from = match &wanted.after {
        None => query.from,
        Some(after) => after.parse::<u64>().map_err(|_| Problem::bad("the cursor holds no number"))?.saturating_add(1),
    };
    if i64::try_from(from).is_err() {
        return Err(Problem::bad(format!("`from` is at most {}", i64::MAX)));
    }
    let rows = caller.app.store.read().await?.log_entries(from, wanted.ask()).await?;
    Ok(wanted.page(rows, |(seq, _)| seq.to_string(), shown))
}

/// That an entry is in the log: hash its bytes (RFC 6962), follow the hashes, and arrive at the root that the checkpoint
/// signs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ProvenEntry {
    #[serde(flatten)]
    pub entry: EntryView,
    /// The signed head that the proof leads to.
    pub checkpoint: String,
    /// The hashes beside the path to the root, in base64.
    pub inclusion_proof: Vec<String>,
}

/// One entry, with the proof that it is under the present signed head.
#[utoipa::path(
    get, path = "/v1/log/entries/{seq}", tag = "log", params(("seq" = u64, Path)),
    responses((status = 200, description = "The entry and its proof.", body = ProvenEntry))
)]
pub async fn entry(caller: Caller, Path(seq): Path<u64>) -> Result<Json<ProvenEntry>, Problem> {
    let proof = proofs::inclusion(&caller.app, seq).await?;
    Ok(Json(ProvenEntry {
        entry: shown((seq, proof.bytes)),
        checkpoint: proof.checkpoint,
        inclusion_proof: proof.hashes.iter().map(|hash| STANDARD.encode(hash)).collect(),
    }))
}

/// The signed head of the log, as a C2SP checkpoint. Keep it elsewhere: it proves later that nothing before it was changed.
#[utoipa::path(
    get, path = "/v1/log/checkpoint", tag = "log",
    responses((status = 200, description = "A signed note.", body = String, content_type = "text/plain"))
)]
pub async fn checkpoint(caller: Caller) -> Result<Response, Problem> {
    caller.app.seal().await?;
    let head = caller.app.store.read().await?.checkpoint().await?;
    let head = head.ok_or_else(|| Problem::not_found("the log has no signed head yet"))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], head.note).into_response())
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsistencyQuery {
    /// The number of entries that the older checkpoint signs.
    from: u64,
}

/// That the log continues an older one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Consistency {
    /// The signed head that the proof leads to.
    pub checkpoint: String,
    /// The hashes of RFC 6962 section 2.1.2, in base64.
    pub consistency_proof: Vec<String>,
}

/// The proof that the present signed head continues an older one.
#[utoipa::path(
    get, path = "/v1/log/consistency", tag = "log", params(ConsistencyQuery),
    responses((status = 200, description = "The proof.", body = Consistency))
)]
pub async fn consistency(caller: Caller, Query(query): Query<ConsistencyQuery>) -> Result<Json<Consistency>, Problem> {
    let proof = proofs::consistency(&caller.app, query.from).await?;
    let proof = proof.ok_or_else(|| {
        Problem::new(
            Kind::Refused,
            format!("the log has fewer than {} signed entries: it does not continue that one", query.from),
        )
    })?;
    Ok(Json(Consistency {
        checkpoint: proof.checkpoint,
        consistency_proof: proof.hashes.iter().map(|hash| STANDARD.encode(hash)).collect(),
    }))
}
