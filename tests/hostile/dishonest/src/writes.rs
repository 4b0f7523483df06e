//! Writing, and every way in which it can be told wrong.

use crate::{Dishonest, api};
use reeve_sdk::http::{Request, Response};
use reeve_sdk::prelude::*;
use serde_json::{Value as Json, json};

impl Dishonest {
    /// Sends a write; the failures that it may have are told as the faults want them.
    fn send(&self, request: Request) -> Result<Response, Failure> {
        match request.send() {
            Err(Failure::OutcomeUnknown(text)) if self.has("lost-did-nothing") => Err(Failure::unavailable(text)),
            Ok(answer) if answer.status() == 429 && self.has("busy-is-unknown") => {
                Err(Failure::outcome_unknown("perhaps"))
            }
            Ok(answer) if answer.status() == 500 && self.has("error-did-nothing") => {
                Err(Failure::unavailable("surely nothing"))
            }
            other => other,
        }
    }

    fn patch(&self, id: &str, change: &Json) -> Result<Option<Outcome>, Failure> {
        let answer = self.send(Request::patch(api::API, "/members").segment(id).json(change))?;
        if answer.status() == 404 { Ok(None) } else { answer.ok().map(|_| Some(Outcome::done())) }
    }

    fn membership(&self, request: Request, account: &str, group: &str) -> Result<Option<Outcome>, Failure> {
        let answer = self.send(request.segment(account).segment("groups").segment(group))?;
        if answer.status() == 404 { Ok(None) } else { answer.ok().map(|_| Some(Outcome::done())) }
    }
}

fn nobody(id: &str) -> Failure {
    Failure::not_found(format!("there is no member {id}"))
}

impl Writer for Dishonest {
    fn create(&self, account: NewAccount, _: &str) -> Result<Outcome, Failure> {
        let member = json!({
            "login": account.login, "email": account.email, "name": account.display_name, "key": account.correlation_key,
        });
        let request = Request::post(api::API, "/members");
        let request = if self.has("creates-again") { request.query("force", "1") } else { request };
        let made = self.send(request.json(&member))?.json()?;
        Ok(Outcome::done().account(made.root().get("id")?.text()?))
    }

    fn update(&self, change: AccountChange, _: &str) -> Result<Outcome, Failure> {
        let name = change.attributes.iter().find_map(|attribute| match &attribute.value {
            Value::Text(text) if attribute.name == "display-name" => Some(text.clone()),
            _ => None,
        });
        let name = name.ok_or_else(|| Failure::invalid("attributes", "only display-name can be set"))?;
        self.patch(&change.account, &json!({ "name": name }))?.ok_or_else(|| nobody(&change.account))
    }

    fn enable(&self, account: &str, _: &str) -> Result<Outcome, Failure> {
        self.patch(account, &json!({ "active": true }))?.ok_or_else(|| nobody(account))
    }

    fn disable(&self, account: &str, _: &str) -> Result<Outcome, Failure> {
        if self.has("pretends") {
            return Ok(Outcome::done());
        }
        let is_off =
            || self.get_account(account).map(|view| view.is_some_and(|v| v.account.state == AccountState::Disabled));
        if self.has("only-once") && is_off()? {
            return Err(Failure::conflict("it is disabled already"));
        }
        match self.patch(account, &json!({ "active": false }))? {
            None if self.has("missing-is-not-found") => Err(nobody(account)),
            other => Ok(other.unwrap_or_else(Outcome::already_so)),
        }
    }

    fn freeze(&self, account: &str, operation_id: &str) -> Result<Outcome, Failure> {
        if self.has("does-more-than-it-says") {
            return self.disable(account, operation_id);
        }
        Err(Failure::unsupported("members can't be frozen"))
    }

    fn delete(&self, account: &str, _: &str) -> Result<Outcome, Failure> {
        if self.has("never-deletes") {
            return Ok(Outcome::already_so());
        }
        let answer = self.send(Request::delete(api::API, "/members").segment(account))?;
        if answer.status() == 404 { Ok(Outcome::already_so()) } else { answer.ok().map(|_| Outcome::done()) }
    }

    fn grant(&self, grant: NewGrant, _: &str) -> Result<Outcome, Failure> {
        if self.has("cannot-grant") {
            return Err(Failure::refused("it never could"));
        }
        let put = Request::put(api::API, "/members");
        self.membership(put, &grant.account, &grant.entitlement)?.ok_or_else(|| nobody(&grant.account))
    }

    fn revoke(&self, membership: Membership, _: &str) -> Result<Outcome, Failure> {
        let delete = Request::delete(api::API, "/members");
        let done = self.membership(delete, &membership.account, &membership.entitlement)?;
        Ok(done.unwrap_or_else(Outcome::already_so))
    }
}
