//! Names whose addresses change, as a name server in bad hands would have it.

use super::peer::{Peer, reply};
use super::*;
use std::collections::VecDeque;
use std::net::IpAddr;

type Answers = VecDeque<Vec<IpAddr>>;

static NAMES: Mutex<BTreeMap<String, Answers>> = Mutex::new(BTreeMap::new());

/// What the next look-up of a name finds; none where it is not one of a test.
pub(in crate::outside) fn next(name: &str) -> Option<Vec<IpAddr>> {
    let mut names = NAMES.lock().unwrap();
    let answers = names.get_mut(name)?;
    Some(answers.pop_front().unwrap_or_default())
}

fn tell(name: &str, answers: &[&[&str]]) {
    let addresses = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
    NAMES.lock().unwrap().insert(name.to_owned(), answers.iter().map(addresses).collect());
}

/// Look-ups that nobody has made.
fn left(name: &str) -> usize {
    NAMES.lock().unwrap()[name].len()
}

fn bound(name: &str, port: u16) -> Outside {
    World::new().bind(&format!("base-url = \"http://{name}:{port}\"\nprivate-addresses = true")).unwrap()
}

#[tokio::test]
async fn a_connection_goes_to_the_address_that_was_checked_and_is_not_looked_up_again() {
    let peer = Peer::start(|_, _| reply(200, "", "")).await;
    tell("rebound.test", &[&["127.0.0.1"], &["169.254.169.254"], &["127.0.0.1"]]);
    let outside = bound("rebound.test", peer.port);
    assert_eq!(outside.http(&mut Spent::new(), get("/Users")).await.unwrap().status, 200);
    assert_eq!(left("rebound.test"), 2, "one look-up for one connection");
    // The peer closes after each answer, so the next request connects anew, and is checked anew.
    let mut spent = Spent::new();
    let why = denied(outside.http(&mut spent, request(Method::Post, "/Users")).await);
    assert!(why.contains("169.254.169.254, a metadata address"), "{why}");
    assert!(!spent.reached());
    assert_eq!(outside.http(&mut Spent::new(), get("/Users")).await.unwrap().status, 200);
    assert_eq!(peer.got().len(), 2);
}

#[tokio::test]
async fn one_closed_address_among_others_shuts_out_the_name() {
    let peer = Peer::start(|_, _| reply(200, "", "")).await;
    let many = vec!["127.0.0.1"; 65];
    for (name, answer, part) in [
        ("mixed.test", &["127.0.0.1", "169.254.169.254"][..], "a metadata address"),
        ("mapped.test", &["127.0.0.1", "::ffff:169.254.169.254"][..], "a metadata address"),
        ("other-machine.test", &["127.0.0.1", "10.0.0.1"][..], "another machine"),
        ("unspecified.test", &["0.0.0.0"][..], "\"this network\""),
        ("many.test", &many[..], "more than 64 addresses"),
    ] {
        tell(name, &[answer]);
        let why = denied(bound(name, peer.port).http(&mut Spent::new(), get("/Users")).await);
        assert!(why.contains(part), "{name}: {why}");
    }
    tell("nowhere.test", &[]);
    let answer = bound("nowhere.test", peer.port).http(&mut Spent::new(), get("/Users")).await;
    assert!(matches!(&answer, Err(HttpFault::Unreachable(why)) if why.contains("no address")), "{answer:?}");
    assert!(peer.got().is_empty());
}
