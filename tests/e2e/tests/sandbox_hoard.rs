//! Plugins that have the host keep things for them, as many as it will: they are stopped at a stated limit, what was kept
//! goes with the call, and nobody else notices.

use reeve_core::access::SystemRead;
use reeve_e2e::database::Database;
use reeve_e2e::guests::{self, Host};
use reeve_e2e::plugins::{govern_rogue, install_rogue};
use reeve_e2e::reeve::Reeve;
use reeve_e2e::staff::{Staff, TOKEN};
use reeve_runtime::Connector;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const HANDLES: &str = "the host would have to keep more than 1000 handles for it";
const HOARDS: [(&str, &str); 5] = [
    ("hoard-networks", HANDLES),
    ("hoard-streams", HANDLES),
    ("hoard-timers", HANDLES),
    ("hoard-things", HANDLES),
    ("hoard-answers", "this call has made its 1000 HTTP requests"),
];

async fn read(connector: &Connector) -> SystemRead {
    connector.read_system(&|_, _, _| ()).await
}

#[tokio::test]
async fn a_plugin_that_hoards_is_stopped_at_a_limit_while_another_works() {
    let (host, staff) = (Host::new(TOKEN).unwrap(), Staff::start(250).await);
    let toy = host.connect(&guests::toy().unwrap(), &staff.url, json!({ "roles": ["clerk"] })).await.unwrap();
    for (mode, part) in HOARDS {
        let rogue = Arc::new(host.rogue(mode, &staff.url).await.unwrap());
        let done = Arc::new(AtomicBool::new(false));
        let hoarding = tokio::spawn({
            let (rogue, done) = (rogue.clone(), done.clone());
            async move {
                loop {
                    let whole = read(&rogue).await;
                    if done.load(Ordering::Relaxed) {
                        return whole;
                    }
                }
            }
        });
        let whole = read(&toy).await;
        assert_eq!((whole.incomplete(), whole.accounts.len()), (None, 250), "beside {mode}");
        done.store(true, Ordering::Relaxed);
        let why = hoarding.await.unwrap().incomplete().unwrap().to_string();
        assert!(why.contains(part), "{mode}: {why}");
        let view = rogue.get_account(&"a1".into()).await.unwrap().unwrap();
        assert_eq!(view.account.id, "a1".into(), "{mode}: its next call is none the worse");
    }
}

/// What a read of a plugin that hoards may hold more than one of a plugin that does not, in bytes.
const MEMORY_BYTES_MAX: u64 = 48 * 1024 * 1024;

#[test]
fn what_a_plugin_hoards_costs_the_host_no_memory() {
    let reeve = Reeve::bare(Database::Sqlite);
    install_rogue(&reeve);
    let sync = |mode: &str| {
        govern_rogue(&reeve, mode);
        let (output, peak_bytes) = reeve.run_weighed(["sync", "rogue"]);
        let doubt = output.json["read"][0]["doubt"].as_str().map(str::to_owned);
        println!("{mode}: {} MiB at most; {doubt:?}", peak_bytes >> 20);
        (doubt, peak_bytes)
    };
    let (doubt, quiet_bytes) = sync("well");
    assert_eq!(doubt, None);
    // Of cursors as long as one may be there are 130 MB in all, and the listing is none the worse for them.
    for (mode, part) in HOARDS.into_iter().chain([("fat-cursors", "")]).filter(|(mode, _)| *mode != "hoard-answers") {
        let (doubt, peak_bytes) = sync(mode);
        match part {
            "" => assert_eq!(doubt, None, "{mode}"),
            part => assert!(doubt.as_ref().is_some_and(|why| why.contains(part)), "{mode}: {doubt:?}"),
        }
        assert!(peak_bytes < quiet_bytes + MEMORY_BYTES_MAX, "{mode}: {peak_bytes} bytes, and {quiet_bytes} without");
    }
}
