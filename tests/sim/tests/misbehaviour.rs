//! Each way of misbehaving, seen from the client and from the ledger.

mod common;

use common::{End, NoReply, PATIENCE, SILENCE, Sim, names, send, send_and_wait, user};
use reeve_sim::misbehaviour::{Act, RetryAfter, Rule, When, Work};
use reeve_sim::scim::{Dialect, Options, Scim};
use reeve_sim::{Setup, StandIn};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn answer(status: u16, work: Work, retry_after: Option<RetryAfter>) -> Act {
    Act::Answer { status, work, retry_after, body: None, content_type: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_busy_in_every_spelling_of_retry_after() {
    let noon: jiff::Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
    let setup = Setup { clock: Arc::new(move || noon), ..Setup::default() };
    let sim = Sim { stand_in: StandIn::start(Scim::new(Options::default()).unwrap(), setup).await.unwrap() };
    for (retry_after, expected) in [
        (Some(RetryAfter::Seconds(30)), Some("30")),
        (Some(RetryAfter::Seconds(1_000_000_000)), Some("1000000000")),
        (Some(RetryAfter::DateInSeconds(90)), Some("Wed, 25 Nov 2026 12:01:30 GMT")),
        (Some(RetryAfter::Text("soon".to_owned())), Some("soon")),
        (None, None),
    ] {
        sim.misbehave(answer(429, Work::Skipped, retry_after));
        let reply = sim.send("POST", "/Users", &user("ann"));
        assert_eq!((reply.status, reply.header("retry-after")), (429, expected));
        assert_eq!(reply.json()["status"], "429");
    }
    assert!(sim.done().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fails_after_the_work_and_succeeds_without_it() {
    let sim = Sim::start().await;
    sim.misbehave(answer(500, Work::Done, None));
    assert_eq!(sim.send("POST", "/Users", &user("ann")).status, 500);
    assert_eq!(sim.done(), ["created ann"]);
    sim.stand_in.rules().clear();
    let found = sim.get("/Users").json();
    let path = format!("/Users/{}", found["Resources"][0]["id"].as_str().unwrap());

    sim.misbehave(Act::Pretend);
    let pretended = sim.patch(&path, &json!([{"op": "replace", "path": "active", "value": false}]));
    assert_eq!((pretended.status, &pretended.json()["active"]), (200, &json!(false)));
    assert_eq!(sim.send("POST", "/Users", &user("bob")).status, 201);
    assert_eq!(sim.delete(&path).status, 204);
    assert_eq!(sim.get(&path).json()["active"], true);
    assert_eq!(names(&sim.get("/Users").json()), ["ann"]);
    assert_eq!(sim.done(), ["created ann"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_hangs_up_or_falls_silent_before_the_work_or_after() {
    let sim = Sim::start().await;
    for (name, act, expected) in [
        ("ann", Act::Close { work: Work::Skipped }, NoReply::Closed),
        ("bob", Act::Close { work: Work::Done }, NoReply::Closed),
        ("cid", Act::Hang { work: Work::Skipped }, NoReply::Silent),
        ("dan", Act::Hang { work: Work::Done }, NoReply::Silent),
    ] {
        sim.misbehave(act);
        let (address, body) = (sim.stand_in.address(), user(name).to_string());
        let headers = [("content-type", "application/json")];
        let patience = if expected == NoReply::Silent { SILENCE } else { PATIENCE };
        let reply = send_and_wait(patience, address, "POST", "/scim/v2/Users", &headers, body.as_bytes());
        assert_eq!(reply.unwrap_err(), expected, "{name}");
    }
    // The work of the last one may still be under way.
    let deadline = Instant::now() + Duration::from_secs(30);
    while sim.done().len() < 2 && Instant::now() < deadline {
        tokio::task::yield_now().await;
    }
    assert_eq!(sim.done(), ["created bob", "created dan"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_refuses_for_reasons_of_its_own() {
    let sim = Sim::start().await;
    let path = format!("/Users/{}", sim.user("ann"));
    let detail = "user owns 2 open envelopes".to_owned();
    sim.misbehave(Act::Refuse { status: 409, code: Some("mutability".to_owned()), detail: detail.clone() });
    let reply = sim.delete(&path);
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "409",
        "scimType": "mutability",
        "detail": detail,
    });
    assert_eq!((reply.status, reply.json()), (409, expected));
    sim.misbehave(Act::DropAuth);
    let reply = sim.delete(&path);
    assert_eq!((reply.status, reply.header("www-authenticate").is_some()), (401, true));
    assert_eq!(sim.done(), ["created ann"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_sends_bodies_that_are_not_what_they_should_be() {
    let sim = Sim::start().await;
    let path = format!("/Users/{}", sim.user("ann"));
    let good = sim.get(&path);
    let spoilt = |act: Act| {
        sim.misbehave(act);
        sim.get(&path)
    };

    let page = spoilt(Act::Html { status: 200, work: Work::Done });
    assert!(page.status == 200 && page.header("content-type").unwrap().starts_with("text/html"));
    assert!(page.body.starts_with(b"<!DOCTYPE html>"));
    let other = spoilt(Act::ContentType { value: "text/plain".to_owned() });
    assert_eq!((other.header("content-type"), &other.body), (Some("text/plain"), &good.body));

    let broken = spoilt(Act::InvalidJson);
    assert_eq!((broken.status, broken.end), (200, End::Whole));
    assert!(serde_json::from_slice::<Value>(&broken.body).is_err());
    assert!(String::from_utf8(spoilt(Act::InvalidUtf8).body).is_err());
    let deep = spoilt(Act::DeepJson { depth: 100_000 }).body;
    assert!(deep.len() == 200_000 && deep.starts_with(b"[[[[") && deep.ends_with(b"]]]]"));

    let half = spoilt(Act::Truncate { keep_bytes: None });
    assert_eq!((half.end, half.body.as_slice()), (End::BrokenOff, &good.body[..good.body.len() / 2]));
    assert_eq!(spoilt(Act::Truncate { keep_bytes: Some(0) }).end, End::BrokenOff);
    assert_eq!(spoilt(Act::Endless).end, End::Endless);

    let start = Instant::now();
    let slow = spoilt(Act::Slow { chunk_bytes: good.body.len() / 3, delay_ms: 20 });
    assert_eq!((slow.end, slow.body), (End::Whole, good.body));
    assert!(start.elapsed().as_millis() >= 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gzip_bomb_unpacks_to_sound_json() {
    let sim = Sim::start().await;
    for size in [0, 1, 2064, 5_000_000] {
        sim.misbehave(Act::GzipBomb { bytes: size });
        let bomb = sim.get("/Users");
        assert_eq!((bomb.header("content-encoding"), bomb.end), (Some("gzip"), End::Whole));
        assert!(bomb.body.len() as u64 <= 100 + size / 150, "{}", bomb.body.len());
        // Not our own code: gzip checks the checksum and the length too.
        let mut gzip = Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = gzip.stdin.take().unwrap();
        let feed = std::thread::spawn(move || input.write_all(&bomb.body).unwrap());
        let unpacked = gzip.wait_with_output().unwrap();
        feed.join().unwrap();
        assert!(unpacked.status.success());
        assert!((size..size + 3000).contains(&(unpacked.stdout.len() as u64)), "{}", unpacked.stdout.len());
        serde_json::from_slice::<Value>(&unpacked.stdout).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_lists_lie() {
    let dialect = Dialect { page_max: 2, ..Dialect::default() };
    let sim = Sim::with(Options { dialect, ..Options::default() }).await;
    (1..=5).for_each(|n| drop(sim.user(&format!("user{n}"))));
    let page = |query: &str| sim.get(&format!("/Users?{query}")).json();

    sim.misbehave(Act::LieAboutTotal { by: 100 });
    let lie = page("startIndex=5");
    assert_eq!((&lie["totalResults"], names(&lie)), (&json!(105), vec!["user5".to_owned()]));

    sim.misbehave(Act::IgnoreFilters);
    let all = page("filter=userName%20eq%20%22user4%22");
    assert_eq!((&all["totalResults"], names(&all)), (&json!(5), vec!["user1".to_owned(), "user2".to_owned()]));

    sim.misbehave(Act::RepeatPage);
    assert_eq!(names(&page("startIndex=3")), ["user1", "user2"]);
    assert_eq!(page("startIndex=3")["startIndex"], 3);

    sim.misbehave(Act::EmptyPage);
    let empty = page("cursor");
    assert!(names(&empty).is_empty() && empty["nextCursor"].is_string());

    sim.misbehave(Act::LoopPages);
    let mut start = 1;
    let mut seen = Vec::new();
    for _ in 0..5 {
        let page = page(&format!("startIndex={start}"));
        start += page["itemsPerPage"].as_u64().unwrap();
        assert!(page["totalResults"].as_u64().unwrap() >= start, "there is always more: {page}");
        seen.extend(names(&page));
    }
    assert_eq!(seen.iter().filter(|name| *name == "user1").count(), 2);
    let mut cursor = String::new();
    for _ in 0..10 {
        let page = page(&format!("cursor={cursor}"));
        cursor = page["nextCursor"].as_str().unwrap().to_owned();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_choose_their_requests() {
    let sim = Sim::start().await;
    let (ann, bob) = (format!("/Users/{}", sim.user("ann")), format!("/Users/{}", sim.user("bob")));
    let rules = sim.stand_in.rules();
    let busy = |status| Rule::new(answer(status, Work::Skipped, None));
    let disable = json!([{"op": "replace", "path": "active", "value": false}]);
    let enable = json!([{"op": "replace", "path": "active", "value": true}]);

    rules.add([busy(503).on("PATCH", "/Users/*").with_body("false").when(When::First(2))]);
    let tries: Vec<_> = (0..3).map(|_| sim.patch(&ann, &disable).status).collect();
    assert_eq!(tries, [503, 503, 200]);
    assert_eq!(sim.patch(&bob, &enable).status, 200);
    rules.clear();

    rules.add([busy(503).on("GET", "/Users").when(When::Nth(2)), busy(500).on("GET", &bob)]);
    let tries: Vec<_> = (0..3).map(|_| sim.get("/Users").status).collect();
    assert_eq!(tries, [200, 503, 200]);
    assert_eq!((sim.get(&ann).status, sim.get(&bob).status), (200, 500));
    let counts: Vec<_> = rules.all().iter().map(|rule| (rule.fitted, rule.applied)).collect();
    assert_eq!(counts, [(3, 1), (1, 1)]);
    rules.clear();

    rules.add([busy(503).on("GET", &ann), busy(500)]);
    assert_eq!(sim.get(&ann).status, 503, "the first that is due");
    assert_eq!(rules.all()[1].applied, 0);
    rules.clear();

    for (glob, fits) in [("/Users/*", true), ("/*", false), ("/**", true), ("**", true), ("/U*/*", true), ("*", false)]
    {
        rules.add([busy(503).on("GET", glob)]);
        assert_eq!(sim.get(&ann).status == 503, fits, "{glob}");
        rules.clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_set_and_the_ledger_is_read_over_the_second_port() {
    let local = ([127, 0, 0, 1], 0).into();
    let setup = Setup { control: Some(local), ..Setup::default() };
    let sim = Sim { stand_in: StandIn::start(Scim::new(Options::default()).unwrap(), setup).await.unwrap() };
    let control = sim.stand_in.control_address().unwrap();
    let ask = |method: &str, path: &str, body: &Value| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        send(control, method, path, &[], body.as_bytes()).unwrap()
    };
    let rules = json!([
        {"match": {"method": "post", "query_contains": "x=1"}, "act": {"do": "pretend"}},
        {"when": {"nth": 2}, "act": {"do": "answer", "status": 429, "retry_after": {"date-in-seconds": 5}}},
        {"when": {"nth": 3}, "act": {"do": "answer", "status": 500, "work": "done", "body": "{}"}},
    ]);
    assert_eq!(ask("POST", "/rules", &rules).status, 201);
    let statuses: Vec<_> = (1..=3).map(|n| sim.send("POST", "/Users", &user(&format!("u{n}"))).status).collect();
    assert_eq!(statuses, [201, 429, 500]);
    let shown = ask("GET", "/rules", &Value::Null).json();
    assert_eq!([&shown[0]["fitted"], &shown[1]["fitted"], &shown[1]["applied"]], [0, 3, 1]);
    assert_eq!(ask("DELETE", "/rules", &Value::Null).status, 204);
    assert_eq!(ask("GET", "/rules", &Value::Null).json(), json!([]));

    let headers = [("content-type", "application/json"), ("Idempotency-Key", "op-7")];
    let body = user("u4").to_string();
    assert_eq!(send(sim.stand_in.address(), "POST", "/scim/v2/Users", &headers, body.as_bytes()).unwrap().status, 201);
    let entries = ask("GET", "/ledger?since=1", &Value::Null).json();
    let told: Vec<_> =
        entries.as_array().unwrap().iter().map(|entry| (&entry["name"], &entry["operation_id"])).collect();
    assert_eq!(told, [(&json!("u3"), &Value::Null), (&json!("u4"), &json!("op-7"))]);

    let wrong = ask("POST", "/rules", &json!({"act": {"do": "explode"}}));
    let said = String::from_utf8(wrong.body).unwrap();
    assert!(wrong.status == 400 && said.contains("explode") && said.contains("gzip-bomb"), "{said}");
    assert_eq!(ask("POST", "/rules", &json!({"act": {"do": "pretend"}, "wen": "always"})).status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_stand_in_serves_nobody() {
    let sim = Sim::start().await;
    let address = sim.stand_in.address();
    let mut kept = TcpStream::connect(address).unwrap();
    kept.write_all(b"GET /scim/v2/Users HTTP/1.1\r\nhost: here\r\n\r\n").unwrap();
    let mut answered = [0; 12];
    kept.read_exact(&mut answered).unwrap();
    assert_eq!(&answered, b"HTTP/1.1 200");
    sim.stand_in.stop().await;
    kept.write_all(b"GET /scim/v2/Users HTTP/1.1\r\nhost: here\r\n\r\n").unwrap();
    let mut rest = Vec::new();
    kept.read_to_end(&mut rest).unwrap();
    assert!(!String::from_utf8(rest).unwrap().contains("HTTP/1.1"), "a second answer came");
    assert_eq!(send(address, "GET", "/scim/v2/Users", &[], b"").unwrap_err(), NoReply::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_this_machine_is_served() {
    let setup = Setup { listen: ([0, 0, 0, 0], 0).into(), ..Setup::default() };
    let refused = StandIn::start(Scim::new(Options::default()).unwrap(), setup).await.err().unwrap();
    assert_eq!(refused.to_string(), "0.0.0.0:0 is not a loopback address; a stand-in serves this machine only");
}
