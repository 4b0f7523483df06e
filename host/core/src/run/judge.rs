//! Whether a fresh read shows what an operation wished for. The host judges, not the plugin and not the target's answer.

use crate::access::{Account, AccountState, AccountView, Credential, GrantSource};
use crate::id::NativeId;
use crate::plan::{AccountRef, Action, NewAccount, account_attribute};

/// What was read to judge an operation by.
#[derive(Clone, Debug, PartialEq)]
pub enum Sight {
    /// The account by its id; none if the target says that it does not exist.
    Account(Option<Box<AccountView>>),
    /// The accounts with a new account's unique key.
    Found(Vec<Account>),
    /// The connector can't search, and the new account's id is not known.
    Blind,
    /// The account's credentials.
    Credentials(Vec<Credential>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is as wished. The account is named where the read found it.
    Holds {
        account: Option<NativeId>,
    },
    Breach(Breach),
}

/// Why a read does not confirm an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breach {
    NotShown(String),
    /// The target lists it whether it ended or not.
    Unobservable,
    /// No read can tell; a person must.
    Ambiguous(String),
}

fn not_shown(why: impl Into<String>) -> Judgement {
    Judgement::Breach(Breach::NotShown(why.into()))
}

fn ambiguous(why: impl Into<String>) -> Judgement {
    Judgement::Breach(Breach::Ambiguous(why.into()))
}

const HOLDS: Judgement = Judgement::Holds { account: None };

/// Compares what was wished with what was seen.
pub fn judge(action: &Action<AccountRef>, account: Option<&NativeId>, sight: &Sight) -> Judgement {
    match (action, sight) {
        (Action::Create(new), Sight::Found(found)) => created(new, found),
        (Action::Create(new), Sight::Account(view)) => match view {
            Some(view) => born(new, view),
            None => not_shown(format!("account {} does not exist", account.map_or("", NativeId::as_str))),
        },
        (Action::Create(_), Sight::Blind) => ambiguous(
            "the account may have been made, and this connector can't search for it; look for it at the target",
        ),
        (Action::EndCredential { credential, .. }, Sight::Credentials(left)) => {
            match left.iter().find(|one| one.id == *credential && one.endable) {
                Some(one) if !one.observable => Judgement::Breach(Breach::Unobservable),
                Some(_) => not_shown("the credential is still listed"),
                None => HOLDS,
            }
        }
        (action, Sight::Account(view)) => changed(action, view.as_deref()),
        _ => ambiguous("the connector can't read what this operation changes"),
    }
}

fn created(new: &NewAccount, found: &[Account]) -> Judgement {
    // What a target keeps of a deleted account is not the new one.
    let there: Vec<&Account> = found.iter().filter(|account| account.state != AccountState::Deleted).collect();
    match there.as_slice() {
        [] => not_shown("no account has its key"),
        [one] => match (&one.correlation_key, &new.correlation_key) {
            (Some(theirs), Some(ours)) if theirs != ours => ambiguous(format!(
                "the login {:?} belongs to account {}, which is somebody else's ({theirs})",
                new.login, one.id
            )),
            _ if one.state.is_powerless() => ambiguous(format!(
                "the login {:?} belongs to account {}, which is disabled and may have been there before",
                new.login, one.id
            )),
            (Some(_), Some(_)) => Judgement::Holds { account: Some(one.id.clone()) },
            // A login alone may be a stranger's, whom this person would inherit.
            _ => ambiguous(format!(
                "account {} has the login {:?}, and nothing shows that it was made for this person; if it was, link it",
                one.id, new.login
            )),
        },
        several => ambiguous(format!("{} accounts have its key", several.len())),
    }
}

fn born(new: &NewAccount, view: &AccountView) -> Judgement {
    let held = |id: &NativeId| view.grants.iter().any(|grant| grant.entitlement == *id);
    if view.account.state.is_powerless() {
        return not_shown(format!("the account is {}", state(view)));
    }
    match new.entitlements.iter().find(|id| !held(id)) {
        Some(missing) => not_shown(format!("the account does not hold {missing}")),
        None => Judgement::Holds { account: Some(view.account.id.clone()) },
    }
}

fn changed(action: &Action<AccountRef>, view: Option<&AccountView>) -> Judgement {
    let Some(view) = view else {
        // What is gone has no access; what should have something does not.
        return if action.removes() { HOLDS } else { not_shown("the account does not exist") };
    };
    let account = &view.account;
    let direct = |id: &NativeId| {
        let own = |source: &GrantSource| matches!(source, GrantSource::Direct | GrantSource::Unknown);
        view.grants.iter().any(|grant| grant.entitlement == *id && own(&grant.source))
    };
    let holds = |id: &NativeId| view.grants.iter().any(|grant| grant.entitlement == *id);
    let check = |right: bool, wrong: String| if right { HOLDS } else { not_shown(wrong) };
    match action {
        Action::Create(_) | Action::EndCredential { .. } => ambiguous("this read does not show it"),
        Action::Update { attributes, .. } => {
            let differs =
                attributes.iter().find(|(name, value)| account_attribute(account, name).as_ref() != Some(*value));
            match differs {
                Some((name, _)) => not_shown(format!("{name} is not as wished")),
                None => HOLDS,
            }
        }
        Action::Enable { .. } => {
            let open = !account.state.is_powerless() && account.state != AccountState::Frozen;
            check(open, format!("the account is {}", state(view)))
        }
        Action::Disable { .. } => check(account.state.is_powerless(), format!("the account is {}", state(view))),
        Action::Freeze { .. } => {
            let shut = account.state.is_powerless() || account.state == AccountState::Frozen;
            check(shut, format!("the account is {}", state(view)))
        }
        Action::Delete { .. } => {
            check(account.state == AccountState::Deleted, format!("the account is {}", state(view)))
        }
        Action::Grant { entitlement, .. } => {
            check(holds(entitlement), format!("the account does not hold {entitlement}"))
        }
        Action::Revoke { entitlement, .. } => {
            check(!direct(entitlement), format!("the account still holds {entitlement}"))
        }
        Action::Replace { take, give, .. } => {
            let kept = take.as_ref().filter(|take| *take != give && direct(take));
            match kept {
                Some(kept) => not_shown(format!("the account still holds {kept}")),
                None => check(holds(give), format!("the account does not hold {give}")),
            }
        }
    }
}

fn state(view: &AccountView) -> String {
    let word = format!("{:?}", view.account.state).to_lowercase();
    if view.account.native_state.is_empty() { word } else { format!("{word} ({})", view.account.native_state) }
}
