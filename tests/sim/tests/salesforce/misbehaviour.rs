//! Misbehaviour in Salesforce's own manner. What is the same for all stand-ins is tested with SCIM.

use crate::common::End;
use crate::org::{DATA, Org, refusal, refused};
use reeve_sim::misbehaviour::{Act, RetryAfter, Rule, Work};
use reeve_sim::salesforce::Options;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn it_fails_after_the_work_succeeds_without_it_and_refuses_as_it_is_told() {
    let org = Org::start().await;
    let ben = org.user("ben");
    let off = json!({"IsActive": false});
    let detail = "ben owns 3 open opportunities".to_owned();
    let refuse =
        Act::Refuse { status: 400, code: Some("FIELD_INTEGRITY_EXCEPTION".to_owned()), detail: detail.clone() };
    org.misbehave(Rule::new(refuse).on("PATCH", "/services/data/*/sobjects/User/*").with_body("IsActive"));
    let reply = org.patch("User", &ben, &off);
    assert_eq!(
        (refusal(&reply), &reply.json()[0]["message"]),
        (refused(400, "FIELD_INTEGRITY_EXCEPTION"), &json!(detail))
    );

    org.misbehave(Rule::new(Act::Pretend));
    assert_eq!(org.patch("User", &ben, &off).status, 204);
    assert_eq!(org.post("User", &org.newcomer("kim")).status, 201);
    assert!(org.done().is_empty());
    assert_eq!(org.one("SELECT IsActive FROM User WHERE Alias = 'ben'"), "true");
    assert!(org.rows("SELECT Id FROM User WHERE Alias = 'kim'").is_empty());

    let answer = |status| Act::Answer { status, work: Work::Done, retry_after: None, body: None, content_type: None };
    org.misbehave(Rule::new(answer(500)).on("PATCH", "/**"));
    assert_eq!(refusal(&org.patch("User", &ben, &off)), refused(500, "UNKNOWN_EXCEPTION"));
    assert_eq!(org.done(), ["changed ben@acme.example"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_overloaded_in_each_of_its_ways_and_may_say_for_how_long() {
    let org = Org::start().await;
    for (status, code) in
        [(403, "REQUEST_LIMIT_EXCEEDED"), (429, "REQUEST_LIMIT_EXCEEDED"), (503, "SERVER_UNAVAILABLE")]
    {
        for (retry_after, expected) in [
            (None, None),
            (Some(RetryAfter::Seconds(7)), Some("7".to_owned())),
            (Some(RetryAfter::Seconds(u64::MAX)), Some(u64::MAX.to_string())),
            (Some(RetryAfter::Text("-1".to_owned())), Some("-1".to_owned())),
        ] {
            let work = Work::Skipped;
            org.misbehave(Rule::new(Act::Answer { status, work, retry_after, body: None, content_type: None }));
            let reply = org.post("User", &json!({}));
            assert_eq!(refusal(&reply), refused(status, code));
            assert_eq!(reply.header("retry-after").map(str::to_owned), expected);
        }
        let retry_after = Some(RetryAfter::DateInSeconds(60));
        let answer = Act::Answer { status, work: Work::Skipped, retry_after, body: None, content_type: None };
        org.misbehave(Rule::new(answer));
        assert!(org.get("/limits").header("retry-after").unwrap().ends_with(" GMT"));
    }
    let detail = "ConcurrentPerOrgLongTxn Limit exceeded.".to_owned();
    let refuse = Act::Refuse { status: 403, code: Some("REQUEST_LIMIT_EXCEEDED".to_owned()), detail: detail.clone() };
    org.misbehave(Rule::new(refuse));
    assert_eq!(org.get("/limits").json()[0]["message"], detail);
    assert!(org.done().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_page_and_a_token_are_spoilt_as_everything_else_is() {
    let org = Org::with(Options { page_rows_max: 4, ..Options::default() }).await;
    let first = org.ask("SELECT Id FROM User").json();
    let next = first["nextRecordsUrl"].as_str().unwrap();
    let more = || org.send_as(&org.token, "GET", next, b"", &[]);
    let further = format!("{DATA}/query/*-*");
    for (act, end) in [
        (Act::Truncate { keep_bytes: None }, End::BrokenOff),
        (Act::Endless, End::Endless),
        (Act::Html { status: 200, work: Work::Done }, End::Whole),
        (Act::InvalidJson, End::Whole),
    ] {
        org.misbehave(Rule::new(act).on("GET", &further));
        assert_eq!(org.ask("SELECT Id FROM User").json()["records"].as_array().unwrap().len(), 4);
        let page = more();
        assert_eq!((page.status, page.end), (200, end));
        assert!(serde_json::from_slice::<serde_json::Value>(&page.body).is_err());
    }
    org.misbehave(Rule::new(Act::Html { status: 200, work: Work::Skipped }).on("POST", "/services/oauth2/token"));
    let page = org.ask_token(&crate::org::claims(crate::org::INTEGRATION));
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(more().status, 200);
}
