use super::peer::{Peer, Reply, raw, reply};
use super::*;
use crate::limits::*;
use std::io::{Cursor, Write};
use std::time::Instant;

/// Until when an answer is given up, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// Zeros as gzip (RFC 1952), around what the zip library deflates.
fn gzip_of_zeros(bytes: usize) -> Vec<u8> {
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("z", options).unwrap();
    zip.write_all(&vec![0; bytes]).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let mut archive = zip::ZipArchive::new(Cursor::new(&zip)).unwrap();
    let file = archive.by_index(0).unwrap();
    let (start, length) = (file.data_start().unwrap(), file.compressed_size());
    let deflated = &zip[usize::try_from(start).unwrap()..usize::try_from(start + length).unwrap()];
    let size = u32::try_from(bytes).unwrap();
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    [&head[..], deflated, &file.crc32().to_le_bytes(), &size.to_le_bytes()].concat()
}

async fn answer_to(peer: &Peer, method: Method) -> (Result<HttpAnswer, HttpFault>, Spent) {
    let mut spent = Spent::new();
    let outside = World::new().bind(&loopback(peer.port)).unwrap();
    let answer = outside.http(&mut spent, request(method, "/Users")).await;
    (answer, spent)
}

#[tokio::test]
async fn compressed_answers_are_unpacked_up_to_the_limit_and_no_further() {
    let small = gzip_of_zeros(1_000);
    let peer = Peer::start(move |_, _| reply(200, "content-encoding: gzip\r\n", &small)).await;
    let answer = answer_to(&peer, Method::Get).await.0.unwrap();
    assert_eq!(answer.body, vec![0; 1_000]);
    assert_eq!((header(&answer, "content-encoding"), header(&answer, "content-length")), (None, None));

    let bomb = gzip_of_zeros(HTTP_BODY_BYTES_MAX + 1);
    assert!(bomb.len() < HTTP_BODY_BYTES_MAX / 500);
    let peer = Peer::start(move |_, _| reply(200, "content-encoding: gzip\r\n", &bomb)).await;
    let answer = answer_to(&peer, Method::Get).await.0;
    assert_eq!(answer, Err(HttpFault::TooLarge(HTTP_BODY_BYTES_MAX as u64)));
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let peer = Peer::start(|_, _| {
        let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        let chunk = [b"100000\r\n".as_slice(), &vec![b'x'; 0x10_0000], b"\r\n"].concat();
        (0..17).for_each(|_| bytes.extend(&chunk));
        Reply { bytes, hang: true }
    })
    .await;
    let answer = answer_to(&peer, Method::Get).await.0;
    assert_eq!(answer, Err(HttpFault::TooLarge(HTTP_BODY_BYTES_MAX as u64)));
}

#[tokio::test]
async fn headers_are_bounded_both_ways() {
    let long = format!("x-long: {}\r\n", "y".repeat(HTTP_HEADER_BYTES_MAX));
    let peer = Peer::start(move |_, _| reply(200, &long, "")).await;
    let answer = answer_to(&peer, Method::Get).await.0;
    assert_eq!(answer, Err(HttpFault::TooLarge(HTTP_HEADER_BYTES_MAX as u64)));
    let many = "x-many: y\r\n".repeat(HTTP_HEADERS_MAX + 1);
    let peer = Peer::start(move |_, _| reply(200, &many, "")).await;
    let answer = answer_to(&peer, Method::Get).await.0;
    assert!(matches!(answer, Err(HttpFault::TooLarge(_) | HttpFault::Protocol(_))), "{answer:?}");
}

#[tokio::test]
async fn an_answer_that_stops_half_way_is_lost() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":".to_vec();
    for bytes in [cut, b"HTTP/1.1 200 OK\r\ncont".to_vec(), Vec::new()] {
        let peer = Peer::start(move |_, _| raw(&bytes)).await;
        let (answer, spent) = answer_to(&peer, Method::Post).await;
        assert!(matches!(answer, Err(HttpFault::AnswerLost(_))), "{answer:?}");
        assert!(spent.reached());
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_lost_when_its_time_is_over() {
    let patience = Patience { connect: CONNECT_TIME_MAX, request: Duration::from_millis(50) };
    for bytes in [b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nslow".to_vec(), Vec::new()] {
        let peer = Peer::start(move |_, _| Reply { bytes: bytes.clone(), hang: true }).await;
        let outside = World::new().bind_patiently(&loopback(peer.port), patience).unwrap();
        let began = Instant::now();
        let answer = outside.http(&mut Spent::new(), get("/Users")).await;
        assert!(matches!(&answer, Err(HttpFault::AnswerLost(why)) if why.contains("0.05 s")), "{answer:?}");
        assert!(began.elapsed() < SOON, "it was waited for {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn what_is_not_http_is_named_so() {
    let peer = Peer::start(|_, _| raw("SSH-2.0-OpenSSH_9.2\r\n")).await;
    let (answer, spent) = answer_to(&peer, Method::Post).await;
    assert!(matches!(answer, Err(HttpFault::Protocol(_))), "{answer:?}");
    assert!(spent.reached());
    let peer = Peer::start(|_, _| reply(200, "content-encoding: gzip\r\n", "not gzip")).await;
    let answer = answer_to(&peer, Method::Get).await.0;
    assert!(matches!(answer, Err(HttpFault::AnswerLost(_) | HttpFault::Protocol(_))), "{answer:?}");
}

#[tokio::test]
async fn a_call_has_a_budget_of_requests_and_of_bytes() {
    let peer = Peer::start(|_, _| reply(200, "", "")).await;
    let outside = World::new().bind(&loopback(peer.port)).unwrap();
    let mut spent = Spent::new();
    for _ in 0..HTTP_REQUESTS_MAX {
        spent.http_request().unwrap();
    }
    let answer = outside.http(&mut spent, get("/Users")).await;
    assert!(matches!(answer, Err(HttpFault::Budget(_))), "{answer:?}");
    let mut spent = Spent::new();
    spent.http_bytes(usize::try_from(HTTP_BYTES_MAX).unwrap()).unwrap();
    let mut post = request(Method::Post, "/Users");
    post.body = Some(vec![b'x']);
    let answer = outside.http(&mut spent, post).await;
    assert!(matches!(answer, Err(HttpFault::Budget(_))), "{answer:?}");
    assert!(peer.got().is_empty() && !spent.reached());
}
