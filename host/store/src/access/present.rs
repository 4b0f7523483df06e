//! What a system holds now, as far as is known.

use crate::row::bodies;
use crate::{StoreError, Tx};
use reeve_core::access::{Account, Entitlement, Grant};
use reeve_core::id::SystemName;

impl Tx {
    /// By id.
    pub async fn accounts(&mut self, system: &SystemName) -> Result<Vec<Account>, StoreError> {
        let rows = self.statement("SELECT body FROM account_span WHERE system = $1 AND until_at IS NULL");
        let mut accounts: Vec<Account> = bodies(&self.rows(rows.bind(system.as_str())).await?, "accounts")?;
        accounts.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(accounts)
    }

    /// By id.
    pub async fn entitlements(&mut self, system: &SystemName) -> Result<Vec<Entitlement>, StoreError> {
        let rows = self.statement("SELECT body FROM entitlement_span WHERE system = $1 AND until_at IS NULL");
        let mut entitlements: Vec<Entitlement> = bodies(&self.rows(rows.bind(system.as_str())).await?, "entitlements")?;
        entitlements.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(entitlements)
    }

    /// By account, then entitlement, then source.
    pub async fn grants(&mut self, system: &SystemName) -> Result<Vec<Grant>, StoreError> {
        let rows = self.statement("SELECT body FROM grant_span WHERE system = $1 AND until_at IS NULL");
        let mut grants: Vec<Grant> = bodies(&self.rows(rows.bind(system.as_str())).await?, "grants")?;
        grants.sort();
        Ok(grants)
    }
}
