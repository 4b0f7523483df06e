//! Who the caller is.

use super::tokens::Token;
use crate::api::caller::Caller;
use axum::Json;

/// The token that was sent: its name, its role, its scopes and its end.
#[utoipa::path(get, path = "/v1/me", tag = "tokens", responses((status = 200, description = "The token.", body = Token)))]
pub async fn me(caller: Caller) -> Json<Token> {
    Json(Token::from(caller.token))
}
