//! What this connector can do with a directory of the kind that the settings name.

use crate::Ldap;
use crate::flavour::Flavour;
use crate::settings::Profile;
use reeve_sdk::prelude::*;

const SESSIONS: &str = "Connections and application sessions that are open stay open.";
const NO_PASSWORD: &str = "No password is set: nobody can sign in until one is.";

impl Descriptor for Ldap {
    fn describe(&self) -> Description {
        let profile = &self.profile;
        Description {
            entitlement_kinds: vec!["group".into()],
            credential_kinds: vec![],
            capabilities: vec![
                create(profile),
                update(),
                enable(profile),
                disable(profile),
                delete(profile),
                grant(),
                revoke(profile),
            ],
            finds_by: vec![MatchBy::Login, MatchBy::Email, MatchBy::CorrelationKey],
            reads_deleted: false,
            reads_last_login: true,
            page_size_max: profile.page_size,
        }
    }

    fn check(&self) -> Result<Vec<Probe>, Failure> {
        self.probe()
    }
}

fn create(profile: &Profile) -> Capability {
    let mechanism = format!("adds an entry {}=LOGIN,{}", profile.naming_attribute, profile.people.dn);
    let capability = Capability::new(OperationKind::Create, mechanism).limit(NO_PASSWORD);
    if profile.flavour == Flavour::ActiveDirectory {
        let limit = "The account is made disabled: set a password in Active Directory, then enable it.";
        return capability.traits(Traits::REVERSIBLE | Traits::IDEMPOTENT | Traits::TWO_STEP).limit(limit);
    }
    capability.traits(Traits::REVERSIBLE | Traits::IDEMPOTENT)
}

fn update() -> Capability {
    Capability::new(OperationKind::Update, "replaces the values of attributes")
        .traits(Traits::REVERSIBLE | Traits::IDEMPOTENT)
        .limit("The login is not changed: it is part of the entry's name.")
        .limit("An attribute with several values keeps only the new ones.")
}

fn enable(profile: &Profile) -> Capability {
    let mechanism = match profile.flavour {
        Flavour::OpenLdap => "removes pwdAccountLockedTime",
        Flavour::Ds389 => "removes nsAccountLock and accountUnlockTime",
        Flavour::ActiveDirectory => "clears bit 2 of userAccountControl, and lockoutTime",
    };
    Capability::new(OperationKind::Enable, mechanism).traits(Traits::REVERSIBLE | Traits::IDEMPOTENT)
}

fn disable(profile: &Profile) -> Capability {
    let (mechanism, limits): (_, &[&str]) = match profile.flavour {
        Flavour::OpenLdap => (
            "pwdAccountLockedTime=000001010000Z",
            &[
                "The lock counts only while the password policy in force has pwdLockout=TRUE.",
                "An administrator who sets the account's password ends the lock.",
                "It stops passwords only: keys and Kerberos are not looked at by the password policy.",
            ],
        ),
        Flavour::Ds389 => ("nsAccountLock=TRUE", &[]),
        Flavour::ActiveDirectory => {
            ("sets bit 2 of userAccountControl", &["Kerberos tickets are good until they expire, by default 10 hours."])
        }
    };
    let capability = Capability::new(OperationKind::Disable, mechanism).traits(Traits::REVERSIBLE | Traits::IDEMPOTENT);
    limits.iter().fold(capability.limit(SESSIONS), |capability, limit| capability.limit(*limit))
}

fn delete(profile: &Profile) -> Capability {
    let capability =
        Capability::new(OperationKind::Delete, "deletes the entry").traits(Traits::IDEMPOTENT).limit(SESSIONS);
    if profile.flavour == Flavour::ActiveDirectory {
        return capability;
    }
    capability.limit("Groups keep listing the name where the directory has no referential integrity.")
}

fn grant() -> Capability {
    Capability::new(OperationKind::Grant, "adds the entry's name to the group's members")
        .traits(Traits::REVERSIBLE | Traits::IDEMPOTENT)
}

fn revoke(profile: &Profile) -> Capability {
    let capability = Capability::new(OperationKind::Revoke, "takes the entry's name out of the group's members");
    let traits = Traits::REVERSIBLE | Traits::IDEMPOTENT;
    if profile.last_member_stays() {
        let limit =
            "The last member stays in the group: its object class wants one. Set `placeholder-member` to change that.";
        return capability.traits(traits | Traits::LAST_ONE_REFUSED).limit(limit);
    }
    let capability = capability.traits(traits);
    match &profile.placeholder {
        Some(named) if profile.groups_need_a_member() => {
            capability.limit(format!("A group that would be empty is held open by {}.", named.dn))
        }
        _ if profile.flavour == Flavour::ActiveDirectory => {
            capability.limit("The primary group of an account cannot be taken from it.")
        }
        _ => capability,
    }
}
