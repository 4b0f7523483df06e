//! What the connector can do at a SCIM server, as far as that is known without asking one.

use crate::settings::Dialect;
use crate::{Scim, probes};
use reeve_sdk::prelude::*;

/// The kind of the only entitlements that this connector knows.
pub const GROUP: &str = "group";

impl Scim {
    fn capability(&self, operation: OperationKind, patch: &str, put: &str) -> Capability {
        let mechanism = match self.settings.dialect {
            Dialect::Patch => patch.to_owned(),
            Dialect::Put => put.to_owned(),
            Dialect::Auto => format!("{patch}; where the target has no PATCH: {put}"),
        };
        Capability::new(operation, mechanism).visible_after_s(self.settings.visible_after_s)
    }

    fn on_groups(&self, operation: OperationKind, patch: &str, put: &str) -> Capability {
        let mut traits = Traits::REVERSIBLE | Traits::IDEMPOTENT;
        if self.settings.dialect != Dialect::Patch {
            traits |= Traits::WHOLE_LIST;
        }
        Capability { entitlement_kind: Some(GROUP.to_owned()), ..self.capability(operation, patch, put) }.traits(traits)
    }

    fn capabilities(&self) -> Vec<Capability> {
        let whole = "PUT of the whole user as it was read, with";
        let create = Capability::new(OperationKind::Create, "POST of a user with active=true")
            .visible_after_s(self.settings.visible_after_s)
            .limit("No password and no group is set: the target decides how a new user signs in.");
        let update = self
            .capability(
                OperationKind::Update,
                "PATCH that replaces the named attributes",
                &format!("{whole} the named attributes"),
            )
            .traits(Traits::REVERSIBLE | Traits::IDEMPOTENT)
            .limit("Of several e-mail addresses the primary one is changed, else the one for work, else the first.");
        let enable = self
            .capability(OperationKind::Enable, "PATCH active=true", &format!("{whole} active=true"))
            .traits(Traits::REVERSIBLE | Traits::IDEMPOTENT);
        let disable = self
            .capability(OperationKind::Disable, "PATCH active=false", &format!("{whole} active=false"))
            .traits(Traits::REVERSIBLE | Traits::IDEMPOTENT)
            .limit("SCIM does not say whether sessions and tokens end with it, nor whether a licence becomes free.")
            .limit("Memberships stay, and count again when the account is enabled.");
        let delete = Capability::new(OperationKind::Delete, "DELETE of the user")
            .visible_after_s(self.settings.visible_after_s)
            .traits(Traits::IDEMPOTENT)
            .limit("Some targets keep the user, hidden or with active=false.");
        let grant = self
            .on_groups(
                OperationKind::Grant,
                "PATCH that adds the member to the group",
                "PUT of the group with the member",
            )
            .limit("A membership cannot have an end date.");
        let revoke = self
            .on_groups(
                OperationKind::Revoke,
                "PATCH that removes the member from the group",
                "PUT of the group without the member",
            )
            .limit("A membership that comes from a group inside the group ends with that one only.");
        vec![create, update, enable, disable, delete, grant, revoke]
    }
}

impl Descriptor for Scim {
    fn describe(&self) -> Description {
        let finds_by = match self.settings.filter {
            true => vec![MatchBy::Login, MatchBy::Email, MatchBy::CorrelationKey],
            false => vec![],
        };
        Description {
            entitlement_kinds: vec![GROUP.to_owned()],
            credential_kinds: vec![],
            capabilities: self.capabilities(),
            finds_by,
            reads_deleted: false,
            reads_last_login: false,
            page_size_max: self.settings.page_size,
        }
    }

    fn check(&self) -> Result<Vec<Probe>, Failure> {
        probes::all(&self.settings)
    }
}
