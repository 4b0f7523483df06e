//! Whose accounts are.

use crate::row::{Rows, body, json, key, micros, text, unkey};
use crate::tx::With;
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::access::Link;
use reeve_core::id::{NativeId, SystemName};
use sqlx::any::AnyRow;
use std::collections::BTreeMap;

/// The account, its link before, and its link now.
pub type LinkChange = (NativeId, Option<Link>, Link);

impl Tx {
    /// The links of a system's accounts, also of accounts that are gone: one that comes back is still the same person's.
    pub async fn links(&mut self, system: &SystemName) -> Result<BTreeMap<NativeId, Link>, StoreError> {
        let rows = self.statement("SELECT account, body FROM link_span WHERE system = $1 AND until_at IS NULL");
        Ok(self.read(rows.bind(system.as_str()), link).await?.into_iter().collect())
    }

    /// The same of these accounts only.
    pub async fn links_of(
        &mut self,
        system: &SystemName,
        accounts: impl IntoIterator<Item = &NativeId>,
    ) -> Result<BTreeMap<NativeId, Link>, StoreError> {
        let mut links = BTreeMap::new();
        for part in Rows::single(accounts.into_iter().map(|account| key(account.as_str())))?.parts() {
            let rows = self.statement(
                "SELECT account, body FROM link_span WHERE system = $2 AND until_at IS NULL
                 AND account IN (SELECT value ->> 0 FROM json_each($1))",
            );
            links.extend(self.read(rows.bind(part).bind(system.as_str()), link).await?);
        }
        Ok(links)
    }

    /// Stores links and answers those that changed. Accounts that are not named keep theirs.
    pub async fn put_links(
        &mut self,
        system: &SystemName,
        links: &BTreeMap<NativeId, Link>,
        at: Timestamp,
    ) -> Result<Vec<LinkChange>, StoreError> {
        let mut before = self.links_of(system, links.keys()).await?;
        let changed: Vec<LinkChange> = links
            .iter()
            .map(|(account, link)| (account.clone(), before.remove(account), link.clone()))
            .filter(|(_, before, link)| before.as_ref() != Some(link))
            .collect();
        let accounts = || changed.iter().map(|(account, ..)| key(account.as_str()));
        let with = [With::Text(system.as_str()), With::Int(micros(at))];
        // A link that was made at this very time is replaced, because a span of no length says nothing.
        self.write_bulk(
            "DELETE FROM link_span WHERE system = $2 AND until_at IS NULL AND since_at >= $3
             AND account IN (SELECT value ->> 0 FROM json_each($1))",
            Rows::single(accounts())?,
            &with,
        )
        .await?;
        self.write_bulk(
            "UPDATE link_span SET until_at = $3 WHERE system = $2 AND until_at IS NULL
             AND account IN (SELECT value ->> 0 FROM json_each($1))",
            Rows::single(accounts())?,
            &with,
        )
        .await?;
        let mut rows = Rows::default();
        for (account, _, link) in &changed {
            let person = link.identity().map_or("".into(), |identity| key(identity.as_str()));
            rows.push(&(key(account.as_str()), person, json(link)?))?;
        }
        self.write_bulk(
            "INSERT INTO link_span (system, since_at, account, identity, body)
             SELECT $2, $3, value ->> 0, value ->> 1, value ->> 2 FROM json_each($1)",
            rows,
            &with,
        )
        .await?;
        Ok(changed)
    }
}

fn link(row: &AnyRow) -> Result<(NativeId, Link), StoreError> {
    Ok((NativeId::new(unkey(&text(row, "account")?)), body(row, "links")?))
}
