//! Sealed secrets and their versions.

use crate::sample::{at, directory};
use crate::support::{Fresh, on_both};
use reeve_store::{SecretRow, StoreError};

on_both!(a_version_number_is_never_used_twice);
async fn a_version_number_is_never_used_twice(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let system = directory();
    assert_eq!(tx.secret_version(&system, "main", "password").await.unwrap(), 0);
    for wrong in [0, 2, u32::MAX] {
        let put = tx.put_secret(&system, "main", "password", wrong, b"sealed", at(1)).await;
        assert!(matches!(put, Err(StoreError::Conflict(_))), "{wrong}");
    }
    tx.put_secret(&system, "main", "password", 1, b"sealed 1", at(1)).await.unwrap();
    let again = tx.put_secret(&system, "main", "password", 1, b"sealed by somebody else", at(1)).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))));
    tx.put_secret(&system, "main", "password", 2, b"sealed 2", at(2)).await.unwrap();
    assert_eq!(tx.secret(&system, "main", "password").await.unwrap(), Some((2, b"sealed 2".to_vec())));

    assert!(tx.remove_secret(&system, "main", "password").await.unwrap());
    assert!(!tx.remove_secret(&system, "main", "password").await.unwrap());
    assert_eq!(tx.secret(&system, "main", "password").await.unwrap(), None);
    assert_eq!(tx.secrets().await.unwrap(), []);
    assert_eq!(tx.secret_version(&system, "main", "password").await.unwrap(), 2);
    let reused = tx.put_secret(&system, "main", "password", 1, b"old", at(3)).await;
    assert!(matches!(reused, Err(StoreError::Conflict(_))));
    tx.put_secret(&system, "main", "password", 3, b"sealed 3", at(4)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.count("secret WHERE version = 3").await, 1);
}

on_both!(secrets_are_listed_by_name_without_their_bytes);
async fn secrets_are_listed_by_name_without_their_bytes(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    for (system, connection, field) in [("b", "main", "token"), ("a", "main", "token"), ("a", "main", "password")] {
        tx.put_secret(&system.into(), connection, field, 1, b"sealed", at(1)).await.unwrap();
    }
    let row = |system: &str, field: &str| SecretRow {
        system: system.into(),
        connection: "main".to_owned(),
        field: field.to_owned(),
        version: 1,
        set_at: at(1),
    };
    assert_eq!(tx.secrets().await.unwrap(), [row("a", "password"), row("a", "token"), row("b", "token")]);
    assert_eq!(tx.secret(&"b".into(), "main", "password").await.unwrap(), None);
}
