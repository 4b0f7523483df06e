//! What a refusal means for the host.

use crate::model::limited;
use crate::org::{add_user, org, user};
use crate::*;
use reeve_sdk::testing;
use serde_json::json;

fn one() -> Shared {
    let org = org();
    add_user(&org, 1, json!({}));
    org
}

fn refused(start: &str, status: u16, code: &str) -> Failure {
    let org = one();
    org.borrow_mut().instead(start, status, &format!(r#"[{{"errorCode":"{code}","message":"words"}}]"#));
    apply(&org, Operation::Disable(user(1))).unwrap_err()
}

#[test]
fn each_code_means_what_the_host_needs_to_know() {
    assert!(matches!(refused("SELECT", 401, "INVALID_SESSION_ID"), Failure::AuthFailed(_)));
    assert!(matches!(refused("PATCH", 401, "INVALID_SESSION_ID"), Failure::AuthFailed(_)));
    assert!(matches!(refused("PATCH", 400, "UNABLE_TO_LOCK_ROW"), Failure::Unavailable(_)));
    assert!(matches!(refused("PATCH", 503, "SERVER_UNAVAILABLE"), Failure::Unavailable(_)));
    assert!(matches!(refused("PATCH", 403, "INSUFFICIENT_ACCESS_OR_READONLY"), Failure::Forbidden(_)));
    assert!(matches!(refused("PATCH", 400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"), Failure::Forbidden(_)));
    assert!(matches!(refused("PATCH", 400, "LICENSE_LIMIT_EXCEEDED"), Failure::LicenceExhausted(_)));
    assert!(matches!(refused("PATCH", 500, "UNKNOWN_EXCEPTION"), Failure::OutcomeUnknown(_)));
    assert!(matches!(refused("SELECT", 500, "UNKNOWN_EXCEPTION"), Failure::Unavailable(_)));
    assert!(matches!(refused("SELECT", 400, "MALFORMED_QUERY"), Failure::Invalid(_)));
    assert!(matches!(refused("PATCH", 400, "SOME_NEW_CODE"), Failure::RefusedByTarget(_)));
}

#[test]
fn a_limit_says_how_much_is_left_and_not_how_much_was_used() {
    let host = testing::http("{}", |_| limited("api-usage=4990/5000"));
    let refused = host.run(|| Salesforce::open()?.list_accounts(PageRequest::first(10)));
    let Err(Failure::RateLimited(hint)) = refused else { panic!("{refused:?}") };
    assert_eq!((hint.remaining, hint.limit), (Some(10), Some(5_000)));
    assert_eq!(hint.scope.as_deref(), Some("TotalRequests Limit exceeded."));
    let host = testing::http("{}", |_| limited("per-app-api-usage=17/250(appName=x)"));
    let Err(Failure::RateLimited(hint)) = host.run(|| Salesforce::open()?.list_accounts(PageRequest::first(10))) else {
        panic!("it is a limit")
    };
    assert_eq!((hint.remaining, hint.limit), (None, None));
}

#[test]
fn a_page_of_html_is_no_answer_and_after_a_write_says_nothing_about_it() {
    let org = one();
    org.borrow_mut().instead("SELECT", 200, "<html>Sign in</html>");
    assert!(matches!(accounts(&org), Err(Failure::Protocol(_))));
    org.borrow_mut().instead("PATCH", 200, "<html>Sign in</html>");
    assert!(matches!(apply(&org, Operation::Disable(user(1))), Err(Failure::OutcomeUnknown(_))));
}

#[test]
fn an_old_place_in_a_listing_starts_it_anew() {
    let org = one();
    let page = |cursor: &str| PageRequest { cursor: Some(cursor.to_owned()), size: 10 };
    let gone = page(r#"{"leg":0,"locator":"0r899-2000","seen":2000}"#);
    assert_eq!(call(&org, |plugin| plugin.list_accounts(gone)).map(drop), Err(Failure::CursorExpired));
    for cursor in ["", "nonsense", r#"{"leg":99}"#] {
        let listed = call(&org, |plugin| plugin.list_accounts(page(cursor)));
        assert_eq!(listed.map(drop), Err(Failure::CursorExpired), "{cursor}");
    }
    org.borrow_mut().instead("GET", 400, r#"[{"errorCode":"QUERY_LOCATOR_EXPIRED","message":"expired"}]"#);
    let gone = page(r#"{"leg":0,"locator":"0r80-2000","seen":2000}"#);
    assert_eq!(call(&org, |plugin| plugin.list_accounts(gone)).map(drop), Err(Failure::CursorExpired));
}

#[test]
fn a_listing_that_goes_round_in_circles_ends() {
    let org = one();
    add_user(&org, 2, json!({}));
    org.borrow_mut().page_max = Some(1);
    for object in ["User", "UserLogin"] {
        org.borrow_mut().loops = Some(object);
        assert!(matches!(accounts(&org), Err(Failure::Protocol(_))), "{object}");
    }
    org.borrow_mut().loops = Some("GroupMember");
    crate::org::add_member(&org, 1, 1, &user(1));
    crate::org::add_member(&org, 2, 2, &user(1));
    assert!(matches!(call(&org, |plugin| plugin.get_account(&user(1))), Err(Failure::Protocol(_))));
}

#[test]
fn a_next_address_elsewhere_is_not_followed() {
    let org = one();
    for url in ["https://evil.example/services/data/v62.0/query/../../User", "/services/data/v62.0/query/", "x?q=1"] {
        let body = json!({ "totalSize": 5, "done": false, "nextRecordsUrl": url, "records": [] }).to_string();
        org.borrow_mut().instead("SELECT", 200, &body);
        let before = org.borrow().seen.len();
        match url {
            // Its end is a locator like any other, and the host is never taken from it.
            url if url.ends_with("User") => assert!(accounts(&org).is_err()),
            _ => {
                assert!(matches!(accounts(&org), Err(Failure::Protocol(_))), "{url}");
                assert_eq!(org.borrow().seen.len(), before + 1);
            }
        }
    }
}

#[test]
fn a_create_whose_name_is_taken_is_a_conflict_and_a_silent_one_is_unknown() {
    let org = one();
    let create = || {
        apply(
            &org,
            Operation::Create(NewAccount {
                login: "u1@acme.example".into(),
                email: None,
                display_name: None,
                given_name: None,
                family_name: None,
                correlation_key: None,
                attributes: vec![],
                entitlements: vec![crate::org::id("00e", 1)],
            }),
        )
    };
    org.borrow_mut().instead("POST", 400, r#"[{"errorCode":"DUPLICATE_USERNAME","message":"taken"}]"#);
    assert!(matches!(create(), Err(Failure::Conflict(_))));
    org.borrow_mut().instead("POST", 201, "{}");
    assert!(matches!(create(), Err(Failure::OutcomeUnknown(_))));
    org.borrow_mut().instead("POST", 400, r#"[{"errorCode":"REQUIRED_FIELD_MISSING","message":"Required fields are missing: [Region__c]","fields":["Region__c"]}]"#);
    let Err(Failure::Invalid(faults)) = create() else { panic!("it is a fault of the fields") };
    assert_eq!(faults[0].field, "Region__c");
}
