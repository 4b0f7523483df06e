//! Says that it holds what another system holds: `posing ID EMAIL GROUP`, an account that can sign in and is in the group.
//! With `posing-gone` it cannot and is in none; with `posing-other` the answer to what is asked of it is another's.

use crate::pages;
use reeve_sdk::prelude::*;

pub struct Pose {
    id: String,
    email: String,
    group: String,
    gone: bool,
    /// Whose the answers are.
    answers_as: String,
}

impl Pose {
    pub fn of(mode: &str) -> Option<Self> {
        let mut words = mode.split(' ').map(str::to_owned);
        let (how, id, email, group) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let (gone, answers_as) = match how.as_str() {
            "posing" => (false, id.clone()),
            "posing-gone" => (true, id.clone()),
            "posing-other" => (true, "somebody-else".to_owned()),
            _ => return None,
        };
        Some(Self { id, email, group, gone, answers_as })
    }

    pub fn account(&self) -> Account {
        let state = if self.gone { AccountState::Disabled } else { AccountState::Active };
        Account { email: Some(self.email.clone()), state, ..pages::account(&self.id) }
    }

    /// A fresh read, and what comes of a change.
    pub fn view(&self) -> AccountView {
        let account = Account { id: self.answers_as.clone(), ..self.account() };
        AccountView { account, grants: self.grants() }
    }

    pub fn disabled(&self) -> Outcome {
        Outcome::done().account(self.answers_as.as_str())
    }

    /// Under the kind that the other system has for its own.
    pub fn entitlement(&self) -> Entitlement {
        Entitlement::new(self.group.as_str(), "group", "staff")
    }

    pub fn grants(&self) -> Vec<Grant> {
        if self.gone { vec![] } else { vec![Grant::direct(self.id.as_str(), self.group.as_str())] }
    }
}
