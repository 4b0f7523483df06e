use super::peer::{Peer, reply};
use super::*;

fn faults(connection: &str) -> String {
    World::new().bind(connection).expect_err(connection).join("; ")
}

#[test]
fn an_address_in_any_spelling_is_judged_before_anything_is_sent() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "%31%32%37.0.0.1",
        "127.0.0.1.",
        "127。0。0。1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "10.0.0.1",
        "[::ffff:10.0.0.1]",
        "[fd00::1]",
    ] {
        let why = faults(&format!("base-url = \"https://{host}\""));
        assert!(why.contains("private-addresses = true"), "{host}: {why}");
    }
    for host in [
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "0.0.0.0",
        "0",
        "[::]",
        "255.255.255.255",
        "224.0.0.1",
    ] {
        let why = faults(&format!("base-url = \"https://{host}\"\nprivate-addresses = true"));
        assert!(why.contains("no connection may reach"), "{host}: {why}");
    }
}

#[test]
fn without_tls_this_machine_is_the_only_one() {
    let why = faults("base-url = \"http://example.com\"");
    assert!(why.contains("without TLS"), "{why}");
    let why = faults("base-url = \"http://127.0.0.1\"");
    assert!(why.contains("private-addresses = true"), "{why}");
    let why = faults("base-url = \"http://10.0.0.1\"\nprivate-addresses = true");
    assert!(why.contains("another machine"), "{why}");
    let why = faults("base-url = \"http://1.1.1.1\"\nprivate-addresses = true");
    assert!(why.contains("another machine"), "{why}");
}

#[test]
fn a_base_url_is_an_address_and_nothing_else() {
    for url in [
        "ftp://example.com",
        "file:///etc/passwd",
        "https://user@example.com",
        "https://user:word@example.com",
        "https://example.com/?a=b",
        "https://example.com/#a",
        "https://example.com/a//../b%2e%2e/%2e%2e/c;x/..;y",
        "example.com",
        "",
    ] {
        let why = faults(&format!("base-url = \"{url}\""));
        assert!(why.contains("base-url") && !why.contains("word@"), "{url}: {why}");
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_a_closed_address_is_refused_before_a_socket() {
    let peer = Peer::start(|_, _| reply(200, "", "")).await;
    for host in ["localhost", "LOCALHOST"] {
        let outside = World::new().bind(&format!("base-url = \"https://{host}:{}\"", peer.port)).unwrap();
        let mut spent = Spent::new();
        let why = denied(outside.http(&mut spent, request(Method::Post, "/Users")).await);
        assert!(why.contains("private-addresses = true"), "{why}");
        assert!(!spent.reached());
    }
    assert!(peer.got().is_empty());
    let opted_in = format!("base-url = \"http://localhost:{}\"\nprivate-addresses = true", peer.port);
    let outside = World::new().bind(&opted_in).unwrap();
    assert_eq!(outside.http(&mut Spent::new(), get("/Users")).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_or_has_another_authority_gets_nothing() {
    let peer = Peer::start(|_, _| reply(200, "", "")).await;
    let text = format!("base-url = \"https://127.0.0.1:{}\"\nprivate-addresses = true", peer.port);
    let outside = World::new().bind(&text).unwrap();
    let mut spent = Spent::new();
    let answer = outside.http(&mut spent, request(Method::Post, "/Users")).await;
    assert!(matches!(answer, Err(HttpFault::Unreachable(_))), "{answer:?}");
    assert!(!spent.reached() && peer.got().is_empty());
}
