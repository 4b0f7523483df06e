//! The connector of the SDK's documentation, which does all it should: what the tests hold beside the ones that do not.

use reeve_sdk::http::Request;
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;

const API: &str = "api";
const PAGE: usize = 100;

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Settings {
    /// The roles there are: the API cannot list them.
    roles: Vec<String>,
}

pub struct Toy(Settings);

impl Connector for Toy {
    fn open() -> Result<Self, Failure> {
        Ok(Self(reeve_sdk::settings::read()?))
    }
}

impl Descriptor for Toy {
    fn describe(&self) -> Description {
        Description {
            entitlement_kinds: vec!["role".into()],
            credential_kinds: vec![],
            capabilities: vec![
                Capability::new(OperationKind::Disable, "status=\"left\"")
                    .traits(Traits::REVERSIBLE | Traits::IDEMPOTENT | Traits::ENDS_SESSIONS),
            ],
            // An empty list: the API has no search, so Reeve matches accounts from the listing.
            finds_by: vec![],
            reads_deleted: false,
            reads_last_login: false,
            page_size_max: PAGE as u32,
        }
    }

    fn check(&self) -> Result<Vec<Probe>, Failure> {
        staff_after("")?;
        Ok(vec![Probe::passed("read", "the staff list can be read")])
    }
}

impl Reader for Toy {
    fn list_accounts(&self, page: PageRequest) -> Result<Page<Account>, Failure> {
        listing(page, account)
    }

    fn list_entitlements(&self, _: PageRequest) -> Result<Page<Entitlement>, Failure> {
        let role = |name: &String| Entitlement {
            cardinality: Cardinality::ExactlyOne,
            assignable: false,
            ..Entitlement::new(name, "role", name)
        };
        Ok(Page::last(self.0.roles.iter().map(role).collect()))
    }

    fn list_grants(&self, page: PageRequest) -> Result<Page<Grant>, Failure> {
        listing(page, grant)
    }

    fn get_account(&self, id: &str) -> Result<Option<AccountView>, Failure> {
        let answer = Request::get(API, "/staff").segment(id).send()?;
        // The only answer that means "does not exist". Everything else that is no success is a failure.
        if answer.status() == 404 {
            return Ok(None);
        }
        let member = answer.json()?;
        Ok(Some(AccountView { account: account(&member.root())?, grants: vec![grant(&member.root())?] }))
    }

    fn find_account(&self, _: MatchBy, _: &str) -> Result<Vec<Account>, Failure> {
        Err(Failure::unsupported("the API has no search"))
    }
}

impl Writer for Toy {
    fn disable(&self, id: &str, operation_id: &str) -> Result<Outcome, Failure> {
        let body = serde_json::json!({ "status": "left" });
        Request::patch(API, "/staff").segment(id).header("idempotency-key", operation_id).json(&body).send()?.ok()?;
        Ok(Outcome::done())
    }
}

reeve_sdk::export!(Toy: Descriptor, Reader, Writer);

fn staff_after(id: &str) -> Result<reeve_sdk::json::Doc, Failure> {
    Request::get(API, "/staff").query("after", id).send()?.json()
}

/// A short page may come in the middle, so only an empty one is the end.
fn listing<T>(page: PageRequest, read: fn(&Node) -> Result<T, Failure>) -> Result<Page<T>, Failure> {
    let answer = staff_after(&page.cursor::<String>()?.unwrap_or_default())?;
    let members = answer.root().items()?;
    match members.last() {
        None => Ok(Page::last(vec![])),
        Some(last) => {
            let id = last.get("id")?.string()?;
            Page::more(members.iter().map(read).collect::<Result<_, _>>()?, &id)
        }
    }
}

fn account(member: &Node) -> Result<Account, Failure> {
    let status = member.get("status")?.string()?;
    Ok(Account {
        login: member.text_of("login")?,
        email: member.text_of("email")?,
        kind: AccountKind::Person,
        state: match status.as_str() {
            "active" => AccountState::Active,
            "left" => AccountState::Disabled,
            _ => AccountState::Unknown,
        },
        native_state: status,
        ..Account::new(member.get("id")?.text()?)
    })
}

fn grant(member: &Node) -> Result<Grant, Failure> {
    // The role can be exchanged but not taken away, and this API has no call for either.
    Ok(Grant { revocable: false, ..Grant::direct(member.get("id")?.text()?, member.get("role")?.text()?) })
}
