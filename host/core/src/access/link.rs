//! Whose account is it? Declared rules say, in order; they must agree, and nothing is linked on a conflict.

use super::Account;
use crate::finding::{Finding, FindingKind};
use crate::id::{IdentityId, NativeId, SystemName};
use crate::identity::Identity;
use crate::inventory::{CorrelationRule, PersonKey, System};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Link {
    Linked {
        identity: IdentityId,
        by: LinkedBy,
    },
    /// Nobody that Reeve knows.
    Unmatched,
    /// Several people, or rules that contradict each other.
    Disputed {
        candidates: Vec<IdentityId>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "how", content = "of")]
pub enum LinkedBy {
    Rule(String),
    /// Reeve created the account for this person.
    Creation,
    /// An operator decided.
    Operator(String),
}

impl Link {
    pub fn identity(&self) -> Option<&IdentityId> {
        match self {
            Self::Linked { identity, .. } => Some(identity),
            Self::Unmatched | Self::Disputed { .. } => None,
        }
    }

    /// Whether it may be an account of this person.
    pub fn concerns(&self, identity: &IdentityId) -> bool {
        self.people().contains(identity)
    }

    /// The people whose account it may be.
    pub fn people(&self) -> &[IdentityId] {
        match self {
            Self::Linked { identity, .. } => std::slice::from_ref(identity),
            Self::Unmatched => &[],
            Self::Disputed { candidates } => candidates,
        }
    }
}

/// Links every account of a system. A link that was made by creation or by an operator holds, and one made by a rule
/// holds for as long as no rule points to somebody else.
pub fn correlate(
    system: &System,
    accounts: &[Account],
    identities: &[Identity],
    before: &BTreeMap<NativeId, Link>,
) -> (BTreeMap<NativeId, Link>, Vec<Finding>) {
    let indexes: Vec<_> = system.correlate.iter().map(|rule| (rule, index(system, rule, identities))).collect();
    let mut links = BTreeMap::new();
    let mut findings = Vec::new();
    for account in accounts {
        let link = link(account, &indexes, before.get(&account.id));
        findings.extend(finding(&system.name, account, &link));
        links.insert(account.id.clone(), link);
    }
    (links, findings)
}

type People<'a> = BTreeMap<String, BTreeSet<&'a IdentityId>>;

fn index<'a>(system: &System, rule: &CorrelationRule, identities: &'a [Identity]) -> People<'a> {
    let mut people = People::new();
    for identity in identities {
        for key in person_keys(system, rule.person, identity) {
            people.entry(fold(&key)).or_default().insert(&identity.id);
        }
    }
    people
}

fn person_keys(system: &System, by: PersonKey, identity: &Identity) -> Vec<String> {
    let worker = &identity.worker;
    match by {
        PersonKey::WorkerId => identity.former_ids.iter().chain([&worker.id]).map(ToString::to_string).collect(),
        PersonKey::PersonKey => worker.person_key.clone().into_iter().collect(),
        PersonKey::Email => worker.email.clone().into_iter().collect(),
        PersonKey::Login => system.login_for(worker).into_iter().collect(),
    }
}

fn link(account: &Account, indexes: &[(&CorrelationRule, People<'_>)], before: Option<&Link>) -> Link {
    let mut candidates: BTreeSet<IdentityId> = BTreeSet::new();
    let mut by = None;
    for (rule, people) in indexes {
        let found = account.key(rule.account).and_then(|key| people.get(&fold(key)));
        for identity in found.into_iter().flatten() {
            by.get_or_insert_with(|| rule.to_string());
            candidates.insert((*identity).clone());
        }
    }
    match before {
        Some(Link::Linked { by: LinkedBy::Creation | LinkedBy::Operator(_), .. }) => {
            return before.cloned().unwrap_or(Link::Unmatched);
        }
        // The person a rule linked once still counts: an address that HR gives to somebody new does not move the account.
        Some(Link::Linked { identity, .. }) => {
            candidates.insert(identity.clone());
        }
        // Whoever was in dispute stays in it until a person decides: else an account that HR's new address disputed at one
        // read would move at the next.
        Some(Link::Disputed { candidates: disputed }) => candidates.extend(disputed.iter().cloned()),
        _ => {}
    }
    let mut found: Vec<_> = candidates.into_iter().collect();
    match (found.len(), by) {
        (0, _) => Link::Unmatched,
        (1, by) => match (found.pop(), by, before) {
            (Some(identity), Some(rule), _) => Link::Linked { identity, by: LinkedBy::Rule(rule) },
            // No rule matches any more (a rename): the link of before holds.
            (_, None, Some(link)) => link.clone(),
            _ => Link::Unmatched,
        },
        _ => Link::Disputed { candidates: found },
    }
}

/// Keys are compared without case: e-mail addresses and logins are, in every system that matters here.
fn fold(key: &str) -> String {
    key.trim().to_lowercase()
}

fn finding(system: &SystemName, account: &Account, link: &Link) -> Option<Finding> {
    let name = account.login.as_deref().or(account.email.as_deref()).unwrap_or(account.id.as_str());
    let (kind, text) = match link {
        Link::Linked { .. } => return None,
        Link::Unmatched if account.state.is_powerless() => return None,
        Link::Unmatched => (
            FindingKind::UnmatchedAccount,
            format!("Account {name:?} of {system} belongs to nobody in HR. Name its owner, or have it disabled."),
        ),
        Link::Disputed { candidates } => (
            FindingKind::DisputedAccount,
            format!(
                "Account {name:?} of {system} could belong to {} people. It is linked to none of them until \
                 `reeve identity link {system} {} PERSON` says whose it is.",
                candidates.len(),
                account.id
            ),
        ),
    };
    Some(Finding {
        kind,
        subject: format!("{system}/{}", account.id),
        system: Some(system.clone()),
        identity: None,
        text,
    })
}
