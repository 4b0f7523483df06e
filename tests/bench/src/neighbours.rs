//! What the calls of well-behaved plugins notice of one that misbehaves beside them.

use crate::figure::{Figure, median, micros, percentile};
use crate::staff;
use anyhow::{Result, anyhow, ensure};
use reeve_e2e::guests::{self, Host};
use reeve_runtime::Connector;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const MODES: [(&str, &str); 5] = [
    ("loop", "loops"),
    ("recursion", "recurses without end"),
    ("memory", "eats memory"),
    ("log-for-ever", "calls the host without end"),
    ("log-flood", "floods the log"),
];
const MEMBERS: usize = 100;
/// How long the neighbours are listened to, each time.
const SPAN: Duration = Duration::from_millis(2_500);
const NEIGHBOURS: usize = 2;
const WARM_UP: Duration = Duration::from_millis(500);

pub fn measure() -> Result<Vec<Figure>> {
    // As many threads as the server has on two cores.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(all())
}

async fn all() -> Result<Vec<Figure>> {
    let url = staff::start(MEMBERS)?;
    let host = Host::new(staff::TOKEN)?;
    let good = Arc::new(host.connect(&guests::toy()?, &url, json!({ "roles": ["clerk"] })).await?);
    listen(&good, WARM_UP).await?;
    let mut figures = Vec::new();
    for (mode, does) in MODES {
        let quiet = listen(&good, SPAN).await?;
        let rogue = Arc::new(host.rogue(mode, &url).await?);
        let stop = Arc::new(AtomicBool::new(false));
        let misbehaving = tokio::spawn(misbehave(rogue, stop.clone()));
        let loud = listen(&good, SPAN).await?;
        ensure!(!misbehaving.is_finished(), "the rogue ended before the neighbours did");
        stop.store(true, Ordering::Relaxed);
        // One that loops is stopped after ten seconds; nothing waits for it.
        misbehaving.abort();
        let quiet_p99 = percentile(&quiet, 99);
        let loud_p99 = percentile(&loud, 99);
        let ratio = loud_p99.as_secs_f64() / quiet_p99.as_secs_f64();
        let text = format!(
            "{ratio:.1} times the quiet p99: {} to {} (medians {} to {})",
            micros(quiet_p99),
            micros(loud_p99),
            micros(median(&quiet)),
            micros(median(&loud))
        );
        figures.push(
            Figure::new(format!("p99 of the neighbours' calls while a plugin {does}"), text)
                .limit("one of two cores is the rogue's; its turn lasts one tick"),
        );
    }
    Ok(figures)
}

/// The times of the neighbours' calls.
async fn listen(good: &Arc<Connector>, span: Duration) -> Result<Vec<Duration>> {
    let mut neighbours = Vec::new();
    for first in 0..NEIGHBOURS {
        let good = good.clone();
        neighbours.push(tokio::spawn(async move {
            let (began, mut times) = (Instant::now(), Vec::new());
            for number in first.. {
                if began.elapsed() > span {
                    break;
                }
                let id = staff::id(number % MEMBERS + 1).as_str().into();
                let called = Instant::now();
                good.get_account(&id).await.map_err(|failure| anyhow!("{failure}"))?;
                times.push(called.elapsed());
            }
            Ok::<_, anyhow::Error>(times)
        }));
    }
    let mut times = Vec::new();
    for neighbour in neighbours {
        times.extend(neighbour.await??);
    }
    Ok(times)
}

async fn misbehave(rogue: Arc<Connector>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let read = rogue.read_system(&|_, _, _| ()).await;
        // One that ends at once must not keep a core by that alone.
        drop(read);
        tokio::task::yield_now().await;
    }
}
