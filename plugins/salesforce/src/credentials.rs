//! What outlives a password and sometimes a deactivation: sessions, and the tokens of connected apps.

use crate::exchange::{self, Object, flag};
use crate::token::{self, AfterUser, TokenId};
use crate::walk::{self, Leg};
use crate::{Salesforce, soql};
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;
use reeve_sdk::time;

/// The first three characters of a session's id.
const SESSION_PREFIX: &str = "0Ak";

const SESSIONS: &str = "SELECT Id, UsersId, SessionType, LoginType, CreatedDate, LastModifiedDate, NumSecondsValid, \
    IsCurrent FROM AuthSession";

impl Credentials for Salesforce {
    fn list_credentials(&self, account: Option<&str>, page: PageRequest) -> Result<Page<Credential>, Failure> {
        // Sessions come first; a cursor that is no place among them is one among the tokens.
        if let Ok(Some(after)) = page.cursor::<AfterUser>() {
            return token::page(account, &after, &self.settings);
        }
        let condition = account.map(|user| format!(" WHERE UsersId = {}", soql::quoted(user))).unwrap_or_default();
        let legs = [Leg::new(format!("{SESSIONS}{condition} ORDER BY Id"))];
        let step = walk::step(&legs, &page, self.settings.page_size)?;
        let sessions = match &step.rows {
            Some(rows) => rows.items()?.iter().map(session).collect::<Result<Vec<_>, _>>()?,
            None => vec![],
        };
        if step.is_last() {
            return Page::more(sessions, &AfterUser::default());
        }
        step.page(sessions, false)
    }

    fn end_credential(&self, id: &str, _: &str) -> Result<Outcome, Failure> {
        if let Some(token) = TokenId::parse(id) {
            return token::revoke(&token, &self.settings);
        }
        if !id.starts_with(SESSION_PREFIX) {
            return Err(Failure::invalid("id", format!("{id:?} is neither a session nor an app's tokens")));
        }
        match exchange::delete(Object::AuthSession, id)? {
            true => Ok(Outcome::done()),
            false => Ok(Outcome::already_so()),
        }
    }
}

fn session(row: &Node) -> Result<Credential, Failure> {
    let instant = |field: &str| row.text_of(field).map(|text| text.as_deref().and_then(time::instant));
    let used = instant("LastModifiedDate")?;
    let seconds = row.find("NumSecondsValid")?.map(|node| node.integer()).transpose()?;
    let words = [row.text_of("SessionType")?, row.text_of("LoginType")?];
    let name: Vec<String> = words.into_iter().flatten().collect();
    Ok(Credential {
        account: row.text_of("UsersId")?,
        name: (!name.is_empty()).then(|| name.join(", ")),
        created_at: instant("CreatedDate")?,
        expires_at: used.as_deref().zip(seconds).and_then(|(used, seconds)| later(used, seconds)),
        last_used: LastUse { at: used, quality: Quality::Approximate },
        // The connector does not cut the branch that it sits on.
        endable: flag(row, "IsCurrent")? != Some(true),
        ..Credential::new(row.get("Id")?.text()?, CredentialKind::Session)
    })
}

/// A moment so many seconds after another one, which Salesforce writes in UTC.
fn later(moment: &str, seconds: i64) -> Option<String> {
    let (date, clock) = (moment.get(..10)?, moment.get(11..19)?);
    if !moment.ends_with("+00:00") && !moment.ends_with('Z') {
        return None;
    }
    let [year, month, day] = time::numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = time::numbers(clock, ':', [2, 2, 2])?;
    let days = time::days_from_date(year, month, day);
    Some(time::from_unix(days * 86_400 + hour * 3_600 + minute * 60 + second + seconds))
}
