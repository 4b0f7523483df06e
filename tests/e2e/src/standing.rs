//! A stand-in at an address that it keeps over stops and starts, with its state and its ledger in a folder of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::folder::Folder;
use reeve_sim::misbehaviour::Rule;
use reeve_sim::{Entry, Setup, StandIn, Target, Tls};
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::runtime::Runtime;

pub struct Standing {
    runtime: Runtime,
    stand_in: Option<StandIn>,
    pub address: SocketAddr,
    folder: Folder,
}

impl Default for Standing {
    fn default() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { runtime, stand_in: None, address, folder: Folder::new() }
    }
}

impl Standing {
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// In the place of what answered before, and well-behaved.
    pub fn serve(&mut self, target: impl Target, tls: Option<Tls>) {
        self.stop();
        let setup = Setup { listen: self.address, ledger: Some(self.path("ledger")), tls, ..Setup::default() };
        let started = self.runtime.block_on(StandIn::start(target, setup)).unwrap();
        self.address = started.address();
        self.stand_in = Some(started);
    }

    /// Nothing answers from now on.
    pub fn stop(&mut self) {
        if let Some(stand_in) = self.stand_in.take() {
            self.runtime.block_on(stand_in.stop());
        }
    }

    pub fn url(&self) -> String {
        self.stand_in().url()
    }

    fn stand_in(&self) -> &StandIn {
        self.stand_in.as_ref().unwrap()
    }

    /// Misbehaves by these rules alone.
    pub fn misbehave(&self, rules: impl IntoIterator<Item = Rule>) {
        self.stand_in().rules().clear();
        self.stand_in().rules().add(rules);
    }

    /// How many requests fitted each rule.
    pub fn fitted(&self) -> Vec<u64> {
        self.stand_in().rules().all().into_iter().map(|rule| rule.fitted).collect()
    }

    pub fn ledger(&self) -> Vec<Entry> {
        self.stand_in().ledger().entries()
    }
}
