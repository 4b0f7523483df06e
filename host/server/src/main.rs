//! `reeve`: the command line, the worker and the server.

mod actor;
mod api;
mod app;
mod cases;
mod cli;
mod clock;
mod credentials;
mod error;
mod findings;
mod home;
mod kit;
mod leavers;
mod lifecycle;
mod links;
mod log;
mod output;
mod planner;
mod plugins;
mod scaffold;
mod seal;
mod secrets;
mod serve;
mod stop;
mod sync;
mod sync_runs;
mod systems;
mod timeline;
mod tokens;
mod worker;

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Threads that the work is spread over, at least: more than plugins that run at once (16 operations and 4 reads). One that
/// holds its thread, because it hands over a lot at once, then holds nobody else's, whatever the machine's processors.
const THREADS_MIN: usize = 24;

fn threads() -> usize {
    std::thread::available_parallelism().map_or(THREADS_MIN, |processors| processors.get().max(THREADS_MIN))
}

fn main() -> ExitCode {
    // Logs go to standard error, so that results can be piped.
    let filter = EnvFilter::try_from_env("REEVE_LOG").unwrap_or_else(|_| EnvFilter::new("warn,reeve=info,sqlx=error"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match std::env::var("REEVE_LOG_FORMAT").as_deref() {
        Ok("json") => log.json().init(),
        _ => log.init(),
    }
    let cli = cli::Cli::parse();
    let out = cli.output();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads()).enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(cli.run()),
        Err(error) => Err(error::Error::Input(format!("no threads can be had: {error}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.exit_code();
            let text = match out.json {
                true => serde_json::json!({ "error": error.to_string(), "exit-code": code }).to_string(),
                false => output::lines(&format!("reeve: {error}")),
            };
            writeln!(std::io::stderr().lock(), "{text}").unwrap_or_default();
            ExitCode::from(code)
        }
    }
}
