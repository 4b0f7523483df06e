//! Who had what, and when.

use crate::row::{Rows, body, get, int, key, moment, text, unkey};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::access::{Account, AccountState, Entitlement, Grant, GrantSource};
use reeve_core::id::{IdentityId, NativeId, SystemName};
use sqlx::any::AnyRow;
use std::collections::{BTreeMap, BTreeSet};

/// Something that a person held for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub system: SystemName,
    pub account: NativeId,
    pub login: Option<String>,
    /// Id, kind and name; none for the account itself.
    pub entitlement: Option<(NativeId, String, String)>,
    /// The account's state in that time; none for an entitlement.
    pub state: Option<String>,
    /// How an entitlement was held; none for the account itself.
    pub source: Option<GrantSource>,
    pub since: Timestamp,
    /// None while it lasts.
    pub until: Option<Timestamp>,
}

/// A time in microseconds, and its end, which is [`i64::MAX`] while it lasts.
type Span = (i64, i64);

/// A system's name and an account's key.
type Place = (String, String);

const OF_PERSON: &str = "SELECT system, account, identity, since_at, until_at FROM link_span
    WHERE (system, account) IN (SELECT system, account FROM link_span WHERE identity = $1)
    ORDER BY system, account, since_at";

const ACCOUNTS: &str = "SELECT system, id AS account, since_at, until_at, body FROM account_span
    WHERE (system, id) IN (SELECT system, account FROM link_span WHERE identity = $1)
    ORDER BY system, id, since_at";

const GRANTS: &str = "SELECT system, account, since_at, until_at, body FROM grant_span
    WHERE (system, account) IN (SELECT system, account FROM link_span WHERE identity = $1)
    ORDER BY system, account, since_at";

const NAMES: &str = "SELECT system, id, body FROM entitlement_span
    WHERE (system, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each($1))
    ORDER BY since_at";

impl Tx {
    /// All that a person held at any time, through accounts that are or were theirs: by system and account, the account
    /// itself first, then by time. An account that passed on to somebody else counts until then; one that was nobody's
    /// before counts from its beginning.
    pub async fn held_by(&mut self, identity: &IdentityId) -> Result<Vec<Held>, StoreError> {
        let person = key(identity.as_str()).into_owned();
        let links = self.rows(self.statement(OF_PERSON).bind(person.clone())).await?;
        let theirs = times_of(&links, &person)?;
        let accounts = self.rows(self.statement(ACCOUNTS).bind(person.clone())).await?;
        let grants = self.rows(self.statement(GRANTS).bind(person)).await?;
        let names = self.names(&grants).await?;

        let mut held = Vec::new();
        let mut logins = BTreeMap::new();
        for ((place, login, state), spans) in account_spans(&accounts)? {
            logins.insert(place.clone(), login.clone());
            let what = (None, Some(state), None);
            held.extend(within(&theirs, &place, &login, &what, &spans)?);
        }
        for ((place, entitlement, source), spans) in grant_spans(&grants)? {
            let login = logins.get(&place).cloned().flatten();
            let name = names.get(&(place.0.clone(), entitlement.clone()));
            let (kind, name) = name.cloned().unwrap_or_else(|| (String::new(), entitlement.to_string()));
            let what = (Some((entitlement, kind, name)), None, Some(source));
            held.extend(within(&theirs, &place, &login, &what, &spans)?);
        }
        held.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(held)
    }

    /// Kind and latest name of the entitlements that these grants are of.
    async fn names(&mut self, grants: &[AnyRow]) -> Result<BTreeMap<(String, NativeId), (String, String)>, StoreError> {
        let mut asked = BTreeSet::new();
        for row in grants {
            let grant: Grant = body(row, "grants")?;
            asked.insert((text(row, "system")?, key(grant.entitlement.as_str()).into_owned()));
        }
        let mut names = BTreeMap::new();
        for part in Rows::of(asked)?.parts() {
            for row in self.rows(self.statement(NAMES).bind(part)).await? {
                let entitlement: Entitlement = body(&row, "entitlements")?;
                names.insert((text(&row, "system")?, entitlement.id), (entitlement.kind, entitlement.name));
            }
        }
        Ok(names)
    }
}

/// What things are listed by.
type Order<'a> = (&'a SystemName, &'a NativeId, bool, Timestamp, Option<&'a (NativeId, String, String)>);

fn order(held: &Held) -> Order<'_> {
    (&held.system, &held.account, held.entitlement.is_some(), held.since, held.entitlement.as_ref())
}

fn place(row: &AnyRow) -> Result<Place, StoreError> {
    Ok((text(row, "system")?, text(row, "account")?))
}

fn span(row: &AnyRow) -> Result<Span, StoreError> {
    Ok((int(row, "since_at")?, get::<Option<i64>>(row, "until_at")?.unwrap_or(i64::MAX)))
}

/// When each account was this person's.
fn times_of(links: &[AnyRow], person: &str) -> Result<BTreeMap<Place, Vec<Span>>, StoreError> {
    let mut theirs: BTreeMap<Place, Vec<Span>> = BTreeMap::new();
    let mut of_others = BTreeSet::new();
    for row in links {
        let (place, (since, until), linked) = (place(row)?, span(row)?, text(row, "identity")?);
        if linked == person {
            let spans = theirs.entry(place.clone()).or_default();
            // Reeve learns later than it happens whose an account is; nobody else's means this person's.
            let first = spans.is_empty() && !of_others.contains(&place);
            join(spans, (if first { i64::MIN } else { since }, until));
        } else if !linked.is_empty() {
            of_others.insert(place);
        }
    }
    Ok(theirs)
}

/// Adds a span, as part of the last one if it follows without a gap.
fn join(spans: &mut Vec<Span>, (since, until): Span) {
    match spans.last_mut() {
        Some(last) if last.1 == since => last.1 = until,
        _ => spans.push((since, until)),
    }
}

type AccountKey = (Place, Option<String>, String);

/// When an account was there, by login and state.
fn account_spans(rows: &[AnyRow]) -> Result<Vec<(AccountKey, Vec<Span>)>, StoreError> {
    let mut all: Vec<(AccountKey, Vec<Span>)> = Vec::new();
    for row in rows {
        let account: Account = body(row, "accounts")?;
        let key = (place(row)?, account.login, state(account.state));
        match all.last_mut() {
            Some((last, spans)) if *last == key => join(spans, span(row)?),
            _ => all.push((key, vec![span(row)?])),
        }
    }
    Ok(all)
}

fn state(state: AccountState) -> String {
    format!("{state:?}").to_lowercase()
}

type GrantKey = (Place, NativeId, GrantSource);

fn grant_spans(rows: &[AnyRow]) -> Result<BTreeMap<GrantKey, Vec<Span>>, StoreError> {
    let mut all: BTreeMap<GrantKey, Vec<Span>> = BTreeMap::new();
    for row in rows {
        let grant: Grant = body(row, "grants")?;
        join(all.entry((place(row)?, grant.entitlement, grant.source)).or_default(), span(row)?);
    }
    Ok(all)
}

type What = (Option<(NativeId, String, String)>, Option<String>, Option<GrantSource>);

/// The parts of these spans in which the account was the person's.
fn within(
    theirs: &BTreeMap<Place, Vec<Span>>,
    place: &Place,
    login: &Option<String>,
    what: &What,
    spans: &[Span],
) -> Result<Vec<Held>, StoreError> {
    let mut held = Vec::new();
    for (since, until) in theirs.get(place).into_iter().flatten() {
        for span in spans {
            let (since, until) = (span.0.max(*since), span.1.min(*until));
            if since < until {
                held.push(Held {
                    system: SystemName::new(place.0.clone()),
                    account: NativeId::new(unkey(&place.1)),
                    login: login.clone(),
                    entitlement: what.0.clone(),
                    state: what.1.clone(),
                    source: what.2.clone(),
                    since: moment(since, "since_at")?,
                    until: (until < i64::MAX).then(|| moment(until, "until_at")).transpose()?,
                });
            }
        }
    }
    Ok(held)
}
