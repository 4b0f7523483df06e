//! The case and its judgement.

use super::SeenByPerson;
use crate::access::{Account, AccountState, GrantSource};
use crate::id::{CaseId, IdentityId, NativeId, SnapshotId, SystemName};
use crate::identity::{ExitCause, Identity, Standing};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    Open,
    /// Every system in scope reads clean.
    Closed,
    /// The exit was taken back, or the person returned, before it closed.
    Withdrawn,
}

impl CaseState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// One account that the case looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSeen {
    pub id: NativeId,
    pub login: Option<String>,
    pub state: AccountState,
    pub native_state: String,
    /// Whether it is this person's for sure, or one that nobody has decided about.
    pub disputed: bool,
}

/// A piece of access that is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    pub account: NativeId,
    pub what: String,
}

/// What is known of one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "proof")]
pub enum SystemProof {
    /// No whole read since the case opened. The reason is that of the last try.
    Unread { why: Option<String> },
    /// A fresh read shows access.
    Residual {
        read_at: Timestamp,
        snapshot: SnapshotId,
        accounts: Vec<AccountSeen>,
        left: Vec<Left>,
        /// What was to take it and did not, and why.
        #[serde(default)]
        refused: Vec<String>,
    },
    /// A fresh and whole read shows none.
    Clean { read_at: Timestamp, snapshot: SnapshotId, accounts: Vec<AccountSeen>, remarks: Vec<String> },
}

impl SystemProof {
    pub fn is_clean(&self) -> bool {
        matches!(self, Self::Clean { .. })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub id: CaseId,
    pub identity: IdentityId,
    pub person: String,
    pub cause: ExitCause,
    /// When access had to be gone.
    pub effective_at: Timestamp,
    /// When HR or an operator told Reeve.
    pub told_at: Timestamp,
    /// When Reeve noticed that the exit holds.
    pub detected_at: Timestamp,
    pub state: CaseState,
    /// Systems in scope when the case was opened, and those that came since.
    pub systems: BTreeMap<SystemName, SystemProof>,
    pub ended_at: Option<Timestamp>,
}

/// The three clocks. None of them runs backwards: a machine's clock may, and a negative time would look like a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    pub since_effective: SignedDuration,
    pub since_told: SignedDuration,
    pub since_detected: SignedDuration,
}

impl Case {
    /// A case for a person who left; none for one who did not.
    pub fn open(id: CaseId, person: &Identity, systems: &[SystemName], now: Timestamp) -> Option<Self> {
        let exit = person.exit.as_ref().filter(|_| person.standing == Standing::Left)?;
        Some(Self {
            id,
            identity: person.id.clone(),
            person: person.display_name(),
            cause: exit.cause,
            effective_at: exit.effective_at,
            told_at: exit.told_at,
            detected_at: now,
            state: CaseState::Open,
            systems: systems.iter().map(|name| (name.clone(), SystemProof::Unread { why: None })).collect(),
            ended_at: None,
        })
    }

    /// Judges one system by a read of it. A read that began before `not_before` (the exit was noticed then, or the last
    /// operation was sent then) proves nothing. `incomplete` says why it is not whole as far as this person goes; none if
    /// it is. Answers whether anything changed.
    pub fn judge(&mut self, read: &SeenByPerson<'_>, incomplete: Option<&str>, not_before: Timestamp) -> bool {
        let seen = &read.seen;
        if self.state != CaseState::Open || seen.read_at < self.detected_at.max(not_before) {
            return false;
        }
        let proof = prove(&self.identity, read, incomplete);
        // A read that is not whole and shows nothing takes nothing away from what an earlier one showed.
        let earlier = self.systems.get(seen.system).is_some_and(|known| !matches!(known, SystemProof::Unread { .. }));
        if earlier && matches!(proof, SystemProof::Unread { .. }) {
            return false;
        }
        let before = self.systems.insert(seen.system.clone(), proof.clone());
        before.as_ref() != Some(&proof)
    }

    /// Notes which removals wait for a person, and why, beside what a read of the system showed to be left.
    pub fn refused(&mut self, system: &SystemName, why: Vec<String>) {
        if let Some(SystemProof::Residual { refused, .. }) = self.systems.get_mut(system) {
            *refused = why;
        }
    }

    /// Notes that a system could not be read. What an earlier read showed stays. Answers whether anything changed.
    pub fn unread(&mut self, system: &SystemName, why: &str) -> bool {
        let proof = self.systems.entry(system.clone()).or_insert(SystemProof::Unread { why: None });
        let SystemProof::Unread { why: reason } = proof else { return false };
        reason.replace(why.to_owned()).as_deref() != Some(why)
    }

    /// Systems that do not read clean.
    pub fn open_systems(&self) -> impl Iterator<Item = &SystemName> {
        self.systems.iter().filter(|(_, proof)| !proof.is_clean()).map(|(name, _)| name)
    }

    /// Closes the case if nothing is left; or withdraws it if the person did not leave after all.
    pub fn conclude(&mut self, standing: Standing, now: Timestamp) -> bool {
        if self.state != CaseState::Open {
            return false;
        }
        self.state = match standing {
            // Without a system in scope nothing is proved.
            Standing::Left if !self.systems.is_empty() && self.open_systems().next().is_none() => CaseState::Closed,
            // Who will come back has still left.
            Standing::Left | Standing::Pending => return false,
            _ => CaseState::Withdrawn,
        };
        self.ended_at = Some(now);
        true
    }

    pub fn clocks(&self, now: Timestamp) -> Clocks {
        let until = self.ended_at.unwrap_or(now);
        let since = |at: Timestamp| until.duration_since(at).max(SignedDuration::ZERO);
        Clocks {
            since_effective: since(self.effective_at),
            since_told: since(self.told_at),
            since_detected: since(self.detected_at),
        }
    }
}

fn prove(identity: &IdentityId, read: &SeenByPerson<'_>, incomplete: Option<&str>) -> SystemProof {
    let concerned: Vec<(&Account, bool)> = read.accounts_of(identity).collect();
    let mut left = Vec::new();
    let mut remarks = Vec::new();
    for (account, _) in &concerned {
        residue(account, read, &mut left, &mut remarks);
    }
    let accounts = concerned
        .iter()
        .map(|(account, disputed)| AccountSeen {
            id: account.id.clone(),
            login: account.login.clone(),
            state: account.state,
            native_state: account.native_state.clone(),
            disputed: *disputed,
        })
        .collect();
    let (read_at, snapshot) = (read.seen.read_at, read.seen.snapshot.clone());
    match (left.is_empty(), incomplete) {
        (false, _) => SystemProof::Residual { read_at, snapshot, accounts, left, refused: Vec::new() },
        (true, Some(why)) => SystemProof::Unread { why: Some(format!("the read is not whole: {why}")) },
        (true, None) => SystemProof::Clean { read_at, snapshot, accounts, remarks },
    }
}

/// What an account still gives. A grant that the target can't take from a locked account is remarked on, not counted.
fn residue(account: &Account, read: &SeenByPerson<'_>, left: &mut Vec<Left>, remarks: &mut Vec<String>) {
    let name = account.login.as_deref().unwrap_or(account.id.as_str());
    let mut add = |what: String| left.push(Left { account: account.id.clone(), what });
    if account.state == AccountState::Deleted {
        return;
    }
    let open = !account.state.is_powerless();
    if open {
        let word = format!("{:?}", account.state).to_lowercase();
        add(format!("account {name} is {word} ({})", account.native_state));
    }
    for grant in read.grants_of(&account.id) {
        let named = read.entitlement(&grant.entitlement);
        let what = named.map_or_else(|| grant.entitlement.to_string(), |e| format!("{}:{}", e.kind, e.name));
        let own = matches!(grant.source, GrantSource::Direct | GrantSource::Unknown);
        match (own, open || grant.revocable) {
            (true, true) => add(format!("account {name} holds {what}")),
            (true, false) => {
                remarks.push(format!("account {name} is listed with {what}, which the target can't take from it"))
            }
            // It ends with the grant that it follows from.
            (false, _) => {}
        }
    }
    for credential in read.credentials_of(&account.id) {
        let kind = format!("{:?}", credential.kind).to_lowercase();
        let named = credential.name.as_deref().unwrap_or(credential.id.as_str());
        if credential.observable || open {
            add(format!("{kind} {named} of account {name} is still there"));
        } else {
            remarks.push(format!("{kind} {named} of account {name}: the target lists it whether it ended or not"));
        }
    }
}
