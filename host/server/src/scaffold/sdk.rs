//! The copy of the SDK and of the contract that a new plugin is built against.

use super::SDK;
use crate::error::{Error, Result};
use toml::{Table, Value};

const CARGO_TOML: &str = include_str!("../../../../sdk/rust/Cargo.toml");
/// Where the SDK's Cargo.toml takes versions from.
const WORKSPACE: &str = include_str!("../../../../Cargo.toml");

macro_rules! texts {
    ($from:literal: $($file:literal),+ $(,)?) => {
        [$(($file, include_str!(concat!("../../../../", $from, "/", $file)))),+]
    };
}

const SOURCES: [(&str, &str); 17] = texts!(
    "sdk/rust/src":
    "bindings.rs",
    "connector.rs",
    "export.rs",
    "failure.rs",
    "files.rs",
    "host.rs",
    "http.rs",
    "json.rs",
    "ldap.rs",
    "lib.rs",
    "log.rs",
    "model.rs",
    "page.rs",
    "percent.rs",
    "settings.rs",
    "testing.rs",
    "time.rs",
);
const CONTRACT: [(&str, &str); 4] = texts!("wit/0.1.0": "exports.wit", "imports.wit", "types.wit", "worlds.wit");

/// Every file of the copy, by its place in the new folder.
pub fn copy() -> Result<Vec<(String, String)>> {
    let mut files = vec![(format!("{SDK}/Cargo.toml"), manifest()?)];
    files.extend(SOURCES.map(|(file, text)| (format!("{SDK}/src/{file}"), text.to_owned())));
    files.extend(CONTRACT.map(|(file, text)| (format!("wit/0.1.0/{file}"), text.to_owned())));
    Ok(files)
}

/// The SDK's Cargo.toml without the workspace that it has at home.
fn manifest() -> Result<String> {
    let wrong = || Error::Input("the SDK's Cargo.toml is not as this program expects it".to_owned());
    let read = |text: &str| text.parse::<Table>().map_err(|_| wrong());
    let (mut sdk, home) = (read(CARGO_TOML)?, read(WORKSPACE)?);
    let home = home.get("workspace").ok_or_else(wrong)?;
    for (part, at_home) in [("package", "package"), ("dependencies", "dependencies")] {
        let given = home.get(at_home).and_then(Value::as_table).ok_or_else(wrong)?;
        let wanted = sdk.get_mut(part).and_then(Value::as_table_mut).ok_or_else(wrong)?;
        for (name, value) in wanted.iter_mut() {
            if value.get("workspace").is_some() {
                *value = given.get(name).cloned().ok_or_else(wrong)?;
            }
        }
    }
    sdk.remove("lints");
    toml::to_string(&sdk).map_err(|_| wrong())
}
