//! `/services/oauth2`: tokens by JWT bearer and by client credentials, and their revocation.

use super::fault::JSON;
pub(super) use super::fault::OauthFault;
use super::jwt::{Claims, PublicKey, check_signature};
use super::records::Write;
use super::schema::Object;
use super::sessions::{Grant, Sessions};
use super::store::{Record, Store};
use super::{Options, fault::Fault};
use crate::{Answer, Request};
use jiff::Timestamp;
use serde_json::json;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CLIENT_CREDENTIALS: &str = "client_credentials";

/// An app that may ask for tokens: a connected app, or an external client app.
#[derive(Clone, Debug)]
pub struct App {
    pub name: String,
    /// The consumer key, which is the client's id.
    pub key: String,
    /// What lets it use client credentials.
    pub secret: Option<String>,
    /// What lets it use JWT bearer.
    pub public_key: Option<PublicKey>,
    /// The user name that client credentials stand for.
    pub run_as: Option<String>,
    /// The user names that have approved the app, or were approved for it; empty is all of them.
    pub approved: Vec<String>,
}

impl super::Salesforce {
    pub(super) fn token(&self, request: &Request, store: &mut Store) -> Result<Answer, OauthFault> {
        if request.method != "POST" {
            return Err(OauthFault::new("invalid_request", "must use HTTP POST"));
        }
        let now = (self.options.clock)();
        let wanted = |name: &str| {
            request
                .form(name)
                .ok_or_else(|| OauthFault::new("invalid_request", format!("missing required parameter: {name}")))
        };
        let (app, user) = match wanted("grant_type")?.as_str() {
            JWT_BEARER => {
                if request.form("scope").is_some() {
                    return Err(OauthFault::new("invalid_scope", "scope parameter not supported"));
                }
                self.by_assertion(&wanted("assertion")?, request, store, now)?
            }
            CLIENT_CREDENTIALS => {
                if request.header("authorization").is_some() {
                    return Err(OauthFault::new("invalid_request", "client credentials belong in the body"));
                }
                self.by_secret(&wanted("client_id")?, &wanted("client_secret")?, store)?
            }
            _ => return Err(OauthFault::new("unsupported_grant_type", "grant type not supported")),
        };
        let grant =
            self.sessions.lock().open(store, app, user, now).ok_or_else(|| OauthFault::grant("user is gone"))?;
        let origin = self.options.instance_url.clone().unwrap_or_else(|| request.origin());
        Ok(answer(&grant, &origin, store))
    }

    fn by_assertion<'a>(
        &'a self,
        assertion: &str,
        request: &Request,
        store: &Store,
        now: Timestamp,
    ) -> Result<(&'a App, u64), OauthFault> {
        let claims = Claims::read(assertion)?;
        let app = app(&self.options, &claims.issuer)?;
        let key = app.public_key.as_ref().ok_or_else(|| OauthFault::grant("the app has no certificate"))?;
        check_signature(assertion, key)?;
        claims.check_life(now)?;
        let own = [request.origin()];
        if !self.options.audiences.iter().chain(&own).any(|audience| *audience == claims.audience) {
            return Err(OauthFault::grant("audience is invalid"));
        }
        let approved =
            app.approved.is_empty() || app.approved.iter().any(|name| name.eq_ignore_ascii_case(&claims.subject));
        match store.by_key(Object::User, &claims.subject.to_lowercase()) {
            Some((order, user)) if approved => may_log_in(store, user).map(|()| (app, order)),
            _ => Err(OauthFault::grant("user hasn't approved this consumer")),
        }
    }

    fn by_secret(&self, id: &str, secret: &str, store: &Store) -> Result<(&App, u64), OauthFault> {
        let app = app(&self.options, id)?;
        if app.secret.as_deref() != Some(secret) {
            return Err(OauthFault::new("invalid_client", "invalid client credentials"));
        }
        let run_as = app.run_as.as_deref().unwrap_or_default().to_lowercase();
        let (order, user) = store
            .by_key(Object::User, &run_as)
            .ok_or_else(|| OauthFault::grant("no client credentials user enabled"))?;
        may_log_in(store, user).map(|()| (app, order))
    }

    /// Ends a token, or by a delete token the refresh token that it stands for and what was got with that.
    pub(super) fn revoke(&self, write: &Write<'_>, store: &mut Store) -> Result<Answer, Fault> {
        let request = write.request;
        let token = match request.method.as_str() {
            "POST" => request.form("token"),
            "GET" => request.parameter("token"),
            _ => return Err(Fault::method()),
        };
        let invalid = OauthFault::new("invalid_token", "the token is invalid or has expired");
        let Some(token) = token else { return Ok(invalid.answer()) };
        let mut sessions = self.sessions.lock();
        if let Some(session) = sessions.of_token(&token) {
            if !write.quirks.pretend {
                sessions.end(store, session);
            }
            return Ok(Answer::empty(200));
        }
        let Some((order, record)) = store.by_key(Object::OauthToken, &token) else { return Ok(invalid.answer()) };
        let user = record.text(Object::OauthToken, "UserId").to_owned();
        let app = record.text(Object::OauthToken, "AppName").to_owned();
        let record = record.clone();
        write.commit(store, Object::OauthToken, order, Some(&record), None)?;
        if !write.quirks.pretend {
            sessions.end_of(store, &user, &app);
        }
        Ok(Answer::empty(200))
    }
}

fn app<'a>(options: &'a Options, key: &str) -> Result<&'a App, OauthFault> {
    let app = options.apps.iter().find(|app| app.key == key);
    app.ok_or_else(|| OauthFault::new("invalid_client_id", "client identifier invalid"))
}

fn may_log_in(store: &Store, user: &Record) -> Result<(), OauthFault> {
    if !user.is(Object::User, "IsActive") {
        return Err(OauthFault::new("inactive_user", "user is inactive"));
    }
    let login = store.by_key(Object::UserLogin, user.id());
    if login.is_some_and(|(_, login)| login.is(Object::UserLogin, "IsFrozen")) {
        return Err(OauthFault::grant("user is frozen"));
    }
    Ok(())
}

fn answer(grant: &Grant, origin: &str, store: &Store) -> Answer {
    let organization = store.rows(Object::Organization).next().map_or("", |(_, record)| record.id());
    let body = json!({
        "access_token": grant.token,
        "scope": "api",
        "instance_url": origin,
        "id": format!("{origin}/id/{organization}/{}", grant.user_id),
        "token_type": "Bearer",
    });
    Answer::json(200, JSON, &body).with("cache-control", "no-store")
}

impl Sessions {
    /// Ends what an app holds in the name of a user.
    fn end_of(&mut self, store: &mut Store, user_id: &str, app: &str) {
        for session in self.held_by(store, user_id, app) {
            self.end(store, session);
        }
    }
}
