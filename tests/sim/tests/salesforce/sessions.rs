//! Sessions and tokens, and what ends them.

use crate::org::{DATA, INTEGRATION, Org, refusal, refused};
use reeve_sim::misbehaviour::{Act, Rule, When};
use reeve_sim::salesforce::{Options, Seed};
use serde_json::json;

fn is_good(org: &Org, token: &str) -> bool {
    let reply = org.send_as(token, "GET", &format!("{DATA}/limits"), b"", &[]);
    assert!(reply.status == 200 || refusal(&reply) == refused(401, "INVALID_SESSION_ID"));
    reply.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_a_session_that_can_be_ended_by_its_record() {
    let org = Org::start().await;
    let ben = org.log_in("ben@acme.example");
    let sessions = org.rows(
        "SELECT Id, IsCurrent, LoginType, Users.Username FROM AuthSession WHERE SessionType = 'Oauth2' \
         ORDER BY Users.Username",
    );
    let brief: Vec<_> = sessions
        .iter()
        .map(|session| (session["Users"]["Username"].as_str().unwrap(), session["IsCurrent"] == true))
        .collect();
    assert_eq!(brief, [("ben@acme.example", false), (INTEGRATION, true)]);
    assert!(is_good(&org, &ben));
    assert_eq!(org.delete("AuthSession", sessions[0]["Id"].as_str().unwrap()).status, 204);
    assert!(!is_good(&org, &ben) && is_good(&org, &org.token));
    assert_eq!(org.done(), ["deleted session of ben@acme.example"]);
    assert_eq!(
        org.column(&format!(
            "SELECT SessionType FROM AuthSession WHERE UsersId = '{}' ORDER BY SessionType",
            org.user("ben")
        )),
        ["API", "UI"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_revoked_by_themselves_or_by_their_delete_token() {
    let org = Org::start().await;
    let revoke = |token: &str| org.form("/services/oauth2/revoke", &[("token", token)], &[]);
    let ben = org.log_in("ben@acme.example");
    assert_eq!(revoke(&ben).status, 200);
    assert!(!is_good(&org, &ben));
    let again = revoke(&ben);
    assert_eq!((again.status, &again.json()["error"]), (400, &json!("invalid_token")));

    let tokens = org.rows(
        "SELECT AppName, DeleteToken, UseCount FROM OauthToken WHERE User.Username = 'ben@acme.example' \
         ORDER BY AppName",
    );
    assert_eq!((tokens.len(), &tokens[0]["AppName"], &tokens[0]["UseCount"]), (2, &json!("Phone App"), &json!(3)));
    assert_eq!(revoke(tokens[0]["DeleteToken"].as_str().unwrap()).status, 200);
    assert_eq!(
        org.column(&format!("SELECT AppName FROM OauthToken WHERE UserId = '{}'", org.user("ben"))),
        ["Report Exporter"]
    );
    assert_eq!(org.done(), ["deleted Phone App for ben@acme.example"]);
    assert_eq!(org.one("SELECT Id FROM OauthToken WHERE AppName = 'Report Exporter'"), "null");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_token_takes_the_access_tokens_of_its_app_along() {
    let mut seed = Seed::default_org().unwrap();
    let user = "@User:ben@acme.example";
    let token = json!({"object": "OauthToken", "AppName": "Reeve", "UserId": user, "DeleteToken": "del-ben-reeve"});
    seed.records.push(token.as_object().unwrap().clone());
    let org = Org::with(Options { seed: Some(seed), ..Options::default() }).await;
    let (ben, gus) = (org.log_in("ben@acme.example"), org.log_in("gus@acme.example"));
    let revoke = |token: &str| org.form("/services/oauth2/revoke", &[("token", token)], &[]).status;
    assert_eq!(revoke("del-ben-phone-app"), 200);
    assert!(is_good(&org, &ben));
    org.misbehave(Rule::new(Act::Pretend));
    assert_eq!(revoke("del-ben-reeve"), 200);
    assert!(is_good(&org, &ben));
    org.stand_in.rules().clear();
    assert_eq!(revoke("del-ben-reeve"), 200);
    assert!(!is_good(&org, &ben) && is_good(&org, &gus));
    assert_eq!(org.done(), ["deleted Phone App for ben@acme.example", "deleted Reeve for ben@acme.example"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_frozen_or_inactive_cannot_log_in() {
    let org = Org::start().await;
    let (ben, gus) = (org.log_in("ben@acme.example"), org.log_in("gus@acme.example"));
    let login = org.one(&format!("SELECT Id FROM UserLogin WHERE UserId = '{}'", org.user("gus")));
    assert_eq!(org.patch("UserLogin", &login, &json!({"IsFrozen": true})).status, 204);
    assert_eq!(org.patch("User", &org.user("ben"), &json!({"IsActive": false})).status, 204);
    for user in ["ben@acme.example", "gus@acme.example"] {
        assert_eq!(org.ask_token(&crate::org::claims(user)).status, 400, "{user}");
    }
    // Assumed, see the module: freezing ends no session, and neither removes the records of any.
    assert!(is_good(&org, &gus) && !is_good(&org, &ben));
    assert_eq!(org.rows(&format!("SELECT Id FROM AuthSession WHERE UsersId = '{}'", org.user("ben"))).len(), 3);
    assert_eq!(org.patch("UserLogin", &login, &json!({"IsFrozen": false})).status, 204);
    assert!(is_good(&org, &org.log_in("gus@acme.example")));
    assert_eq!(
        refusal(&org.patch("UserLogin", &login, &json!({"IsPasswordLocked": true}))),
        refused(400, "FIELD_INTEGRITY_EXCEPTION")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_dies_in_the_midst_of_a_listing_and_a_new_one_goes_on() {
    let mut org = Org::with(Options { page_rows_max: 3, ..Options::default() }).await;
    org.misbehave(Rule::new(Act::EndToken).when(When::Nth(2)));
    let first = org.ask("SELECT Id FROM User").json();
    let next = first["nextRecordsUrl"].as_str().unwrap();
    let more = |org: &Org| org.send_as(&org.token, "GET", next, b"", &[]);
    for _ in 0..2 {
        assert_eq!(refusal(&more(&org)), refused(401, "INVALID_SESSION_ID"));
    }
    org.token = org.log_in(INTEGRATION);
    assert_eq!(more(&org).status, 200);
}
