//! A plugin on the conformance kit's bench: a connector whose single pages can be looked at, and with trouble on the way
//! to its target where the kit wants it. Nothing but the kit has one.

use crate::abi::PageRequest;
use crate::connector::Connector;
use crate::outside::{Strike, Switch, Trouble};
use crate::read::Item;
use reeve_core::access::{Account, Entitlement, Grant, Listed, PageState};
use reeve_core::identity::Worker;
use reeve_core::run::Failure;
use serde_json::Value;
use std::sync::Arc;

pub struct Bench {
    connector: Connector,
    switch: Arc<Switch>,
}

/// One page of a listing, whatever is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct OnePage {
    /// Each item with the key that is its own over the whole listing.
    pub items: Vec<(String, Value)>,
    pub state: PageState,
}

impl Bench {
    pub(crate) fn new(connector: Connector, switch: Arc<Switch>) -> Self {
        Self { connector, switch }
    }

    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Strikes the requests of the calls that follow, until [`Bench::calm`].
    pub fn strike(&self, trouble: Trouble, strike: Strike) {
        self.switch.plan(Some((trouble, strike)));
    }

    pub fn calm(&self) {
        self.switch.plan(None);
    }

    /// Requests since the last [`Bench::strike`] or [`Bench::calm`], and how many of them were struck.
    pub fn requests(&self) -> (u32, u32) {
        (self.switch.requests(), self.switch.met())
    }

    /// One page of a listing, from a cursor on.
    pub async fn page(&self, what: Listed, cursor: Option<&str>, size: u32) -> Result<OnePage, Failure> {
        let page = PageRequest { cursor: cursor.map(str::to_owned), size };
        match what {
            Listed::Accounts => self.one::<Account>(page).await,
            Listed::Entitlements => self.one::<Entitlement>(page).await,
            Listed::Grants => self.one::<Grant>(page).await,
            Listed::Workers => self.one::<Worker>(page).await,
        }
    }

    async fn one<T: Item>(&self, page: PageRequest) -> Result<OnePage, Failure> {
        let page = self.connector.page::<T>(page).await?;
        let mut items = Vec::new();
        for (at, item) in page.items.iter().enumerate() {
            let json = serde_json::to_value(item)
                .map_err(|error| Failure::Protocol(format!("an item has no JSON form: {error}")))?;
            // Grants have no id of their own.
            let id = json.get("id").and_then(Value::as_str).map(str::to_owned);
            items.push((id.unwrap_or_else(|| T::key(0, at, item)), json));
        }
        Ok(OnePage { items, state: page.state })
    }
}
