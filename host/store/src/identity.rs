//! People, and how they are found.

use crate::row::{Rows, body, json, key};
use crate::{StoreError, Tx};
use reeve_core::id::IdentityId;
use reeve_core::identity::Identity;
use std::collections::BTreeMap;

impl Tx {
    /// By id.
    pub async fn identities(&mut self) -> Result<Vec<Identity>, StoreError> {
        self.bodies(self.statement("SELECT body FROM identity ORDER BY id"), "identities").await
    }

    /// By id, after this one.
    pub async fn identities_page(
        &mut self,
        after: Option<&IdentityId>,
        limit: u32,
    ) -> Result<Vec<Identity>, StoreError> {
        let rows = self.statement("SELECT body FROM identity WHERE id > $1 ORDER BY id LIMIT $2");
        let rows = rows.bind(after.map_or("", IdentityId::as_str)).bind(i64::from(limit));
        self.bodies(rows, "identities").await
    }

    pub async fn identity(&mut self, id: &IdentityId) -> Result<Option<Identity>, StoreError> {
        let row = self.statement("SELECT body FROM identity WHERE id = $1").bind(key(id.as_str()).into_owned());
        self.row(row).await?.map(|row| body(&row, "identities")).transpose()
    }

    /// Adds people, or replaces what is kept of them.
    pub async fn put_identities(&mut self, identities: &[Identity]) -> Result<(), StoreError> {
        // Of two versions of one person in one call, the last counts: one statement can't write a row twice.
        let people: BTreeMap<&str, &Identity> = identities.iter().map(|person| (person.id.as_str(), person)).collect();
        let mut rows = Rows::default();
        for (id, person) in &people {
            rows.push(&(key(id), key(&person.display_name().to_lowercase()), json(person)?))?;
        }
        self.write_bulk(
            "INSERT INTO identity (id, folded_name, body)
             SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each($1) WHERE true
             ON CONFLICT (id) DO UPDATE SET folded_name = excluded.folded_name, body = excluded.body",
            rows,
            &[],
        )
        .await?;
        self.write_bulk(
            "DELETE FROM identity_key WHERE identity IN (SELECT value ->> 0 FROM json_each($1))",
            Rows::single(people.keys().map(|id| key(id)))?,
            &[],
        )
        .await?;
        let keys = people.iter().flat_map(|(id, person)| search_keys(person).map(|found| (found, key(id))));
        self.write_bulk(
            "INSERT INTO identity_key (search_key, identity)
             SELECT value ->> 0, value ->> 1 FROM json_each($1) WHERE true
             ON CONFLICT (search_key, identity) DO NOTHING",
            Rows::of(keys)?,
            &[],
        )
        .await?;
        Ok(())
    }

    /// Whoever has exactly this id, worker number (also a former one) or e-mail address; if nobody has, those whose name
    /// contains the text. Case does not count.
    pub async fn find_identities(&mut self, text: &str, limit: u32) -> Result<Vec<Identity>, StoreError> {
        let folded = text.trim().to_lowercase();
        if folded.is_empty() {
            return Ok(Vec::new());
        }
        let exact = self.statement(
            "SELECT body FROM identity
             WHERE id = $1 OR id IN (SELECT identity FROM identity_key WHERE search_key = $2) ORDER BY id LIMIT $3",
        );
        let exact = exact.bind(key(text.trim()).into_owned()).bind(key(&folded).into_owned()).bind(i64::from(limit));
        let found = self.bodies(exact, "identities").await?;
        if !found.is_empty() {
            return Ok(found);
        }
        let part = key(&folded).replace('!', "!!").replace('%', "!%").replace('_', "!_");
        let named = self.statement(
            "SELECT body FROM identity WHERE folded_name LIKE $1 ESCAPE '!' ORDER BY folded_name, id LIMIT $2",
        );
        let named = named.bind(format!("%{part}%")).bind(i64::from(limit));
        self.bodies(named, "identities").await
    }
}

fn search_keys(person: &Identity) -> impl Iterator<Item = String> {
    let worker = &person.worker;
    let ids = person.former_ids.iter().chain([&worker.id]).map(|id| id.as_str());
    ids.chain(worker.email.as_deref())
        .map(|text| text.trim().to_lowercase())
        .filter(|text| !text.is_empty())
        .map(|text| key(&text).into_owned())
}
