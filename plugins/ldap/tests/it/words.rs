//! What the connector says about itself, and which settings it refuses.

use crate::model::{Model, Ways};
use crate::*;
use serde_json::{Value as Json, json};

fn with(change: Json) -> Model {
    let mut settings = json!({ "people": "ou=people,dc=example,dc=com", "groups": "ou=groups,dc=example,dc=com" });
    settings.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    Model::new(settings, Ways { id_attribute: "entryUUID", ..Ways::default() })
}

fn opens(change: Json) -> Result<(), Failure> {
    with(change).run(|| Ldap::open().map(drop))
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    assert_eq!(opens(json!({})), Ok(()));
    assert_eq!(opens(json!({ "placeholder-member": "", "people-filter": " ", "login-attribute": "" })), Ok(()));
    assert_eq!(opens(json!({ "people-filter": "(&(objectClass=person)(!(ou=test)))" })), Ok(()));
    for (name, value) in [
        ("people", json!("people")),
        ("groups", json!("")),
        ("placeholder-member", json!("uid=nobody,OU=people,dc=example,dc=com")),
        ("password-policy", json!("default")),
        ("people-filter", json!("(a=b)(c=d)")),
        ("people-filter", json!("objectClass=person")),
        ("people-filter", json!("(a=b))(|(c=d)")),
        ("login-attribute", json!("uid)(x=*")),
        ("user-classes", json!(["inet person"])),
        ("attributes", json!(["USERPASSWORD"])),
        ("attributes", json!(["sambaNTPassword"])),
        ("attributes", json!(["userPassword;x"])),
        ("attributes", json!(["memberOf"])),
        ("attributes", json!(["employeeNumber"])),
        ("page-size", json!(0)),
        ("page-size", json!(1001)),
    ] {
        match opens(json!({ name: value })) {
            Err(Failure::Invalid(faults)) => assert_eq!(faults[0].field, name, "{value}"),
            other => panic!("{name} {value}: {other:?}"),
        }
    }
}

#[test]
fn capabilities_are_those_of_the_directory() {
    let limits = |change: Json, operation| {
        let description = call(&with(change), |ldap| ldap.describe());
        let capability = description.capabilities.into_iter().find(|c| c.operation == operation).unwrap();
        (capability.mechanism, capability.traits, capability.limits.join(" "))
    };
    let (mechanism, traits, words) = limits(json!({}), OperationKind::Disable);
    assert_eq!(mechanism, "pwdAccountLockedTime=000001010000Z");
    assert!(!traits.contains(Traits::ENDS_SESSIONS) && words.contains("pwdLockout=TRUE"));
    assert_eq!(limits(json!({ "flavour": "389ds" }), OperationKind::Disable).0, "nsAccountLock=TRUE");

    assert!(limits(json!({}), OperationKind::Revoke).1.contains(Traits::LAST_ONE_REFUSED));
    let placeholder = json!({ "placeholder-member": "cn=nobody,dc=example,dc=com" });
    let (_, traits, words) = limits(placeholder, OperationKind::Revoke);
    assert!(!traits.contains(Traits::LAST_ONE_REFUSED) && words.contains("cn=nobody"));
    assert!(!limits(json!({ "flavour": "389ds" }), OperationKind::Revoke).1.contains(Traits::LAST_ONE_REFUSED));
    assert_eq!(call(&with(json!({ "page-size": 50 })), |ldap| ldap.describe()).page_size_max, 50);
}

#[test]
fn to_describe_it_asks_nothing() {
    let model = with(json!({}));
    call(&model, |ldap| ldap.describe());
    assert_eq!(model.operations(), 0);
}
