//! Access tokens, and the `AuthSession` record behind each: whoever deletes the record ends the token.
//!
//! Tokens live in memory, so that a stand-in that was started again knows none of them, and clients must log in anew.

use super::oauth::App;
use super::rules::derive;
use super::schema::Object;
use super::store::{Record, Store};
use super::time::written;
use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long an idle session lasts, in seconds: the default of an org.
const IDLE_SECONDS: i64 = 2 * 60 * 60;

const TOKEN_BYTES: usize = 32;

/// A token that was just issued.
pub(super) struct Grant {
    pub(super) token: String,
    pub(super) user_id: String,
}

/// By the number of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SessionId(pub(super) u64);

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) session: SessionId,
    pub(super) user: u64,
}

#[derive(Default)]
pub(super) struct Sessions {
    live: HashMap<String, Live>,
}

struct Live {
    session: SessionId,
    user: u64,
    app: String,
    last_used: Timestamp,
}

#[derive(Default)]
pub(super) struct SharedSessions(Mutex<Sessions>);

impl SharedSessions {
    pub(super) fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    /// Logs a user in. It is the user's last login from now on, which like the session is not kept across a restart.
    pub(super) fn open(&mut self, store: &mut Store, app: &App, user: u64, now: Timestamp) -> Option<Grant> {
        let mut record = store.row(Object::User, user)?.clone();
        let user_id = record.id().to_owned();
        record.set(Object::User, "LastLoginDate", written(now));
        let user_type = record.text(Object::User, "UserType").to_owned();
        store.place(Object::User, user, Some(record));

        let order = store.next_order();
        let mut session = Record::new(Object::AuthSession, order);
        for (field, value) in [
            ("UsersId", user_id.as_str()),
            ("SessionType", "Oauth2"),
            ("LoginType", "Remote Access 2.0"),
            ("SourceIp", "127.0.0.1"),
            ("UserType", &user_type),
            ("SessionSecurityLevel", "STANDARD"),
            ("CreatedDate", &written(now)),
            ("LastModifiedDate", &written(now)),
        ] {
            session.set(Object::AuthSession, field, value);
        }
        session.set(Object::AuthSession, "NumSecondsValid", IDLE_SECONDS);
        derive(store, Object::AuthSession, &mut session);
        store.place(Object::AuthSession, order, Some(session));

        let token = new_token(store)?;
        let live = Live { session: SessionId(order), user, app: app.name.clone(), last_used: now };
        self.live.insert(token.clone(), live);
        Some(Grant { token, user_id })
    }

    /// Whose token it is, if it is good: its record is there, its user is active, and it was not idle for too long.
    pub(super) fn caller(&mut self, store: &Store, token: &str, now: Timestamp) -> Option<Caller> {
        let live = self.live.get_mut(token)?;
        let idle = now.duration_since(live.last_used);
        let good = store.row(Object::AuthSession, live.session.0).is_some()
            && store.row(Object::User, live.user).is_some_and(|user| user.is(Object::User, "IsActive"))
            && idle <= SignedDuration::from_secs(IDLE_SECONDS);
        if !good {
            return None;
        }
        live.last_used = now;
        Some(Caller { session: live.session, user: live.user })
    }

    pub(super) fn of_token(&self, token: &str) -> Option<SessionId> {
        self.live.get(token).map(|live| live.session)
    }

    pub(super) fn held_by(&self, store: &Store, user_id: &str, app: &str) -> Vec<SessionId> {
        let users = |live: &&Live| store.row(Object::User, live.user).is_some_and(|user| user.id() == user_id);
        self.live.values().filter(|live| live.app == app).filter(users).map(|live| live.session).collect()
    }

    pub(super) fn end(&mut self, store: &mut Store, session: SessionId) {
        self.live.retain(|_, live| live.session != session);
        store.place(Object::AuthSession, session.0, None);
    }
}

/// As opaque as the real ones, and of their form: the org's id, an exclamation mark, and what nobody can guess.
fn new_token(store: &Store) -> Option<String> {
    let mut bytes = [0; TOKEN_BYTES];
    SystemRandom::new().fill(&mut bytes).ok()?;
    let organization = store.rows(Object::Organization).next().map_or("", |(_, record)| record.id());
    let mut token = format!("{}!", organization.get(..15).unwrap_or_default());
    bytes.iter().for_each(|byte| {
        let _ = write!(token, "{byte:02x}");
    });
    Some(token)
}
