//! What a system holds now, page by page.

use crate::row::{body, from_json, get, key, text};
use crate::{StoreError, Tx};
use reeve_core::access::{Account, Entitlement, Grant, Link};
use reeve_core::id::{NativeId, SystemName};
use sqlx::any::AnyRow;

fn begin(after: Option<&NativeId>) -> String {
    after.map(|id| key(id.as_str()).into_owned()).unwrap_or_default()
}

fn linked(row: &AnyRow) -> Result<(Account, Option<Link>), StoreError> {
    let link: Option<String> = get(row, "link")?;
    Ok((body(row, "accounts")?, link.map(|link| from_json(&link, "links")).transpose()?))
}

impl Tx {
    /// With the link of each, by id, after this one.
    pub async fn accounts_page(
        &mut self,
        system: &SystemName,
        after: Option<&NativeId>,
        limit: u32,
    ) -> Result<Vec<(Account, Option<Link>)>, StoreError> {
        let rows = self.statement(
            "SELECT account_span.body AS body, link_span.body AS link FROM account_span
             LEFT JOIN link_span ON link_span.system = account_span.system AND link_span.account = account_span.id
                 AND link_span.until_at IS NULL
             WHERE account_span.system = $1 AND account_span.id > $2 AND account_span.until_at IS NULL
             ORDER BY account_span.id LIMIT $3",
        );
        let rows = rows.bind(system.as_str()).bind(begin(after)).bind(i64::from(limit));
        self.read(rows, linked).await
    }

    pub async fn account(
        &mut self,
        system: &SystemName,
        id: &NativeId,
    ) -> Result<Option<(Account, Option<Link>)>, StoreError> {
        let row = self.statement(
            "SELECT account_span.body AS body, link_span.body AS link FROM account_span
             LEFT JOIN link_span ON link_span.system = account_span.system AND link_span.account = account_span.id
                 AND link_span.until_at IS NULL
             WHERE account_span.system = $1 AND account_span.id = $2 AND account_span.until_at IS NULL",
        );
        let row = row.bind(system.as_str()).bind(key(id.as_str()).into_owned());
        self.row(row).await?.as_ref().map(linked).transpose()
    }

    /// By id, after this one.
    pub async fn entitlements_page(
        &mut self,
        system: &SystemName,
        after: Option<&NativeId>,
        limit: u32,
    ) -> Result<Vec<Entitlement>, StoreError> {
        let rows = self.statement(
            "SELECT body FROM entitlement_span WHERE system = $1 AND id > $2 AND until_at IS NULL ORDER BY id LIMIT $3",
        );
        let rows = rows.bind(system.as_str()).bind(begin(after)).bind(i64::from(limit));
        self.bodies(rows, "entitlements").await
    }

    /// Of a system, or of one account there. Each comes with the mark that the next page goes on after.
    pub async fn grants_page(
        &mut self,
        system: &SystemName,
        account: Option<&NativeId>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(String, Grant)>, StoreError> {
        let rows = self.statement(
            "SELECT id, body FROM grant_span
             WHERE system = $1 AND id > $2 AND ($3 = '' OR account = $3) AND until_at IS NULL ORDER BY id LIMIT $4",
        );
        let account = account.map(|id| key(id.as_str()).into_owned()).unwrap_or_default();
        let rows = rows.bind(system.as_str()).bind(after.unwrap_or_default().to_owned()).bind(account);
        self.read(rows.bind(i64::from(limit)), |row| Ok((text(row, "id")?, body(row, "grants")?))).await
    }
}
