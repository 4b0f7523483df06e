//! Whether a component, its manifest and this host agree, judged by the component's type alone and before it is compiled.

use super::code::check_code;
use super::manifest::{Export, Manifest};
use super::{Package, PackageError};
use std::collections::BTreeSet;

/// The versions of `reeve:connector` that this host runs, newest first.
pub const CONTRACTS: &[&str] = &["0.1.0"];

const PACKAGE: &str = "reeve:connector/";
/// Imports that need no connection.
const ALWAYS_OFFERED: &[&str] = &["types", "settings", "log"];
/// Imports that the manifest must justify with a connection of that kind.
const BY_CONNECTION: &[&str] = &["http", "ldap", "files"];
/// What languages with a runtime of their own import whether they use it or not. It is linked empty: no folders, no
/// environment, no network.
const WASI_OFFERED: &[&str] =
    &["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// Refuses a component whose imports or exports are not what its manifest says and this host offers.
pub fn check_contract(package: &Package) -> Result<(), PackageError> {
    let manifest = &package.manifest;
    let fail = |faults| Err(PackageError::Contract { id: manifest.id.clone(), faults });
    let contract = manifest.contract.to_string();
    if !CONTRACTS.contains(&contract.as_str()) {
        return fail(vec![format!(
            "it was built for {PACKAGE_NAME} {contract}, and this host runs {}. Install a build for one of these, or another version of Reeve.",
            CONTRACTS.join(", ")
        )]);
    }
    check_code(&package.wasm)?;
    let types = component_type(&package.wasm)?;
    let mut faults: Vec<String> =
        types.imports.iter().filter_map(|import| import_fault(import, manifest, &contract)).collect();
    faults.extend(export_faults(&types.exports, manifest, &contract));
    if faults.is_empty() { Ok(()) } else { fail(faults) }
}

/// Whether the component imports anything of WASI, which then has to be linked.
pub(crate) fn imports_wasi(wasm: &[u8]) -> Result<bool, PackageError> {
    Ok(component_type(wasm)?.imports.iter().any(|import| import.starts_with("wasi:")))
}

const PACKAGE_NAME: &str = "reeve:connector";

/// What a component takes from outside and gives, each as `namespace:package/interface@version`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentType {
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

/// Reads a component's type without compiling or running it.
pub fn component_type(wasm: &[u8]) -> Result<ComponentType, PackageError> {
    let unreadable = |error: String| {
        PackageError::Wasm(format!(
            "it is not a component that this host can read: {error}. Pack it with `reeve plugin pack`"
        ))
    };
    match wit_component::decode(wasm) {
        Ok(wit_component::DecodedWasm::Component(resolve, world)) => {
            let world = resolve.worlds.get(world).ok_or_else(|| unreadable("it has no world".to_owned()))?;
            let names = |keys: Vec<_>| keys.into_iter().map(|key| resolve.name_world_key(key)).collect();
            Ok(ComponentType {
                imports: names(world.imports.keys().collect()),
                exports: names(world.exports.keys().collect()),
            })
        }
        Ok(_) => Err(unreadable("it is an interface without code".to_owned())),
        Err(error) => Err(unreadable(format!("{error:#}"))),
    }
}

fn import_fault(import: &str, manifest: &Manifest, contract: &str) -> Option<String> {
    if let Some(wasi) = WASI_OFFERED.iter().find(|offered| import.starts_with(**offered)) {
        return (!import.contains("@0.2.")).then(|| {
            format!("It imports `{import}`, and of {wasi} this host offers 0.2, empty. Build the plugin for WASI 0.2, or without WASI.")
        });
    }
    let Some((interface, version)) = import.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@')) else {
        return Some(format!(
            "It imports `{import}`, which no plugin gets. Use the imports of {PACKAGE_NAME} {contract} instead."
        ));
    };
    if version != contract {
        return Some(other_version("imports", interface, version, contract));
    }
    if ALWAYS_OFFERED.contains(&interface) {
        return None;
    }
    if !BY_CONNECTION.contains(&interface) {
        return Some(format!("It imports `{interface}`, which {PACKAGE_NAME} {contract} does not have."));
    }
    let asked = manifest.connections.iter().any(|ask| ask.reach.kind() == interface);
    (!asked).then(|| {
        format!(
            "It imports `{interface}` and asks for no connection of that kind. Add a [[connection]] with kind = \"{interface}\" \
             to plugin.toml, or build the plugin without the import."
        )
    })
}

fn export_faults(exports: &[String], manifest: &Manifest, contract: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut found = BTreeSet::new();
    for export in exports {
        let Some((interface, version)) = export.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@')) else {
            // Guests export helpers of their own (`wasi:cli/run`, a memory realloc); nobody calls them.
            continue;
        };
        if version != contract {
            faults.push(other_version("exports", interface, version, contract));
        } else if let Some(known) = Export::ALL.iter().find(|known| known.word() == interface) {
            found.insert(*known);
        }
    }
    for missing in manifest.exports.difference(&found) {
        faults.push(format!("Its manifest lists the export \"{missing}\", which the component does not have. Export it, or take it off the list."));
    }
    for extra in found.difference(&manifest.exports) {
        faults.push(format!(
            "The component exports \"{extra}\", which its manifest does not list. Add it to `exports` in plugin.toml."
        ));
    }
    faults
}

fn other_version(how: &str, interface: &str, version: &str, contract: &str) -> String {
    format!(
        "It {how} `{interface}` of {PACKAGE_NAME} {version}, and its manifest says contract = \"{contract}\". Build it against \
         {contract}, or correct the manifest."
    )
}
