//! The trouble that the conformance kit makes: what a plugin meets, what the target has seen, and what the host believes.

use super::peer::{Peer, reply};
use super::*;

/// What came of one request, whether a change may have left the host, and how many requests arrived.
async fn met(trouble: Trouble, strike: Strike, method: Method) -> (Result<u16, HttpFault>, bool, usize) {
    let peer = Peer::start(|_, _| reply(200, "", "{}")).await;
    let switch = Arc::<Switch>::default();
    let outside = World::new().bind(&loopback(peer.port)).unwrap().troubled(switch.clone());
    switch.plan(Some((trouble, strike)));
    let mut spent = Spent::new();
    let answer = outside.http(&mut spent, request(method, "/Users")).await.map(|answer| answer.status);
    (answer, spent.reached(), peer.got().len())
}

#[tokio::test]
async fn a_write_is_reached_as_it_would_be_by_the_real_trouble() {
    let first = Strike::Request(1);
    assert_eq!(met(Trouble::Busy, first, Method::Post).await, (Ok(429), false, 0));
    assert_eq!(met(Trouble::ServerError, first, Method::Post).await, (Ok(500), true, 0));
    assert_eq!(met(Trouble::ServerError, first, Method::Get).await, (Ok(500), false, 0));
    assert_eq!(met(Trouble::DoneThenError, first, Method::Post).await, (Ok(500), true, 1));
    let (lost, reached, arrived) = met(Trouble::DoneThenCut, first, Method::Post).await;
    assert!(matches!(lost, Err(HttpFault::AnswerLost(_))) && reached && arrived == 1, "{lost:?}");
    let (gone, reached, arrived) = met(Trouble::Unreachable, first, Method::Post).await;
    assert!(matches!(gone, Err(HttpFault::Unreachable(_))) && !reached && arrived == 0, "{gone:?}");
}

#[tokio::test]
async fn what_is_not_struck_goes_its_way() {
    assert_eq!(met(Trouble::Busy, Strike::Request(2), Method::Get).await, (Ok(200), false, 1));
    assert_eq!(met(Trouble::Busy, Strike::Write(1), Method::Get).await, (Ok(200), false, 1));
    assert_eq!(met(Trouble::Busy, Strike::Write(1), Method::Post).await, (Ok(429), false, 0));
    // What a directory alone can have.
    assert_eq!(met(Trouble::Expired, Strike::Request(1), Method::Get).await, (Ok(200), false, 1));
}

#[tokio::test]
async fn every_page_is_the_first_one() {
    let peer = Peer::start(|got, _| reply(200, "", got.line.clone())).await;
    let switch = Arc::<Switch>::default();
    let outside = World::new().bind(&loopback(peer.port)).unwrap().troubled(switch.clone());
    switch.plan(Some((Trouble::PageAgain, Strike::Request(1))));
    let mut bodies = Vec::new();
    for path in ["/Users?page=1", "/Users?page=2", "/Users/7"] {
        bodies.push(String::from_utf8(outside.http(&mut Spent::new(), get(path)).await.unwrap().body).unwrap());
    }
    assert_eq!(bodies[0], bodies[1]);
    assert!(bodies[2].contains("/Users/7"), "another path is another list");
    switch.plan(None);
    let now = outside.http(&mut Spent::new(), get("/Users?page=2")).await.unwrap();
    assert!(String::from_utf8(now.body).unwrap().contains("page=2"));
    assert_eq!((switch.requests(), switch.met()), (1, 0));
}
