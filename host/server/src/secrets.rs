//! Sealed secrets, as the runtime asks for them.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reeve_core::id::SystemName;
use reeve_runtime::vault::{SealedSecret, SecretSource};
use reeve_store::Store;

pub struct StoredSecrets(pub Store);

impl SecretSource for StoredSecrets {
    fn sealed(
        &self,
        system: &SystemName,
        connection: &str,
        field: &str,
    ) -> BoxFuture<'_, Result<Option<SealedSecret>, String>> {
        let (system, connection, field) = (system.clone(), connection.to_owned(), field.to_owned());
        async move {
            let mut tx = self.0.read().await.map_err(|error| error.to_string())?;
            let found = tx.secret(&system, &connection, &field).await.map_err(|error| error.to_string())?;
            Ok(found.map(|(version, bytes)| SealedSecret { version, bytes }))
        }
        .boxed()
    }
}
