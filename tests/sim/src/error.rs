//! What can keep a stand-in from starting or from recording a change.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum SimError {
    #[error("{0} is not a loopback address; a stand-in serves this machine only")]
    NotLoopback(SocketAddr),
    #[error("{address} can't be listened on: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the file {path} can't be used: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("the file {path} is broken in line {line}: {source}; move it away to start afresh")]
    Broken { path: PathBuf, line: usize, source: serde_json::Error },
    #[error("the rules can't be read: {0}")]
    Rules(#[source] serde_json::Error),
    #[error("the certificate for TLS can't be made: {0}")]
    Tls(String),
    #[error("the state can't be used: {0}")]
    State(String),
}

impl SimError {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
