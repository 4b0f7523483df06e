//! Operations on accounts. Each reads first: what is so already is not written again, and what is gone needs no end.

use crate::change::{self, Wish};
use crate::path::{self, Path, USER};
use crate::{API, Scim, exchange, member_change, user};
use reeve_sdk::http::{Request, Response};
use reeve_sdk::prelude::*;
use serde_json::{Value as Json, json};

impl Scim {
    fn wish(&self, attribute: &Attribute) -> Result<Wish, Failure> {
        let name = attribute.name.as_str();
        let value = user::write_value(name, &attribute.value)?;
        if name == "email" {
            let email = value.as_str().filter(|email| !email.is_empty());
            let email = email.ok_or_else(|| Failure::invalid("email", "an e-mail address is a text"))?;
            return Ok(Wish::Email(email.to_owned()));
        }
        match path::of(name, &self.settings) {
            Some(path) => Ok(Wish::Set(path, value)),
            None => Err(Failure::invalid(
                name,
                "this connector does not know the attribute; if the target has it, add its SCIM path to the setting \
                 `attributes` and use that path as its name",
            )),
        }
    }

    fn set_active(&self, id: &str, active: bool) -> Result<Option<Outcome>, Failure> {
        let path = Path::parse("active").ok_or_else(|| Failure::internal("`active` is no path"))?;
        change::user(id, &[Wish::Set(path, Json::Bool(active))], &self.settings)
    }

    fn new_user(&self, account: &NewAccount) -> Result<Json, Failure> {
        let mut user = json!({ "schemas": [USER], "userName": account.login, "active": true });
        let texts = [
            ("display-name", &account.display_name),
            ("given-name", &account.given_name),
            ("family-name", &account.family_name),
            ("correlation-key", &account.correlation_key),
            ("email", &account.email),
        ];
        let fields = texts.into_iter().filter_map(|(name, text)| Some(Attribute::text(name, text.as_deref()?)));
        for attribute in fields.chain(account.attributes.iter().cloned()) {
            self.wish(&attribute)?.apply(&mut user);
        }
        if let Some(name) = &account.display_name
            && let Some(formatted) = Path::parse("name.formatted")
        {
            formatted.set(&mut user, Json::from(name.as_str()));
        }
        Ok(user)
    }
}

impl Writer for Scim {
    fn create(&self, account: NewAccount, _: &str) -> Result<Outcome, Failure> {
        if !account.entitlements.is_empty() {
            return Err(Failure::invalid("entitlements", "a SCIM user is born without groups; grant them afterwards"));
        }
        let answer = exchange::write(Request::post(API, "/Users"), &self.new_user(&account)?)?;
        match created_id(&answer) {
            Some(id) => Ok(exchange::done(&answer).account(id)),
            None => Err(Failure::outcome_unknown(format!(
                "the target answered {} to the creation of {:?} and did not say under which id",
                answer.status(),
                account.login
            ))),
        }
    }

    fn update(&self, change: AccountChange, _: &str) -> Result<Outcome, Failure> {
        let wishes = change.attributes.iter().map(|attribute| self.wish(attribute)).collect::<Result<Vec<_>, _>>()?;
        change::user(&change.account, &wishes, &self.settings)?.ok_or_else(|| no_such(&change.account))
    }

    fn enable(&self, account: &str, _: &str) -> Result<Outcome, Failure> {
        self.set_active(account, true)?.ok_or_else(|| no_such(account))
    }

    fn disable(&self, account: &str, _: &str) -> Result<Outcome, Failure> {
        Ok(self.set_active(account, false)?.unwrap_or_else(Outcome::already_so))
    }

    fn delete(&self, account: &str, _: &str) -> Result<Outcome, Failure> {
        // Asked first, so that only SCIM itself can say that it was gone already.
        if exchange::find("/Users", account)?.is_none() {
            return Ok(Outcome::already_so());
        }
        let answer = exchange::send(Request::delete(API, "/Users").segment(account))?;
        match answer.status() {
            404 | 410 => Ok(Outcome::already_so()),
            _ => exchange::accepted(answer).map(|answer| exchange::done(&answer)),
        }
    }

    fn grant(&self, grant: NewGrant, _: &str) -> Result<Outcome, Failure> {
        if grant.expires_at.is_some() {
            return Err(Failure::unsupported("a SCIM membership has no end date; it must be revoked when it ends"));
        }
        member_change::add(&grant.account, &grant.entitlement, &self.settings)
    }

    fn revoke(&self, membership: Membership, _: &str) -> Result<Outcome, Failure> {
        member_change::remove(&membership.account, &membership.entitlement, &self.settings)
    }
}

fn no_such(account: &str) -> Failure {
    Failure::not_found(format!("the target has no user {account:?}"))
}

/// From the body, or from the end of `Location`, which the standard asks for as well.
fn created_id(answer: &Response) -> Option<String> {
    let body = answer.error_json();
    let stated = body.as_ref().and_then(|user| user.get("id")?.as_str());
    let located = || {
        let last = answer.header("location")?.rsplit_once("/Users/")?.1;
        last.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')).then_some(last)
    };
    stated.or_else(located).filter(|id| !id.is_empty()).map(str::to_owned)
}
