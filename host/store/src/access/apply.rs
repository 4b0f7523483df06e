//! Applies what a read showed. Differences are found in memory and written in bulk, a few statements in all.

use super::diff::{Counts, Kept, Seen, difference};
use super::spans::{ACCOUNTS, ENTITLEMENTS, GRANTS, Spans};
use crate::row::{Rows, get, int, json, key, micros, text};
use crate::tx::With;
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::access::{Account, AccountView, Entitlement, Grant, SystemRead};
use reeve_core::id::{NativeId, SystemName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;
use tokio::task::JoinHandle;

/// What a read changed in what is kept of its system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReadChanges {
    pub accounts_new: u64,
    pub accounts_changed: u64,
    pub accounts_gone: u64,
    pub entitlements_new: u64,
    pub entitlements_changed: u64,
    pub entitlements_gone: u64,
    pub grants_new: u64,
    pub grants_gone: u64,
}

/// Rows that are held as JSON at the same time: a few MB.
const ROWS_AT_ONCE: usize = 16_384;

/// Half of a SHA-256 in hex, of which nobody can make two grants have the same: a million of these are kept and compared.
const GRANT_ID_LETTERS: usize = 32;

/// A read of a system, or of one account of it.
#[derive(Clone, Copy)]
struct Read<'a> {
    system: &'a SystemName,
    /// The key of the only account that was read.
    only: Option<&'a str>,
    whole: bool,
    at: i64,
}

impl Tx {
    /// Takes over what a read that began at `read_at` showed, and writes differences only. A read that is not `whole` ends
    /// nothing. What is known from later than `read_at`, by a fresh read of one account, stands. A read that began before
    /// the last one applied is a conflict.
    pub async fn apply_read(
        &mut self,
        system: &SystemName,
        read: &SystemRead,
        whole: bool,
        read_at: Timestamp,
    ) -> Result<ReadChanges, StoreError> {
        self.note_read(system, read_at).await?;
        let of = Read { system, only: None, whole, at: micros(read_at) };
        let accounts = self.apply::<Account>(&ACCOUNTS, of, all_seen(&read.accounts, seen_account)?).await?;
        let seen = all_seen(&read.entitlements, seen_entitlement)?;
        let entitlements = self.apply::<Entitlement>(&ENTITLEMENTS, of, seen).await?;
        let grants = self.apply::<Grant>(&GRANTS, of, all_seen(&read.grants, seen_grant)?).await?;
        Ok(ReadChanges {
            accounts_new: accounts.new,
            accounts_changed: accounts.changed,
            accounts_gone: accounts.gone,
            entitlements_new: entitlements.new,
            entitlements_changed: entitlements.changed,
            entitlements_gone: entitlements.gone,
            grants_new: grants.new,
            grants_gone: grants.gone,
        })
    }

    /// The same for one account that was read alone; none is an account that is gone.
    pub async fn apply_account(
        &mut self,
        system: &SystemName,
        account: &NativeId,
        view: Option<&AccountView>,
        read_at: Timestamp,
    ) -> Result<ReadChanges, StoreError> {
        let only = key(account.as_str());
        let of = Read { system, only: Some(&only), whole: true, at: micros(read_at) };
        let seen = view.iter().map(|view| &view.account).filter(|seen| seen.id == *account);
        let seen = seen.map(seen_account).collect::<Result<_, _>>()?;
        let accounts = self.apply::<Account>(&ACCOUNTS, of, seen).await?;
        let seen = view.iter().flat_map(|view| &view.grants).filter(|grant| grant.account == *account);
        let seen = seen.map(seen_grant).collect::<Result<_, _>>()?;
        let grants = self.apply::<Grant>(&GRANTS, of, seen).await?;
        Ok(ReadChanges {
            accounts_new: accounts.new,
            accounts_changed: accounts.changed,
            accounts_gone: accounts.gone,
            grants_new: grants.new,
            grants_gone: grants.gone,
            ..ReadChanges::default()
        })
    }

    /// Ends all that a system showed, because nobody looks any more.
    pub(crate) async fn end_spans(&mut self, system: &SystemName, at: Timestamp) -> Result<(), StoreError> {
        let of = Read { system, only: None, whole: true, at: micros(at) };
        self.apply::<Account>(&ACCOUNTS, of, Vec::new()).await?;
        self.apply::<Entitlement>(&ENTITLEMENTS, of, Vec::new()).await?;
        self.apply::<Grant>(&GRANTS, of, Vec::new()).await?;
        Ok(())
    }

    /// Reads are applied in the order in which they began.
    async fn note_read(&mut self, system: &SystemName, read_at: Timestamp) -> Result<(), StoreError> {
        let note = self.statement(
            "INSERT INTO applied_read (system, read_at) VALUES ($1, $2)
             ON CONFLICT (system) DO UPDATE SET read_at = excluded.read_at
             WHERE applied_read.read_at <= excluded.read_at",
        );
        match self.write(note.bind(system.as_str()).bind(micros(read_at))).await? {
            0 => Err(StoreError::conflict(format!(
                "the read of {system} that began at {read_at} is not applied, because one that began later was; read it \
                 again (if this repeats, the machine's clock was set back)"
            ))),
            _ => Ok(()),
        }
    }

    async fn apply<T>(&mut self, spans: &Spans, of: Read<'_>, seen: Vec<Seen>) -> Result<Counts, StoreError>
    where
        T: DeserializeOwned + PartialEq,
    {
        let kept = self.kept(spans, of).await?;
        let found = difference::<T>(kept, seen, of.whole, of.at);
        let system = With::Text(of.system.as_str());
        self.write_bulk(spans.erase, Rows::single(&found.erase)?, &[system]).await?;
        self.write_bulk(spans.end, Rows::single(&found.end)?, &[system, With::Int(of.at)]).await?;
        self.write_seen(spans.mend, found.mend, &[system]).await?;
        self.write_seen(spans.begin, found.begin, &[system, With::Int(of.at)]).await?;
        Ok(found.counts)
    }

    /// In parts, because a first read begins a million; the next one is put together while the last is written.
    async fn write_seen(
        &mut self,
        statement: &'static str,
        seen: Vec<Seen>,
        with: &[With<'_>],
    ) -> Result<(), StoreError> {
        let mut seen = seen.into_iter();
        let mut ahead = next_rows(&mut seen);
        while let Some(rows) = ahead {
            let rows = rows.await.map_err(|error| StoreError::conflict(format!("a read was not stored: {error}")))?;
            ahead = next_rows(&mut seen);
            self.write_bulk(statement, rows?, with).await?;
        }
        Ok(())
    }

    async fn kept(&mut self, spans: &Spans, of: Read<'_>) -> Result<Vec<Kept>, StoreError> {
        let statement = match of.only {
            Some(account) => {
                self.statement(spans.of_account).bind(of.system.as_str()).bind(of.at).bind(account.to_owned())
            }
            None => self.statement(spans.all).bind(of.system.as_str()).bind(of.at),
        };
        let kept = |row: &AnyRow| {
            Ok(Kept {
                key: text(row, "id")?,
                since: int(row, "since_at")?,
                until: get(row, "until_at")?,
                body: text(row, "body")?,
            })
        };
        self.read(statement, kept).await
    }
}

fn next_rows(seen: &mut std::vec::IntoIter<Seen>) -> Option<JoinHandle<Result<Rows, StoreError>>> {
    let part: Vec<_> = seen.by_ref().take(ROWS_AT_ONCE).collect();
    (!part.is_empty()).then(|| tokio::task::spawn_blocking(move || Rows::of(part.iter().map(columns))))
}

fn columns(seen: &Seen) -> (&str, &str, &str) {
    (&seen.key, &seen.body, &seen.account)
}

/// A read in rows, of which every core makes its share and sorts it.
fn all_seen<T: Sync>(things: &[T], seen: fn(&T) -> Result<Seen, StoreError>) -> Result<Vec<Seen>, StoreError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = things.len().div_ceil(cores).max(ROWS_AT_ONCE);
    let sorted = move |part: &[T]| -> Result<Vec<Seen>, StoreError> {
        let mut rows = part.iter().map(seen).collect::<Result<Vec<_>, _>>()?;
        rows.sort();
        Ok(rows)
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = things.chunks(share).map(|part| scope.spawn(move || sorted(part))).collect();
        let mut all = Vec::with_capacity(things.len());
        for part in parts {
            all.append(&mut part.join().map_err(|_| StoreError::conflict("a read was not stored: a thread broke"))??);
        }
        Ok(all)
    })
}

fn seen_account(account: &Account) -> Result<Seen, StoreError> {
    seen(account.id.as_str(), account)
}

fn seen_entitlement(entitlement: &Entitlement) -> Result<Seen, StoreError> {
    seen(entitlement.id.as_str(), entitlement)
}

fn seen<T: Serialize>(id: &str, thing: &T) -> Result<Seen, StoreError> {
    Ok(Seen { key: key(id).into_owned(), body: json(thing)?, account: String::new() })
}

fn seen_grant(grant: &Grant) -> Result<Seen, StoreError> {
    let body = json(grant)?;
    let mut id = hex::encode(Sha256::digest(&body));
    id.truncate(GRANT_ID_LETTERS);
    Ok(Seen { key: id, body, account: key(grant.account.as_str()).into_owned() })
}
