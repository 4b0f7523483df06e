//! Where the kit writes: one test system, the accounts that the kit made there, and how an operation is judged.
//!
//! Everything is marked, so that what is left behind can be found, and everything is taken away again at the end.

use super::listings::Holdings;
use super::report::{Check, Report, Seen};
use crate::error::Result;
use reeve_core::access::{AccountState, Capability, Description, MatchBy, OperationKind};
use reeve_core::id::{NativeId, OperationId};
use reeve_core::identity::{Worker, WorkerKind, WorkerStatus};
use reeve_core::inventory::System;
use reeve_core::plan::{AccountRef, Action, NewAccount};
use reeve_core::run::{Breach, Failure, Judgement, Outcome, Sight, Status, judge};
use reeve_runtime::{Applied, Bench};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub const WRITE: Check = Check {
    name: "write",
    remedy: "What the description declares must work; take it off, or say in `limits` when it does not.",
};
pub const WRITE_AGAIN: Check = Check {
    name: "write-again",
    remedy: "What is declared idempotent answers `done` or `already-so` the second time; read before you write.",
};
pub const READ_BACK: Check = Check {
    name: "read-back",
    remedy: "`get-account` must show the change within `visible-after-s`; raise that, or read past the target's cache.",
};
pub const CLEAN_UP: Check = Check {
    name: "clean-up",
    remedy: "Remove by hand what is named here. It was made by the kit and carries its mark.",
};

/// The longest that a change is waited for, whatever the description says.
const VISIBLE_MAX: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// What the person at the keyboard says about the test system.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Further attributes that the target wants of a new account.
    pub attributes: BTreeMap<String, Value>,
    /// Entitlements that it wants an account to be born with, by id or as `KIND:NAME`.
    pub born_with: Vec<String>,
    /// What may be granted and revoked, likewise; without it the kit looks for something harmless.
    pub grant: Option<String>,
    /// An account to be used where none can be created.
    pub account: Option<NativeId>,
    pub mail_domain: String,
    /// What marks all that is made.
    pub mark: String,
}

pub struct Stage<'a> {
    pub bench: &'a Bench,
    pub system: &'a System,
    pub description: &'a Description,
    pub wishes: &'a Wishes,
    pub report: &'a mut Report,
    /// Accounts that are to be taken away at the end.
    pub made: Vec<NativeId>,
    /// What a new account is born with, and what is granted.
    pub born_with: Vec<NativeId>,
    pub grant: Option<NativeId>,
    operations: u32,
}

impl<'a> Stage<'a> {
    pub fn new(
        bench: &'a Bench,
        system: &'a System,
        description: &'a Description,
        wishes: &'a Wishes,
        holdings: &Holdings,
        report: &'a mut Report,
    ) -> Result<Self> {
        let named = |text: &String| holdings.named(text);
        let born_with = wishes.born_with.iter().map(named).collect::<Result<_>>()?;
        let grant = wishes.grant.as_ref().map(named).transpose()?;
        Ok(Self { bench, system, description, wishes, report, made: vec![], born_with, grant, operations: 0 })
    }

    pub fn can(&self, operation: OperationKind) -> Option<&'a Capability> {
        self.description.capabilities.iter().find(|capability| capability.operation == operation)
    }

    /// Another operation's id.
    pub fn operation(&mut self) -> OperationId {
        self.operations = self.operations.saturating_add(1);
        OperationId::new(format!("kit-{}-{}", self.wishes.mark, self.operations))
    }

    /// The person whom a new account is made for.
    pub fn new_account(&self, number: u32) -> NewAccount {
        let mark = format!("{}{number}", self.wishes.mark);
        let worker = worker(&mark, &self.wishes.mail_domain);
        NewAccount {
            login: self.system.login_for(&worker).unwrap_or_else(|| format!("reeve.kit{mark}")),
            email: worker.email.clone(),
            display_name: Some(format!("Reeve Kit{mark}")),
            given_name: Some(worker.given_name.clone()),
            family_name: Some(worker.family_name.clone()),
            correlation_key: Some(worker.id.to_string()),
            attributes: self.wishes.attributes.clone(),
            entitlements: self.born_with.clone(),
        }
    }

    pub async fn apply(&self, action: &Action<NativeId>, id: &OperationId) -> Applied {
        self.bench.connector().apply(action, id).await
    }

    /// Waits until a fresh read shows what an action wished for, as the host would judge it.
    pub async fn shows(&self, action: &Action<NativeId>, account: &NativeId) -> std::result::Result<(), String> {
        let wished = self.can(action.kind()).map_or(0, |capability| capability.visible_after_s);
        let patience = Duration::from_secs(u64::from(wished)).min(VISIBLE_MAX);
        let action = action.clone().for_account(|id| Some(AccountRef::Existing(id)));
        let action = action.ok_or("the action is for no account")?;
        let began = Instant::now();
        loop {
            let last = began.elapsed() >= patience;
            let view = self.bench.connector().get_account(account).await.map_err(|failure| failure.to_string())?;
            match judge(&action, Some(account), &Sight::Account(view.map(Box::new))) {
                Judgement::Holds { .. } => return Ok(()),
                Judgement::Breach(Breach::NotShown(why)) if last => {
                    return Err(format!("after {} s {why}", patience.as_secs()));
                }
                Judgement::Breach(Breach::NotShown(_)) => tokio::time::sleep(LOOK_EVERY).await,
                Judgement::Breach(other) => return Err(format!("no read can tell: {other:?}")),
            }
        }
    }

    /// Does it, reads it back, does it again where that is declared to be safe, and reads it back once more. Answers
    /// whether it worked at all.
    pub async fn twice(&mut self, name: &str, action: &Action<NativeId>, account: &NativeId) -> bool {
        let id = self.operation();
        let applied = self.apply(action, &id).await;
        self.once_more(name, action, account, applied).await
    }

    /// The same for what was done once by now.
    pub async fn once_more(
        &mut self,
        name: &str,
        action: &Action<NativeId>,
        account: &NativeId,
        applied: Applied,
    ) -> bool {
        if !self.report.add(WRITE, name, settled(&applied.result)) {
            return false;
        }
        let shown = self.shows(action, account).await.map(|()| "a fresh read shows it");
        self.report.add(READ_BACK, name, Seen::of(shown));
        if !self.can(action.kind()).is_some_and(|capability| capability.idempotent) {
            self.report.add(WRITE_AGAIN, name, Seen::Skipped("not declared idempotent".to_owned()));
            return true;
        }
        let id = self.operation();
        let again = self.apply(action, &id).await;
        let seen = match settled(&again.result) {
            Seen::Fine(text) => match self.shows(action, account).await {
                Ok(()) => Seen::Fine(text),
                Err(why) => Seen::Wrong(format!("after the second time {why}")),
            },
            other => other,
        };
        self.report.add(WRITE_AGAIN, name, seen);
        true
    }

    /// The accounts with this login, by whatever way the connector has.
    pub async fn with_login(&self, login: &str) -> std::result::Result<Vec<NativeId>, String> {
        if self.description.finds_by.contains(&MatchBy::Login) {
            let found = self.bench.connector().find_account(MatchBy::Login, login).await;
            let found = found.map_err(|failure| failure.to_string())?;
            return Ok(found.into_iter().filter(is_there).map(|account| account.id).collect());
        }
        let size = super::listings::usual_size(self.description);
        let all = super::listings::walk(self.bench, reeve_core::access::Listed::Accounts, size).await?;
        let same = |text: &Option<String>| text.as_ref().is_some_and(|text| text.eq_ignore_ascii_case(login));
        let all = all.read::<reeve_core::access::Account>().into_iter();
        Ok(all.filter(is_there).filter(|account| same(&account.login)).map(|account| account.id).collect())
    }

    /// Takes away what was made, and says what is left.
    pub async fn clean_up(&mut self) {
        self.bench.calm();
        let (mut faults, mut shut) = (Vec::new(), Vec::new());
        let made = std::mem::take(&mut self.made);
        let count = made.len();
        for account in made {
            match self.take_away(&account).await {
                Ok(Gone::Deleted) => {}
                Ok(Gone::Disabled) => shut.push(account.to_string()),
                Err(why) => faults.push(format!("{account} ({why})")),
            }
        }
        let seen = match (count, faults.is_empty(), shut.is_empty()) {
            (0, ..) => Seen::Skipped("nothing that was made is left".to_owned()),
            (_, false, _) => Seen::Wrong(format!("left behind: {}", faults.join(", "))),
            (_, _, true) => Seen::Fine(format!("{count} accounts that were made are gone")),
            (_, _, false) => {
                Seen::Fine(format!("the plugin deletes nothing, so these are left, disabled: {}", shut.join(", ")))
            }
        };
        self.report.add(CLEAN_UP, self.wishes.mark.clone(), seen);
    }

    async fn take_away(&mut self, account: &NativeId) -> std::result::Result<Gone, String> {
        let account = account.clone();
        let (action, gone) = if self.can(OperationKind::Delete).is_some() {
            (Action::Delete { account: account.clone() }, Gone::Deleted)
        } else if self.can(OperationKind::Disable).is_some() {
            (Action::Disable { account: account.clone() }, Gone::Disabled)
        } else {
            return Err("the plugin neither deletes nor disables".to_owned());
        };
        let id = self.operation();
        self.apply(&action, &id).await.result.map_err(|failure| failure.to_string())?;
        self.shows(&action, &account).await?;
        Ok(gone)
    }
}

/// How an account of the kit's ended.
enum Gone {
    Deleted,
    Disabled,
}

fn is_there(account: &reeve_core::access::Account) -> bool {
    account.state != AccountState::Deleted
}

/// Whether an operation ended as one that worked.
pub fn settled(result: &std::result::Result<Outcome, Failure>) -> Seen {
    match result {
        Ok(outcome) => match &outcome.status {
            Status::Done => Seen::Fine("done".to_owned()),
            Status::AlreadySo => Seen::Fine("already-so".to_owned()),
            Status::Accepted(handle) => Seen::Fine(format!("accepted as {handle}")),
            Status::PendingApproval(who) => Seen::Skipped(format!("{who} must approve it at the target")),
            Status::Partial(items) => Seen::Wrong(format!("only a part of {} items worked", items.len())),
        },
        Err(failure) => Seen::Wrong(failure.to_string()),
    }
}

fn worker(mark: &str, mail_domain: &str) -> Worker {
    Worker {
        id: mark.into(),
        person_key: None,
        kind: WorkerKind::Employee,
        status: WorkerStatus::Active,
        given_name: "Reeve".to_owned(),
        family_name: format!("Kit{mark}"),
        email: Some(format!("reeve.kit{mark}@{mail_domain}")),
        department: None,
        title: None,
        location: None,
        manager: None,
        start_at: None,
        end_at: None,
        time_zone: None,
        attributes: BTreeMap::new(),
    }
}
