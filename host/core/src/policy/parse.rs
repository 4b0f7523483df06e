//! Reads the policy folder. Every fault is told with its file and line, and a policy with a fault is not used at all.

use super::{Birthright, Condition, EntitlementName, Guardrails};
use crate::id::SystemName;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use toml::Spanned;

/// A policy that was read without a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub birthrights: Vec<Birthright>,
    pub guardrails: Guardrails,
    /// SHA-256 over the names and texts of its files, in hex.
    pub sha256: String,
}

/// One fault, where it stands and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyFault {
    pub file: String,
    pub line: usize,
    pub text: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

/// One file of the folder.
#[derive(Clone, Copy, Debug)]
pub struct PolicyFile<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

const BIRTHRIGHT: &str = "birthright.toml";
const GUARDRAILS: &str = "guardrails.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BirthrightFile {
    #[serde(default)]
    birthright: Vec<Spanned<RawBirthright>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBirthright {
    name: Spanned<String>,
    because: String,
    #[serde(default)]
    when: Condition,
    give: BTreeMap<String, Vec<Spanned<String>>>,
}

impl Policy {
    /// `systems` are the names that rules may give access to.
    pub fn parse(files: &[PolicyFile<'_>], systems: &BTreeSet<SystemName>) -> Result<Self, Vec<PolicyFault>> {
        let mut policy = Self { sha256: digest(files), ..Self::default() };
        let mut faults = Vec::new();
        for file in files {
            match file.name {
                BIRTHRIGHT => policy.birthrights = birthrights(*file, systems, &mut faults),
                GUARDRAILS => match toml::from_str::<Guardrails>(file.text) {
                    Ok(guardrails) => policy.guardrails = guardrails,
                    Err(error) => faults.push(syntax(*file, &error)),
                },
                other => faults.push(PolicyFault {
                    file: other.to_owned(),
                    line: 1,
                    text: format!("not a policy file; the folder holds {BIRTHRIGHT} and {GUARDRAILS}"),
                }),
            }
        }
        for (name, percent) in [
            ("feed.lost-percent-max", policy.guardrails.feed.lost_percent_max),
            ("plan.removed-percent-max", policy.guardrails.plan.removed_percent_max),
            ("plan.shrunk-percent-max", policy.guardrails.plan.shrunk_percent_max),
        ] {
            if !(1..=100).contains(&percent) {
                let text = format!("{name} is {percent}; write a share from 1 to 100");
                faults.push(PolicyFault { file: GUARDRAILS.to_owned(), line: 1, text });
            }
        }
        if faults.is_empty() {
            Ok(policy)
        } else {
            faults.sort();
            Err(faults)
        }
    }
}

fn birthrights(file: PolicyFile<'_>, systems: &BTreeSet<SystemName>, faults: &mut Vec<PolicyFault>) -> Vec<Birthright> {
    let raw: BirthrightFile = match toml::from_str(file.text) {
        Ok(raw) => raw,
        Err(error) => {
            faults.push(syntax(file, &error));
            return Vec::new();
        }
    };
    let mut names = BTreeSet::new();
    let mut fault = |at: usize, text: String| {
        faults.push(PolicyFault { file: file.name.to_owned(), line: line(file.text, at), text });
    };
    let mut rules = Vec::new();
    for rule in raw.birthright {
        let at = rule.span().start;
        let rule = rule.into_inner();
        if !names.insert(rule.name.get_ref().clone()) {
            fault(
                rule.name.span().start,
                format!("a second rule is named {:?}; give it a name of its own", rule.name.get_ref()),
            );
        }
        if rule.because.trim().is_empty() {
            fault(at, format!("rule {:?} says no reason; auditors read `because`", rule.name.get_ref()));
        }
        let mut give = BTreeMap::new();
        for (system, entitlements) in rule.give {
            let system = SystemName::new(system);
            if !systems.contains(&system) {
                let known: Vec<_> = systems.iter().map(SystemName::as_str).collect();
                fault(at, format!("there is no target system {:?}; known are: {}", system.as_str(), known.join(", ")));
            }
            let mut parsed = Vec::new();
            for text in entitlements {
                match text.get_ref().parse::<EntitlementName>() {
                    Ok(name) => parsed.push(name),
                    Err(reason) => fault(text.span().start, reason),
                }
            }
            give.insert(system, parsed);
        }
        rules.push(Birthright {
            place: format!("{}:{}", file.name, line(file.text, at)),
            name: rule.name.into_inner(),
            because: rule.because,
            when: rule.when,
            give,
        });
    }
    rules
}

fn syntax(file: PolicyFile<'_>, error: &toml::de::Error) -> PolicyFault {
    PolicyFault {
        file: file.name.to_owned(),
        line: error.span().map_or(1, |span| line(file.text, span.start)),
        text: error.message().to_owned(),
    }
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn digest(files: &[PolicyFile<'_>]) -> String {
    let mut sorted: Vec<_> = files.iter().map(|file| (file.name, file.text)).collect();
    sorted.sort_unstable();
    let mut hash = Sha256::new();
    for (name, text) in sorted {
        for part in [name, text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hex::encode(hash.finalize())
}
