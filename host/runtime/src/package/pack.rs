//! Makes a plugin file. The same inputs give the same bytes: fixed order, fixed times, one compression.

use super::sections::in_order;
use super::{
    MANIFEST, MANIFEST_BYTES_MAX, Package, PackageError, PluginSigner, SIGNATURE, WASM, WASM_BYTES_MAX, check_contract,
};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The bytes 4 to 8 of a core module; a component has others there.
const CORE_MODULE_VERSION: [u8; 4] = [1, 0, 0, 0];

/// Packs a manifest and a component, or a core module that becomes one, into the bytes of `NAME.reeve`.
///
/// What would be refused at install is refused here already.
pub fn pack(manifest_toml: &str, wasm: &[u8], signer: Option<&PluginSigner>) -> Result<Vec<u8>, PackageError> {
    if manifest_toml.len() as u64 > MANIFEST_BYTES_MAX {
        return Err(PackageError::Manifest(vec![format!("it is larger than {MANIFEST_BYTES_MAX} bytes")]));
    }
    let component = component(wasm)?;
    if component.len() as u64 > WASM_BYTES_MAX {
        return Err(PackageError::Wasm(format!("it is larger than {WASM_BYTES_MAX} bytes")));
    }
    let package = Package::new(manifest_toml.to_owned(), component, None)?;
    check_contract(&package)?;
    let signature = signer.map(|signer| signer.sign(&package));
    write(&package, signature).map_err(|error| PackageError::File(error.to_string()))
}

fn component(wasm: &[u8]) -> Result<Vec<u8>, PackageError> {
    match (wasm.get(..4), wasm.get(4..8)) {
        (Some(b"\0asm"), Some(version)) if version == CORE_MODULE_VERSION => {
            let module = in_order(wasm);
            let encode = |encoder: wit_component::ComponentEncoder| encoder.validate(true).module(&module)?.encode();
            encode(wit_component::ComponentEncoder::default()).map_err(|error| {
                PackageError::Wasm(format!(
                    "the core module can't become a component: {error:#}. Build it for wasm32-unknown-unknown with the SDK"
                ))
            })
        }
        (Some(b"\0asm"), Some(_)) => Ok(wasm.to_vec()),
        _ => Err(PackageError::Wasm("this is no WebAssembly file".to_owned())),
    }
}

fn write(package: &Package, signature: Option<String>) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut entry = |name: &str, content: &[u8]| {
        zip.start_file(name, options)?;
        zip.write_all(content).map_err(zip::result::ZipError::from)
    };
    entry(MANIFEST, package.manifest_toml.as_bytes())?;
    entry(WASM, &package.wasm)?;
    if let Some(signature) = signature {
        entry(SIGNATURE, signature.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}
