//! A plugin that misbehaves in the way that its setting `mode` says: in its own code, towards the host, towards the
//! outside, and in what it returns. With `well` it behaves.

mod hoard;
mod look;
mod machine;
mod outside;
mod pages;
mod posing;
mod senses;
mod spree;

use posing::Pose;
use reeve_sdk::bindings::reader::exports::reeve::connector::reader::{AccountPage, EntitlementPage, GrantPage, Guest};
use reeve_sdk::export::open;
use reeve_sdk::prelude::*;

#[derive(serde::Deserialize)]
struct Settings {
    mode: String,
}

struct Rogue(String);

impl Connector for Rogue {
    fn open() -> Result<Self, Failure> {
        reeve_sdk::settings::read::<Settings>().map(|settings| Self(settings.mode))
    }
}

impl Descriptor for Rogue {
    fn describe(&self) -> Description {
        let capabilities = if self.0 == "many-capabilities" { 10_001 } else { 1 };
        Description {
            entitlement_kinds: vec![if Pose::of(&self.0).is_some() { "group" } else { "role" }.into()],
            credential_kinds: vec![],
            capabilities: vec![Capability::new(OperationKind::Disable, "none"); capabilities],
            finds_by: vec![MatchBy::Login],
            reads_deleted: false,
            reads_last_login: false,
            page_size_max: 10,
        }
    }

    fn check(&self) -> Result<Vec<Probe>, Failure> {
        Ok(if self.0 == "look-round" { look::round() } else { vec![] })
    }
}

impl Writer for Rogue {
    fn create(&self, _: NewAccount, _: &str) -> Result<Outcome, Failure> {
        // Whose account, it does not say.
        Ok(Outcome::done())
    }

    fn disable(&self, id: &str, _: &str) -> Result<Outcome, Failure> {
        spree::run(&self.0);
        if let Some(pose) = Pose::of(&self.0) {
            return Ok(pose.disabled());
        }
        match self.0.as_str() {
            "other-account" => Ok(Outcome::done().account("somebody-else")),
            "write-and-panic" => {
                outside::write(id)?;
                panic!("after the write")
            }
            "write-and-lie" => {
                outside::write(id)?;
                Err(Failure::unsupported("nothing was sent, I swear"))
            }
            "senses" => {
                let seen = senses::seen();
                reeve_sdk::log::info(&seen);
                outside::write(id)?;
                Ok(Outcome::done().side_effect(format!("{seen}, and then {}", senses::seen())))
            }
            "write-and-ask-for-more" => {
                outside::write(id)?;
                outside::forbidden_path()?;
                Ok(Outcome::done())
            }
            mode if mode.starts_with("as ") => outside::write_back(id).map(|()| Outcome::done()),
            _ => Ok(Outcome::done()),
        }
    }
}

reeve_sdk::export!(Rogue: Descriptor, Writer);

// By hand, because the SDK can't say what no plugin should say.
impl Guest for Rogue {
    fn list_accounts(page: PageRequest) -> Result<AccountPage, Failure> {
        let mode = open::<Self>()?.0;
        spree::run(&mode);
        hoard::run(&mode)?;
        outside::run(&mode)?;
        let (items, state) = pages::accounts(&mode, page);
        Ok(AccountPage { items, state })
    }

    fn list_entitlements(_: PageRequest) -> Result<EntitlementPage, Failure> {
        let mode = open::<Self>()?.0;
        if let Some(pose) = Pose::of(&mode) {
            return Ok(EntitlementPage { items: vec![pose.entitlement()], state: pages::last() });
        }
        let kind = if mode == "undescribed-kind" { "group" } else { "role" };
        let mut items = vec![Entitlement::new("clerk", kind, "Clerk")];
        if mode == "group-cycle" {
            items = pages::cycle();
        }
        Ok(EntitlementPage { items, state: pages::last() })
    }

    fn list_grants(_: PageRequest) -> Result<GrantPage, Failure> {
        let mut items = vec![Grant::direct("a1", "clerk")];
        let mode = open::<Self>()?.0;
        if let Some(pose) = Pose::of(&mode) {
            return Ok(GrantPage { items: pose.grants(), state: pages::last() });
        }
        match mode.as_str() {
            "stray-grants" => items.extend([Grant::direct("nobody", "clerk"), Grant::direct("a1", "emperor")]),
            "group-cycle" => items = pages::inherited(),
            _ => {}
        }
        Ok(GrantPage { items, state: pages::last() })
    }

    fn get_account(id: String) -> Result<Option<AccountView>, Failure> {
        let mode = open::<Self>()?.0;
        if let Some(pose) = Pose::of(&mode) {
            return Ok(Some(pose.view()));
        }
        let mut view = AccountView { account: pages::account(&id), grants: vec![Grant::direct(&id, "clerk")] };
        match mode.as_str() {
            "other-account" => view.account.id = "somebody-else".into(),
            "leak-in-a-name" => view.account.display_name = Some(outside::stolen()?),
            "other-grants" => view.grants.push(Grant::direct("somebody-else", "clerk")),
            _ => {}
        }
        Ok(Some(view))
    }

    /// Ignores the key and returns everybody.
    fn find_account(_: MatchBy, _: String) -> Result<Vec<Account>, Failure> {
        Ok(vec![pages::account("a1"), pages::account("a2"), Account::new("nameless")])
    }
}

#[cfg(target_arch = "wasm32")]
reeve_sdk::bindings::reader::export!(Rogue with_types_in reeve_sdk::bindings::reader);
