//! Whether an account can sign in, read from what the directory itself decides by.

use crate::Ldap;
use crate::dn::Dn;
use crate::flavour::Flavour;
use crate::settings::Named;
use reeve_sdk::ldap::Entry;
use reeve_sdk::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// "Locked until an administrator unlocks it", in draft-behera-ldap-password-policy section 5.3.3.
pub const LOCKED_FOR_GOOD: &str = "000001010000Z";
/// ADS_UF_ACCOUNTDISABLE of `userAccountControl`.
pub const AD_DISABLED: i64 = 0x2;
/// 389 Directory Server: a lock-out that never ends by itself.
const UNLOCKED_NEVER: &str = "19700101000000Z";

/// The password policies that one call has looked at: whether each one makes a lock count.
#[derive(Default)]
pub struct Policies(RefCell<BTreeMap<Dn, Force>>);

/// What a password policy does about `pwdAccountLockedTime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// `pwdLockout` is TRUE, or nobody has said which policy is in force.
    Locks,
    /// OpenLDAP looks at `pwdAccountLockedTime` only while `pwdLockout` is TRUE.
    Ignores,
    /// The policy can't be read.
    Unread,
}

impl Ldap {
    /// The state in Reeve's words and in the directory's.
    pub fn state(&self, entry: &Entry, policies: &Policies) -> Result<(AccountState, String), Failure> {
        match self.profile.flavour {
            Flavour::OpenLdap => self.openldap_state(entry, policies),
            Flavour::Ds389 => ds389_state(entry),
            Flavour::ActiveDirectory => ad_state(entry),
        }
    }

    fn openldap_state(&self, entry: &Entry, policies: &Policies) -> Result<(AccountState, String), Failure> {
        let Some(locked) = entry.text("pwdAccountLockedTime")? else {
            return Ok((AccountState::Active, "no pwdAccountLockedTime".to_owned()));
        };
        let native = format!("pwdAccountLockedTime={locked}");
        let state = if locked == LOCKED_FOR_GOOD { AccountState::Disabled } else { AccountState::Locked };
        let (force, policy) = self.force(entry, policies)?;
        Ok(match force {
            Force::Locks => (state, native),
            Force::Ignores => (AccountState::Active, format!("{native}, but {policy} has no pwdLockout=TRUE")),
            Force::Unread => (AccountState::Unknown, format!("{native}, and {policy} cannot be read")),
        })
    }

    /// What the policy in force for an entry does, and that policy's name.
    pub fn force(&self, entry: &Entry, policies: &Policies) -> Result<(Force, String), Failure> {
        let own = entry.text("pwdPolicySubentry")?;
        let own = own.map(|dn| Dn::parse(&dn).map(|key| Named { dn, key }));
        let policy = match &own {
            Some(Some(named)) => named,
            Some(None) => return Ok((Force::Unread, "its pwdPolicySubentry".to_owned())),
            None => match &self.profile.password_policy {
                Some(named) => named,
                None => return Ok((Force::Locks, String::new())),
            },
        };
        let known = policies.0.borrow().get(&policy.key).copied();
        let force = match known {
            Some(force) => force,
            None => {
                let force = self.policy_force(&policy.dn)?;
                policies.0.borrow_mut().insert(policy.key.clone(), force);
                force
            }
        };
        Ok((force, policy.dn.clone()))
    }

    pub fn policy_force(&self, dn: &str) -> Result<Force, Failure> {
        match self.directory.read(dn, "(objectClass=*)", &["pwdLockout"]) {
            Ok(Some(policy)) => {
                let locks = policy.text("pwdLockout")?.is_some_and(|value| value.eq_ignore_ascii_case("TRUE"));
                Ok(if locks { Force::Locks } else { Force::Ignores })
            }
            Ok(None) | Err(Failure::Forbidden(_)) => Ok(Force::Unread),
            Err(other) => Err(other),
        }
    }
}

fn ds389_state(entry: &Entry) -> Result<(AccountState, String), Failure> {
    if let Some(lock) = entry.text("nsAccountLock")? {
        let state = if lock.eq_ignore_ascii_case("true") { AccountState::Disabled } else { AccountState::Active };
        return Ok((state, format!("nsAccountLock={lock}")));
    }
    Ok(match entry.text("accountUnlockTime")? {
        Some(until) if until == UNLOCKED_NEVER => (AccountState::Locked, format!("accountUnlockTime={until} (never)")),
        Some(until) => (AccountState::Locked, format!("accountUnlockTime={until}")),
        None => (AccountState::Active, "no nsAccountLock".to_owned()),
    })
}

fn ad_state(entry: &Entry) -> Result<(AccountState, String), Failure> {
    let Some(control) = entry.text("userAccountControl")? else {
        return Ok((AccountState::Unknown, "userAccountControl cannot be read".to_owned()));
    };
    let bits = account_control(&entry.dn, &control)?;
    let lockout = entry.text("lockoutTime")?.filter(|time| time != "0");
    let native = match &lockout {
        Some(time) => format!("userAccountControl={control}, lockoutTime={time}"),
        None => format!("userAccountControl={control}"),
    };
    let state = match (bits & AD_DISABLED != 0, lockout) {
        (true, _) => AccountState::Disabled,
        (false, Some(_)) => AccountState::Locked,
        (false, None) => AccountState::Active,
    };
    Ok((state, native))
}

pub fn account_control(dn: &str, text: &str) -> Result<i64, Failure> {
    text.trim()
        .parse()
        .map_err(|_| Failure::protocol(format!("{dn}: userAccountControl is {text:?}, which is no number")))
}
