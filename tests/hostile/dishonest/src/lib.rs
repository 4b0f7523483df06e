//! A plugin for a club's members that keeps the contract, but for the faults that its setting `faults` names: each is
//! one that the conformance kit must find.

mod api;
mod reads;
mod workers;
mod writes;

use reeve_sdk::prelude::*;

#[derive(serde::Deserialize)]
pub struct Dishonest {
    faults: Vec<String>,
}

impl Dishonest {
    pub fn has(&self, fault: &str) -> bool {
        self.faults.iter().any(|one| one == fault)
    }
}

impl Connector for Dishonest {
    fn open() -> Result<Self, Failure> {
        reeve_sdk::settings::read()
    }
}

impl Descriptor for Dishonest {
    fn describe(&self) -> Description {
        let safe = Traits::REVERSIBLE | Traits::IDEMPOTENT;
        // What the target says at this moment has no place here.
        let mechanism = if self.has("describe-asks") { api::tick().unwrap_or_default() } else { "PATCH active".into() };
        let on_groups = |operation, mechanism: &str| Capability {
            entitlement_kind: Some("group".into()),
            ..Capability::new(operation, mechanism).traits(safe)
        };
        let mut capabilities = vec![
            Capability::new(OperationKind::Create, "POST of a member"),
            Capability::new(OperationKind::Update, "PATCH name").traits(safe),
            Capability::new(OperationKind::Enable, mechanism.clone()).traits(safe),
            Capability::new(OperationKind::Disable, mechanism).traits(safe),
            Capability::new(OperationKind::Delete, "DELETE of the member").traits(Traits::IDEMPOTENT),
            on_groups(OperationKind::Grant, "PUT of the membership"),
            on_groups(OperationKind::Revoke, "DELETE of the membership"),
            Capability::new(OperationKind::EndCredential, "DELETE of the session").traits(Traits::IDEMPOTENT),
        ];
        if self.has("kind-unlisted") {
            capabilities.push(Capability {
                entitlement_kind: Some("crown".into()),
                ..Capability::new(OperationKind::Replace, "none")
            });
        }
        Description {
            entitlement_kinds: vec!["group".into()],
            credential_kinds: vec![CredentialKind::Session],
            capabilities,
            finds_by: vec![MatchBy::Login],
            reads_deleted: false,
            reads_last_login: false,
            page_size_max: 100,
        }
    }

    fn check(&self) -> Result<Vec<Probe>, Failure> {
        api::members(None, 1)?;
        Ok(vec![if self.has("probe-fails") { Probe::failed("read", "no") } else { Probe::passed("read", "yes") }])
    }
}

reeve_sdk::export!(Dishonest: Descriptor, Reader, Writer, Credentials, Workforce);
