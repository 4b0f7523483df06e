//! `ServiceProviderConfig` (RFC 7643 section 5, RFC 9865 section 4): what the server says that it can do.
//!
//! Every call of the connector is a fresh instance, so a call that needs it reads it, once.

use crate::{API, exchange};
use reeve_sdk::http::Request;
use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// False where the server has no such resource, or shows it to nobody: the rest is then an assumption.
    pub stated: bool,
    pub patch: bool,
    pub filter: bool,
    pub etag: bool,
    /// Whether listings page by cursor.
    pub cursor: bool,
    /// The most resources that one answer may hold; 0 if the server does not say.
    pub results_max: u32,
}

impl Config {
    /// The standard's ordinary server.
    fn assumed() -> Self {
        Self { stated: false, patch: true, filter: true, etag: false, cursor: false, results_max: 0 }
    }

    pub fn read() -> Result<Self, Failure> {
        let answer = exchange::send(Request::get(API, "/ServiceProviderConfig"))?;
        if matches!(answer.status(), 403 | 404 | 405 | 501) {
            return Ok(Self::assumed());
        }
        Self::parse(&exchange::document(answer)?.root())
    }

    fn parse(root: &Node) -> Result<Self, Failure> {
        let supported = |feature: &str, unsaid: bool| match root.find(feature)? {
            Some(node) => Ok::<_, Failure>(node.find("supported")?.map_or(Ok(unsaid), |node| node.flag())?),
            None => Ok(unsaid),
        };
        let pagination = root.find("pagination")?;
        let paging = |field: &str| pagination.as_ref().map_or(Ok(None), |node| node.find(field));
        let filter_max = root.find("filter")?.map_or(Ok(None), |node| node.find("maxResults"))?;
        let limits = [filter_max, paging("maxPageSize")?].into_iter().flatten();
        let limits = limits.map(|node| node.count()).collect::<Result<Vec<_>, _>>()?;
        let smallest = limits.into_iter().filter(|limit| *limit > 0).min().unwrap_or(0);
        Ok(Self {
            stated: true,
            patch: supported("patch", true)?,
            filter: supported("filter", true)?,
            etag: supported("etag", false)?,
            cursor: paging("cursor")?.map_or(Ok(false), |node| node.flag())?,
            results_max: u32::try_from(smallest).unwrap_or(u32::MAX),
        })
    }

    /// How many resources to ask for.
    pub fn count(&self, wished: u32) -> u32 {
        let wished = wished.max(1);
        if self.results_max == 0 { wished } else { wished.min(self.results_max) }
    }
}
