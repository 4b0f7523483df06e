//! While plugins misbehave, the calls of one that does not go on as before: each comes back, and the slowest of them wait
//! for turns and not for the others' ends. Measured against a quiet host in the same process, because a time alone would
//! only measure the machine.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use reeve_e2e::guests::{self, Host};
use reeve_e2e::staff::{Staff, TOKEN};
use reeve_runtime::Connector;
use reeve_runtime::limits::{EPOCH_TICK, EPOCH_TICKS_PER_TURN};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// As many as `reeve` takes on any machine.
const THREADS: usize = 24;
const CALLS: usize = 40;
/// How much slower the slowest calls may be for each plugin that misbehaves alone.
const RATIO_MAX: u32 = 20;
/// Times that one call of the neighbour gives its thread away, and so may have to wait for the others' turns.
const WAITS_PER_CALL: u32 = 10;
/// One host call or return of a plugin may hand over 64 MiB, in which nothing interrupts it: the longest that it can hold
/// a thread, as a debug build on a busy machine does it.
const HOLD_MAX: Duration = Duration::from_millis(500);

/// What holds a thread for long, or asks for it again at once: each is tried alone.
const ALONE: &[&str] = &["loop", "fill", "log-huge", "request-huge", "huge", "fat-pages", "hoard-things"];
/// What joins them when all misbehave at once.
const TOGETHER: &[&str] =
    &["recursion", "memory", "log-for-ever", "settings-for-ever", "many-items", "cycle", "panic", "forbidden-path"];

fn threads(count: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(count).enable_all().build().unwrap()
}

/// The slowest of the calls but one.
async fn slowest(neighbour: &Connector) -> Duration {
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let began = Instant::now();
        let view = neighbour.get_account(&"0001".into()).await.unwrap().unwrap();
        times.push(began.elapsed());
        assert_eq!(view.account.native_state, "active");
    }
    times.sort();
    times[CALLS - 2]
}

/// Reads through a plugin that misbehaves, again and again.
fn misbehave(host: &Runtime, rogue: Arc<Connector>) -> tokio::task::JoinHandle<()> {
    host.spawn(async move {
        loop {
            rogue.read_system(&|_, _, _| ()).await;
            tokio::task::yield_now().await;
        }
    })
}

#[test]
fn the_neighbours_of_plugins_that_misbehave_hardly_notice() {
    // The target is another machine.
    let (elsewhere, runtime) = (threads(1), threads(THREADS));
    let staff = elsewhere.block_on(Staff::start(1));
    let host = Host::new(TOKEN).unwrap();
    let bind = async |mode: &str| Arc::new(host.rogue(mode, &staff.url).await.unwrap());
    let package = guests::toy().unwrap();
    let toy = host.connect(&package, &staff.url, json!({ "roles": ["clerk"] }));
    let toy = runtime.block_on(toy).unwrap();
    // On a worker, as the server's calls are.
    let toy = Arc::new(toy);
    let measure = || {
        let toy = toy.clone();
        runtime.block_on(runtime.spawn(async move { slowest(&toy).await })).unwrap()
    };
    measure();
    let turn = EPOCH_TICK * u32::try_from(EPOCH_TICKS_PER_TURN).unwrap();
    let quiet = measure();
    let mut slow = Vec::new();
    let mut judge = |what: &str, beside: Duration, plugins: usize| {
        // They share the processors with the neighbour, and its waits are for their turns there.
        let allowed = quiet * RATIO_MAX + turn * WAITS_PER_CALL * u32::try_from(plugins).unwrap() + HOLD_MAX;
        println!("{what:18} {beside:>10.1?}, quiet {quiet:>10.1?}, allowed {allowed:>10.1?}");
        if beside > allowed {
            slow.push(format!("{what}: {beside:?}, and {allowed:?} is allowed"));
        }
    };
    let rogues: Vec<_> = ALONE.iter().chain(TOGETHER).map(|mode| runtime.block_on(bind(mode))).collect();
    for (mode, rogue) in ALONE.iter().zip(&rogues) {
        let task = misbehave(&runtime, rogue.clone());
        let beside = measure();
        task.abort();
        judge(mode, beside, 1);
    }
    let tasks: Vec<_> = rogues.iter().map(|rogue| misbehave(&runtime, rogue.clone())).collect();
    let beside = measure();
    tasks.iter().for_each(|task| task.abort());
    judge("all at once", beside, rogues.len());
    assert!(slow.is_empty(), "{slow:#?}");
}
