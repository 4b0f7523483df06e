//! A connector for the toy server in `toy.py`: its people are accounts, its teams are entitlements.
//!
//! The toy answers `GET /people?after=ID&limit=N` with `{"people": [...], "total": 7, "more": true}` in the order of the
//! ids, `GET /people/ID`, and `GET /teams`. Change it into your target one function at a time; `reeve plugin check` says
//! what does not hold yet.

use reeve_sdk::http::Request;
use reeve_sdk::json::{Doc, Node};
use reeve_sdk::prelude::*;

/// The connection that plugin.toml asks for. Where it is and how to sign in, the host knows; this code never does.
const API: &str = "api";
const PAGE_MAX: u32 = 100;

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Settings {
    page_size: u32,
}

pub struct Toy(Settings);

impl Connector for Toy {
    fn open() -> Result<Self, Failure> {
        let settings: Settings = reeve_sdk::settings::read()?;
        match settings.page_size {
            1..=PAGE_MAX => Ok(Self(settings)),
            other => Err(Failure::invalid("page-size", format!("{other} is not from 1 to {PAGE_MAX}"))),
        }
    }
}

impl Descriptor for Toy {
    fn describe(&self) -> Description {
        Description {
            entitlement_kinds: vec!["team".into()],
            credential_kinds: vec![],
            // A connector that changes something lists here what, and implements `Writer`.
            capabilities: vec![],
            // The toy has no search, so Reeve matches accounts from the listing.
            finds_by: vec![],
            reads_deleted: false,
            reads_last_login: false,
            page_size_max: self.0.page_size,
        }
    }

    fn check(&self) -> Result<Vec<Probe>, Failure> {
        people(None, 1)?;
        Ok(vec![Probe::passed("read", "the people can be read")])
    }
}

impl Reader for Toy {
    fn list_accounts(&self, page: PageRequest) -> Result<Page<Account>, Failure> {
        self.listing(&page, |person| Ok(vec![account(person)?]), true)
    }

    fn list_entitlements(&self, _: PageRequest) -> Result<Page<Entitlement>, Failure> {
        let answer = Request::get(API, "/teams").send()?.json()?;
        let team = |node: &Node| Ok(Entitlement::new(node.get("id")?.text()?, "team", node.get("name")?.text()?));
        Ok(Page::last(answer.root().items()?.iter().map(team).collect::<Result<_, Failure>>()?))
    }

    fn list_grants(&self, page: PageRequest) -> Result<Page<Grant>, Failure> {
        self.listing(&page, grants, false)
    }

    fn get_account(&self, id: &str) -> Result<Option<AccountView>, Failure> {
        let answer = Request::get(API, "/people").segment(id).send()?;
        // The only answer that means "does not exist". Everything else that is no success is a failure.
        if answer.status() == 404 {
            return Ok(None);
        }
        let person = answer.json()?;
        Ok(Some(AccountView { account: account(&person.root())?, grants: grants(&person.root())? }))
    }

    fn find_account(&self, _: MatchBy, _: &str) -> Result<Vec<Account>, Failure> {
        Err(Failure::unsupported("the toy has no search"))
    }
}

reeve_sdk::export!(Toy: Descriptor, Reader);

impl Toy {
    /// One page of people, and what each of them becomes. The cursor is the last id of the page before.
    fn listing<T>(
        &self,
        page: &PageRequest,
        read: fn(&Node) -> Result<Vec<T>, Failure>,
        counts_people: bool,
    ) -> Result<Page<T>, Failure> {
        let answer = people(page.cursor::<String>()?.as_deref(), page.size.min(self.0.page_size).max(1))?;
        let root = answer.root();
        let people = root.get("people")?.items()?;
        let mut items = Vec::new();
        for person in &people {
            items.extend(read(person)?);
        }
        // Only what the toy itself says ends a listing; a short page does not.
        let page = match people.last() {
            Some(last) if root.get("more")?.flag()? => Page::more(items, &last.get("id")?.text()?)?,
            _ => Page::last(items),
        };
        // The toy counts people, which is the total of accounts and of nothing else.
        let total = root.get("total")?.count()?;
        Ok(page.stated_total(counts_people.then_some(total)))
    }
}

fn people(after: Option<&str>, limit: u32) -> Result<Doc, Failure> {
    let request = Request::get(API, "/people").query("limit", limit);
    match after {
        Some(id) => request.query("after", id),
        None => request,
    }
    .send()?
    .json()
}

fn account(person: &Node) -> Result<Account, Failure> {
    let active = person.get("active")?.flag()?;
    Ok(Account {
        login: person.text_of("login")?,
        email: person.text_of("email")?,
        display_name: person.text_of("name")?,
        kind: AccountKind::Person,
        state: if active { AccountState::Active } else { AccountState::Disabled },
        // The target's own words, verbatim.
        native_state: format!("active={active}"),
        correlation_key: person.text_of("staff-number")?,
        ..Account::new(person.get("id")?.text()?)
    })
}

fn grants(person: &Node) -> Result<Vec<Grant>, Failure> {
    let id = person.get("id")?.text()?;
    let teams = person.get("teams")?.items()?;
    teams.iter().map(|team| Ok(Grant::direct(id, team.text()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_sdk::testing::{self, Host, answer};

    const PEOPLE: &str =
        r#"{"people": [{"id": "p7", "login": "ada", "active": false, "teams": ["t1"]}], "total": 1, "more": false}"#;

    /// Runs natively, with a closure in the place of the host.
    fn with<T>(status: u16, json: &'static str, body: impl FnOnce(Toy) -> Result<T, Failure>) -> Result<T, Failure> {
        testing::http(r#"{"page-size": 100}"#, move |_| answer(status, json)).run(|| body(Toy::open()?))
    }

    #[test]
    fn a_person_who_is_not_active_is_a_disabled_account() {
        let page = with(200, PEOPLE, |toy| toy.list_accounts(PageRequest::first(10))).unwrap();
        assert_eq!((page.items[0].id.as_str(), page.items[0].state), ("p7", AccountState::Disabled));
        assert!(page.state().complete && page.state().stated_total == Some(1));
    }

    #[test]
    fn only_404_means_that_there_is_nobody() {
        assert_eq!(with(404, "{}", |toy| toy.get_account("8")).unwrap(), None);
        assert!(matches!(with(500, "{}", |toy| toy.get_account("8")), Err(Failure::Unavailable(_))));
    }
}
