//! Accounts and entitlements: what Salesforce says of them, and whether a listing is whole.

use crate::org::{add_user, id, org, profile, set_login, user};
use crate::*;
use serde_json::json;

#[test]
fn every_kind_of_user_is_listed_and_told_apart() {
    let org = org();
    org.borrow_mut().settings = json!({ "service-profiles": ["Batch"], "attributes": ["Region__c"] });
    add_user(&org, 1, json!({ "Region__c": "North", "Department": "Sales" }));
    add_user(&org, 2, json!({ "Profile": profile("Agent", "Digital Agent"), "ManagerId": user(1) }));
    add_user(&org, 3, json!({ "Profile": profile("API", "Salesforce Integration") }));
    add_user(&org, 4, json!({ "Profile": profile("Batch", "Salesforce"), "LastLoginDate": null }));
    add_user(&org, 5, json!({ "UserType": "Guest", "Profile": profile("Site", "Guest User License") }));
    add_user(&org, 6, json!({ "UserType": "PowerPartner", "Profile": profile("Partner", "Partner Community") }));
    add_user(&org, 7, json!({ "UserType": "AutomatedProcess", "Profile": null, "ProfileId": null }));
    add_user(&org, 8, json!({ "Profile": profile("System Administrator", "Salesforce"), "IsActive": false }));
    let listed = accounts(&org).unwrap();
    let kinds: Vec<_> = listed.items.iter().map(|account| account.kind).collect();
    use AccountKind::*;
    assert_eq!(kinds, [Person, Bot, Integration, Service, Shared, Person, Service, Person]);
    let first = &listed.items[0];
    assert_eq!((first.id.as_str(), first.login.as_deref()), (user(1).as_str(), Some("u1@acme.example")));
    assert_eq!(first.correlation_key.as_deref(), Some("1"));
    assert_eq!(first.created_at.as_deref(), Some("2025-03-01T08:00:00.000+00:00"));
    assert_eq!(first.last_login, LastUse { at: Some("2026-01-01T10:00:00.000+00:00".into()), quality: Quality::Exact });
    let attribute = |name: &str| first.attributes.iter().find(|one| one.name == name).map(|one| one.value.clone());
    assert_eq!(attribute("Region__c"), Some(Value::Text("North".into())));
    assert_eq!(attribute("UserLicense"), Some(Value::Text("SFDC".into())));
    // A person's manager answers for the person's work and not for an account.
    assert_eq!((first.owner_hint.as_deref(), listed.items[1].owner_hint.as_deref()), (None, Some(user(1).as_str())));
    assert_eq!(listed.items[3].last_login.at, None);
    assert_eq!((listed.items[7].privileged, first.privileged), (Some(true), None));
}

#[test]
fn the_state_says_what_stops_a_user_and_in_which_words() {
    let org = org();
    for number in 1..=5 {
        add_user(&org, number, json!({ "IsActive": number != 4 }));
    }
    set_login(&org, 2, "IsFrozen", true);
    set_login(&org, 3, "IsPasswordLocked", true);
    set_login(&org, 4, "IsFrozen", true);
    org.borrow_mut().rows.get_mut("UserLogin").unwrap().retain(|row| row["UserId"] != user(5).as_str());
    let states: Vec<_> = accounts(&org).unwrap().items.into_iter().map(|one| (one.state, one.native_state)).collect();
    let expected = [
        (AccountState::Active, "IsActive=true, IsFrozen=false"),
        (AccountState::Frozen, "IsActive=true, IsFrozen=true"),
        (AccountState::Locked, "IsActive=true, IsFrozen=false, IsPasswordLocked=true"),
        (AccountState::Disabled, "IsActive=false, IsFrozen=true"),
        (AccountState::Active, "IsActive=true"),
    ];
    assert_eq!(states, expected.map(|(state, words)| (state, words.to_owned())));
}

#[test]
fn apps_and_agents_are_accounts_that_somebody_made() {
    let org = org();
    add_user(&org, 1, json!({}));
    let made = json!({ "CreatedById": user(1), "CreatedDate": "2025-01-01T00:00:00.000+0000" });
    let row = |more: serde_json::Value| {
        let mut row = made.clone();
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    org.borrow_mut().add("ConnectedApplication", row(json!({ "Id": id("0H4", 1), "Name": "Data Loader" })));
    let agent =
        json!({ "Id": id("0Xx", 1), "DeveloperName": "Helper", "MasterLabel": "Help Agent", "BotUserId": user(9) });
    org.borrow_mut().add("BotDefinition", row(agent));
    let listed = accounts(&org).unwrap();
    assert_eq!(listed.stated_total, Some(3));
    let programs: Vec<_> =
        listed.items[1..].iter().map(|one| (one.kind, one.display_name.as_deref().unwrap())).collect();
    assert_eq!(programs, [(AccountKind::Integration, "Data Loader"), (AccountKind::Bot, "Help Agent")]);
    assert!(listed.items[1..].iter().all(|one| one.owner_hint.as_deref() == Some(user(1).as_str())));
    let seen = call(&org, |plugin| plugin.get_account(&id("0Xx", 1))).unwrap().unwrap();
    assert_eq!((seen.account, seen.grants), (listed.items[2].clone(), vec![]));
    assert_eq!(call(&org, |plugin| plugin.get_account(&id("0H4", 7))), Ok(None));
    org.borrow_mut().missing = vec!["ConnectedApplication"];
    assert_eq!(call(&org, |plugin| plugin.get_account(&id("0Xx", 1))).map(|seen| seen.is_some()), Ok(true));
    let unseen = call(&org, |plugin| plugin.get_account(&id("0H4", 1)));
    assert!(matches!(unseen, Err(Failure::Unsupported(_))), "{unseen:?}");
    let refused = apply(&org, Operation::Disable(id("0H4", 1)));
    assert!(matches!(refused, Err(Failure::Unsupported(_))), "{refused:?}");
}

#[test]
fn an_org_without_agents_is_listed_with_a_warning() {
    let org = org();
    org.borrow_mut().missing = vec!["BotDefinition"];
    add_user(&org, 1, json!({}));
    let listed = accounts(&org).unwrap();
    assert_eq!((listed.items.len(), listed.stated_total), (1, Some(1)));
    assert!(listed.warnings[0].starts_with("agents and bots are not listed: "), "{:?}", listed.warnings);
}

#[test]
fn a_page_shorter_than_asked_for_is_not_the_end() {
    let org = org();
    (1..=25).for_each(|number| add_user(&org, number, json!({})));
    org.borrow_mut().page_max = Some(7);
    set_login(&org, 25, "IsFrozen", true);
    let listed = accounts(&org).unwrap();
    let ids: Vec<_> = listed.items.iter().map(|account| account.id.clone()).collect();
    assert_eq!(ids, (1..=25).map(user).collect::<Vec<_>>());
    assert_eq!((listed.pages, listed.stated_total), (4 + 2, Some(25)));
    assert_eq!(listed.items[24].state, AccountState::Frozen);
}

#[test]
fn logins_of_many_users_are_asked_for_in_addresses_that_are_short_enough() {
    let org = org();
    (1..=1_000).for_each(|number| add_user(&org, number, json!({})));
    set_login(&org, 1_000, "IsFrozen", true);
    let listed = accounts(&org).unwrap();
    assert_eq!(listed.items.len(), 1_000);
    assert_eq!(listed.items[999].state, AccountState::Frozen);
    let asked = org.borrow().seen.iter().filter(|line| line.contains("FROM UserLogin")).count();
    assert!((2..=6).contains(&asked), "{asked}");
}

#[test]
fn what_there_is_to_hold_says_what_it_brings_along_and_how_many_one_may_have() {
    let org = org();
    org.borrow_mut().settings = json!({ "floor-profiles": ["minimum access - salesforce"] });
    crate::org::add_member(&org, 1, 2, &id("00G", 1));
    crate::org::add_member(&org, 2, 2, &id("00G", 5));
    let listed = entitlements(&org).unwrap();
    let words: Vec<_> = listed.items.iter().map(|one| (one.kind.as_str(), one.name.as_str())).collect();
    let expected = [
        ("user-license", "Salesforce"),
        ("profile", "Standard User"),
        ("profile", "Minimum Access - Salesforce"),
        ("permission-set", "Set 1"),
        ("permission-set", "Set 2"),
        ("permission-set-group", "Bundle"),
        ("permission-set-license", "CRM User"),
        ("group", "Inner"),
        ("group", "Outer"),
        ("queue", "Support"),
        ("role", "Chief"),
        ("role", "Clerk"),
    ];
    assert_eq!(words, expected);
    assert_eq!(listed.stated_total, Some(12));
    let of = |name: &str| listed.items.iter().find(|one| one.name == name && one.kind != "user-license").unwrap();
    let family = format!("profile/{}", id("100", 10));
    assert_eq!(of("Standard User").rung, Some(Rung { family: family.clone(), rank: 1, floor: false }));
    assert_eq!(of("Minimum Access - Salesforce").rung, Some(Rung { family, rank: 0, floor: true }));
    assert_eq!(
        (of("Standard User").cardinality, of("Chief").cardinality),
        (Cardinality::ExactlyOne, Cardinality::AtMostOne)
    );
    assert_eq!(of("Standard User").contains, [id("100", 10)]);
    assert_eq!(of("Bundle").contains, [id("0PS", 1), id("0PS", 2)]);
    assert_eq!(of("Inner").contains, [id("00G", 2)]);
    // Group 5 stands for the chief and everybody below.
    assert_eq!((&of("Chief").contains, &of("Clerk").contains), (&vec![id("00G", 2)], &vec![id("00G", 2)]));
    assert_eq!((of("Set 1").privileged, of("Set 2").privileged), (Some(false), Some(true)));
    assert!(!listed.items[0].assignable);
}

#[test]
fn a_floor_that_does_not_exist_fails_the_listing() {
    let org = org();
    org.borrow_mut().settings = json!({ "floor-profiles": ["No Such Profile"] });
    let Err(Failure::Invalid(faults)) = entitlements(&org) else { panic!("it was believed") };
    assert_eq!(faults[0].message, "Salesforce has no profile \"No Such Profile\"");
    org.borrow_mut().settings = json!({ "floor-profiles": ["Standard User", "Minimum Access - Salesforce"] });
    assert!(matches!(entitlements(&org), Err(Failure::Invalid(_))));
}
