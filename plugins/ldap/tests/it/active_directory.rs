//! Active Directory, as its documentation has it: binary ids, bits, primary groups, and members in ranges.

use crate::model::{Model, Ways};
use crate::*;
use serde_json::json;

const SALES: &str = "cn=sales,ou=groups,dc=example,dc=com";

fn sid(rid: u32) -> Vec<u8> {
    [&[1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 2, 3, 4][..], &rid.to_le_bytes()].concat()
}

fn dn(login: &str) -> String {
    format!("cn={login},ou=people,dc=example,dc=com")
}

fn put_user(model: &Model, login: &str, rid: u32) {
    model.put(
        &dn(login),
        &[
            ("objectClass", &["top", "person", "organizationalPerson", "user"]),
            ("objectCategory", &["person"]),
            ("sAMAccountName", &[login]),
            ("userAccountControl", &["512"]),
            ("primaryGroupID", &["513"]),
            ("whenCreated", &["20250101000000.0Z"]),
        ],
    );
    model.set_bytes(&dn(login), "objectSid", &sid(rid));
}

fn put_group(model: &Model, name: &str, rid: u32) {
    let dn = format!("cn={name},ou=groups,dc=example,dc=com");
    model.put(&dn, &[("objectClass", &["top", "group"]), ("cn", &[name]), ("groupType", &["-2147483646"])]);
    model.set_bytes(&dn, "objectSid", &sid(rid));
}

fn directory() -> Model {
    let settings = json!({
        "flavour": "active-directory",
        "people": "ou=people,dc=example,dc=com",
        "groups": "ou=groups,dc=example,dc=com",
    });
    let ways = Ways { id_attribute: "objectGUID", range: Some(1500), size_limit: Some(1000), ..Ways::default() };
    let model = Model::new(settings, ways);
    put_group(&model, "Domain Users", 513);
    put_group(&model, "sales", 1201);
    put_user(&model, "lena", 1101);
    model
}

#[test]
fn an_object_guid_reads_as_windows_prints_it_and_is_searched_by_its_bytes() {
    let model = directory();
    let guid = [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
    model.set_bytes(&dn("lena"), "objectGUID", &guid);
    let id = id_of(&model, "lena");
    assert_eq!(id, "00112233-4455-6677-8899-aabbccddeeff");
    assert_eq!(view(&model, &id).unwrap().account.login.as_deref(), Some("lena"));
    assert_eq!(view(&model, "00112233-4455-6677-8899-aabbccddee00"), None);
    for bad in ["", "lena", "00112233", "*"] {
        assert!(matches!(call(&model, |ldap| ldap.get_account(bad)), Err(Failure::Invalid(_))), "{bad}");
    }
}

#[test]
fn one_bit_disables_and_a_change_in_between_is_not_overwritten() {
    let model = directory();
    let id = id_of(&model, "lena");
    model.set(&dn("lena"), "userAccountControl", &["66048"]);
    apply(&model, Operation::Disable(id.clone())).unwrap();
    assert_eq!(model.texts(&dn("lena"), "userAccountControl"), ["66050"]);
    let account = view(&model, &id).unwrap().account;
    assert_eq!((account.state, account.native_state.as_str()), (AccountState::Disabled, "userAccountControl=66050"));
    apply(&model, Operation::Enable(id.clone())).unwrap();
    assert_eq!(model.texts(&dn("lena"), "userAccountControl"), ["66048"]);
    let swaps = ["66048, Add userAccountControl=66050", "66050, Add userAccountControl=66048"];
    assert_eq!(model.writes(), swaps.map(|swap| format!("Delete userAccountControl={swap}")));

    model.ways(|ways| ways.next_modify = Some((false, model::refused(16, "no such value"))));
    assert!(matches!(apply(&model, Operation::Disable(id.clone())), Err(Failure::Conflict(_))));

    model.set(&dn("lena"), "lockoutTime", &["133500000000000000"]);
    assert_eq!(view(&model, &id).unwrap().account.state, AccountState::Locked);
    apply(&model, Operation::Enable(id.clone())).unwrap();
    assert_eq!(model.texts(&dn("lena"), "lockoutTime"), ["0"]);
    assert_eq!(view(&model, &id).unwrap().account.state, AccountState::Active);
}

#[test]
fn the_last_logon_is_approximate_and_never_is_not_known() {
    let model = directory();
    let last = || accounts(&model, 10).items[0].last_login.clone();
    assert_eq!(last(), LastUse { at: None, quality: Quality::Approximate });
    model.set(&dn("lena"), "lastLogonTimestamp", &["133500000000000000"]);
    assert_eq!(last(), LastUse { at: Some("2024-01-17T21:20:00Z".into()), quality: Quality::Approximate });
}

#[test]
fn the_primary_group_is_a_grant_that_stays() {
    let model = directory();
    put_user(&model, "marc", 1102);
    model.set(&dn("marc"), "primaryGroupID", &["1201"]);
    model.set(SALES, "member", &[&dn("lena")]);
    let all = ["lena > Domain Users, stays", "lena > sales", "marc > sales, stays"];
    for size in [1, 2, 100] {
        assert_eq!(told(&model, &grants(&model, size).items), all);
    }
    let of = |login: &str| told(&model, &view(&model, &id_of(&model, login)).unwrap().grants);
    assert_eq!([of("lena"), of("marc")].concat(), all);
    // Without it nobody knows what the account holds.
    let id = id_of(&model, "marc");
    model.set(&dn("marc"), "primaryGroupID", &[]);
    assert!(matches!(call(&model, |ldap| ldap.get_account(&id)), Err(Failure::Protocol(_))));
}

#[test]
fn members_come_in_ranges() {
    let model = directory();
    model.ways(|ways| ways.range = Some(150));
    let members: Vec<_> = (0..310).map(|number| format!("u{number:04}")).collect();
    for (number, login) in members.iter().enumerate() {
        put_user(&model, login, 5_000 + u32::try_from(number).unwrap());
        model.set(&dn(login), "primaryGroupID", &["1"]);
    }
    let names: Vec<_> = members.iter().map(|login| dn(login)).collect();
    model.set(SALES, "member", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let listed = grants(&model, 200);
    let accounts: BTreeSet<_> = listed.items.iter().map(|grant| grant.account.as_str()).collect();
    assert_eq!((listed.items.len(), accounts.len(), listed.pages), (311, 311, 2));
}

#[test]
fn a_new_account_is_disabled_until_it_has_a_password() {
    let model = directory();
    let id = apply(&model, Operation::Create(person("ines"))).unwrap().account.unwrap();
    let held = |name: &str| model.texts(&dn("ines"), name);
    assert_eq!(held("userAccountControl"), ["514"]);
    assert_eq!((held("cn"), held("sAMAccountName")), (vec!["ines".to_owned()], vec!["ines".to_owned()]));
    model.set(&dn("ines"), "objectCategory", &["person"]);
    model.set(&dn("ines"), "primaryGroupID", &["513"]);
    model.set_bytes(&dn("ines"), "objectSid", &sid(1103));
    assert_eq!(view(&model, &id).unwrap().account.state, AccountState::Disabled);
    let description = call(&model, |ldap| ldap.describe());
    let create = description.capabilities.iter().find(|c| c.operation == OperationKind::Create).unwrap();
    assert!(create.traits.contains(Traits::TWO_STEP));
}
