//! `reeve serve`.

use crate::app::App;
use crate::error::Result;
use crate::serve;
use std::net::SocketAddr;

/// Runs the worker: carries out approved plans, lets time-driven exits happen, reads systems, and answers /healthz.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to answer, instead of the `listen` of reeve.toml. Port 0 takes a free one and prints it.
    #[arg(long)]
    listen: Option<SocketAddr>,
}

pub async fn run(app: App, args: Args) -> Result<()> {
    let listen = args.listen.unwrap_or(app.home.config.listen);
    serve::serve(app, listen).await
}
