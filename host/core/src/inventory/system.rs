//! A system under governance, or a source of people.

use super::Connection;
use crate::access::MatchBy;
use crate::id::SystemName;
use crate::identity::Worker;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a system is to Reeve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SystemRole {
    /// It says who works here.
    Source,
    /// It holds accounts.
    Target,
}

/// How a leaver's account ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaverEnd {
    #[default]
    Disable,
    Delete,
}

/// What an account is matched to a person by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersonKey {
    WorkerId,
    PersonKey,
    Email,
    /// The login that policy would give the person here.
    Login,
}

/// `account = "correlation-key", person = "worker-id"`: rules are tried in order, and must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CorrelationRule {
    pub account: MatchBy,
    pub person: PersonKey,
}

/// A system file, as the administrator writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct System {
    /// `a-z`, `0-9` and `-`, at most 64 bytes.
    pub name: SystemName,
    /// The id of an installed plugin.
    pub plugin: String,
    pub role: SystemRole,
    /// The person who answers for it.
    #[serde(default)]
    pub owner: Option<String>,
    /// Whether a leaver case waits for it.
    #[serde(default = "yes")]
    pub in_scope: bool,
    /// The login given to a new account: text with `{given}`, `{family}`, `{g}` (initial), `{email}` and `{worker-id}`,
    /// put in lower case and reduced to ASCII letters, digits, `.`, `-`, `_` and `@`.
    #[serde(default = "login_by_email")]
    pub login: String,
    #[serde(default)]
    pub leaver: LeaverEnd,
    #[serde(default = "by_worker_id_then_email")]
    pub correlate: Vec<CorrelationRule>,
    /// Attributes to set on accounts: target attribute to person field (`department`, `title`, `location`, ...).
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// For the plugin, valid against its manifest.
    #[serde(default)]
    pub settings: BTreeMap<String, serde_json::Value>,
    /// By the names that the plugin's manifest asks for.
    #[serde(default)]
    pub connections: BTreeMap<String, Connection>,
}

fn yes() -> bool {
    true
}

fn login_by_email() -> String {
    "{email}".to_owned()
}

fn by_worker_id_then_email() -> Vec<CorrelationRule> {
    vec![
        CorrelationRule { account: MatchBy::CorrelationKey, person: PersonKey::WorkerId },
        CorrelationRule { account: MatchBy::Email, person: PersonKey::Email },
    ]
}

impl std::fmt::Display for CorrelationRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let account = match self.account {
            MatchBy::Login => "login",
            MatchBy::Email => "email",
            MatchBy::CorrelationKey => "correlation-key",
        };
        let person = match self.person {
            PersonKey::WorkerId => "worker-id",
            PersonKey::PersonKey => "person-key",
            PersonKey::Email => "email",
            PersonKey::Login => "login",
        };
        write!(f, "account {account} = person {person}")
    }
}

impl System {
    /// The login that policy gives a person here; none where the template needs a fact that HR has not given.
    pub fn login_for(&self, worker: &Worker) -> Option<String> {
        let initial: String = worker.given_name.chars().take(1).collect();
        let mut login = self.login.clone();
        for (hole, value) in [
            ("{given}", Some(worker.given_name.as_str())),
            ("{family}", Some(worker.family_name.as_str())),
            ("{g}", Some(initial.as_str())),
            ("{email}", worker.email.as_deref()),
            ("{worker-id}", Some(worker.id.as_str())),
        ] {
            if login.contains(hole) {
                login = login.replace(hole, value.filter(|value| !value.is_empty())?);
            }
        }
        let plain: String = login.chars().flat_map(char::to_lowercase).filter_map(plain_letter).collect();
        (!plain.is_empty()).then_some(plain)
    }
}

/// Accents of the Latin letters that people's names are written with; everything else that is not plain is left out.
fn plain_letter(letter: char) -> Option<char> {
    match letter {
        'a'..='z' | '0'..='9' | '.' | '-' | '_' | '@' => Some(letter),
        'à'..='å' | 'ā' | 'ă' | 'ą' => Some('a'),
        'ç' | 'ć' | 'č' => Some('c'),
        'è'..='ë' | 'ē' | 'ę' | 'ě' => Some('e'),
        'ì'..='ï' | 'ī' | 'ı' => Some('i'),
        'ñ' | 'ń' | 'ň' => Some('n'),
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => Some('o'),
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => Some('u'),
        'ý' | 'ÿ' => Some('y'),
        'ł' => Some('l'),
        'š' | 'ś' | 'ş' => Some('s'),
        'ž' | 'ź' | 'ż' => Some('z'),
        'ř' => Some('r'),
        'đ' | 'ð' | 'ď' => Some('d'),
        'ť' | 'ţ' => Some('t'),
        'ğ' => Some('g'),
        _ => None,
    }
}
