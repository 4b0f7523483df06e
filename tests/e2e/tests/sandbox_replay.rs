//! A call that is replayed sees what it saw, reaches nothing, and ends at the first thing that is not as it was.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use axum::Router;
use axum::routing::patch;
use reeve_core::id::NativeId;
use reeve_core::plan::Action;
use reeve_e2e::guests::{self, Host};
use reeve_e2e::staff::{Staff, TOKEN};
use reeve_runtime::{Applied, Difference, Journal, Replay, Verdict};
use serde_json::{Value, json};

fn disable(id: &str) -> Action<NativeId> {
    Action::Disable { account: id.into() }
}

/// A call of the rogue in this mode, to a target that is gone afterwards.
async fn recorded(host: &Host, mode: &str) -> Applied {
    call(host, &Staff::start(1).await, mode).await
}

async fn call(host: &Host, staff: &Staff, mode: &str) -> Applied {
    let rogue = host.rogue(mode, &staff.url).await.unwrap();
    rogue.apply(&disable("0001"), &"operation-1".into()).await
}

/// In a process of its own, as it were: another runtime, with a secret that opens nothing.
async fn replayed(host: &Host, journal: &Journal) -> Replay {
    let runtime = host.restarted().unwrap();
    let plugin = runtime.load(&guests::rogue().unwrap()).await.unwrap();
    runtime.replay(&plugin, journal).await.unwrap()
}

/// The journal with its JSON changed.
fn changed(journal: &Journal, change: impl FnOnce(&mut Value)) -> Journal {
    let mut json = serde_json::from_slice(&journal.bytes()).unwrap();
    change(&mut json);
    Journal::parse(json.to_string().as_bytes()).unwrap()
}

fn differs(replay: Replay) -> Difference {
    match replay.verdict {
        Verdict::Differs(difference) => difference,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whatever_a_call_came_to_it_comes_to_again() {
    let (host, staff) = (Host::new(TOKEN).unwrap(), Staff::start(1).await);
    for mode in [
        "well",
        "other-account",
        "panic",
        "recursion",
        "memory",
        "log-flood",
        "forged-line",
        "write-and-panic",
        "write-and-lie",
        "write-and-ask-for-more",
    ] {
        let applied = call(&host, &staff, mode).await;
        let heard = (staff.requests(), staff.writes());
        let replay = replayed(&host, &applied.journal).await;
        assert_eq!((staff.requests(), staff.writes()), heard, "{mode}: the target was asked");
        assert_eq!(replay.verdict, Verdict::Same, "{mode}: {:?}", applied.result);
        assert!(replay.calls > 0, "{mode}: the settings at least");
    }
}

#[tokio::test]
async fn clock_and_chance_are_those_of_the_recorded_call() {
    let host = Host::new(TOKEN).unwrap();
    let (one, two) = (recorded(&host, "senses").await, recorded(&host, "senses").await);
    assert_ne!(one.result.unwrap().side_effects, two.result.unwrap().side_effects, "no two calls see the same");
    for journal in [&one.journal, &two.journal] {
        assert_eq!(replayed(&host, journal).await.verdict, Verdict::Same);
        // With another of them it does not come out the same, so the guest does look.
        for key in ["seed", "started-at"] {
            let other = if key == "seed" { json!("00".repeat(32)) } else { json!("2001-01-01T00:00:00Z") };
            let journal = changed(journal, |json| json["sensed"][key] = other);
            let difference = differs(replayed(&host, &journal).await);
            assert!(difference.now.contains(" with ") && difference.now != difference.then, "{difference:?}");
        }
        let journal = changed(journal, |json| {
            json["sensed"]["clock-ns"].as_array_mut().unwrap().pop();
        });
        assert_eq!(differs(replayed(&host, &journal).await).what, "the clock");
    }
}

#[tokio::test]
async fn the_first_difference_is_named() {
    let host = Host::new(TOKEN).unwrap();
    let journal = recorded(&host, "write-and-lie").await.journal;
    let entries = |json: &Value| json["entries"].as_array().unwrap().len();
    let is_http = |entry: &Value| entry["import"] == "http";
    let at = |json: &Value| json["entries"].as_array().unwrap().iter().position(is_http).unwrap();

    let other = changed(&journal, |json| {
        let at = at(json);
        json["entries"][at]["method"] = json!("GET");
    });
    let difference = differs(replayed(&host, &other).await);
    assert_eq!(difference.what, "call 2 of the host");
    assert!(difference.then.starts_with("GET /staff/0001") && difference.now.starts_with("PATCH /staff/0001"));
    assert!(difference.now.contains("{\"status\":\"left\"}"), "{difference:?}");

    let shorter = changed(&journal, |json| {
        json["entries"].as_array_mut().unwrap().pop();
    });
    let difference = differs(replayed(&host, &shorter).await);
    assert_eq!(difference.then, "the plugin makes no more calls");

    let longer = changed(&journal, |json| {
        let again = json["entries"][at(json)].clone();
        json["entries"].as_array_mut().unwrap().push(again);
    });
    let difference = differs(replayed(&host, &longer).await);
    assert_eq!(
        difference.what,
        format!("call {} of the host", entries(&serde_json::from_slice(&longer.bytes()).unwrap()))
    );
    assert_eq!(difference.now, "the plugin makes no more calls");

    let result = changed(&journal, |json| json["asked"]["result"]["kept"]["text"] = json!("{\"outcome\":1}"));
    let difference = differs(replayed(&host, &result).await);
    assert_eq!((difference.what.as_str(), difference.then.as_str()), ("the result", "{\"outcome\":1}"));
    assert!(difference.now.contains("nothing was sent, I swear"), "{difference:?}");

    // A call that was stopped while it waited can be followed that far.
    let cut = changed(&journal, |json| {
        let at = at(json);
        json["entries"][at]["came"] = json!("cut-off");
        let stopped = json!({ "failure": { "kind": "stopped", "detail": "it was not done after 60 s" } });
        json["asked"]["result"]["kept"]["text"] = json!(stopped.to_string());
    });
    assert_eq!(replayed(&host, &cut).await.verdict, Verdict::SameUntilCutOff);
}

#[tokio::test]
async fn an_answer_that_was_too_long_for_the_record_is_named() {
    let long = patch(async || "x".repeat(100_000));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, Router::new().route("/staff/{id}", long)).into_future());
    let host = Host::new(TOKEN).unwrap();
    let rogue = host.rogue("write-and-lie", &url).await.unwrap();
    let journal = rogue.apply(&disable("0001"), &"operation-1".into()).await.journal;
    let why = not_recorded(replayed(&host, &journal).await);
    assert_eq!(why, "the answer to call 2 had 100000 bytes, of which the record has room for the first 65536");

    let journal = recorded(&host, "log-for-ever").await.journal;
    let why = not_recorded(replayed(&host, &journal).await);
    assert!(why.starts_with("the record holds the first 2000 calls of the host, and "), "{why}");
}

fn not_recorded(replay: Replay) -> String {
    match replay.verdict {
        Verdict::NotRecorded(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_the_build_that_made_the_call_replays_it() {
    let host = Host::new(TOKEN).unwrap();
    let journal = recorded(&host, "well").await.journal;
    let toy = host.runtime.load(&guests::toy().unwrap()).await.unwrap();
    let why = host.runtime.replay(&toy, &journal).await.unwrap_err().to_string();
    assert!(why.contains("another build proves nothing"), "{why}");
    let old = changed(&journal, |json| {
        json.as_object_mut().unwrap().remove("asked");
    });
    let rogue = host.runtime.load(&guests::rogue().unwrap()).await.unwrap();
    let why = host.runtime.replay(&rogue, &old).await.unwrap_err().to_string();
    assert!(why.contains("recorded before Reeve kept what a replay needs"), "{why}");
}
