//! Sealed secrets. The store never sees one in clear: it keeps the bytes that the runtime sealed, and their version,
//! which the seal is bound to and which therefore never repeats.

use crate::row::{at, get, int, micros, text};
use crate::{StoreError, Tx};
use reeve_core::Timestamp;
use reeve_core::id::SystemName;
use sqlx::any::AnyRow;

/// A secret that is set, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRow {
    pub system: SystemName,
    pub connection: String,
    pub field: String,
    pub version: u32,
    pub set_at: Timestamp,
}

impl Tx {
    /// Sets or replaces a secret. `version` must be [`Tx::secret_version`] + 1.
    pub async fn put_secret(
        &mut self,
        system: &SystemName,
        connection: &str,
        field: &str,
        version: u32,
        bytes: &[u8],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let present = self.secret_version(system, connection, field).await?;
        if present.checked_add(1) != Some(version) {
            return Err(StoreError::conflict(format!(
                "the secret {system}/{connection}/{field} has version {present}, so version {version} can't follow; it was \
                 set by somebody else meanwhile"
            )));
        }
        let put = self.statement(
            "INSERT INTO secret (system, connection, field, version, sealed, set_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (system, connection, field)
             DO UPDATE SET version = excluded.version, sealed = excluded.sealed, set_at = excluded.set_at",
        );
        let put = put.bind(system.as_str()).bind(connection.to_owned()).bind(field.to_owned());
        self.write(put.bind(i64::from(version)).bind(bytes.to_vec()).bind(micros(at))).await?;
        Ok(())
    }

    /// The version that was set last, also if it was removed since; 0 if there never was one.
    pub async fn secret_version(
        &mut self,
        system: &SystemName,
        connection: &str,
        field: &str,
    ) -> Result<u32, StoreError> {
        let row = self.statement("SELECT version FROM secret WHERE system = $1 AND connection = $2 AND field = $3");
        let row = self.row(row.bind(system.as_str()).bind(connection.to_owned()).bind(field.to_owned())).await?;
        row.map_or(Ok(0), |row| version(int(&row, "version")?))
    }

    /// The sealed bytes and their version.
    pub async fn secret(
        &mut self,
        system: &SystemName,
        connection: &str,
        field: &str,
    ) -> Result<Option<(u32, Vec<u8>)>, StoreError> {
        let row = self.statement(
            "SELECT version, sealed FROM secret
             WHERE system = $1 AND connection = $2 AND field = $3 AND sealed IS NOT NULL",
        );
        let row = self.row(row.bind(system.as_str()).bind(connection.to_owned()).bind(field.to_owned())).await?;
        row.map(|row| Ok((version(int(&row, "version")?)?, get(&row, "sealed")?))).transpose()
    }

    /// The secrets that are set, by name.
    pub async fn secrets(&mut self) -> Result<Vec<SecretRow>, StoreError> {
        let rows = self.statement(
            "SELECT system, connection, field, version, set_at FROM secret
             WHERE sealed IS NOT NULL ORDER BY system, connection, field",
        );
        let named = |row: &AnyRow| {
            Ok(SecretRow {
                system: SystemName::new(text(row, "system")?),
                connection: text(row, "connection")?,
                field: text(row, "field")?,
                version: version(int(row, "version")?)?,
                set_at: at(row, "set_at")?,
            })
        };
        self.read(rows, named).await
    }

    /// Removes a secret's bytes. Its version number stays taken.
    pub async fn remove_secret(
        &mut self,
        system: &SystemName,
        connection: &str,
        field: &str,
    ) -> Result<bool, StoreError> {
        let remove = self.statement(
            "UPDATE secret SET sealed = NULL
             WHERE system = $1 AND connection = $2 AND field = $3 AND sealed IS NOT NULL",
        );
        let remove = remove.bind(system.as_str()).bind(connection.to_owned()).bind(field.to_owned());
        Ok(self.write(remove).await? > 0)
    }
}

fn version(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| StoreError::damaged(format!("a secret has the version {number}")))
}
