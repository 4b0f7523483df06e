//! Reading, and every way in which it can be told wrong.

use crate::{Dishonest, api};
use reeve_sdk::http::Request;
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;

/// Below this a page is small, for the fault that loses members on such.
const SMALL: u32 = 10;

impl Dishonest {
    fn listing<T>(
        &self,
        page: &PageRequest,
        read: impl Fn(&Node) -> Result<Vec<T>, Failure>,
    ) -> Result<Page<T>, Failure> {
        match self.honest_listing(page, read) {
            Err(Failure::Unavailable(_)) if self.has("lost-is-the-end") => Ok(Page::last(vec![])),
            Err(Failure::Protocol(_)) if self.has("web-page-is-the-end") => Ok(Page::last(vec![])),
            Err(failure @ Failure::RateLimited(_)) if self.has("busy-without-hint") => {
                Err(Failure::unavailable(format!("{failure:?}")))
            }
            other => other,
        }
    }

    fn honest_listing<T>(
        &self,
        page: &PageRequest,
        read: impl Fn(&Node) -> Result<Vec<T>, Failure>,
    ) -> Result<Page<T>, Failure> {
        let cursor: Option<String> = match page.cursor() {
            Err(_) if self.has("garbage-is-the-start") => None,
            other => other?,
        };
        let answer = api::members(cursor.as_deref(), page.size)?;
        let root = answer.root();
        let mut members = root.get("members")?.items()?;
        let last = members.last().map(|member| member.get("id")?.string()).transpose()?;
        if self.has("stops-at-a-repetition")
            && let (Some(cursor), Some(last)) = (&cursor, &last)
            && last <= cursor
        {
            return Ok(Page::last(vec![]));
        }
        if self.has("loses-on-small-pages") && page.size < SMALL {
            members.truncate(1);
        }
        // Turned for two ticks and straight for two, so that a page and the same page two requests later differ.
        if self.has("pages-turn") && cursor.is_some() && api::tick()?.parse::<u32>().is_ok_and(|tick| tick % 4 < 2) {
            members.reverse();
        }
        let mut items = Vec::new();
        for member in &members {
            items.extend(read(member)?);
        }
        match last {
            Some(last) if root.get("more")?.flag()? => Page::more(items, &last),
            _ => Ok(Page::last(items)),
        }
    }
}

impl Reader for Dishonest {
    fn list_accounts(&self, page: PageRequest) -> Result<Page<Account>, Failure> {
        let accounts = self.listing(&page, |member| {
            let mut account = api::account(member)?;
            if self.has("moves") {
                account.display_name = Some(api::tick()?);
            }
            Ok(vec![account])
        })?;
        let count = self.has("wrong-total").then_some(1_000_000);
        Ok(accounts.stated_total(count))
    }

    fn list_entitlements(&self, _: PageRequest) -> Result<Page<Entitlement>, Failure> {
        let answer = Request::get(api::API, "/groups").send()?.json()?;
        let kind = if self.has("unlisted-kind") { "crown" } else { "group" };
        let group = |node: &Node| Ok(Entitlement::new(node.text()?, kind, node.text()?));
        Ok(Page::last(answer.root().items()?.iter().map(group).collect::<Result<_, Failure>>()?))
    }

    fn list_grants(&self, page: PageRequest) -> Result<Page<Grant>, Failure> {
        self.listing(&page, |member| {
            let mut grants = api::grants(member)?;
            if self.has("stray-grants") {
                grants.push(Grant::direct(member.get("id")?.text()?, "nothing-of-the-kind"));
            }
            Ok(grants)
        })
    }

    fn get_account(&self, id: &str) -> Result<Option<AccountView>, Failure> {
        let answer = Request::get(api::API, "/members").segment(id).send()?;
        if answer.status() == 404 {
            return if self.has("unknown-is-a-failure") { Err(Failure::not_found("nobody")) } else { Ok(None) };
        }
        if answer.status() == 503 && self.has("unavailable-is-forbidden") {
            return Err(Failure::forbidden("not now"));
        }
        if answer.status() == 500 && self.has("error-is-nobody") {
            return Ok(None);
        }
        let member = answer.json()?;
        let mut grants = api::grants(&member.root())?;
        if self.has("forgets-grants") {
            grants.clear();
        }
        Ok(Some(AccountView { account: api::account(&member.root())?, grants }))
    }

    fn find_account(&self, _: MatchBy, key: &str) -> Result<Vec<Account>, Failure> {
        if self.has("finds-nobody") {
            return Ok(vec![]);
        }
        let answer = Request::get(api::API, "/members").query("login", key).send()?.json()?;
        answer.root().get("members")?.items()?.iter().map(api::account).collect()
    }
}

impl Credentials for Dishonest {
    fn list_credentials(&self, account: Option<&str>, _: PageRequest) -> Result<Page<Credential>, Failure> {
        let account = account.ok_or_else(|| Failure::unsupported("sessions are listed by member"))?;
        let answer = Request::get(api::API, "/members").segment(account).send()?;
        if answer.status() == 404 {
            return Ok(Page::last(vec![]));
        }
        let member = answer.json()?;
        let kind = if self.has("another-credential") { CredentialKind::ApiKey } else { CredentialKind::Session };
        let session =
            |node: &Node| Ok(Credential { account: Some(account.into()), ..Credential::new(node.text()?, kind) });
        Ok(Page::last(member.root().get("sessions")?.items()?.iter().map(session).collect::<Result<_, Failure>>()?))
    }

    fn end_credential(&self, id: &str, _: &str) -> Result<Outcome, Failure> {
        let answer = Request::delete(api::API, "/sessions").segment(id).send()?;
        if answer.status() == 404 { Ok(Outcome::already_so()) } else { answer.ok().map(|_| Outcome::done()) }
    }
}
