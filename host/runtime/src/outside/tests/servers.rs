//! Servers that break the rules of HTTP, or bend them: each costs a failure of its kind, in bounded time.

use super::peer::{Peer, raw, reply};
use super::*;
use crate::limits::*;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// How long a request may take in these tests, and how long until the test has its fault, on a busy machine.
const REQUEST: Duration = Duration::from_millis(500);
const SOON: Duration = Duration::from_secs(20);

/// A server that sends `head` and then `rest` for ever, with a pause before each.
async fn pour(head: impl AsRef<[u8]>, rest: impl AsRef<[u8]>, pause: Duration) -> u16 {
    let (head, rest) = (head.as_ref().to_vec(), rest.as_ref().to_vec());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (head, rest) = (head.clone(), rest.clone());
            tokio::spawn(async move {
                if !stream.read(&mut [0; 4096]).await.is_ok_and(|bytes| bytes > 0) {
                    return;
                }
                stream.write_all(&head).await.ok();
                while stream.write_all(&rest).await.is_ok() {
                    tokio::time::sleep(pause).await;
                }
            });
        }
    });
    port
}

async fn asked(port: u16) -> Result<HttpAnswer, HttpFault> {
    let patience = Patience { connect: CONNECT_TIME_MAX, request: REQUEST };
    let outside = World::new().bind_patiently(&loopback(port), patience).unwrap();
    let began = Instant::now();
    let answer = outside.http(&mut Spent::new(), get("/Users")).await;
    assert!(began.elapsed() < SOON, "{answer:?} took {:?}", began.elapsed());
    answer
}

async fn answered(bytes: impl AsRef<[u8]>) -> Result<HttpAnswer, HttpFault> {
    let bytes = bytes.as_ref().to_vec();
    let peer = Peer::start(move |_, _| raw(&bytes)).await;
    asked(peer.port).await
}

#[tokio::test]
async fn an_answer_without_end_has_one() {
    let (at_once, slowly) = (Duration::ZERO, Duration::from_millis(10));
    let ok = "HTTP/1.1 200 OK\r\n";
    let chunked = format!("{ok}transfer-encoding: chunked\r\n\r\n");
    let body = format!("{ok}content-length: 1000000000000\r\n\r\n");
    for (what, head, rest, pause) in [
        ("headers", ok, "x-more: yes\r\n", at_once),
        ("headers, slowly", ok, "x-more: yes\r\n", slowly),
        ("a header's name", ok, "xxxxxxxxxxxxxxxx", at_once),
        ("a header's value", "HTTP/1.1 200 OK\r\nx: ", "xxxxxxxxxxxxxxxx", at_once),
        ("a status line", "HTTP/1.1 200 ", "OK OK OK OK ", at_once),
        ("interim answers", "", "HTTP/1.1 100 Continue\r\n\r\n", at_once),
        ("hints", "", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", at_once),
        ("empty lines", "", "\r\n", at_once),
        ("a body", &body, "xxxxxxxxxxxxxxxx", slowly),
        ("a body by chunks", &chunked, "1\r\nx\r\n", slowly),
        ("a chunk's length", &chunked, "0", at_once),
        ("a chunk's extension", &format!("{chunked}1;"), "xxxxxxxxxxxxxxxx", at_once),
        ("trailers", &format!("{chunked}0\r\n"), "x-more: yes\r\n", at_once),
        ("a body that its close ends", "HTTP/1.0 200 OK\r\n\r\n", "xxxxxxxxxxxxxxxx", slowly),
    ] {
        let answer = asked(pour(head, rest.repeat(if pause.is_zero() { 64 } else { 1 }), pause).await).await;
        let fits = matches!(answer, Err(HttpFault::AnswerLost(_) | HttpFault::Protocol(_) | HttpFault::TooLarge(_)));
        assert!(fits, "{what}: {answer:?}");
    }
}

#[tokio::test]
async fn an_answer_that_can_be_read_in_two_ways_is_read_in_none() {
    for (what, head) in [
        ("two lengths", "content-length: 2\r\ncontent-length: 3\r\n"),
        ("a negative length", "content-length: -1\r\n"),
        ("a length beyond numbers", "content-length: 99999999999999999999999\r\n"),
        ("no number", "content-length: two\r\n"),
        ("a chunk's length beyond numbers", "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nx"),
        ("a chunk without a length", "transfer-encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n"),
        ("a chunk longer than it says", "transfer-encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n"),
        ("chunks that break off", "transfer-encoding: chunked\r\n\r\n5\r\nxy"),
        ("a header without a name", ": x\r\n"),
        ("a header without a colon", "x\r\n"),
        ("a NUL in a header", "x: a\0b\r\n"),
    ] {
        let answer = answered(format!("HTTP/1.1 200 OK\r\n{head}\r\n{{}}")).await;
        assert!(matches!(answer, Err(HttpFault::Protocol(_) | HttpFault::AnswerLost(_))), "{what}: {answer:?}");
    }
    for line in ["HTTP/3.0 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 -20 OK", "HTTP/1.1 OK", "200 OK", "PRI * HTTP/2.0"] {
        let answer = answered(format!("{line}\r\ncontent-length: 0\r\n\r\n")).await;
        assert!(matches!(answer, Err(HttpFault::Protocol(_) | HttpFault::AnswerLost(_))), "{line}: {answer:?}");
    }
}

#[tokio::test]
async fn an_old_servers_answer_ends_where_its_connection_does() {
    let answer = answered("HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{\"a\": 1}").await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"{\"a\": 1}".as_slice()));
}

#[tokio::test]
async fn an_answer_in_a_packing_that_was_not_asked_for_is_named() {
    for packing in ["br", "zstd", "deflate", "compress", "gzip, gzip", "br, gzip", "x-unheard-of"] {
        let head = format!("content-encoding: {packing}\r\n");
        let peer = Peer::start(move |_, _| reply(200, &head, "\x1f\x0b not what it says")).await;
        let answer = asked(peer.port).await;
        assert!(matches!(&answer, Err(HttpFault::Protocol(why)) if why.contains("only gzip")), "{packing}: {answer:?}");
    }
    let peer = Peer::start(|_, _| reply(200, "content-encoding: identity\r\n", "plain")).await;
    assert_eq!(asked(peer.port).await.unwrap().body, b"plain");
}

#[tokio::test]
async fn no_redirect_of_any_kind_is_followed_anywhere() {
    let elsewhere = Peer::start(|_, _| reply(200, "", "")).await;
    for status in [300, 301, 302, 303, 305, 307, 308] {
        for place in [elsewhere.url(), "http://169.254.169.254/latest/".to_owned(), "//[fd00:ec2::254]/".to_owned()] {
            let head = format!("location: {place}\r\nrefresh: 0; url={place}\r\n");
            let peer = Peer::start(move |_, _| reply(status, &head, "")).await;
            assert_eq!(asked(peer.port).await.unwrap().status, status);
            assert_eq!(peer.got().len(), 1);
        }
    }
    assert!(elsewhere.got().is_empty());
}
