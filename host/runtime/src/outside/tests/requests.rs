use super::peer::{Peer, reply};
use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = Peer::start(|_, _| reply(200, "", "secret place")).await;
    let location = format!("location: {}/admin\r\n", elsewhere.url());
    let peer = Peer::start(move |_, _| reply(302, &location, "")).await;
    let world = World::new();
    let outside = world.bind(&loopback(peer.port)).unwrap();
    let answer = outside.http(&mut Spent::new(), get("/Users")).await.unwrap();
    assert_eq!(answer.status, 302);
    assert_eq!(header(&answer, "location"), Some(format!("{}/admin", elsewhere.url()).as_str()));
    assert!(elsewhere.got().is_empty());
}

#[tokio::test]
async fn cookies_pass_in_neither_direction_and_are_not_kept() {
    let peer = Peer::start(|_, _| reply(200, "set-cookie: a=1\r\nSet-Cookie: b=2\r\nx-kept: yes\r\n", "")).await;
    let world = World::new();
    let outside = world.bind(&loopback(peer.port)).unwrap();
    for _ in 0..2 {
        let mut request = get("/Users");
        request.headers.push(("Cookie".to_owned(), "c=3".to_owned()));
        let answer = outside.http(&mut Spent::new(), request).await.unwrap();
        assert_eq!((header(&answer, "set-cookie"), header(&answer, "x-kept")), (None, Some("yes")));
    }
    assert!(peer.got().iter().all(|got| got.header("cookie").is_none()));
}

#[tokio::test]
async fn each_scheme_puts_the_hosts_credentials_on_and_drops_the_plugins() {
    let basic = format!("Basic {}", STANDARD.encode(format!("svc:{CANARY}")));
    for (auth, field, name, expected) in [
        ("scheme = \"basic\"\nuser = \"svc\"", "password", "authorization", basic),
        ("scheme = \"bearer\"", "token", "authorization", format!("Bearer {CANARY}")),
        ("scheme = \"header\"\nname = \"X-API-Key\"\nprefix = \"key \"", "value", "x-api-key", format!("key {CANARY}")),
    ] {
        let peer = Peer::start(|_, _| reply(200, "", "{}")).await;
        let world = World::new();
        world.sealed.set("api", field, CANARY);
        let outside = world.bind(&format!("{}[connections.api.auth]\n{auth}", loopback(peer.port))).unwrap();
        let mut request = get("/Users?count=10");
        for name in ["Authorization", "AUTHORIZATION", "X-Api-Key", "x_api_key", "Accept"] {
            request.headers.push((name.to_owned(), "of-the-plugin".to_owned()));
        }
        outside.http(&mut Spent::new(), request).await.unwrap();
        let got = peer.got().remove(0);
        assert_eq!(got.line, "GET /Users?count=10 HTTP/1.1");
        assert_eq!(got.header(name), Some(expected.as_str()));
        assert_eq!(got.header("accept"), Some("of-the-plugin"));
        if name == "x-api-key" {
            assert_eq!((got.header("authorization"), got.header("x_api_key")), (None, None));
        }
    }
}

#[tokio::test]
async fn a_secret_that_the_target_echoes_reaches_neither_plugin_nor_journal() {
    let peer = Peer::start(|got, _| {
        let sent = got.header("authorization").unwrap().to_owned();
        let encoded = STANDARD.encode(&sent);
        reply(400, &format!("x-echo: {sent}\r\n"), format!("you sent {sent}, {encoded}, {}", hex::encode(CANARY)))
    })
    .await;
    let world = World::new();
    world.sealed.set("api", "token", CANARY);
    let auth = "[connections.api.auth]\nscheme = \"bearer\"";
    let outside = world.bind(&format!("{}{auth}", loopback(peer.port))).unwrap();
    let mut spent = Spent::new();
    let mut request = request(Method::Post, "/Users");
    request.body = Some(b"{}".to_vec());
    let answer = outside.http(&mut spent, request).await.unwrap();
    let body = String::from_utf8(answer.body.clone()).unwrap();
    assert_eq!(header(&answer, "x-echo"), Some("Bearer [secret]"));
    for text in [body, format!("{answer:?}"), String::from_utf8(spent.journal().bytes()).unwrap()] {
        for form in [CANARY, &STANDARD.encode(CANARY)[4..20], &hex::encode(CANARY)] {
            assert!(!text.contains(form), "{form} in {text}");
        }
    }
    assert_eq!(outside.redact(&format!("it said {CANARY}!")), "it said [secret]!");
}

#[tokio::test]
async fn what_the_manifest_does_not_ask_for_never_leaves() {
    let peer = Peer::start(|_, _| reply(200, "", "")).await;
    let world = World::new();
    let outside = world.bind(&loopback(peer.port)).unwrap();
    let mut spent = Spent::new();
    let why = denied(outside.http(&mut spent, request(Method::Delete, "/Users/1")).await);
    assert!(why.contains("\"DELETE\" in `methods`") && why.contains("plugin.toml"), "{why}");
    let why = denied(outside.http(&mut spent, get("/Groups")).await);
    assert!(why.contains("\"/Groups\"") && why.contains("`paths`"), "{why}");
    for path in [
        "/Users/../admin",
        "/Users/%2e%2e/admin",
        "/Users/%252e%252e/admin",
        "/Users/..;/admin",
        "/Users\\..\\admin",
        "//evil.example.com/Users",
        "http://evil.example.com/Users",
        "@evil.example.com/Users",
        ":1/Users",
        "Users",
        "/Users#x",
        "/Users?a b",
        "/Users?a#b",
        "/Users?a=\r\nx: y",
        "/Users/a b",
        "/users",
        "/Usersx",
        "",
    ] {
        denied(outside.http(&mut spent, get(path)).await);
    }
    let mut other = get("/Users");
    other.connection = "other".to_owned();
    let why = denied(outside.http(&mut spent, other).await);
    assert!(why.contains("\"other\"") && why.contains("[[connection]]"), "{why}");
    assert!(peer.got().is_empty() && !spent.reached());
}

#[tokio::test]
async fn the_base_urls_path_stands_before_every_path() {
    let peer = Peer::start(|_, _| reply(200, "", "")).await;
    let world = World::new();
    let base = format!("base-url = \"{}/scim/v2/\"\nprivate-addresses = true", peer.url());
    let outside = world.bind(&base).unwrap();
    outside.http(&mut Spent::new(), get("/Users/a%2Fb?filter=userName%20eq%20%22x%22")).await.unwrap();
    assert_eq!(peer.got()[0].line, "GET /scim/v2/Users/a%2Fb?filter=userName%20eq%20%22x%22 HTTP/1.1");
}

#[tokio::test]
async fn a_request_that_may_change_something_is_told_apart_from_one_that_never_left() {
    let peer = Peer::start(|_, _| reply(201, "retry-after: 2\r\n", "{}")).await;
    let world = World::new();
    let outside = world.bind(&loopback(peer.port)).unwrap();
    let mut spent = Spent::new();
    outside.http(&mut spent, get("/Users")).await.unwrap();
    assert!(!spent.reached());
    let answer = outside.http(&mut spent, request(Method::Post, "/Users")).await.unwrap();
    assert!(spent.reached());
    assert_eq!(answer.rate.unwrap().retry_after_ms, Some(2_000));

    let nobody = world.bind(&loopback(NOBODY)).unwrap();
    let mut spent = Spent::new();
    let answer = nobody.http(&mut spent, request(Method::Post, "/Users")).await;
    assert!(matches!(answer, Err(HttpFault::Unreachable(_))), "{answer:?}");
    assert!(!spent.reached());
}

#[tokio::test]
async fn an_answer_that_refuses_to_take_a_request_up_leaves_nothing_to_look_for() {
    for (status, reached) in [(401, false), (429, false), (403, true), (500, true), (503, true), (201, true)] {
        let peer = Peer::start(move |_, _| reply(status, "", "")).await;
        let outside = World::new().bind(&loopback(peer.port)).unwrap();
        let mut spent = Spent::new();
        outside.http(&mut spent, request(Method::Post, "/Users")).await.unwrap();
        assert_eq!(spent.reached(), reached, "{status}");
        // What went out before stays gone out.
        spent.set_reached(true);
        outside.http(&mut spent, request(Method::Post, "/Users")).await.unwrap();
        assert!(spent.reached(), "{status}");
    }
}

#[tokio::test]
async fn a_missing_secret_is_named_with_the_command_that_sets_it() {
    let peer = Peer::start(|_, _| reply(200, "", "")).await;
    let world = World::new();
    let auth = "[connections.api.auth]\nscheme = \"bearer\"";
    let outside = world.bind(&format!("{}{auth}", loopback(peer.port))).unwrap();
    match outside.http(&mut Spent::new(), get("/Users")).await {
        Err(HttpFault::AuthFailed(why)) => assert!(why.contains("`reeve secret set crm/api/token`"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(peer.got().is_empty());
    // Two line breaks in a secret are two headers to some servers.
    world.sealed.set("api", "token", "line\r\nbreak: 1");
    match outside.http(&mut Spent::new(), get("/Users")).await {
        Err(HttpFault::AuthFailed(why)) => assert!(why.contains("line breaks") && !why.contains("break: 1"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(peer.got().is_empty());
}

#[tokio::test]
async fn a_secret_is_asked_for_once_until_the_target_refuses_it() {
    let peer = Peer::start(|_, number| reply(if number == 2 { 401 } else { 200 }, "", "")).await;
    let world = World::new();
    world.sealed.set("api", "token", CANARY);
    let auth = "[connections.api.auth]\nscheme = \"bearer\"";
    let outside = world.bind(&format!("{}{auth}", loopback(peer.port))).unwrap();
    for asked in [1, 1, 1, 2] {
        outside.http(&mut Spent::new(), get("/Users")).await.unwrap();
        assert_eq!(*world.sealed.asked.lock().unwrap(), asked);
    }
}
