//! What a system holds now, as far as is known.

use crate::row::count;
use crate::{StoreError, Tx};
use reeve_core::access::{Account, Entitlement, Grant, ReadCounts};
use reeve_core::id::SystemName;

impl Tx {
    /// How much that is.
    pub async fn present_counts(&mut self, system: &SystemName) -> Result<ReadCounts, StoreError> {
        let row = self.statement(
            "SELECT (SELECT count(*) FROM account_span WHERE system = $1 AND until_at IS NULL) AS accounts,
                    (SELECT count(*) FROM entitlement_span WHERE system = $1 AND until_at IS NULL) AS entitlements,
                    (SELECT count(*) FROM grant_span WHERE system = $1 AND until_at IS NULL) AS grants",
        );
        let row = self.row(row.bind(system.as_str())).await?;
        let row = row.ok_or_else(|| StoreError::damaged("a count gave no row"))?;
        Ok(ReadCounts {
            accounts: count(&row, "accounts")?,
            entitlements: count(&row, "entitlements")?,
            grants: count(&row, "grants")?,
        })
    }

    /// By id.
    pub async fn accounts(&mut self, system: &SystemName) -> Result<Vec<Account>, StoreError> {
        let rows = self.statement("SELECT body FROM account_span WHERE system = $1 AND until_at IS NULL");
        let mut accounts: Vec<Account> = self.bodies(rows.bind(system.as_str()), "accounts").await?;
        accounts.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(accounts)
    }

    /// By id.
    pub async fn entitlements(&mut self, system: &SystemName) -> Result<Vec<Entitlement>, StoreError> {
        let rows = self.statement("SELECT body FROM entitlement_span WHERE system = $1 AND until_at IS NULL");
        let mut entitlements: Vec<Entitlement> = self.bodies(rows.bind(system.as_str()), "entitlements").await?;
        entitlements.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(entitlements)
    }

    /// By account, then entitlement, then source.
    pub async fn grants(&mut self, system: &SystemName) -> Result<Vec<Grant>, StoreError> {
        let rows = self.statement("SELECT body FROM grant_span WHERE system = $1 AND until_at IS NULL");
        let mut grants: Vec<Grant> = self.bodies(rows.bind(system.as_str()), "grants").await?;
        grants.sort();
        Ok(grants)
    }
}
