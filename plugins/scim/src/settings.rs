//! The system's settings: where this server departs from what its `ServiceProviderConfig` says, and what to read.

use crate::path::Path;
use reeve_sdk::prelude::*;
use serde::Deserialize;

/// The page that is asked for where the settings name none. Nearly every server serves as many.
const PAGE_SIZE: u32 = 100;
const PAGE_SIZE_MAX: u32 = 10_000;
const VISIBLE_AFTER_S: u32 = 5;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// PATCH where `ServiceProviderConfig` says that there is PATCH, and PUT where not.
    #[default]
    Auto,
    Patch,
    Put,
}

/// Which attribute ties an account to an HR record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Correlation {
    #[default]
    ExternalId,
    EmployeeNumber,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Settings {
    pub dialect: Dialect,
    pub correlation: Correlation,
    /// Whether searches can be trusted to search.
    pub filter: bool,
    pub nested_groups: bool,
    /// Reads every group by its id, for servers that leave the members of some out of a listing.
    pub read_each_group: bool,
    pub page_size: u32,
    /// Further attributes, as SCIM paths.
    pub attributes: Vec<String>,
    /// The values of `userType` that mark a technical account.
    pub service_user_types: Vec<String>,
    pub visible_after_s: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dialect: Dialect::Auto,
            correlation: Correlation::ExternalId,
            filter: true,
            nested_groups: true,
            read_each_group: false,
            page_size: PAGE_SIZE,
            attributes: vec![],
            service_user_types: vec![],
            visible_after_s: VISIBLE_AFTER_S,
        }
    }
}

impl Settings {
    /// Refuses what the manifest's types cannot catch.
    pub fn check(&self) -> Result<(), Failure> {
        if !(1..=PAGE_SIZE_MAX).contains(&self.page_size) {
            return Err(Failure::invalid("page-size", format!("it must be from 1 to {PAGE_SIZE_MAX}")));
        }
        for name in &self.attributes {
            if Path::parse(name).is_none() {
                let example = "`nickName`, `name.middleName`, or `urn:…:User:badge` for an extension's";
                return Err(Failure::invalid(
                    "attributes",
                    format!("{name:?} is no path of a SCIM attribute; write it like {example}"),
                ));
            }
        }
        Ok(())
    }
}
