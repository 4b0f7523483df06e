//! Looks round the machine that it runs on, as far as WASI 0.2 has words for it, and calls out.

use crate::machine::wasi::cli::{environment, stderr, stdin, stdout};
use crate::machine::wasi::filesystem::preopens;
use crate::machine::wasi::io::streams::OutputStream;
use crate::machine::wasi::sockets::network::IpAddressFamily;
use crate::machine::wasi::sockets::{instance_network, ip_name_lookup, tcp_create_socket, udp_create_socket};
use reeve_sdk::prelude::*;
use std::fmt::Debug;

/// Each thing by its name, as it looks from in here.
pub fn round() -> Vec<Probe> {
    let folders: Vec<_> = preopens::get_directories().into_iter().map(|(_, path)| path).collect();
    vec![
        seen("environment", environment::get_environment()),
        seen("arguments", environment::get_arguments()),
        seen("working folder", environment::initial_cwd()),
        seen("folders", folders),
        seen("input", stdin::get_stdin().blocking_read(100).map_err(|error| error.to_string())),
        seen("output", said(&stdout::get_stdout())),
        seen("errors", said(&stderr::get_stderr())),
        seen("tcp", tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4).map(drop)),
        seen("udp", udp_create_socket::create_udp_socket(IpAddressFamily::Ipv4).map(drop)),
        seen("names", name_of_this_machine()),
    ]
}

fn seen(name: &str, what: impl Debug) -> Probe {
    Probe::passed(name, format!("{what:?}"))
}

fn said(stream: &OutputStream) -> Result<(), String> {
    stream.blocking_write_and_flush(b"words for nobody\n").map_err(|error| error.to_string())
}

fn name_of_this_machine() -> Result<(), ip_name_lookup::ErrorCode> {
    ip_name_lookup::resolve_addresses(&instance_network::instance_network(), "localhost").map(drop)
}
