//! The tokens that connected apps hold for a user. Their rows have no id, and what tells them apart are secrets, so
//! that an app's tokens of one user are one credential, which ends as a whole.

use crate::exchange::{self, accepted, each};
use crate::settings::Settings;
use crate::{API, soql};
use reeve_sdk::http::Request;
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;
use reeve_sdk::time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const REVOKE: &str = "/services/oauth2/revoke";
const FIELDS: &str = "SELECT UserId, AppName, LastUsedDate, UseCount FROM OauthToken";

/// A user and an app.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenId {
    user: String,
    app: String,
}

impl TokenId {
    pub fn parse(text: &str) -> Option<Self> {
        let (user, app) = text.strip_prefix("token:")?.split_once(':')?;
        Some(Self { user: user.to_owned(), app: app.to_owned() })
    }

    fn text(&self) -> String {
        format!("token:{}:{}", self.user, self.app)
    }

    fn condition(&self) -> String {
        format!("UserId = {} AND AppName = {}", soql::quoted(&self.user), soql::quoted(&self.app))
    }
}

#[derive(Default)]
struct Tokens {
    count: u64,
    used: Option<String>,
}

/// Where the next page of tokens begins: after all those of this user.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct AfterUser {
    tokens_after_user: String,
}

/// One page: the tokens of the users after that one. Salesforce gives 2,500 rows of one query and no more, so the next
/// page begins after the last user who is whole.
pub fn page(account: Option<&str>, after: &AfterUser, settings: &Settings) -> Result<Page<Credential>, Failure> {
    let condition = match account {
        Some(user) => format!(" WHERE UserId = {}", soql::quoted(user)),
        None if after.tokens_after_user.is_empty() => String::new(),
        None => format!(" WHERE UserId > {}", soql::quoted(&after.tokens_after_user)),
    };
    // Only a count says how many there are: a query's own total stops at the limit.
    let total = exchange::count(&format!("SELECT COUNT() FROM OauthToken{condition}"))?;
    let mut found = BTreeMap::<TokenId, Tokens>::new();
    let (_, seen) =
        exchange::some(&format!("{FIELDS}{condition} ORDER BY UserId, AppName"), settings.page_size, |row| {
            let tokens = found.entry(token(row)?).or_default();
            tokens.count += 1;
            // Of the same form and offset, so the later one is the greater text.
            tokens.used = tokens.used.take().max(row.text_of("LastUsedDate")?.as_deref().and_then(time::instant));
            Ok(())
        })?;
    if seen >= total {
        return Ok(Page::last(credentials(&found)));
    }
    let last = found.keys().next_back().map(|id| id.user.clone()).unwrap_or_default();
    found.retain(|id, _| id.user != last);
    match found.keys().next_back().map(|id| id.user.clone()) {
        Some(whole) => Page::more(credentials(&found), &AfterUser { tokens_after_user: whole }),
        None => Err(Failure::protocol(format!(
            "Salesforce states {total} tokens and gave {seen}, all of one user; revoke some of them in Salesforce"
        ))),
    }
}

fn token(row: &Node) -> Result<TokenId, Failure> {
    let app = row.text_of("AppName")?.unwrap_or_default();
    Ok(TokenId { user: row.get("UserId")?.string()?, app })
}

fn credentials(found: &BTreeMap<TokenId, Tokens>) -> Vec<Credential> {
    let credential = |(id, tokens): (&TokenId, &Tokens)| Credential {
        account: Some(id.user.clone()),
        name: Some(match tokens.count {
            1 => id.app.clone(),
            count => format!("{} ({count} tokens)", id.app),
        }),
        last_used: LastUse { at: tokens.used.clone(), quality: Quality::Exact },
        ..Credential::new(id.text(), CredentialKind::RefreshToken)
    };
    found.iter().map(credential).collect()
}

/// Ends every token of the app for the user, and with each the access tokens that came of it.
pub fn revoke(id: &TokenId, settings: &Settings) -> Result<Outcome, Failure> {
    let mut tokens = Vec::new();
    each(&format!("SELECT DeleteToken FROM OauthToken WHERE {}", id.condition()), settings.page_size, |row| {
        tokens.extend(row.text_of("DeleteToken")?);
        Ok(())
    })?;
    if tokens.is_empty() {
        let left = exchange::count(&format!("SELECT COUNT() FROM OauthToken WHERE {}", id.condition()))?;
        return match left {
            0 => Ok(Outcome::already_so()),
            _ => Err(Failure::forbidden(
                "Salesforce shows the tokens and not what ends them; the connector's user needs \
                                         the permission Customize Application",
            )),
        };
    }
    for token in &tokens {
        let answer = Request::post(API, REVOKE).form(&[("token", token)]).send()?;
        // It ended between the read and now.
        let gone =
            answer.error_json().is_some_and(|body| body.get("error").is_some_and(|word| word == "invalid_token"));
        if !gone {
            accepted(answer)?;
        }
    }
    Ok(match tokens.len() {
        1 => Outcome::done(),
        count => Outcome::done().side_effect(format!("{count} tokens ended")),
    })
}
