//! What leavers have besides their accounts (sessions, keys and tokens), where a connector lists it.

use crate::app::App;
use crate::error::Result;
use reeve_core::access::{Credential, Link};
use reeve_core::id::NativeId;
use reeve_core::inventory::System;
use reeve_runtime::Connector;
use reeve_runtime::package::Export;
use std::collections::BTreeSet;

/// The credentials of some accounts of one system, as far as they could be read.
#[derive(Default)]
pub struct Credentials {
    /// None where the connector lists nothing of the kind.
    found: Option<Vec<Credential>>,
    asked: BTreeSet<NativeId>,
    faults: Vec<String>,
}

impl Credentials {
    /// Reads those of every account whose link is `chosen`. Read now: they come and go.
    pub async fn read(
        app: &App,
        system: &System,
        connector: &Connector,
        chosen: impl Fn(&Link) -> bool + Send,
    ) -> Result<Self> {
        let mut read = Self::default();
        if !connector.exports(Export::Credentials) {
            return Ok(read);
        }
        let links = app.store.read().await?.links(&system.name).await?;
        let mut all = Vec::new();
        for (account, _) in links.into_iter().filter(|(_, link)| chosen(link)) {
            match connector.list_credentials(&account).await {
                Ok(found) => all.extend(found),
                Err(failure) => {
                    read.faults.push(format!("the credentials of account {account} can't be read: {failure}"))
                }
            }
            read.asked.insert(account);
        }
        read.found = Some(all);
        Ok(read)
    }

    pub fn found(&self) -> Option<&[Credential]> {
        self.found.as_deref()
    }

    /// What was found, none where the connector lists nothing, and what could not be read.
    pub fn into_parts(self) -> (Option<Vec<Credential>>, Vec<String>) {
        (self.found, self.faults)
    }

    /// Why nothing can be said of the credentials of these accounts of a person; none where it can. Not known is not none:
    /// a case is not proved by a read without them.
    pub fn blind(&self, accounts: &[&NativeId]) -> Option<String> {
        self.found.as_ref()?;
        let missed = accounts.iter().find(|account| !self.asked.contains(**account));
        let missed = missed.map(|account| format!("the credentials of account {account} were not read with it"));
        self.faults.last().cloned().or(missed)
    }
}
