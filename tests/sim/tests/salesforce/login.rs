//! The token endpoint.

use crate::org::{
    APP_KEY, APP_PUBLIC_KEY, AUDIENCE, CONSUMER, INTEGRATION, OTHER_KEY, Org, SECRET, app, assertion, claims,
    now_seconds, sign,
};
use reeve_sim::salesforce::{App, Options, PublicKey, Salesforce};
use reeve_sim::{Setup, StandIn};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_is_answered_with_a_token_that_is_good_where_the_answer_says() {
    let org = Org::start().await;
    let reply = org.ask_token(&claims(INTEGRATION));
    assert_eq!((reply.status, reply.header("cache-control")), (200, Some("no-store")));
    let answer = reply.json();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["scope"], "api");
    assert_eq!(answer["instance_url"], format!("http://{}", org.stand_in.address()));
    let id = answer["id"].as_str().unwrap();
    assert!(id.ends_with(&org.user("integration")), "{id}");
    assert!(answer.get("refresh_token").is_none());
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(org.send_as(token, "GET", "/services/data/v66.0/sobjects", b"", &[]).status, 200);
    assert_eq!(org.send_as("made-up", "GET", "/services/data/v66.0/sobjects", b"", &[]).status, 401);
    // No more than the versions is told to everybody.
    let versions = org.send_as("made-up", "GET", "/services/data", b"", &[]).json();
    let last = versions.as_array().unwrap().last().unwrap();
    assert_eq!(last, &json!({"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_is_refused_for_each_fault_of_its_own() {
    let org = Org::start().await;
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = claims(INTEGRATION);
        claims[name] = value;
        assertion(&claims)
    };
    let rs256 = json!({"alg": "RS256"});
    for (what, assertion, error, description) in [
        ("issuer", with("iss", "somebody".into()), "invalid_client_id", "client identifier invalid"),
        ("audience", with("aud", "https://evil.example".into()), "invalid_grant", "audience is invalid"),
        ("subject", with("sub", "nobody@acme.example".into()), "invalid_grant", "user hasn't approved this consumer"),
        ("expired", with("exp", (now_seconds() - 1).into()), "invalid_grant", "the assertion has expired"),
        ("too long", with("exp", (now_seconds() + 3_600).into()), "invalid_grant", "the assertion expires too late"),
        ("no expiry", with("exp", json!(null)), "invalid_grant", "invalid assertion"),
        ("key", sign(&rs256, &claims(INTEGRATION), OTHER_KEY), "invalid_grant", "invalid assertion"),
        (
            "algorithm",
            sign(&json!({"alg": "none"}), &claims(INTEGRATION), APP_KEY),
            "invalid_grant",
            "invalid assertion",
        ),
        ("form", "not.an.assertion".to_owned(), "invalid_grant", "invalid assertion"),
        ("inactive", assertion(&claims("emil@acme.example")), "inactive_user", "user is inactive"),
        ("frozen", assertion(&claims("flo@acme.example")), "invalid_grant", "user is frozen"),
    ] {
        let reply = org.bearer(&assertion);
        assert_eq!(reply.status, 400, "{what}");
        assert_eq!(reply.json(), json!({"error": error, "error_description": description}), "{what}");
    }
    // A signature that belongs to other claims.
    let (claims_of_one, other) = (assertion(&claims("ben@acme.example")), assertion(&claims(INTEGRATION)));
    let (signed, _) = claims_of_one.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    assert_eq!(org.bearer(&format!("{signed}.{signature}")).json()["error_description"], "invalid assertion");
    // As simple-salesforce sends it, and for the address that the client came to.
    assert_eq!(org.bearer(&with("exp", (now_seconds() + 180).to_string().into())).status, 200);
    assert_eq!(org.bearer(&with("aud", org.stand_in.url().into())).status, 200);
    assert!(org.done().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn client_credentials_are_taken_from_the_body_alone() {
    let org = Org::start().await;
    let ask = |secret: &str, headers: &[(&str, &str)]| {
        let fields = [("grant_type", "client_credentials"), ("client_id", CONSUMER), ("client_secret", secret)];
        org.form("/services/oauth2/token", &fields, headers)
    };
    let reply = ask(SECRET, &[]);
    assert_eq!(reply.status, 200);
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(org.send_as(&token, "GET", "/services/data/v66.0", b"", &[]).status, 200);
    assert_eq!(ask("wrong", &[]).json()["error"], "invalid_client");
    assert_eq!(ask(SECRET, &[("authorization", "Basic M01WRzk6czNjcmV0")]).json()["error"], "invalid_request");
    let only = org.form("/services/oauth2/token", &[("grant_type", "client_credentials")], &[]);
    assert_eq!(only.json()["error"], "invalid_request");
    let password = org.form("/services/oauth2/token", &[("grant_type", "password")], &[]);
    assert_eq!(password.json()["error"], "unsupported_grant_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_has_the_flows_that_it_was_given_keys_for_and_the_users_who_approved_it() {
    let approved = vec![INTEGRATION.to_owned()];
    let key = PublicKey::from_pem(APP_PUBLIC_KEY).unwrap();
    let app = App { secret: None, public_key: Some(key), approved, ..app() };
    let options = Options { apps: vec![app], audiences: vec![AUDIENCE.to_owned()], ..Options::default() };
    let stand_in = StandIn::start(Salesforce::new(options).unwrap(), Setup::default()).await.unwrap();
    let org = Org { stand_in, token: String::new() };
    assert_eq!(org.ask_token(&claims(INTEGRATION)).status, 200);
    let other = org.ask_token(&claims("ada@acme.example")).json();
    assert_eq!(other["error_description"], "user hasn't approved this consumer");
    let fields = [("grant_type", "client_credentials"), ("client_id", CONSUMER), ("client_secret", "")];
    assert_eq!(org.form("/services/oauth2/token", &fields, &[]).json()["error"], "invalid_client");
    assert!(PublicKey::from_pem(b"-----BEGIN NONSENSE-----\nAAAA\n-----END NONSENSE-----\n").is_err());
}
