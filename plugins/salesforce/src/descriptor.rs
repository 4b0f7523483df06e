//! What the connector can do at Salesforce, in words for an auditor.

use crate::entitlement::{GROUP, Kind, QUEUE};
use crate::{Salesforce, probes};
use reeve_sdk::prelude::*;

/// Salesforce shows a change at once; what a change brings along (a group of sets) is worked out within seconds.
const VISIBLE_AFTER_S: u32 = 5;

const BOTH: Traits = Traits::REVERSIBLE.union(Traits::IDEMPOTENT);

fn capability(operation: OperationKind, mechanism: &str) -> Capability {
    Capability::new(operation, mechanism).visible_after_s(VISIBLE_AFTER_S)
}

fn on(kind: &str, operation: OperationKind, mechanism: String) -> Capability {
    Capability { entitlement_kind: Some(kind.to_owned()), ..capability(operation, &mechanism) }.traits(BOTH)
}

fn on_users() -> Vec<Capability> {
    let create = capability(OperationKind::Create, "POST User with IsActive=true and the profile that a rule gives")
        .limit("Takes a licence of the profile's kind. Salesforce sends the welcome mail, no password is set here.")
        .limit("An org's validation rules may want more fields: setting new-user-fields.");
    let update = capability(OperationKind::Update, "PATCH of the named fields of User")
        .traits(BOTH)
        .limit("A changed e-mail address may count only once the user has confirmed it.")
        .limit("The display name follows from the given and the family name.");
    let enable = capability(OperationKind::Enable, "IsActive=true on User, IsFrozen=false on UserLogin")
        .traits(BOTH)
        .limit("Takes a licence again. Permission sets and groups that were taken meanwhile do not come back.");
    let disable = capability(OperationKind::Disable, "IsActive=false on User")
        .traits(BOTH | Traits::ENDS_SESSIONS | Traits::FREES_LICENCE)
        .limit("Refused while the user is a default owner, the value of a hierarchy field and the like; Salesforce says which.")
        .limit("Where it is refused, freezing is what remains.")
        .limit("Users are never deleted: Salesforce has no such operation.")
        .limit("Tokens of connected apps stay, and count again when the user is activated.");
    let freeze = capability(OperationKind::Freeze, "IsFrozen=true on UserLogin").traits(BOTH).limit(
        "The user can't sign in and keeps the licence. Sessions that are open go on until they end or are ended.",
    );
    vec![create, update, enable, disable, freeze]
}

fn on_rows() -> Vec<Capability> {
    let kinds = [
        (
            "permission-set",
            "PermissionSetAssignment",
            "A set that comes with a group of sets ends with that group only.",
        ),
        ("permission-set-group", "PermissionSetAssignment", "Its permission sets come and go with it."),
        ("permission-set-license", "PermissionSetLicenseAssign", "Salesforce refuses while a permission set needs it."),
        (GROUP, "GroupMember", "A membership that comes from an inner group or a role ends with that one only."),
        (QUEUE, "GroupMember", "A membership that comes from an inner group or a role ends with that one only."),
    ];
    let grant = |(kind, object, _)| on(kind, OperationKind::Grant, format!("POST {object}"));
    let revoke = |(kind, object, limit): (&str, &str, &str)| {
        on(kind, OperationKind::Revoke, format!("DELETE of the {object} found by user and {kind}")).limit(limit)
    };
    kinds.into_iter().map(grant).chain(kinds.into_iter().map(revoke)).collect()
}

fn on_fields() -> Vec<Capability> {
    let role = |operation, mechanism: &str| on("role", operation, mechanism.to_owned());
    let profile = on("profile", OperationKind::Replace, "PATCH ProfileId of User".to_owned())
        .limit("A profile is never revoked: a leaver gets the floor of its licence, which the settings name.")
        .limit("To a profile of another licence Salesforce changes only where the licences allow it.");
    vec![
        profile,
        role(OperationKind::Grant, "PATCH UserRoleId of User"),
        role(OperationKind::Revoke, "PATCH UserRoleId=null of User"),
        role(OperationKind::Replace, "PATCH UserRoleId of User"),
    ]
}

fn on_credentials() -> Capability {
    let how = "DELETE AuthSession; POST of each of an app's delete tokens to /services/oauth2/revoke";
    capability(OperationKind::EndCredential, how)
        .traits(Traits::IDEMPOTENT)
        .limit("All tokens that an app holds for a user end together: Salesforce gives them no ids.")
        .limit("The session that the connector itself uses is not ended.")
}

impl Descriptor for Salesforce {
    fn describe(&self) -> Description {
        let mut capabilities = on_users();
        capabilities.extend(on_rows());
        capabilities.extend(on_fields());
        capabilities.push(on_credentials());
        Description {
            entitlement_kinds: Kind::ALL.iter().flat_map(|kind| kind.words()).map(|word| (*word).to_owned()).collect(),
            credential_kinds: vec![CredentialKind::Session, CredentialKind::RefreshToken],
            capabilities,
            finds_by: vec![MatchBy::Login, MatchBy::Email, MatchBy::CorrelationKey],
            reads_deleted: false,
            reads_last_login: true,
            page_size_max: self.settings.page_size,
        }
    }

    fn check(&self) -> Result<Vec<Probe>, Failure> {
        probes::all(&self.settings)
    }
}
