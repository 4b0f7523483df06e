//! Constructors for the contract's records, so that a connector writes what it knows and leaves the rest:
//! `Account { login: Some(login), ..Account::new(id) }`.

use crate::{
    Account, AccountKind, AccountState, Attribute, Capability, Cardinality, Credential, CredentialKind, Entitlement,
    Grant, GrantSource, LastUse, OperationKind, Outcome, Probe, Quality, Status, Traits, Value,
};

impl Account {
    /// An account of which nothing but the id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            login: None,
            email: None,
            display_name: None,
            kind: AccountKind::Unknown,
            state: AccountState::Unknown,
            native_state: String::new(),
            correlation_key: None,
            owner_hint: None,
            created_at: None,
            last_login: LastUse::not_available(),
            privileged: None,
            etag: None,
            attributes: vec![],
        }
    }
}

impl LastUse {
    /// The target does not keep it.
    pub fn not_available() -> Self {
        Self { at: None, quality: Quality::NotAvailable }
    }
}

impl Entitlement {
    /// One that an account may hold along with others, and that the API can give.
    pub fn new(id: impl Into<String>, kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: kind.into(),
            name: name.into(),
            description: None,
            cardinality: Cardinality::Many,
            rung: None,
            assignable: true,
            privileged: None,
            contains: vec![],
            attributes: vec![],
        }
    }
}

impl Grant {
    /// Given to the account itself, and revocable.
    pub fn direct(account: impl Into<String>, entitlement: impl Into<String>) -> Self {
        Self {
            account: account.into(),
            entitlement: entitlement.into(),
            source: GrantSource::Direct,
            revocable: true,
            expires_at: None,
        }
    }

    /// It follows from holding the entitlement `from`, and ends with that one only.
    pub fn inherited(account: impl Into<String>, entitlement: impl Into<String>, from: impl Into<String>) -> Self {
        Self {
            account: account.into(),
            entitlement: entitlement.into(),
            source: GrantSource::InheritedFrom(from.into()),
            revocable: false,
            expires_at: None,
        }
    }
}

impl Credential {
    pub fn new(id: impl Into<String>, kind: CredentialKind) -> Self {
        Self {
            id: id.into(),
            account: None,
            kind,
            name: None,
            created_at: None,
            expires_at: None,
            last_used: LastUse::not_available(),
            endable: true,
            observable: true,
        }
    }
}

impl Attribute {
    pub fn text(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: Value::Text(value.into()) }
    }
}

impl Outcome {
    pub fn done() -> Self {
        Self::of(Status::Done)
    }

    /// Nothing had to be changed: already granted, already gone.
    pub fn already_so() -> Self {
        Self::of(Status::AlreadySo)
    }

    pub fn of(status: Status) -> Self {
        Self { status, account: None, request_id: None, side_effects: vec![] }
    }

    /// The account's id; always there after a create.
    pub fn account(mut self, id: impl Into<String>) -> Self {
        self.account = Some(id.into());
        self
    }

    pub fn request_id(mut self, id: Option<&str>) -> Self {
        self.request_id = id.map(str::to_owned);
        self
    }

    pub fn side_effect(mut self, text: impl Into<String>) -> Self {
        self.side_effects.push(text.into());
        self
    }
}

impl Capability {
    /// An operation that the plugin has, and its mechanism in words that an auditor understands.
    pub fn new(operation: OperationKind, mechanism: impl Into<String>) -> Self {
        Self {
            operation,
            entitlement_kind: None,
            mechanism: mechanism.into(),
            traits: Traits::empty(),
            visible_after_s: 0,
            limits: vec![],
        }
    }

    pub fn traits(mut self, traits: Traits) -> Self {
        self.traits = traits;
        self
    }

    pub fn visible_after_s(mut self, seconds: u32) -> Self {
        self.visible_after_s = seconds;
        self
    }

    pub fn limit(mut self, sentence: impl Into<String>) -> Self {
        self.limits.push(sentence.into());
        self
    }
}

impl Probe {
    pub fn passed(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), passed: true, detail: detail.into() }
    }

    pub fn failed(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), passed: false, detail: detail.into() }
    }
}
