//! Plugins, systems, blobs and small facts.

use crate::sample::at;
use crate::support::{Fresh, on_both};
use reeve_core::inventory::{System, SystemRole};
use reeve_store::{Dialect, InstalledPlugin, StoreError};
use std::collections::BTreeMap;

pub fn system(name: &str) -> System {
    System {
        name: name.into(),
        plugin: "ldap".to_owned(),
        role: SystemRole::Target,
        owner: Some("Ada".to_owned()),
        in_scope: true,
        login: "{email}".to_owned(),
        leaver: Default::default(),
        correlate: Vec::new(),
        attributes: BTreeMap::new(),
        settings: BTreeMap::new(),
        connections: BTreeMap::new(),
    }
}

on_both!(a_system_can_leave_and_come_back);
async fn a_system_can_leave_and_come_back(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let (first, mut second) = (system("directory"), system("Payroll"));
    tx.put_system(&first, at(1)).await.unwrap();
    tx.put_system(&second, at(1)).await.unwrap();
    second.in_scope = false;
    tx.put_system(&second, at(2)).await.unwrap();
    assert_eq!(tx.systems().await.unwrap(), [second.clone(), first.clone()], "by name, byte by byte");
    assert!(tx.remove_system(&second.name, at(3)).await.unwrap());
    assert!(!tx.remove_system(&second.name, at(4)).await.unwrap());
    assert_eq!(tx.system(&second.name).await.unwrap(), None);
    assert_eq!(tx.systems().await.unwrap(), [first]);
    tx.put_system(&second, at(5)).await.unwrap();
    assert_eq!(tx.system(&"Payroll".into()).await.unwrap(), Some(second));
}

on_both!(a_plugin_is_replaced_by_its_upgrade);
async fn a_plugin_is_replaced_by_its_upgrade(db: Fresh) {
    let plugin = |id: &str, version: &str| InstalledPlugin {
        id: id.to_owned(),
        version: version.to_owned(),
        digest: format!("{id}-{version}"),
        file_sha256: format!("file-of-{version}"),
        manifest_toml: "id = \"ldap\"\n".to_owned(),
        origin: "signed by example.com".to_owned(),
        installed_at: at(1),
        installed_by: "ada".to_owned(),
    };
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    tx.put_plugin(&plugin("scim", "0.1.0")).await.unwrap();
    tx.put_plugin(&plugin("ldap", "0.1.0")).await.unwrap();
    tx.put_plugin(&plugin("scim", "0.2.0")).await.unwrap();
    assert_eq!(tx.plugins().await.unwrap(), [plugin("ldap", "0.1.0"), plugin("scim", "0.2.0")]);
    assert_eq!(tx.plugin("scim").await.unwrap(), Some(plugin("scim", "0.2.0")));
    assert!(tx.remove_plugin("scim").await.unwrap());
    assert!(!tx.remove_plugin("scim").await.unwrap());
    assert_eq!(tx.plugin("scim").await.unwrap(), None);
    // What was done with a build can be looked at for as long as it is remembered.
    let before = tx.plugin_build("scim-0.1.0").await.unwrap().unwrap();
    assert_eq!((before.id.as_str(), before.file_sha256.as_str()), ("scim", "file-of-0.1.0"));
    assert_eq!(tx.plugin_build("scim-0.3.0").await.unwrap(), None);
}

on_both!(a_blob_is_stored_once_and_checked_when_read);
async fn a_blob_is_stored_once_and_checked_when_read(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    let sha256 = tx.put_blob(b"a page\x00").await.unwrap();
    assert_eq!(tx.put_blob(b"a page\x00").await.unwrap(), sha256);
    let empty = tx.put_blob(b"").await.unwrap();
    assert_eq!(empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(tx.blob(&sha256).await.unwrap().as_deref(), Some(&b"a page\x00"[..]));
    assert_eq!(tx.blob(&empty).await.unwrap().as_deref(), Some(&b""[..]));
    assert_eq!(tx.blob("00").await.unwrap(), None);
    tx.commit().await.unwrap();
    assert_eq!(db.count("content").await, 2);

    let other = if db.dialect == Dialect::Sqlite { "x'00'" } else { "'\\x00'::bytea" };
    db.meddle(&format!("UPDATE content SET bytes = {other} WHERE sha256 = '{sha256}'")).await;
    match store.read().await.unwrap().blob(&sha256).await {
        Err(StoreError::Damaged(why)) => assert!(why.contains(&sha256), "{why}"),
        unexpected => panic!("{unexpected:?}"),
    }
}

on_both!(a_row_that_cannot_be_read_is_damage);
async fn a_row_that_cannot_be_read_is_damage(db: Fresh) {
    let store = db.store().await;
    let mut tx = store.write().await.unwrap();
    tx.put_system(&system("directory"), at(1)).await.unwrap();
    tx.commit().await.unwrap();
    db.meddle("UPDATE governed_system SET body = '{}'").await;
    match store.read().await.unwrap().systems().await {
        Err(StoreError::Damaged(why)) => assert!(why.starts_with("a row of systems can't be read"), "{why}"),
        unexpected => panic!("{unexpected:?}"),
    }
}
