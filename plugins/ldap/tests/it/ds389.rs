//! 389 Directory Server, as its documentation has it: other names, and groups that may be empty.

use crate::model::{Model, Ways};
use crate::*;
use serde_json::json;

const UMA: &str = "uid=uma,ou=people,dc=example,dc=com";

fn directory() -> Model {
    let settings = json!({
        "flavour": "389ds",
        "people": "ou=people,dc=example,dc=com",
        "groups": "ou=groups,dc=example,dc=com",
        "group-class": "groupOfUniqueNames",
    });
    let model = Model::new(settings, Ways { id_attribute: "nsUniqueId", ..Ways::default() });
    model.put(
        UMA,
        &[
            ("objectClass", &["top", "person", "inetOrgPerson"]),
            ("uid", &["uma"]),
            ("lastLoginTime", &["20260301080000Z"]),
            ("createTimestamp", &["20250101000000Z"]),
        ],
    );
    model.put(
        "cn=desk,ou=groups,dc=example,dc=com",
        &[
            ("objectClass", &["groupOfUniqueNames"]),
            ("cn", &["desk"]),
            ("uniqueMember", &["uid=UMA,ou=people,dc=example,dc=com#'0101'B"]),
        ],
    );
    model
}

#[test]
fn a_lock_is_an_attribute_and_times_are_read() {
    let model = directory();
    let id = id_of(&model, "uma");
    let account = view(&model, &id).unwrap().account;
    assert_eq!(account.last_login, LastUse { at: Some("2026-03-01T08:00:00Z".into()), quality: Quality::Exact });
    assert_eq!(account.created_at.as_deref(), Some("2025-01-01T00:00:00Z"));
    assert_eq!((account.state, account.native_state.as_str()), (AccountState::Active, "no nsAccountLock"));

    assert_eq!(apply(&model, Operation::Disable(id.clone())).unwrap().status, Status::Done);
    let account = view(&model, &id).unwrap().account;
    assert_eq!((account.state, account.native_state.as_str()), (AccountState::Disabled, "nsAccountLock=TRUE"));
    assert_eq!(apply(&model, Operation::Disable(id.clone())).unwrap().status, Status::AlreadySo);
    assert_eq!(model.writes(), ["Replace nsAccountLock=TRUE"]);
    apply(&model, Operation::Enable(id.clone())).unwrap();
    assert_eq!(view(&model, &id).unwrap().account.state, AccountState::Active);

    model.set(UMA, "accountUnlockTime", &["19700101000000Z"]);
    assert_eq!(view(&model, &id).unwrap().account.state, AccountState::Locked);
    apply(&model, Operation::Enable(id.clone())).unwrap();
    assert_eq!(view(&model, &id).unwrap().account.state, AccountState::Active);
    model.set(UMA, "nsAccountLock", &["false"]);
    assert_eq!(view(&model, &id).unwrap().account.state, AccountState::Active);
}

#[test]
fn a_group_may_be_empty_so_the_last_member_leaves() {
    let model = directory();
    let (id, desk) = (id_of(&model, "uma"), group_id(&model, "desk"));
    // The optional bit string behind a name is no part of it.
    assert_eq!(grants(&model, 10).items, [Grant::direct(&id, &desk)]);
    model.set("cn=desk,ou=groups,dc=example,dc=com", "uniqueMember", &[UMA]);
    assert_eq!(view(&model, &id).unwrap().grants, [Grant::direct(&id, &desk)]);
    assert_eq!(revoke_from(&model, &id, &desk).unwrap().status, Status::Done);
    assert_eq!(grants(&model, 10).items, []);
    assert_eq!(grant_to(&model, &id, &desk).unwrap().status, Status::Done);
    assert_eq!(view(&model, &id).unwrap().grants, [Grant::direct(&id, &desk)]);
}
