//! What a connector implements: one trait for each interface of the contract that a plugin may export. The contract's
//! own text (`wit/`) says what each call must do.

use crate::{
    Account, AccountChange, AccountView, Credential, Description, Entitlement, Failure, Grant, MatchBy, Membership,
    NewAccount, NewGrant, Operation, Outcome, Page, PageRequest, Probe, Replacement, Worker,
};

/// Every call gets a fresh instance, made from the settings.
pub trait Connector: Sized {
    /// Reads the settings, and refuses those that the manifest's schema cannot catch.
    fn open() -> Result<Self, Failure>;
}

/// What the plugin can do. The one interface that every plugin exports.
pub trait Descriptor: Connector {
    /// Static: asks no target.
    fn describe(&self) -> Description;

    /// Tries the credentials, the rights for each capability, and what is known to be missing in some editions.
    /// Changes nothing.
    fn check(&self) -> Result<Vec<Probe>, Failure>;
}

/// Reads a target's accounts and who holds what.
pub trait Reader: Connector {
    /// Every account, of every kind and state that the target will show.
    fn list_accounts(&self, page: PageRequest) -> Result<Page<Account>, Failure>;

    fn list_entitlements(&self, page: PageRequest) -> Result<Page<Entitlement>, Failure>;

    fn list_grants(&self, page: PageRequest) -> Result<Page<Grant>, Failure>;

    /// A fresh read by id with everything the account holds. None only if the target says that it does not exist.
    fn get_account(&self, id: &str) -> Result<Option<AccountView>, Failure>;

    /// Accounts with that key.
    fn find_account(&self, by: MatchBy, key: &str) -> Result<Vec<Account>, Failure>;
}

/// Changes a target, one effect per call. What a connector leaves out answers `unsupported`; what it has must be in
/// its description too. `operation_id` is the same for every attempt: an idempotency key.
pub trait Writer: Connector {
    fn create(&self, account: NewAccount, operation_id: &str) -> Result<Outcome, Failure> {
        let _ = (account, operation_id);
        Err(Failure::unsupported("this connector cannot create accounts"))
    }

    fn update(&self, change: AccountChange, operation_id: &str) -> Result<Outcome, Failure> {
        let _ = (change, operation_id);
        Err(Failure::unsupported("this connector cannot change attributes of accounts"))
    }

    fn enable(&self, account: &str, operation_id: &str) -> Result<Outcome, Failure> {
        let _ = (account, operation_id);
        Err(Failure::unsupported("this connector cannot enable accounts"))
    }

    fn disable(&self, account: &str, operation_id: &str) -> Result<Outcome, Failure> {
        let _ = (account, operation_id);
        Err(Failure::unsupported("this connector cannot disable accounts"))
    }

    fn freeze(&self, account: &str, operation_id: &str) -> Result<Outcome, Failure> {
        let _ = (account, operation_id);
        Err(Failure::unsupported("this connector cannot freeze accounts"))
    }

    fn delete(&self, account: &str, operation_id: &str) -> Result<Outcome, Failure> {
        let _ = (account, operation_id);
        Err(Failure::unsupported("this connector cannot delete accounts"))
    }

    fn grant(&self, grant: NewGrant, operation_id: &str) -> Result<Outcome, Failure> {
        let _ = (grant, operation_id);
        Err(Failure::unsupported("this connector cannot grant entitlements"))
    }

    fn revoke(&self, membership: Membership, operation_id: &str) -> Result<Outcome, Failure> {
        let _ = (membership, operation_id);
        Err(Failure::unsupported("this connector cannot revoke entitlements"))
    }

    fn replace(&self, replacement: Replacement, operation_id: &str) -> Result<Outcome, Failure> {
        let _ = (replacement, operation_id);
        Err(Failure::unsupported("this connector cannot replace one entitlement by another"))
    }

    /// Sends each operation to its method. Leave it as it is.
    fn apply(&self, operation: Operation, operation_id: &str) -> Result<Outcome, Failure> {
        match operation {
            Operation::Create(account) => self.create(account, operation_id),
            Operation::Update(change) => self.update(change, operation_id),
            Operation::Enable(account) => self.enable(&account, operation_id),
            Operation::Disable(account) => self.disable(&account, operation_id),
            Operation::Freeze(account) => self.freeze(&account, operation_id),
            Operation::Delete(account) => self.delete(&account, operation_id),
            Operation::Grant(grant) => self.grant(grant, operation_id),
            Operation::Revoke(membership) => self.revoke(membership, operation_id),
            Operation::Replace(replacement) => self.replace(replacement, operation_id),
        }
    }
}

/// Sessions, tokens, API keys and certificates: what outlives a disabled account.
pub trait Credentials: Connector {
    /// Those of one account, or of all.
    fn list_credentials(&self, account: Option<&str>, page: PageRequest) -> Result<Page<Credential>, Failure>;

    fn end_credential(&self, id: &str, operation_id: &str) -> Result<Outcome, Failure>;
}

/// A source of people.
pub trait Workforce: Connector {
    fn list_workers(&self, page: PageRequest) -> Result<Page<Worker>, Failure>;
}
