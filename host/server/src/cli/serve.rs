//! `reeve serve`.

use crate::app::App;
use crate::error::{Error, Result};
use crate::serve;
use std::net::SocketAddr;

/// Runs the worker: carries out approved plans, lets time-driven exits happen, reads systems, and answers under /v1.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The interface is described by /v1/openapi.json. `reeve token create NAME --role ROLE` makes a token for it.
Set REEVE_LOG_FORMAT=json for a log that machines read.")]
pub struct Args {
    /// Where to answer, instead of the `listen` of reeve.toml. Port 0 takes a free one and prints it.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// A proxy that ends TLS stands in front, so Reeve may listen beyond this machine.
    #[arg(long)]
    behind_tls_proxy: bool,
}

pub async fn run(app: App, args: Args) -> Result<()> {
    let listen = args.listen.unwrap_or(app.home.config.listen);
    if !listen.ip().is_loopback() && !args.behind_tls_proxy {
        return Err(Error::Refused(format!(
            "{listen} can be reached from other machines, and tokens would cross the network in clear. Listen on 127.0.0.1, or put \
             a proxy that ends TLS in front and say so with --behind-tls-proxy"
        )));
    }
    serve::serve(app, listen).await
}
