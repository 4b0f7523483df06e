//! What a connector makes of HTTP answers, through the builder that it uses.

#![expect(clippy::unwrap_used, reason = "tests")]

use reeve_sdk::http::Request;
use reeve_sdk::testing::{self, Host, answer};
use reeve_sdk::{Failure, HttpError};

fn get(status: u16, body: &'static str) -> Result<(), Failure> {
    testing::http("{}", move |_| answer(status, body)).run(|| Request::get("api", "/staff").send()?.json().map(|_| ()))
}

fn post(reply: fn() -> Result<u16, HttpError>) -> Failure {
    testing::http("{}", move |_| reply().and_then(|status| answer(status, "{}")))
        .run(|| Request::post("api", "/staff").json(&1).send()?.ok().map(|_| ()))
        .unwrap_err()
}

#[test]
fn a_value_never_becomes_a_part_of_the_address() {
    testing::http("{}", |request| {
        assert_eq!(request.path, "/staff/..%2Fadmin%3Fx%23/roles?q=a%26b%3D%C3%A9%20%22&n=5");
        answer(200, "{}")
    })
    .run(|| {
        let request = Request::get("api", "/staff").segment("../admin?x#").segment("roles");
        request.query("q", "a&b=é \"").query("n", 5).send().unwrap();
    });
}

#[test]
fn a_form_keeps_its_fields_apart() {
    testing::http("{}", |request| {
        assert_eq!(request.body.as_deref(), Some(&b"token=a%26b%3Dc%20d&hint=%C3%A9"[..]));
        assert_eq!(request.headers[0].name, "content-type");
        assert_eq!(request.headers[0].value, "application/x-www-form-urlencoded");
        answer(200, "{}")
    })
    .run(|| Request::post("api", "/revoke").form(&[("token", "a&b=c d"), ("hint", "é")]).send())
    .unwrap();
}

#[test]
fn an_id_that_climbs_is_refused_before_anything_is_sent() {
    for id in ["..", ".", ""] {
        let sent = testing::http("{}", |_| panic!("it was sent"))
            .run(|| Request::delete("api", "/staff").segment(id).segment("x").send());
        assert!(matches!(sent, Err(Failure::Invalid(_))), "{id:?}: {sent:?}");
    }
}

#[test]
fn each_status_means_what_the_host_needs_to_know() {
    assert!(matches!(get(401, "{}"), Err(Failure::AuthFailed(_))));
    assert!(matches!(get(403, "{}"), Err(Failure::Forbidden(_))));
    assert!(matches!(get(404, "{}"), Err(Failure::NotFound(_))));
    assert!(matches!(get(409, "{}"), Err(Failure::Conflict(_))));
    assert!(matches!(get(429, "{}"), Err(Failure::RateLimited(_))));
    assert!(matches!(get(502, "{}"), Err(Failure::Unavailable(_))));
    assert!(matches!(get(302, "{}"), Err(Failure::Protocol(_))));
}

#[test]
fn a_server_fault_after_a_write_leaves_the_outcome_unknown() {
    assert!(matches!(post(|| Ok(500)), Failure::OutcomeUnknown(_)));
    assert!(matches!(post(|| Ok(504)), Failure::OutcomeUnknown(_)));
    assert!(matches!(post(|| Err(HttpError::AnswerLost("gone".into()))), Failure::OutcomeUnknown(_)));
    assert!(matches!(post(|| Err(HttpError::TooLarge(9))), Failure::OutcomeUnknown(_)));
    assert!(matches!(post(|| Err(HttpError::Unreachable("no".into()))), Failure::Unavailable(_)));
    assert!(matches!(post(|| Ok(503)), Failure::Unavailable(_)));
    assert!(matches!(post(|| Err(HttpError::Denied("no".into()))), Failure::Forbidden(_)));
}

#[test]
fn the_hosts_hint_goes_through_to_the_failure() {
    let hint = reeve_sdk::RateHint { retry_after_ms: Some(1500), ..reeve_sdk::RateHint::none() };
    let expected = Failure::RateLimited(hint.clone());
    let found = testing::http("{}", move |_| answer(429, "{}").map(|a| reeve_response(a, hint.clone())))
        .run(|| Request::get("api", "/staff").send()?.ok().map(|_| ()));
    assert_eq!(found, Err(expected));
}

fn reeve_response(mut answer: testing::Response, hint: reeve_sdk::RateHint) -> testing::Response {
    answer.rate = Some(hint);
    answer
}

#[test]
fn html_where_json_was_due_is_a_fault_of_the_protocol_even_with_200() {
    let Err(Failure::Protocol(text)) = get(200, "  <!doctype html><p>Asleep") else { panic!("html was taken") };
    assert!(text.contains("HTML"), "{text}");
}

#[test]
fn a_failure_repeats_the_targets_message_and_nothing_else_of_its_body() {
    let Err(Failure::Forbidden(text)) = get(403, r#"{"error":{"message":"no\u0007pe"},"hash":"s3cret"}"#) else {
        panic!("no failure")
    };
    assert_eq!(text, "GET /staff answered 403: nope");
}

#[test]
fn a_field_of_another_type_is_named_by_its_path() {
    let found = testing::http("{}", |_| answer(200, r#"{"list":[{"id":"a"},{"id":7}]}"#)).run(|| {
        let doc = Request::get("api", "/staff").send()?.json()?;
        doc.root().items_of("list")?.iter().map(|item| item.get("id")?.string()).collect::<Result<Vec<_>, _>>()
    });
    let path = "the answer to GET /staff.list[1].id: expected text, found a number";
    assert_eq!(found, Err(Failure::protocol(path)));
}
