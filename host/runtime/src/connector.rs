//! A plugin bound to one system: everything that the server asks of a target or of a source of people.

use crate::abi::{Answer, Page, PageRequest, Probe};
use crate::call::{Called, Guest, call};
use crate::clean;
use crate::engine::Sandbox;
use crate::journal::{Asked, Journal};
use crate::limits::{PAGE_ITEMS_MAX, PAGE_SIZE_WISH};
use crate::listing::{Look, walk};
use crate::outside::Outside;
use crate::package::Export;
use crate::plugin::Plugin;
use crate::reach::Reach;
use crate::senses::Calls;
use crate::state::{CallName, State};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reeve_core::access::{Account, AccountView, Credential, Description, MatchBy};
use reeve_core::id::{NativeId, OperationId, SystemName};
use reeve_core::plan::Action;
use reeve_core::run::{Failure, Outcome, Status};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tracing::Instrument;

/// One system through its plugin. Cheap to keep: every call runs in a fresh store.
pub struct Connector {
    sandbox: Sandbox,
    plugin: Arc<Plugin>,
    system: SystemName,
    settings: Arc<str>,
    outside: Arc<Outside>,
    calls: Arc<Calls>,
}

/// A target can get its own credentials past the redactor, in an encoding that the plugin undoes. They must not come to
/// rest in the database under an account's name.
const HOLDS_SECRET: &str = "it holds, in clear, a secret that this system's connections sign in with, so nothing of it is \
                            kept. Find out why the target sends it, and change the secret";

/// What came of an operation.
#[derive(Debug)]
pub struct Applied {
    pub result: Result<Outcome, Failure>,
    /// A request that may change something had left the host.
    pub reached: bool,
    pub journal: Journal,
}

impl Connector {
    pub(crate) fn new(
        sandbox: Sandbox,
        plugin: Arc<Plugin>,
        system: SystemName,
        settings: Arc<str>,
        outside: Arc<Outside>,
        calls: Arc<Calls>,
    ) -> Self {
        Self { sandbox, plugin, system, settings, outside, calls }
    }

    pub fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    pub fn exports(&self, export: Export) -> bool {
        self.plugin.lists(export)
    }

    pub async fn describe(&self) -> Result<Description, Failure> {
        let description = self.call("describe", |guest| Box::pin(guest.exports.describe(guest))).await.result?;
        self.without_secrets(&description)?;
        Ok(description)
    }

    pub async fn check(&self) -> Result<Vec<Probe>, Failure> {
        let probes = self.call("check", |guest| Box::pin(guest.exports.check_target(guest))).await.result?;
        Ok(probes.into_iter().map(|probe| clean::probe(&self.outside, probe)).collect())
    }

    /// A fresh read of one account. None where the target says that it does not exist.
    pub async fn get_account(&self, id: &NativeId) -> Result<Option<AccountView>, Failure> {
        let asked = id.clone();
        let get =
            self.call("get-account", |guest| async move { guest.exports.get_account(guest, &asked).await }.boxed());
        let view = get.await.result?;
        self.without_secrets(&view)?;
        match &view {
            Some(view) if view.account.id != *id => Err(Failure::Protocol(format!(
                "the plugin was asked for the account {id:?} and answered with {:?}",
                view.account.id
            ))),
            Some(view) if view.grants.iter().any(|grant| grant.account != *id) => Err(Failure::Protocol(format!(
                "the plugin was asked for the account {id:?} and added grants of another"
            ))),
            _ => Ok(view),
        }
    }

    /// Accounts with that key. Each match is checked again, because some servers ignore filters and return everybody.
    pub async fn find_account(&self, by: MatchBy, key: &str) -> Result<Vec<Account>, Failure> {
        let asked = key.to_owned();
        let find = self.call("find-account", move |guest| {
            async move { guest.exports.find_account(guest, by, &asked).await }.boxed()
        });
        let mut found = find.await.result?;
        self.without_secrets(&found)?;
        let wanted = fold(key);
        found.retain(|account| account.key(by).is_some_and(|key| fold(key) == wanted));
        Ok(found)
    }

    /// What an account can sign in with besides a password. Whole, or a failure.
    pub async fn list_credentials(&self, account: &NativeId) -> Result<Vec<Credential>, Failure> {
        let ask = |page: PageRequest| -> BoxFuture<'_, Result<Page<Credential>, Failure>> {
            let account = account.clone();
            let list = self.call("list-credentials", move |guest| {
                async move { guest.exports.list_credentials(guest, &account, page).await }.boxed()
            });
            async move { list.await.result }.boxed()
        };
        let key = |_, _, credential: &Credential| credential.id.to_string();
        let walk = walk(PAGE_SIZE_WISH, &ask, &sleep, &self.look(), key, &|_, _| ()).await;
        if let Some(incomplete) = walk.incomplete {
            return Err(Failure::Protocol(format!("the credentials could not be listed to the end: {incomplete}")));
        }
        // A target that ignores the filter returns those of others too.
        let mut credentials = walk.items;
        credentials.retain(|credential| credential.account.as_ref().is_none_or(|of| of == account));
        // One that names nobody is that of the account it was asked for.
        for credential in &mut credentials {
            credential.account.get_or_insert_with(|| account.clone());
        }
        Ok(credentials)
    }

    /// Does it, once. Whatever the answer, only a fresh read says whether it holds.
    pub async fn apply(&self, action: &Action<NativeId>, operation: &OperationId) -> Applied {
        let (asked, id) = (action.clone(), operation.clone());
        let apply = self.call("apply", |guest| async move { guest.exports.apply(guest, &asked, &id).await }.boxed());
        let Called { result, spent } = apply.await;
        let result = settle(Some(&self.outside), action, result);
        let result = result.and_then(|outcome| self.without_secrets(&outcome).map(|()| outcome));
        let reached = spent.reached();
        let mut journal = spent.into_journal();
        let redactor = self.outside.redactor();
        journal.asked(Asked::new(redactor, self.plugin.digest(), operation, action, reached, &result));
        Applied { result, reached, journal }
    }

    pub(crate) async fn call<T: Send>(
        &self,
        function: &'static str,
        ask: impl for<'a> FnOnce(Guest<'a>) -> BoxFuture<'a, Answer<T>> + Send,
    ) -> Called<T> {
        call(&self.sandbox, &self.plugin, self.state(function), ask).await
    }

    /// The same in a task of its own, so that two calls at once run on two cores. For calls that change nothing: what
    /// one did is not known if it breaks off.
    pub(crate) async fn call_aside<T: Send + 'static>(
        &self,
        function: &'static str,
        ask: impl for<'a> FnOnce(Guest<'a>) -> BoxFuture<'a, Answer<T>> + Send + 'static,
    ) -> Result<T, Failure> {
        let (sandbox, plugin, state) = (self.sandbox.clone(), self.plugin.clone(), self.state(function));
        let called = async move { call(&sandbox, &plugin, state, ask).await.result };
        // A set, because it ends its tasks when it is dropped.
        let mut task = JoinSet::new();
        task.spawn(called.in_current_span());
        let ended = task.join_next().await.and_then(Result::ok);
        ended.unwrap_or_else(|| Err(Failure::Stopped("it broke off".to_owned())))
    }

    /// What the host keeps for one call of this function.
    fn state(&self, function: &'static str) -> State {
        let number = self.calls.number();
        let name = CallName {
            plugin: self.plugin.manifest().id.clone(),
            digest: self.plugin.digest().to_owned(),
            system: self.system.to_string(),
            call: number,
            function,
        };
        let reach = Reach::Outside(self.outside.clone());
        State::new(name, reach, self.settings.clone(), self.calls.senses(number))
    }

    pub(crate) fn outside(&self) -> &Outside {
        &self.outside
    }

    /// What the pages of a listing must pass.
    pub(crate) fn look(&self) -> Look {
        let outside = self.outside.clone();
        Arc::new(move |json| if outside.holds_secret(json) { Err(HOLDS_SECRET.to_owned()) } else { Ok(()) })
    }

    fn without_secrets(&self, answer: &impl Serialize) -> Result<(), Failure> {
        let json = serde_json::to_vec(answer).unwrap_or_default();
        if self.outside.holds_secret(&json) { Err(Failure::Protocol(HOLDS_SECRET.to_owned())) } else { Ok(()) }
    }
}

/// What a call of an operation came to: cleaned, and an outcome that can be one of this action.
pub(crate) fn settle(
    outside: Option<&Outside>,
    action: &Action<NativeId>,
    result: Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    result.map(|outcome| clean::outcome(outside, outcome)).and_then(|outcome| judge(action, outcome))
}

/// Whether an outcome can be one of this action: it names the account that was created, and no other account ever.
fn judge(action: &Action<NativeId>, outcome: Outcome) -> Result<Outcome, Failure> {
    let settled = matches!(outcome.status, Status::Done | Status::AlreadySo | Status::Partial(_));
    match (action.account(), &outcome.account) {
        (None, None) if settled => {
            Err(Failure::Protocol("the plugin created an account and did not say which".to_owned()))
        }
        (Some(asked), Some(answered)) if asked != answered => Err(Failure::Protocol(format!(
            "the plugin was asked to change the account {asked:?} and answered for {answered:?}"
        ))),
        _ => Ok(outcome),
    }
}

/// Keys are compared without case, as core links accounts.
fn fold(key: &str) -> String {
    key.trim().to_lowercase()
}

/// The page size to wish for.
pub(crate) fn page_size(description: &Description) -> u32 {
    match description.page_size_max {
        0 => PAGE_SIZE_WISH,
        stated => stated.min(u32::try_from(PAGE_ITEMS_MAX).unwrap_or(u32::MAX)),
    }
}

pub(crate) fn sleep(time: Duration) -> BoxFuture<'static, ()> {
    tokio::time::sleep(time).boxed()
}
