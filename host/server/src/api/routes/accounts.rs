//! Accounts of a system and whose they are.

use crate::api::caller::Caller;
use crate::api::input::{Json, Path, Query};
use crate::api::page::{Page, PageQuery};
use crate::api::problem::Problem;
use crate::api::version;
use crate::{links, systems};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use reeve_core::Timestamp;
use reeve_core::access::{Account, Link};
use reeve_core::id::{IdentityId, NativeId, SystemName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// An account, as the last read showed it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AccountView {
    /// Of the system; opaque.
    pub id: String,
    pub login: Option<String>,
    pub email: Option<String>,
    pub display_name: Option<String>,
    /// `person`, `service`, `bot`, …
    #[schema(value_type = String)]
    pub kind: reeve_core::access::AccountKind,
    /// `active`, `disabled`, `frozen`, …
    #[schema(value_type = String)]
    pub state: reeve_core::access::AccountState,
    /// In the system's own words.
    pub native_state: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_login_at: Option<Timestamp>,
    /// How far the last login can be trusted: `exact`, `approximate`, …
    #[schema(value_type = String)]
    pub last_login_quality: reeve_core::access::Quality,
    pub privileged: Option<bool>,
    #[schema(value_type = Object)]
    pub attributes: Map<String, Value>,
    /// `linked`, `unmatched` or `disputed`, and to whom.
    #[schema(value_type = Option<Object>)]
    pub link: Option<Link>,
}

fn shown((account, link): (Account, Option<Link>)) -> AccountView {
    AccountView {
        id: account.id.to_string(),
        login: account.login,
        email: account.email,
        display_name: account.display_name,
        kind: account.kind,
        state: account.state,
        native_state: account.native_state,
        last_login_at: account.last_login.at,
        last_login_quality: account.last_login.quality,
        privileged: account.privileged,
        attributes: account.attributes.into_iter().collect(),
        link,
    }
}

/// Accounts of a system.
#[utoipa::path(
    get, path = "/v1/systems/{name}/accounts", tag = "access", params(("name" = String, Path, max_length = 64), PageQuery),
    responses((status = 200, description = "A page.", body = Page<AccountView>))
)]
pub async fn list(
    caller: Caller,
    Path(name): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Page<AccountView>, Problem> {
    let wanted = page.of("accounts")?;
    let system = systems::find(&caller.app, &name).await?.name;
    let after = wanted.after.as_deref().map(NativeId::from);
    let rows = caller.app.store.read().await?.accounts_page(&system, after.as_ref(), wanted.ask()).await?;
    Ok(wanted.page(rows, |(account, _)| account.id.to_string(), shown))
}

async fn find(caller: &Caller, name: &str, id: &str) -> Result<(SystemName, Account, Option<Link>), Problem> {
    let system = systems::find(&caller.app, name).await?.name;
    let found = caller.app.store.read().await?.account(&system, &NativeId::from(id)).await?;
    let (account, link) = found.ok_or_else(|| {
        Problem::not_found(format!("no account {id:?} of {name} is known; a sync run reads the system"))
    })?;
    Ok((system, account, link))
}

/// One account. Its `ETag` is the version of the link.
#[utoipa::path(
    get, path = "/v1/systems/{name}/accounts/{id}", tag = "access",
    params(("name" = String, Path, max_length = 64), ("id" = String, Path, max_length = 1024)),
    responses((status = 200, description = "The account.", body = AccountView, headers(("ETag" = String))))
)]
pub async fn show(caller: Caller, Path((name, id)): Path<(String, String)>) -> Result<Response, Problem> {
    let (_, account, link) = find(&caller, &name, &id).await?;
    let tag = version::tag(&link)?;
    Ok(([(header::ETAG, tag)], axum::Json(shown((account, link)))).into_response())
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LinkWish {
    /// Whose account it is.
    #[schema(max_length = 128)]
    identity: String,
}

/// Decides whose account it is. The decision holds until another one.
#[utoipa::path(
    put, path = "/v1/systems/{name}/accounts/{id}/link", tag = "access", request_body = LinkWish,
    params(
        ("name" = String, Path, max_length = 64),
        ("id" = String, Path, max_length = 1024),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the account."),
    ),
    responses((status = 200, description = "It is decided.", body = AccountView, headers(("ETag" = String))))
)]
pub async fn link(
    caller: Caller,
    Path((name, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(wish): Json<LinkWish>,
) -> Result<Response, Problem> {
    let (system, account, before) = find(&caller, &name, &id).await?;
    version::check(&headers, Some(&before), &format!("the link of account {id:?}"))?;
    links::decide_if(&caller.app, &system, &account.id, &IdentityId::from(wish.identity.as_str()), |link| {
        Some(link) == before.as_ref()
    })
    .await?;
    show(caller, Path((name, id))).await
}
