//! Tokens for the interface: `reeve_ID_SECRET`, where ID finds the row and SECRET is 256 random bits. Only the SHA-256 of
//! the whole is kept, so a copy of the database opens nothing. Each has a role, may be limited to scopes, and ends.

use crate::actor;
use crate::app::App;
use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reeve_core::Timestamp;
use reeve_core::audit::{Event, Subject};
use reeve_store::{TokenGrant, TokenRow};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// What every token begins with, so that scanners for leaked secrets know one.
const PREFIX: &str = "reeve_";
const ID_BYTES: usize = 9;
const SECRET_BYTES: usize = 32;
/// The longest text that is looked at as a token, in bytes.
const TOKEN_BYTES_MAX: usize = 128;
const NAME_CHARS_MAX: usize = 64;
/// The longest life of a token.
pub const LIFE_DAYS_MAX: u32 = 366;
/// How exact the time of the last use is: not every request is a write.
const USED_EVERY: Duration = Duration::from_secs(300);

/// What a token may do at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything: also plugins, systems, secrets and tokens.
    Admin,
    /// Reads everything; reads systems, makes and decides plans, starts exits, links accounts.
    Operator,
    /// Reads everything, and writes nothing.
    Auditor,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Admin, Self::Operator, Self::Auditor].into_iter().find(|role| role.as_str() == text)
    }
}

/// A part of the interface that a scope can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    Plugins,
    Systems,
    Secrets,
    Identities,
    Access,
    SyncRuns,
    Plans,
    Runs,
    LeaverCases,
    Findings,
    Log,
    Tokens,
    Metrics,
}

impl Area {
    pub const ALL: [Self; 13] = [
        Self::Plugins,
        Self::Systems,
        Self::Secrets,
        Self::Identities,
        Self::Access,
        Self::SyncRuns,
        Self::Plans,
        Self::Runs,
        Self::LeaverCases,
        Self::Findings,
        Self::Log,
        Self::Tokens,
        Self::Metrics,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plugins => "plugins",
            Self::Systems => "systems",
            Self::Secrets => "secrets",
            Self::Identities => "identities",
            Self::Access => "access",
            Self::SyncRuns => "sync-runs",
            Self::Plans => "plans",
            Self::Runs => "runs",
            Self::LeaverCases => "leaver-cases",
            Self::Findings => "findings",
            Self::Log => "log",
            Self::Tokens => "tokens",
            Self::Metrics => "metrics",
        }
    }
}

/// `AREA:read` or `AREA:write`; who may write may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    pub area: Area,
    pub write: bool,
}

impl Scope {
    fn covers(self, wanted: Self) -> bool {
        self.area == wanted.area && (self.write || !wanted.write)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.area.as_str(), if self.write { "write" } else { "read" })
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (area, access) = text.split_once(':').unwrap_or((text, ""));
        let area = Area::ALL.into_iter().find(|one| one.as_str() == area);
        match (area, access) {
            (Some(area), "read" | "write") => Ok(Self { area, write: access == "write" }),
            _ => {
                let areas: Vec<_> = Area::ALL.iter().map(|area| area.as_str()).collect();
                Err(format!(
                    "{text:?} is no scope; write AREA:read or AREA:write, where AREA is one of {}",
                    areas.join(", ")
                ))
            }
        }
    }
}

/// What a token that was made may do.
pub struct NewToken<'a> {
    pub name: &'a str,
    pub role: Role,
    pub scopes: &'a [String],
    pub days: u32,
}

/// Whether a token's scopes, if it is limited to any, cover what is wanted.
pub fn covers(token: &TokenRow, wanted: Scope) -> bool {
    let scopes = &token.grant.scopes;
    scopes.is_empty() || scopes.iter().any(|text| text.parse::<Scope>().is_ok_and(|scope| scope.covers(wanted)))
}

/// Whether a token may make another with these scopes: a limited one makes none that may do more than itself.
pub fn may_make(maker: &TokenRow, scopes: &[String]) -> Result<()> {
    let covered = |text: &String| text.parse().is_ok_and(|wish| covers(maker, wish));
    if maker.grant.scopes.is_empty() || (!scopes.is_empty() && scopes.iter().all(covered)) {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "a token that is limited to {} makes only tokens that are limited to some of that: name them in `scopes`",
        maker.grant.scopes.join(", ")
    )))
}

/// Makes a token. Its text is answered once, here.
pub async fn create(app: &App, new: NewToken<'_>) -> Result<(TokenRow, SecretString)> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(Error::Input(format!(
            "a token's name has 1 to {NAME_CHARS_MAX} characters, and no control characters"
        )));
    }
    if new.days == 0 || new.days > LIFE_DAYS_MAX {
        return Err(Error::Input(format!("a token lives 1 to {LIFE_DAYS_MAX} days, not {}", new.days)));
    }
    let scopes = new.scopes.iter().map(|text| text.parse::<Scope>()).collect::<std::result::Result<Vec<_>, _>>();
    let mut scopes = scopes.map_err(Error::Input)?;
    scopes.dedup();
    let (id, text) = random()?;
    let now = app.now();
    let life = Duration::from_secs(u64::from(new.days) * 24 * 3600);
    let row = TokenRow {
        id,
        sha256: digest(text.expose_secret()),
        grant: TokenGrant {
            name: name.to_owned(),
            role: new.role.as_str().to_owned(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            created_by: actor::name(&app.actor),
        },
        created_at: now,
        expires_at: now.checked_add(life).unwrap_or(Timestamp::MAX),
        revoked_at: None,
        last_used_at: None,
    };
    let mut tx = app.write().await?;
    tx.add_token(&row).await?;
    let data =
        json!({ "id": row.id, "role": row.grant.role, "scopes": row.grant.scopes, "expires-at": row.expires_at });
    let entry = app.entry(Event::TokenCreated).about(Subject::Token { name: name.to_owned() });
    tx.audit(&entry.with_data(data)).await?;
    tx.commit().await?;
    Ok((row, text))
}

fn random() -> Result<(String, SecretString)> {
    let mut bytes = Zeroizing::new([0; ID_BYTES + SECRET_BYTES]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| Error::Input(format!("there is no randomness: {error}")))?;
    let (id, secret) = bytes.split_at(ID_BYTES);
    // Hex, so that no `_` stands in an id.
    let id = hex::encode(id);
    let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(secret));
    let text = SecretString::from(format!("{PREFIX}{id}_{}", secret.as_str()));
    Ok((id, text))
}

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// The token behind a text, if it is one and has not ended.
pub async fn find(app: &App, text: &str) -> Result<Option<TokenRow>> {
    let id = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).map(|(id, _)| id);
    let Some(id) = id.filter(|_| text.len() <= TOKEN_BYTES_MAX) else { return Ok(None) };
    let Some(row) = app.store.read().await?.token(id).await? else { return Ok(None) };
    // Over digests, and without stopping at the first difference.
    let same: bool = digest(text).as_bytes().ct_eq(row.sha256.as_bytes()).into();
    let now = app.now();
    Ok(Some(row).filter(|row| same && row.revoked_at.is_none() && now < row.expires_at))
}

/// Notes that a token is in use, now and then.
pub async fn note_use(app: &App, row: &TokenRow) -> Result<()> {
    let now = app.now();
    let recent = |last: Timestamp| Duration::try_from(now.duration_since(last)).is_ok_and(|since| since < USED_EVERY);
    if app.damage().is_some() || row.last_used_at.is_some_and(recent) {
        return Ok(());
    }
    let mut tx = app.write().await?;
    tx.token_used(&row.id, now).await?;
    tx.commit().await?;
    Ok(())
}

pub fn role(row: &TokenRow) -> Option<Role> {
    Role::parse(&row.grant.role)
}

/// Ends a token for good.
pub async fn revoke(app: &App, id: &str) -> Result<TokenRow> {
    let mut tx = app.write().await?;
    let row = tx.token(id).await?;
    let row = row.ok_or_else(|| Error::NotFound(format!("there is no token {id:?}. `reeve token list` shows them")))?;
    if tx.revoke_token(id, app.now()).await? {
        let entry = app.entry(Event::TokenRevoked).about(Subject::Token { name: row.grant.name.clone() });
        tx.audit(&entry.with_data(json!({ "id": row.id }))).await?;
        tx.commit().await?;
    }
    Ok(row)
}
