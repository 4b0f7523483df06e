//! Tokens for the interface. A token itself is never stored: its SHA-256 is, and what it may do.

use crate::row::{at, at_or_none, body, json, key, micros, text};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

/// What a token is for, as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TokenGrant {
    /// Who or what uses it: it stands in the log as the one who acted.
    pub name: String,
    pub role: String,
    /// What it is limited to within its role; empty where the role alone counts.
    pub scopes: Vec<String>,
    pub created_by: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// The part of the token that is no secret.
    pub id: String,
    pub sha256: String,
    pub grant: TokenGrant,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

impl Tx {
    /// A name that another token in use has is a conflict.
    pub async fn add_token(&mut self, token: &TokenRow) -> Result<(), StoreError> {
        let add = self.statement(
            "INSERT INTO token (id, name, sha256, created_at, expires_at, body) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT DO NOTHING",
        );
        let add = add.bind(token.id.clone()).bind(token.grant.name.clone()).bind(token.sha256.clone());
        let add = add.bind(micros(token.created_at)).bind(micros(token.expires_at)).bind(json(&token.grant)?);
        match self.write(add).await? {
            0 => Err(StoreError::conflict(format!(
                "a token named {:?} is in use; revoke it first, or choose another name",
                token.grant.name
            ))),
            _ => Ok(()),
        }
    }

    pub async fn token(&mut self, id: &str) -> Result<Option<TokenRow>, StoreError> {
        let row = self.statement("SELECT * FROM token WHERE id = $1").bind(key(id).into_owned());
        self.row(row).await?.as_ref().map(token).transpose()
    }

    /// By id, after this one.
    pub async fn tokens(&mut self, after: Option<&str>, limit: u32) -> Result<Vec<TokenRow>, StoreError> {
        let rows = self.statement("SELECT * FROM token WHERE id > $1 ORDER BY id LIMIT $2");
        let rows = rows.bind(after.map(|id| key(id).into_owned()).unwrap_or_default()).bind(i64::from(limit));
        self.read(rows, token).await
    }

    /// Ends a token for good, and answers whether it was not ended before.
    pub async fn revoke_token(&mut self, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        let revoke = self.statement("UPDATE token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL");
        Ok(self.write(revoke.bind(key(id).into_owned()).bind(micros(at))).await? > 0)
    }

    pub async fn token_used(&mut self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        let used = self.statement("UPDATE token SET last_used_at = $2 WHERE id = $1");
        self.write(used.bind(key(id).into_owned()).bind(micros(at))).await?;
        Ok(())
    }
}

fn token(row: &AnyRow) -> Result<TokenRow, StoreError> {
    Ok(TokenRow {
        id: text(row, "id")?,
        sha256: text(row, "sha256")?,
        grant: body(row, "tokens")?,
        created_at: at(row, "created_at")?,
        expires_at: at(row, "expires_at")?,
        revoked_at: at_or_none(row, "revoked_at")?,
        last_used_at: at_or_none(row, "last_used_at")?,
    })
}
