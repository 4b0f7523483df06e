//! How long Reeve takes to be ready, and what it holds while it does nothing.

use crate::figure::{Figure, mebibytes, median, millis};
use crate::process::memory;
use anyhow::{Context, Result, ensure};
use reeve_e2e::database::Database;
use reeve_e2e::guests::{self, Host};
use reeve_e2e::reeve::Reeve;
use reeve_e2e::{http, plugins};
use reeve_runtime::package::{Package, pack};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

const PLUGINS: usize = 10;
const ROUNDS: usize = 7;
const READY_MAX: Duration = Duration::from_secs(1);
const LOAD_MAX: Duration = Duration::from_millis(20);
/// Longer than the server's beat, so that all it does by itself has been done once.
const IDLE: Duration = Duration::from_secs(7);

pub fn measure() -> Result<Vec<Figure>> {
    Ok(vec![from_cache()?].into_iter().chain(ready()?).collect())
}

/// The slowest of the plugins that come with Reeve.
fn from_cache() -> Result<Figure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let host = Host::new("no-token")?;
    let mut slowest = (Duration::ZERO, "");
    for name in plugins::NAMES {
        let package = Package::open(&std::fs::read(plugins::packed(name))?)?;
        runtime.block_on(host.runtime.load(&package))?;
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let restarted = host.restarted()?;
            let began = Instant::now();
            runtime.block_on(restarted.load(&package))?;
            times.push(began.elapsed());
        }
        slowest = slowest.max((median(&times), name));
    }
    let (time, name) = slowest;
    Ok(Figure::new(format!("loading a plugin from the cache (the slowest, {name})"), millis(time))
        .target(format!("at most {}", millis(LOAD_MAX)), time <= LOAD_MAX)
        .limit("the MAC over the compiled code, and one start of the plugin"))
}

fn ready() -> Result<Vec<Figure>> {
    let reeve = Reeve::bare(Database::Sqlite);
    let manifest = std::fs::read_to_string(plugins::manifest("scim"))?;
    let wasm = guests::wasm("reeve-plugin-scim")?;
    for number in 0..PLUGINS {
        let manifest = manifest.replacen("id = \"scim\"", &format!("id = \"scim-{number}\""), 1);
        let file = reeve.path("plugin.reeve");
        std::fs::write(&file, pack(&manifest, &wasm, None)?)?;
        let file = file.to_str().context("a path that is not text")?;
        reeve.run(["plugin", "install", file, "--yes", "--allow-unsigned"]).ok();
        reeve.add_system(&format!(
            "name = \"system-{number}\"\nplugin = \"scim-{number}\"\nrole = \"target\"\nlogin = \"{{email}}\"\n\
             [connections.api]\nkind = \"http\"\nbase-url = \"http://127.0.0.1:9/\"\nprivate-addresses = true\n\
             auth = {{ scheme = \"none\" }}\n"
        ));
    }
    let mut times = Vec::new();
    for _ in 1..ROUNDS {
        times.push(start(&reeve, Duration::ZERO)?.0);
    }
    let (last, idle_bytes) = start(&reeve, IDLE)?;
    times.push(last);
    let time = median(&times);
    Ok(vec![
        Figure::new(format!("start of `reeve serve` with {PLUGINS} plugins, to the first good /healthz"), millis(time))
            .target("under 1 s", time < READY_MAX)
            .limit("opening the database and checking the log; plugins are loaded when they are first used"),
        Figure::new("memory of `reeve serve` that has nothing to do", mebibytes(idle_bytes)),
    ])
}

/// How long it took to answer, and what it held after it had been left alone for so long.
fn start(reeve: &Reeve, idle: Duration) -> Result<(Duration, u64)> {
    let began = Instant::now();
    let mut child = reeve.start(["serve", "--listen", "127.0.0.1:0"]);
    let answered = answer(&mut child);
    let took = began.elapsed();
    std::thread::sleep(idle);
    let bytes = memory(&Path::new("/proc").join(child.id().to_string()), "VmRSS:");
    let killed = child.kill();
    child.wait()?;
    killed?;
    ensure!(answered?, "it listens and is not well");
    Ok((took, bytes?))
}

/// Whether it is well, as soon as it listens.
fn answer(child: &mut Child) -> Result<bool> {
    // The result is printed as JSON over a few lines.
    let lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    let line = lines.map_while(Result::ok).find(|line| line.contains("listening")).context("no address")?;
    let address = line.split('"').nth(3).context("no address")?.to_owned();
    Ok(http::exchange(&address, "GET", "/healthz", "", "").is_ok_and(|answer| answer.status == 200))
}
