//! Tokens for the interface.

use crate::api::caller::Caller;
use crate::api::idempotency::ShownOnce;
use crate::api::input::{Json, Path, Query, at_most, whole};
use crate::api::page::{Page, PageQuery};
use crate::api::problem::Problem;
use crate::tokens::{self, Area, NewToken, Role};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use reeve_core::Timestamp;
use reeve_store::TokenRow;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::{Array, ArrayBuilder, ObjectBuilder, Type};

/// A token, without its text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Token {
    pub id: String,
    /// Stands in the log as the one who acted.
    pub name: String,
    #[schema(value_type = Role)]
    pub role: String,
    /// What it is limited to; empty where the role alone counts.
    pub scopes: Vec<String>,
    pub created_by: String,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
    /// To within five minutes.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id,
            name: row.grant.name,
            role: row.grant.role,
            scopes: row.grant.scopes,
            created_by: row.grant.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// A token as it is made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CreatedToken {
    /// Send it as `Authorization: Bearer TOKEN`. It is shown this once.
    pub text: String,
    #[serde(flatten)]
    pub token: Token,
}

/// Every area, to read and to write.
const SCOPES_MAX: usize = 2 * Area::ALL.len();

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TokenWish {
    /// Who or what uses it; no other token in use may have this name.
    #[schema(max_length = 64, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$")]
    name: String,
    role: Role,
    #[serde(default)]
    #[schema(schema_with = scopes_schema)]
    scopes: Vec<String>,
    /// How long it lives.
    #[serde(default = "quarter", deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 366)]
    days: u32,
}

fn scopes_schema() -> Array {
    let areas: Vec<_> = Area::ALL.iter().map(|area| area.as_str()).collect();
    let scope =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(format!("^({}):(read|write)$", areas.join("|"))));
    ArrayBuilder::new()
        .description(Some("`AREA:read` or `AREA:write`."))
        .items(scope)
        .max_items(Some(SCOPES_MAX))
        .build()
}

fn quarter() -> u32 {
    90
}

/// Tokens, also those that have ended.
#[utoipa::path(
    get, path = "/v1/tokens", tag = "tokens", params(PageQuery),
    responses((status = 200, description = "A page.", body = Page<Token>))
)]
pub async fn list(caller: Caller, Query(page): Query<PageQuery>) -> Result<Page<Token>, Problem> {
    let wanted = page.of("tokens")?;
    let rows = caller.app.store.read().await?.tokens(wanted.after.as_deref(), wanted.ask()).await?;
    Ok(wanted.page(rows, |row| row.id.clone(), Token::from))
}

/// Makes a token. Its text is in this answer and nowhere else. A token with scopes makes only tokens within them.
#[utoipa::path(
    post, path = "/v1/tokens", tag = "tokens", request_body = TokenWish,
    responses((status = 201, description = "The token with its text.", body = CreatedToken))
)]
pub async fn create(caller: Caller, Json(wish): Json<TokenWish>) -> Result<Response, Problem> {
    at_most("scopes", &wish.scopes, SCOPES_MAX)?;
    let TokenWish { name, role, scopes, days } = wish;
    tokens::may_make(&caller.token, &scopes)?;
    let (row, text) = tokens::create(&caller.app, NewToken { name: &name, role, scopes: &scopes, days }).await?;
    let at = format!("/v1/tokens/{}", row.id);
    let created = CreatedToken { text: text.expose_secret().to_owned(), token: row.into() };
    let mut response = (StatusCode::CREATED, [(header::LOCATION, at)], axum::Json(created)).into_response();
    response.extensions_mut().insert(ShownOnce);
    Ok(response)
}

/// Ends a token at once, and for good.
#[utoipa::path(
    delete, path = "/v1/tokens/{id}", tag = "tokens", params(("id" = String, Path, max_length = 64)),
    responses((status = 200, description = "The token that ended.", body = Token))
)]
pub async fn revoke(caller: Caller, Path(id): Path<String>) -> Result<axum::Json<Token>, Problem> {
    tokens::revoke(&caller.app, &id).await?;
    let row = caller.app.store.read().await?.token(&id).await?;
    row.map(|row| axum::Json(row.into())).ok_or_else(|| Problem::not_found(format!("there is no token {id:?}")))
}
