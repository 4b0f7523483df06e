//! Plugins that misbehave lose the one call in which they do, whatever they do, and nobody else notices.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use reeve_core::access::{Incomplete, Listed, SystemRead};
use reeve_core::id::NativeId;
use reeve_core::plan::Action;
use reeve_core::run::{Failure, Retry};
use reeve_e2e::guests::{self, Host};
use reeve_e2e::staff::{Staff, TOKEN};
use reeve_runtime::Connector;
use reeve_runtime::limits::{GUEST_TIME_MAX, JOURNAL_BYTES_MAX, LOG_BYTES_MAX};

use serde_json::json;
use std::time::Instant;

/// Why the accounts of a read are not whole.
fn broken(read: &SystemRead) -> String {
    let accounts = read.listings.iter().find(|listing| listing.what == Listed::Accounts).unwrap();
    match &accounts.incomplete {
        Some(Incomplete::Failed { reason, .. }) => reason.clone(),
        other => panic!("{other:?}"),
    }
}

async fn read(connector: &Connector) -> SystemRead {
    connector.read_system(&|_, _, _| ()).await
}

/// What the misbehaving plugin came to, and that its next call is none the worse.
async fn outcome(mode: &str) -> String {
    let (host, staff) = (Host::new(TOKEN).unwrap(), Staff::start(1).await);
    let rogue = host.rogue(mode, &staff.url).await.unwrap();
    let why = broken(&read(&rogue).await);
    let view = rogue.get_account(&"a1".into()).await.unwrap().unwrap();
    assert_eq!(view.account.id, "a1".into());
    why
}

fn disable(id: &str) -> Action<NativeId> {
    Action::Disable { account: id.into() }
}

// One thread for both: the loop must give it up of its own accord.
#[tokio::test(flavor = "current_thread")]
async fn a_plugin_that_loops_is_stopped_while_another_works() {
    let (host, staff) = (Host::new(TOKEN).unwrap(), Staff::start(250).await);
    let rogue = host.rogue("loop", &staff.url).await.unwrap();
    let toy = host.connect(&guests::toy().unwrap(), &staff.url, json!({ "roles": ["clerk"] })).await.unwrap();

    let began = Instant::now();
    let looping = tokio::spawn(async move { read(&rogue).await });
    tokio::task::yield_now().await;
    for _ in 0..3 {
        let whole = read(&toy).await;
        assert_eq!((whole.incomplete(), whole.accounts.len()), (None, 250));
    }
    assert!(!looping.is_finished() && began.elapsed() < GUEST_TIME_MAX, "the second plugin waited for the first");

    let why = broken(&looping.await.unwrap());
    assert!(why.contains("it ran for 10 s without a host call"), "{why}");
}

#[tokio::test]
async fn a_plugin_that_takes_too_much_loses_that_call() {
    for (mode, part) in [
        ("recursion", "its calls nest too deep"),
        ("memory", "it asked for more than 268435456 bytes of memory"),
        ("log-for-ever", "it made more than 100000 host calls"),
        ("settings-for-ever", "it made more than 100000 host calls"),
        ("huge", "it handed over more than 67108864 bytes at once"),
        ("fill", "it ran for 10 s without a host call"),
        ("panic-midway", "it gave up: panicked at"),
        ("panic", "it gave up: panicked at"),
    ] {
        let why = outcome(mode).await;
        assert!(why.starts_with("the plugin was stopped: ") && why.contains(part), "{mode}: {why}");
    }
}

#[tokio::test]
async fn what_a_plugin_says_too_much_of_is_cut_before_it_is_looked_at() {
    for mode in ["log-huge", "request-huge"] {
        let (host, staff) = (Host::new(TOKEN).unwrap(), Staff::start(1).await);
        let rogue = host.rogue(mode, &staff.url).await.unwrap();
        let applied = rogue.apply(&disable("a1"), &"operation-1".into()).await;
        assert!(applied.result.is_ok() && !applied.reached, "{mode}: {:?}", applied.result);
        assert!(applied.journal.bytes().len() < JOURNAL_BYTES_MAX, "{mode}");
        assert_eq!(staff.requests(), 0);
    }
}

/// A server and a plugin that are in league: the one tells the other what the host signed in with, so that the redactor
/// does not see it go by. What the plugin has learnt it may keep to itself, but not leave behind.
#[tokio::test]
async fn a_secret_that_a_server_tells_its_plugin_comes_to_rest_nowhere() {
    const SECRET: &str = "canary-7f3a-9c51-that-no-honest-answer-contains";
    let (host, staff) = (Host::new(SECRET).unwrap(), Staff::start(1).await);
    for (mode, part) in [
        ("leak-in-a-name", "a secret that this system's connections sign in with"),
        ("leak-in-a-failure", "[secret]"),
        ("leak-in-a-log", "it gave up: panicked"),
    ] {
        let rogue = host.rogue(mode, &staff.url).await.unwrap();
        let whole = read(&rogue).await;
        let why = broken(&whole);
        assert!(why.contains(part) && !why.contains(SECRET), "{mode}: {why}");
        assert!(whole.accounts.is_empty(), "{mode}");
    }
    let rogue = host.rogue("leak-in-a-name", &staff.url).await.unwrap();
    let view = rogue.get_account(&"a1".into()).await.unwrap_err().to_string();
    assert!(view.contains("a secret that this system's connections sign in with") && !view.contains(SECRET), "{view}");
    let rogue = host.rogue("leak-in-a-warning", &staff.url).await.unwrap();
    let whole = read(&rogue).await;
    assert_eq!(whole.incomplete(), None);
    let accounts = whole.listings.iter().find(|listing| listing.what == Listed::Accounts).unwrap();
    assert_eq!(accounts.warnings, ["[secret]"]);
}

#[tokio::test]
async fn what_a_plugin_was_not_given_it_does_not_reach() {
    let (host, staff) = (Host::new(TOKEN).unwrap(), Staff::start(1).await);
    for (mode, part) in [
        ("forbidden-host", "elsewhere"),
        ("forbidden-path", "/admin/keys"),
        ("forbidden-method", "DELETE"),
        ("denied-in-disguise", "/admin/keys"),
        ("ways-out", "path"),
    ] {
        let rogue = host.rogue(mode, &staff.url).await.unwrap();
        let why = broken(&read(&rogue).await);
        assert!(why.starts_with("denied: ") && why.contains(part), "{mode}: {why}");
    }
    assert_eq!(staff.requests(), 0);
}

#[tokio::test]
async fn a_write_that_left_before_the_fall_is_read_back() {
    let (host, staff) = (Host::new(TOKEN).unwrap(), Staff::start(1).await);
    for mode in ["write-and-panic", "write-and-lie", "write-and-ask-for-more"] {
        let rogue = host.rogue(mode, &staff.url).await.unwrap();
        let applied = rogue.apply(&disable("0001"), &"operation-1".into()).await;
        let failure = applied.result.unwrap_err();
        assert!(applied.reached, "{mode}");
        assert!(!matches!(failure, Failure::Denied(_)), "{mode}: {failure}");
        if mode == "write-and-panic" {
            assert_eq!(failure.retry(applied.reached), Retry::ReadFirst);
        }
        let journal = String::from_utf8(applied.journal.bytes()).unwrap();
        assert!(journal.contains("/staff/0001") && !journal.contains(TOKEN), "{journal}");
    }
    assert_eq!(staff.writes(), 3);
}

#[tokio::test]
async fn what_a_plugin_logs_is_bounded_and_stays_on_its_line() {
    let (host, staff) = (Host::new(TOKEN).unwrap(), Staff::start(1).await);
    let flood = host.rogue("log-flood", &staff.url).await.unwrap();
    let applied = flood.apply(&disable("a1"), &"operation-1".into()).await;
    assert!(applied.result.is_ok());
    assert!(applied.journal.bytes().len() < 2 * LOG_BYTES_MAX);

    let forger = host.rogue("forged-line", &staff.url).await.unwrap();
    let journal = forger.apply(&disable("a1"), &"operation-2".into()).await.journal;
    let journal = String::from_utf8(journal.bytes()).unwrap();
    // Escaped once by the host, and its backslash once more by JSON.
    assert!(journal.contains(r"done\\n2026-01-01 INFO approved by root \\u{1b}[2J"), "{journal}");
}

#[tokio::test]
async fn a_well_behaved_plugin_reads_a_system_page_by_page() {
    let (host, staff) = (Host::new(TOKEN).unwrap(), Staff::start(250).await);
    let toy = host.connect(&guests::toy().unwrap(), &staff.url, json!({ "roles": ["clerk", "chief"] })).await.unwrap();
    let told = std::sync::Mutex::new(vec![]);
    let read = toy.read_system(&|what, items, total| told.lock().unwrap().push((what, items, total))).await;
    assert_eq!(read.incomplete(), None);
    assert_eq!((read.accounts.len(), read.entitlements.len(), read.grants.len()), (250, 2, 250));
    let accounts = read.listings.iter().find(|listing| listing.what == Listed::Accounts).unwrap();
    assert_eq!((accounts.pages, accounts.received, accounts.page_sha256s.len()), (4, 250, 4));
    let told = told.into_inner().unwrap();
    let heard: Vec<_> =
        told.iter().filter(|(what, ..)| *what == Listed::Accounts).map(|(_, items, _)| *items).collect();
    assert_eq!(heard, [100, 200, 250, 250]);

    let id = NativeId::from("0007");
    assert_eq!(toy.get_account(&id).await.unwrap().unwrap().account.native_state, "active");
    let applied = toy.apply(&disable("0007"), &"operation-7".into()).await;
    assert!(applied.result.is_ok() && applied.reached);
    assert_eq!(toy.get_account(&id).await.unwrap().unwrap().account.native_state, "left");
    assert_eq!(toy.get_account(&"9999".into()).await.unwrap(), None);
}

#[tokio::test]
async fn a_plugin_is_compiled_once_and_taken_from_disk_after_a_restart() {
    let host = Host::new(TOKEN).unwrap();
    let package = guests::rogue().unwrap();
    let compiled = || {
        let files = std::fs::read_dir(host.code_cache()).unwrap().map(|entry| entry.unwrap());
        let mut files: Vec<_> =
            files.map(|file| (file.file_name(), file.metadata().unwrap().modified().unwrap())).collect();
        files.retain(|(name, _)| name != "mac.key");
        files
    };
    host.runtime.load(&package).await.unwrap();
    let first = compiled();
    assert_eq!(first.len(), 1);
    host.restarted().unwrap().load(&package).await.unwrap();
    assert_eq!(compiled(), first);
}
