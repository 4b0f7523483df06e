//! The system's settings, as a type of the plugin's own. The host has checked them against the manifest.

use crate::{Failure, host};
use serde::de::DeserializeOwned;

/// Reads the settings. Give every optional field a `#[serde(default)]`.
pub fn read<T: DeserializeOwned>() -> Result<T, Failure> {
    serde_json::from_str(&host::settings()).map_err(|error| Failure::invalid("settings", error.to_string()))
}
