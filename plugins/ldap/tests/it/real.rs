//! The connector against OpenLDAP.

use crate::slapd::{self, Slapd};
use crate::*;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;

const PLACEHOLDER: &str = "cn=nobody,dc=example,dc=com";
const INES: &str = "uid=ines,ou=people,dc=example,dc=com";

fn settings() -> Json {
    json!({
        "people": "ou=people,dc=example,dc=com",
        "groups": "OU=Groups, DC=example, DC=com",
        "placeholder-member": PLACEHOLDER,
        "password-policy": "cn=default,ou=policies,dc=example,dc=com",
        "attributes": ["departmentNumber"],
    })
}

fn without(setting: &str) -> Json {
    let mut settings = settings();
    settings.as_object_mut().unwrap().remove(setting);
    settings
}

fn group(name: &str, members: &[&str]) -> String {
    let mut ldif = format!("dn: cn={name},ou=groups,dc=example,dc=com\nobjectClass: groupOfNames\ncn: {name}\n");
    for member in members {
        writeln!(ldif, "member: {member}").unwrap();
    }
    ldif + "\n"
}

fn people(logins: &[&str]) -> String {
    let entry = |login: &&str| {
        format!(
            "dn: uid={login},ou=people,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: {login}\ncn: {login}\nsn: {login}\n\
             employeeNumber: E-{login}\nuserPassword: pw-{login}\n\n"
        )
    };
    logins.iter().map(entry).collect()
}

fn native(slapd: &Slapd, id: &str) -> (AccountState, String) {
    let account = view(slapd, id).unwrap().account;
    (account.state, account.native_state)
}

#[test]
fn an_account_from_joiner_to_leaver() {
    let ldif = group("staff", &[PLACEHOLDER]);
    let Some(slapd) = slapd::start("an_account_from_joiner_to_leaver", settings(), &ldif) else { return };
    let mut new = person("ines");
    new.attributes.push(Attribute::text("departmentNumber", "42"));
    let made = apply(&slapd, Operation::Create(new.clone())).unwrap();
    let id = made.account.unwrap();
    assert_eq!((made.status, id.len()), (Status::Done, 36));
    assert!(matches!(apply(&slapd, Operation::Create(new)), Err(Failure::Conflict(_))));

    let account = view(&slapd, &id).unwrap().account;
    assert_eq!(account.login.as_deref(), Some("ines"));
    assert_eq!(account.email.as_deref(), Some("ines@example.com"));
    assert_eq!(account.correlation_key.as_deref(), Some("E-1001"));
    assert_eq!((account.kind, account.state), (AccountKind::Person, AccountState::Active));
    assert_eq!(account.last_login, LastUse { at: None, quality: Quality::NotAvailable });
    assert!(account.created_at.unwrap().ends_with('Z'));
    let further: Vec<_> = account.attributes.iter().map(|a| (a.name.as_str(), a.value.clone())).collect();
    let text = |text: &str| Value::Text(text.into());
    let names = [("given-name", text("Ines")), ("family-name", text("Marchetti")), ("departmentNumber", text("42"))];
    assert_eq!(further, [&[("dn", text(INES))][..], &names].concat());

    assert!(!slapd.signs_in(INES, "changed"), "a new account has no password");
    slapd.set(INES, "userPassword", &["changed"]);
    assert!(slapd.signs_in(INES, "changed"));
    let used = view(&slapd, &id).unwrap().account.last_login;
    assert!(used.quality == Quality::Exact && used.at.is_some());

    let staff = group_id(&slapd, "staff");
    assert_eq!(grant_to(&slapd, &id, &staff).unwrap().status, Status::Done);
    assert_eq!(grant_to(&slapd, &id, &staff).unwrap().status, Status::AlreadySo);
    assert_eq!(view(&slapd, &id).unwrap().grants, [Grant::direct(&id, &staff)]);

    assert_eq!(apply(&slapd, Operation::Disable(id.clone())).unwrap().status, Status::Done);
    assert!(!slapd.signs_in(INES, "changed"));
    assert_eq!(native(&slapd, &id), (AccountState::Disabled, "pwdAccountLockedTime=000001010000Z".into()));
    assert_eq!(apply(&slapd, Operation::Disable(id.clone())).unwrap().status, Status::AlreadySo);
    assert_eq!(apply(&slapd, Operation::Enable(id.clone())).unwrap().status, Status::Done);
    assert!(slapd.signs_in(INES, "changed"));
    assert_eq!(apply(&slapd, Operation::Enable(id.clone())).unwrap().status, Status::AlreadySo);

    assert_eq!(revoke_from(&slapd, &id, &staff).unwrap().status, Status::Done);
    assert_eq!(revoke_from(&slapd, &id, &staff).unwrap().status, Status::AlreadySo);
    assert_eq!(view(&slapd, &id).unwrap().grants, []);
    assert_eq!(apply(&slapd, Operation::Delete(id.clone())).unwrap().status, Status::Done);
    assert_eq!(view(&slapd, &id), None);
    for gone in [Operation::Delete(id.clone()), Operation::Disable(id.clone())] {
        assert_eq!(apply(&slapd, gone).unwrap().status, Status::AlreadySo);
    }
    assert_eq!(revoke_from(&slapd, &id, &staff).unwrap().status, Status::AlreadySo);
    assert!(matches!(apply(&slapd, Operation::Enable(id.clone())), Err(Failure::NotFound(_))));
    assert!(matches!(grant_to(&slapd, &id, &staff), Err(Failure::NotFound(_))));
}

#[test]
fn more_people_than_the_size_limit_are_listed_whole() {
    let logins: Vec<_> = (0..1203).map(|number| format!("p{number:04}")).collect();
    let logins: Vec<_> = logins.iter().map(String::as_str).collect();
    let members: Vec<_> = logins.iter().map(|login| format!("uid={login},ou=people,dc=example,dc=com")).collect();
    let members: Vec<_> = members.iter().map(String::as_str).collect();
    let ldif = people(&logins) + &group("all", &members) + &group("some", &members[..7]);
    let test = "more_people_than_the_size_limit_are_listed_whole";
    let Some(slapd) = slapd::start(test, settings(), &ldif) else { return };
    assert_eq!(slapd.unpaged_code("ou=people,dc=example,dc=com"), 4, "the server has a size limit");

    let people = accounts(&slapd, 1000);
    assert_eq!((people.items.len(), people.pages), (1203, 3));
    let ids: BTreeSet<_> = people.items.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(ids.len(), 1203);

    let listed = grants(&slapd, 250);
    assert!(listed.pages >= 5 && listed.warnings.is_empty(), "{} pages, {:?}", listed.pages, listed.warnings);
    let pairs: BTreeSet<_> = listed.items.iter().map(|grant| (&grant.account, &grant.entitlement)).collect();
    assert_eq!((listed.items.len(), pairs.len()), (1210, 1210));
    assert!(listed.items.iter().all(|grant| grant.revocable && ids.contains(grant.account.as_str())));
}

#[test]
fn the_last_member_leaves_when_a_placeholder_may_come_in() {
    let ldif = people(&["ines", "omar"]) + &group("board", &[INES]);
    let test = "the_last_member_leaves_when_a_placeholder_may_come_in";
    let Some(slapd) = slapd::start(test, settings(), &ldif) else { return };
    let (ines, omar, board) = (id_of(&slapd, "ines"), id_of(&slapd, "omar"), group_id(&slapd, "board"));
    let members = || slapd.values("cn=board,ou=groups,dc=example,dc=com", "member");

    let outcome = revoke_from(&slapd, &ines, &board).unwrap();
    assert_eq!(outcome.side_effects, [format!("{PLACEHOLDER} now holds board open")]);
    assert_eq!(members(), [PLACEHOLDER]);
    assert_eq!(grants(&slapd, 10).items, []);
    assert_eq!(revoke_from(&slapd, &ines, &board).unwrap().status, Status::AlreadySo);

    grant_to(&slapd, &omar, &board).unwrap();
    assert_eq!(members(), ["uid=omar,ou=people,dc=example,dc=com"]);
    assert_eq!(told(&slapd, &grants(&slapd, 10).items), ["omar > board"]);
    grant_to(&slapd, &ines, &board).unwrap();
    assert_eq!(members().len(), 2);
}

#[test]
fn the_last_member_stays_without_a_placeholder() {
    let ldif = people(&["ines", "omar"]) + &group("board", &[INES]);
    let test = "the_last_member_stays_without_a_placeholder";
    let Some(slapd) = slapd::start(test, without("placeholder-member"), &ldif) else { return };
    let (ines, omar, board) = (id_of(&slapd, "ines"), id_of(&slapd, "omar"), group_id(&slapd, "board"));
    assert_eq!(told(&slapd, &grants(&slapd, 10).items), ["ines > board, stays"]);
    assert_eq!(told(&slapd, &view(&slapd, &ines).unwrap().grants), ["ines > board, stays"]);
    let refused = Failure::RefusedByTarget(vec!["last member of the group".into()]);
    assert_eq!(revoke_from(&slapd, &ines, &board), Err(refused));

    grant_to(&slapd, &omar, &board).unwrap();
    assert_eq!(told(&slapd, &grants(&slapd, 10).items), ["ines > board", "omar > board"]);
    assert_eq!(told(&slapd, &view(&slapd, &ines).unwrap().grants), ["ines > board"]);
    assert_eq!(revoke_from(&slapd, &ines, &board).unwrap().status, Status::Done);
}

#[test]
fn a_group_inside_a_group_passes_on_what_it_gives_also_in_a_circle() {
    let inner = "cn=inner,ou=groups,dc=example,dc=com";
    let outer = "cn=outer,ou=groups,dc=example,dc=com";
    let ghost = "uid=ghost,ou=people,dc=example,dc=com";
    let service = "cn=reeve,ou=services,dc=example,dc=com";
    let ldif = people(&["ines", "omar"])
        + &group("inner", &["UID=Ines, OU=people, DC=example,DC=com", "cn=round,ou=groups,dc=example,dc=com"])
        + &group("outer", &[inner, "uid=omar,ou=people,dc=example,dc=com", PLACEHOLDER, ghost, service])
        + &group("round", &[outer]);
    let test = "a_group_inside_a_group_passes_on_what_it_gives_also_in_a_circle";
    let Some(slapd) = slapd::start(test, settings(), &ldif) else { return };
    let all = [
        "ines > inner",
        "ines > outer through inner",
        "ines > round through inner",
        "omar > inner through outer",
        "omar > outer",
        "omar > round through outer",
    ];
    for size in [1, 2, 100] {
        let listed = grants(&slapd, size);
        assert_eq!(told(&slapd, &listed.items), all);
        let warnings = listed.warnings.join("\n");
        assert!(warnings.contains("no accounts under ou=people,dc=example,dc=com"), "{warnings}");
        assert!(!warnings.contains("nobody"), "{warnings}");
    }
    assert_eq!(told(&slapd, &view(&slapd, &id_of(&slapd, "ines")).unwrap().grants), all[..3]);
    let contains = |name: &str| entitlements(&slapd, 1).items.into_iter().find(|g| g.name == name).unwrap().contains;
    assert_eq!(contains("inner"), [group_id(&slapd, "outer")]);

    let mut flat = settings();
    flat["nested-groups"] = json!(false);
    slapd.settings(flat);
    assert_eq!(told(&slapd, &grants(&slapd, 100).items), ["ines > inner", "omar > outer"]);
}

#[test]
fn a_name_with_every_special_character_is_one_name() {
    let Some(slapd) = slapd::start("a_name_with_every_special_character_is_one_name", settings(), "") else { return };
    let login = " #o'brien, \"jr\"+<x>;=\\*(é) ";
    let new = NewAccount { email: Some("ines@example.com".into()), ..person(login) };
    let id = apply(&slapd, Operation::Create(new)).unwrap().account.unwrap();
    assert_eq!(view(&slapd, &id).unwrap().account.login.as_deref(), Some(login));
    assert_eq!(id_of(&slapd, login), id);
    for key in ["*", "*)(uid=*", "\\2a", "(", "\0"] {
        assert_eq!(by_login(&slapd, key), [], "{key:?}");
    }
    let by = |by, key: &str| call(&slapd, |ldap| ldap.find_account(by, key)).unwrap().len();
    let found =
        [by(MatchBy::Email, "ines@example.com"), by(MatchBy::Email, "*@*"), by(MatchBy::CorrelationKey, "E-1001")];
    assert_eq!(found, [1, 0, 1]);
    assert!(matches!(apply(&slapd, Operation::Create(person("a\nb"))), Err(Failure::Invalid(_))));
    assert_eq!(apply(&slapd, Operation::Delete(id.clone())).unwrap().status, Status::Done);
    assert_eq!(view(&slapd, &id), None);
}

#[test]
fn attributes_change_and_the_name_does_not() {
    let Some(slapd) = slapd::start("attributes_change_and_the_name_does_not", settings(), &people(&["ines"])) else {
        return;
    };
    let id = id_of(&slapd, "ines");
    let update = |name: &str, value: &str| {
        let attributes = vec![Attribute::text(name, value)];
        apply(&slapd, Operation::Update(AccountChange { account: id.clone(), etag: None, attributes }))
    };
    for (name, value, attribute) in [
        ("email", "ines.m@example.com", "mail"),
        ("display-name", "Inês M.", "displayName"),
        ("given-name", "Inês", "givenName"),
        ("family-name", "Marchetti", "sn"),
        ("correlation-key", "E-2", "employeeNumber"),
        ("departmentNumber", "42", "departmentNumber"),
    ] {
        assert_eq!(update(name, value).unwrap().status, Status::Done, "{name}");
        assert_eq!(slapd.values(INES, attribute), [value]);
        assert_eq!(update(name, value).unwrap().status, Status::AlreadySo, "{name}");
    }
    assert_eq!(update("departmentNumber", "").unwrap().status, Status::Done);
    assert_eq!(slapd.values(INES, "departmentNumber"), [""; 0]);
    assert_eq!(update("login", "ines").unwrap().status, Status::AlreadySo);
    assert!(matches!(update("login", "ines2"), Err(Failure::Unsupported(_))));
    assert!(matches!(update("userPassword", "x"), Err(Failure::Invalid(_))));
    assert!(matches!(update("family-name", ""), Err(Failure::RefusedByTarget(_))));
    assert!(slapd.signs_in(INES, "pw-ines"));
}

#[test]
fn a_lock_that_the_policy_ignores_disables_nobody() {
    let policy = "cn=default,ou=policies,dc=example,dc=com";
    let open = "dn: cn=open,ou=policies,dc=example,dc=com\nobjectClass: organizationalRole\nobjectClass: pwdPolicy\n\
                cn: open\npwdAttribute: userPassword\npwdLockout: FALSE\n\n";
    let ldif = people(&["ines"]) + open;
    let Some(slapd) = slapd::start("a_lock_that_the_policy_ignores_disables_nobody", settings(), &ldif) else { return };
    let id = id_of(&slapd, "ines");
    apply(&slapd, Operation::Disable(id.clone())).unwrap();
    assert!(!slapd.signs_in(INES, "pw-ines"));

    slapd.set(INES, "pwdPolicySubentry", &["cn=open,ou=policies,dc=example,dc=com"]);
    assert!(slapd.signs_in(INES, "pw-ines"));
    let (state, words) = native(&slapd, &id);
    assert_eq!(state, AccountState::Active);
    assert!(words.contains("cn=open,ou=policies"), "{words}");
    assert!(matches!(apply(&slapd, Operation::Disable(id.clone())), Err(Failure::RefusedByTarget(_))));
    slapd.set(INES, "pwdPolicySubentry", &["cn=missing,ou=policies,dc=example,dc=com"]);
    assert_eq!(native(&slapd, &id).0, AccountState::Unknown);
    slapd.set(INES, "pwdPolicySubentry", &[]);
    assert_eq!(native(&slapd, &id).0, AccountState::Disabled);

    slapd.set(policy, "pwdLockout", &["FALSE"]);
    assert_eq!((native(&slapd, &id).0, slapd.signs_in(INES, "pw-ines")), (AccountState::Active, true));
    slapd.set(policy, "pwdLockout", &["TRUE"]);
    let listed = accounts(&slapd, 10).items.remove(0);
    assert_eq!((listed.state, listed.kind), (AccountState::Disabled, AccountKind::Person));
    // What `describe` warns of.
    slapd.set(INES, "userPassword", &["changed"]);
    assert_eq!((native(&slapd, &id).0, slapd.signs_in(INES, "changed")), (AccountState::Active, true));
}

#[test]
fn wrong_passwords_lock_and_do_not_disable() {
    let test = "wrong_passwords_lock_and_do_not_disable";
    let Some(slapd) = slapd::start(test, settings(), &people(&["ines"])) else { return };
    let id = id_of(&slapd, "ines");
    for _ in 0..5 {
        assert!(!slapd.signs_in(INES, "wrong"));
    }
    let (state, words) = native(&slapd, &id);
    assert_eq!(state, AccountState::Locked, "{words}");
    assert!(!slapd.signs_in(INES, "pw-ines"));
    assert_eq!(apply(&slapd, Operation::Disable(id.clone())).unwrap().status, Status::Done);
    assert_eq!(native(&slapd, &id).0, AccountState::Disabled);
}

#[test]
fn a_namesake_does_not_inherit_the_groups_of_an_account_before() {
    let ldif = group("board", &[INES]);
    let test = "a_namesake_does_not_inherit_the_groups_of_an_account_before";
    let Some(slapd) = slapd::start(test, settings(), &ldif) else { return };
    match apply(&slapd, Operation::Create(person("ines"))) {
        Err(Failure::RefusedByTarget(blockers)) => assert!(blockers[0].starts_with("cn=board,"), "{blockers:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(accounts(&slapd, 10).items, []);
}

#[test]
fn a_check_says_what_to_set() {
    let outside = "dn: cn=far,ou=services,dc=example,dc=com\nobjectClass: groupOfNames\ncn: far\n";
    let near = people(&["ines"]) + &group("board", &[INES]);
    let Some(slapd) = slapd::start("a_check_says_what_to_set", settings(), &near) else { return };
    assert!(slapd.signs_in(INES, "pw-ines"));
    let probes = || call(&slapd, |ldap| ldap.check()).unwrap();
    let failed = || probes().into_iter().filter(|probe| !probe.passed).map(|probe| probe.name).collect::<Vec<_>>();
    assert_eq!(failed(), ["schema"; 0], "{:?}", probes());
    assert_eq!(probes().len(), 8);

    slapd.set("cn=default,ou=policies,dc=example,dc=com", "pwdLockout", &["FALSE"]);
    assert_eq!(failed(), ["disable"]);
    let service = slapd.root().add(
        outside.lines().next().unwrap().trim_start_matches("dn: "),
        vec![
            ("objectClass", ["groupOfNames"].into_iter().collect()),
            ("cn", ["far"].into_iter().collect()),
            ("member", [INES].into_iter().collect()),
        ],
    );
    service.unwrap().success().unwrap();
    assert_eq!(failed(), ["group-coverage", "disable"]);

    let mut bare = without("placeholder-member");
    bare["correlation-attribute"] = json!("employeeType");
    bare["user-classes"] = json!(["account"]);
    bare.as_object_mut().unwrap().remove("password-policy");
    slapd.settings(bare);
    assert_eq!(failed(), ["schema", "correlation", "group-coverage", "disable", "last-member"]);
    slapd.settings(json!({ "people": "ou=staff,dc=example,dc=com", "groups": "ou=people,dc=example,dc=com" }));
    assert_eq!(failed(), ["people", "groups", "disable", "last-member"]);
}

#[test]
fn a_branch_that_is_missing_is_no_empty_directory() {
    let test = "a_branch_that_is_missing_is_no_empty_directory";
    let Some(slapd) = slapd::start(test, settings(), &people(&["ines"])) else { return };
    let id = id_of(&slapd, "ines");
    slapd.settings(json!({ "people": "ou=staff,dc=example,dc=com", "groups": "ou=roles,dc=example,dc=com" }));
    let protocol = |failure: Option<Failure>| assert!(matches!(failure, Some(Failure::Protocol(_))), "{failure:?}");
    protocol(call(&slapd, |ldap| ldap.get_account(&id)).err());
    protocol(call(&slapd, |ldap| ldap.list_accounts(PageRequest::first(10))).err());
    protocol(call(&slapd, |ldap| ldap.list_grants(PageRequest::first(10))).err());
    protocol(apply(&slapd, Operation::Disable(id.clone())).err());
    protocol(call(&slapd, |ldap| ldap.find_account(MatchBy::Login, "ines")).err());
}
