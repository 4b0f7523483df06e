//! What a connector plugin in Rust needs: a trait for each interface of the contract (`wit/`), failures that mean the
//! right thing, requests to named connections, and one macro that exports the result.
//!
//! A plugin never sees a secret, an address or a clock. It asks the host for `GET /staff` on the connection `api`, and
//! the host, which knows where that is and how to sign in, allows it if the plugin's manifest lists it and the
//! administrator has agreed. Waiting, retrying and paging are the host's work too: a connector answers one small
//! question at a time.
//!
//! # A connector in full
//!
//! The target is an HTTP API with `GET /staff?after=ID` (100 at a time, in the order of their ids), `GET /staff/ID` and
//! `PATCH /staff/ID`. A staff member holds one role, named in the record.
//!
//! ```no_run
//! use reeve_sdk::http::Request;
//! use reeve_sdk::json::Node;
//! use reeve_sdk::prelude::*;
//!
//! const API: &str = "api";
//! const PAGE: usize = 100;
//!
//! #[derive(serde::Deserialize)]
//! #[serde(rename_all = "kebab-case")]
//! struct Settings {
//!     /// The roles there are: the API cannot list them.
//!     roles: Vec<String>,
//! }
//!
//! struct Toy(Settings);
//!
//! impl Connector for Toy {
//!     fn open() -> Result<Self, Failure> {
//!         Ok(Self(reeve_sdk::settings::read()?))
//!     }
//! }
//!
//! impl Descriptor for Toy {
//!     fn describe(&self) -> Description {
//!         Description {
//!             entitlement_kinds: vec!["role".into()],
//!             credential_kinds: vec![],
//!             capabilities: vec![
//!                 Capability::new(OperationKind::Disable, "status=\"left\"")
//!                     .traits(Traits::REVERSIBLE | Traits::IDEMPOTENT | Traits::ENDS_SESSIONS),
//!             ],
//!             // An empty list: the API has no search, so Reeve matches accounts from the listing.
//!             finds_by: vec![],
//!             reads_deleted: false,
//!             reads_last_login: false,
//!             page_size_max: PAGE as u32,
//!         }
//!     }
//!
//!     fn check(&self) -> Result<Vec<Probe>, Failure> {
//!         staff_after("")?;
//!         Ok(vec![Probe::passed("read", "the staff list can be read")])
//!     }
//! }
//!
//! impl Reader for Toy {
//!     fn list_accounts(&self, page: PageRequest) -> Result<Page<Account>, Failure> {
//!         listing(page, account)
//!     }
//!
//!     fn list_entitlements(&self, _: PageRequest) -> Result<Page<Entitlement>, Failure> {
//!         let role = |name: &String| Entitlement {
//!             cardinality: Cardinality::ExactlyOne,
//!             assignable: false,
//!             ..Entitlement::new(name, "role", name)
//!         };
//!         Ok(Page::last(self.0.roles.iter().map(role).collect()))
//!     }
//!
//!     fn list_grants(&self, page: PageRequest) -> Result<Page<Grant>, Failure> {
//!         listing(page, grant)
//!     }
//!
//!     fn get_account(&self, id: &str) -> Result<Option<AccountView>, Failure> {
//!         let answer = Request::get(API, "/staff").segment(id).send()?;
//!         // The only answer that means "does not exist". Everything else that is no success is a failure.
//!         if answer.status() == 404 {
//!             return Ok(None);
//!         }
//!         let member = answer.json()?;
//!         Ok(Some(AccountView { account: account(&member.root())?, grants: vec![grant(&member.root())?] }))
//!     }
//!
//!     fn find_account(&self, _: MatchBy, _: &str) -> Result<Vec<Account>, Failure> {
//!         Err(Failure::unsupported("the API has no search"))
//!     }
//! }
//!
//! impl Writer for Toy {
//!     fn disable(&self, id: &str, operation_id: &str) -> Result<Outcome, Failure> {
//!         let body = serde_json::json!({ "status": "left" });
//!         Request::patch(API, "/staff").segment(id).header("idempotency-key", operation_id).json(&body).send()?.ok()?;
//!         Ok(Outcome::done())
//!     }
//! }
//!
//! reeve_sdk::export!(Toy: Descriptor, Reader, Writer);
//!
//! fn staff_after(id: &str) -> Result<reeve_sdk::json::Doc, Failure> {
//!     Request::get(API, "/staff").query("after", id).send()?.json()
//! }
//!
//! /// A short page may come in the middle, so only an empty one is the end.
//! fn listing<T>(page: PageRequest, read: fn(&Node) -> Result<T, Failure>) -> Result<Page<T>, Failure> {
//!     let answer = staff_after(&page.cursor::<String>()?.unwrap_or_default())?;
//!     let members = answer.root().items()?;
//!     match members.last() {
//!         None => Ok(Page::last(vec![])),
//!         Some(last) => {
//!             let id = last.get("id")?.string()?;
//!             Page::more(members.iter().map(read).collect::<Result<_, _>>()?, &id)
//!         }
//!     }
//! }
//!
//! fn account(member: &Node) -> Result<Account, Failure> {
//!     let status = member.get("status")?.string()?;
//!     Ok(Account {
//!         login: member.text_of("login")?,
//!         email: member.text_of("email")?,
//!         kind: AccountKind::Person,
//!         state: match status.as_str() {
//!             "active" => AccountState::Active,
//!             "left" => AccountState::Disabled,
//!             _ => AccountState::Unknown,
//!         },
//!         native_state: status,
//!         ..Account::new(member.get("id")?.text()?)
//!     })
//! }
//!
//! fn grant(member: &Node) -> Result<Grant, Failure> {
//!     // The role can be exchanged but not taken away, and this API has no call for either.
//!     Ok(Grant { revocable: false, ..Grant::direct(member.get("id")?.text()?, member.get("role")?.text()?) })
//! }
//! # fn main() {}
//! ```
//!
//! Its manifest, `plugin.toml`, asks for no more than that:
//!
//! ```toml
//! id = "toy"
//! version = "0.1.0"
//! contract = "0.1.0"
//! name = "Toy"
//! summary = "Staff of the toy API."
//! exports = ["descriptor", "reader", "writer"]
//!
//! [[connection]]
//! name = "api"
//! kind = "http"
//! purpose = "Reads staff, and marks those who left."
//! methods = ["GET", "PATCH"]
//! paths = ["/staff", "/staff/*"]
//! auth = ["bearer"]
//!
//! [[setting]]
//! name = "roles"
//! kind = "texts"
//! required = true
//! help = "The names of the roles."
//! ```
//!
//! It is a `cdylib` for `wasm32-unknown-unknown`, and imports nothing but what it calls. [`testing`] runs the same code
//! on this machine against a stand-in for the host.

#[doc(hidden)]
pub mod bindings;
mod connector;
#[doc(hidden)]
pub mod export;
mod failure;
pub mod files;
mod host;
pub mod http;
pub mod json;
pub mod ldap;
pub mod log;
mod model;
mod page;
pub mod percent;
pub mod settings;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod time;

pub use bindings::descriptor::exports::reeve::connector::descriptor::{
    Capability, Description, OperationKind, Probe, Traits,
};
pub use bindings::host::reeve::connector::files::FileError;
pub use bindings::host::reeve::connector::http::HttpError;
pub use bindings::host::reeve::connector::ldap::LdapError;
pub use bindings::host::reeve::connector::types::{
    Account, AccountKind, AccountState, Attribute, Cardinality, Credential, CredentialKind, Entitlement, Failure,
    FieldFault, Grant, GrantSource, ItemResult, LastUse, MatchBy, Outcome, PageRequest, PageState, Quality, RateHint,
    Rung, Status, Value,
};
pub use bindings::reader::exports::reeve::connector::reader::AccountView;
pub use bindings::workforce::exports::reeve::connector::workforce::{Worker, WorkerKind, WorkerStatus};
pub use bindings::writer::exports::reeve::connector::writer::{
    AccountChange, Membership, NewAccount, NewGrant, Operation, Replacement,
};
pub use connector::{Connector, Credentials, Descriptor, Reader, Workforce, Writer};
pub use failure::Effect;
pub use page::Page;

/// Everything that a connector names often.
pub mod prelude {
    pub use crate::{
        Account, AccountChange, AccountKind, AccountState, AccountView, Attribute, Capability, Cardinality, Connector,
        Credential, CredentialKind, Credentials, Description, Descriptor, Entitlement, Failure, FieldFault, Grant,
        GrantSource, LastUse, MatchBy, Membership, NewAccount, NewGrant, Operation, OperationKind, Outcome, Page,
        PageRequest, Probe, Quality, Reader, Replacement, Rung, Status, Traits, Value, Worker, WorkerKind,
        WorkerStatus, Workforce, Writer,
    };
}
