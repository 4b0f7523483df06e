use super::peer::{Got, Peer, Reply, reply};
use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

fn is_token_request(got: &Got) -> bool {
    got.line == "POST /oauth/token HTTP/1.1"
}

/// A target with a token endpoint of its own: tokens are `token-of-sixteen-bytes-N`, and `accepts` says which are good.
async fn target(life: &'static str, accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Peer {
    let issued = Mutex::new(0);
    Peer::start(move |got, _| {
        if is_token_request(got) {
            let mut issued = issued.lock().unwrap();
            *issued += 1;
            let token = format!("token-of-sixteen-bytes-{issued}");
            let body = format!("{{\"access_token\":\"{token}\",\"token_type\":\"bearer\"{life}}}");
            return reply(200, "", body);
        }
        let sent = got.header("authorization").unwrap_or_default();
        reply(if accepts(sent) { 200 } else { 401 }, "", "{}")
    })
    .await
}

fn auth(token_url: String, scope: Option<&str>, in_body: bool) -> HttpAuth {
    let (client_id, scope) = ("reeve:id".to_owned(), scope.map(str::to_owned));
    HttpAuth::OAuth2ClientCredentials { token_url, client_id, scope, in_body }
}

fn bound(peer: &Peer, scope: Option<&str>, in_body: bool) -> (World, Outside) {
    let world = World::new();
    world.sealed.set("api", "client-secret", CANARY);
    let auth = auth(format!("{}/oauth/token", peer.url()), scope, in_body);
    let outside = world.bind_auth(&loopback(peer.port), auth).unwrap();
    (world, outside)
}

#[tokio::test]
async fn a_token_is_fetched_once_for_all_calls() {
    let peer = target(",\"expires_in\":3600", |sent| sent == "Bearer token-of-sixteen-bytes-1").await;
    let (_world, outside) = bound(&peer, Some("read users"), false);
    let (mut one, mut two) = (Spent::new(), Spent::new());
    let (one, two) = tokio::join!(outside.http(&mut one, get("/Users")), outside.http(&mut two, get("/Users")));
    assert_eq!((one.unwrap().status, two.unwrap().status), (200, 200));
    assert_eq!(outside.http(&mut Spent::new(), get("/Users")).await.unwrap().status, 200);
    let tokens: Vec<Got> = peer.got().into_iter().filter(is_token_request).collect();
    assert_eq!(tokens.len(), 1);
    let basic = format!("Basic {}", STANDARD.encode(format!("reeve%3Aid:{CANARY}")));
    assert_eq!(tokens[0].header("authorization"), Some(basic.as_str()));
    assert_eq!(tokens[0].body, b"grant_type=client_credentials&scope=read+users");
}

#[tokio::test]
async fn a_token_that_has_ended_is_replaced_and_the_request_sent_once_more() {
    let used = Mutex::new(0);
    // The first token is good for one request.
    let peer = target(",\"expires_in\":\"3600\"", move |sent| {
        let mut used = used.lock().unwrap();
        *used += 1;
        !(sent.ends_with("-1") && *used > 1)
    })
    .await;
    let (_world, outside) = bound(&peer, None, true);
    for _ in 0..3 {
        assert_eq!(outside.http(&mut Spent::new(), request(Method::Post, "/Users")).await.unwrap().status, 200);
    }
    let lines: Vec<bool> = peer.got().iter().map(is_token_request).collect();
    assert_eq!(lines, [true, false, false, true, false, false]);
    let got = peer.got().remove(0);
    assert_eq!(got.header("authorization"), None);
    let body = format!("grant_type=client_credentials&client_id=reeve%3Aid&client_secret={CANARY}");
    assert_eq!(String::from_utf8(got.body).unwrap(), body);
}

#[tokio::test]
async fn a_target_that_refuses_every_token_is_asked_twice_at_most() {
    let peer = target("", |_| false).await;
    let (_world, outside) = bound(&peer, None, false);
    let answer = outside.http(&mut Spent::new(), get("/Users")).await.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(peer.got().len(), 2, "a token that is fresh is not fetched again");
    let answer = outside.http(&mut Spent::new(), get("/Users")).await.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(peer.got().len(), 5);
}

#[tokio::test]
async fn a_token_of_a_short_life_is_not_kept() {
    let peer = target(",\"expires_in\":30", |_| true).await;
    let (_world, outside) = bound(&peer, None, false);
    for _ in 0..2 {
        outside.http(&mut Spent::new(), get("/Users")).await.unwrap();
    }
    assert_eq!(peer.got().into_iter().filter(is_token_request).count(), 2);
}

async fn fault_of(answer: impl Fn(&Got) -> Reply + Send + Sync + 'static) -> (HttpFault, Spent) {
    let peer = Peer::start(move |got, _| answer(got)).await;
    let (_world, outside) = bound(&peer, None, false);
    let mut spent = Spent::new();
    let fault = outside.http(&mut spent, request(Method::Post, "/Users")).await.unwrap_err();
    assert!(peer.got().iter().all(is_token_request) && !spent.reached());
    (fault, spent)
}

#[tokio::test]
async fn what_goes_wrong_at_the_token_endpoint_is_told_without_the_secret() {
    let echo = |got: &Got| got.header("authorization").unwrap_or_default().to_owned();
    let json =
        move |got: &Got| format!("{{\"error\":\"invalid_client\",\"error_description\":\"{} {CANARY}\"}}", echo(got));
    let (fault, mut spent) = fault_of(move |got| reply(401, "", json(got))).await;
    assert!(matches!(&fault, HttpFault::AuthFailed(why) if why.contains("401 (invalid_client)")), "{fault:?}");
    let journal = String::from_utf8(spent.journal().bytes()).unwrap();
    for text in [format!("{fault:?}"), journal] {
        assert!(!text.contains(CANARY) && !text.contains("Basic"), "{text}");
    }
    for body in [
        "<html>",
        "{}",
        "{\"access_token\":\"\"}",
        "{\"access_token\":\"a b\"}",
        "{\"access_token\":\"a\",\"token_type\":\"mac\"}",
    ] {
        let (fault, _) = fault_of(move |_| reply(200, "", body)).await;
        assert!(matches!(fault, HttpFault::AuthFailed(_)), "{body}: {fault:?}");
    }
    let (fault, _) = fault_of(|_| reply(200, "", vec![b' '; crate::limits::TOKEN_ANSWER_BYTES_MAX + 1])).await;
    assert!(matches!(fault, HttpFault::AuthFailed(_)), "{fault:?}");
    let (fault, _) = fault_of(|_| reply(503, "", "")).await;
    assert!(matches!(fault, HttpFault::Unreachable(_)), "{fault:?}");
    let (fault, _) = fault_of(|_| reply(302, "location: /Users\r\n", "")).await;
    assert!(matches!(fault, HttpFault::AuthFailed(_)), "{fault:?}");
}

#[tokio::test]
async fn a_secret_that_the_token_endpoint_refuses_is_asked_for_anew() {
    let peer = Peer::start(|got, _| match String::from_utf8_lossy(&got.body).contains("client_secret=new-secret") {
        true => reply(200, "", "{\"access_token\":\"token-of-sixteen-bytes\"}"),
        false => reply(if is_token_request(got) { 401 } else { 200 }, "", ""),
    })
    .await;
    let (world, outside) = bound(&peer, None, true);
    let refused = outside.http(&mut Spent::new(), get("/Users")).await;
    assert!(matches!(refused, Err(HttpFault::AuthFailed(_))), "{refused:?}");
    world.sealed.set("api", "client-secret", "new-secret");
    assert_eq!(outside.http(&mut Spent::new(), get("/Users")).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_token_endpoint_is_under_the_same_address_rules() {
    let world = World::new();
    for url in ["http://example.com/token", "https://169.254.169.254/token", "https://[fd00:ec2::254]/token"] {
        let base = "base-url = \"https://example.com\"\nprivate-addresses = false";
        let faults = world.bind_auth(base, auth(url.to_owned(), None, false)).unwrap_err();
        assert!(faults[0].contains("token-url"), "{faults:?}");
    }
}
