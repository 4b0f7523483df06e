use super::*;
use crate::testing::component;
use std::io::Write;
use zip::write::SimpleFileOptions;

const MANIFEST_TOML: &str = r#"
id = "crm"
version = "1.2.0"
contract = "0.1.0"
name = "Example CRM"
summary = "Reads and changes users."
exports = ["descriptor", "reader"]

[[connection]]
name = "api"
kind = "http"
purpose = "Reads users."
methods = ["GET"]
paths = ["/Users", "/Users/*"]
auth = ["bearer"]

[[setting]]
name = "page-size"
kind = "integer"
default = 100
help = "Users per page."
"#;

const HTTP: &str = "reeve:connector/http@0.1.0";
const DESCRIPTOR: &str = "reeve:connector/descriptor@0.1.0";
const READER: &str = "reeve:connector/reader@0.1.0";

fn good() -> Vec<u8> {
    component(&["reeve:connector/types@0.1.0", HTTP, "wasi:io/poll@0.2.6"], &[DESCRIPTOR, READER])
}

fn signer(name: &str, seed: u8) -> PluginSigner {
    PluginSigner::new(name, &[seed; 32]).unwrap()
}

fn trusted(signer: &PluginSigner) -> Vec<TrustedKey> {
    vec![TrustedKey::parse(&signer.trusted_line()).unwrap()]
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn refusal(manifest: &str, wasm: &[u8]) -> String {
    pack(manifest, wasm, None).unwrap_err().to_string()
}

#[test]
fn a_packed_plugin_opens_and_packing_again_gives_the_same_bytes() {
    let bytes = pack(MANIFEST_TOML, &good(), None).unwrap();
    assert_eq!(bytes, pack(MANIFEST_TOML, &good(), None).unwrap());
    let package = Package::open(&bytes).unwrap();
    assert_eq!((package.manifest.id.as_str(), package.wasm.as_slice()), ("crm", good().as_slice()));
    assert_eq!(package.verify(&[]).unwrap(), Origin::Unsigned);
}

#[test]
fn the_digest_names_manifest_and_code() {
    let digest = |manifest: &str, wasm: &[u8]| Package::open(&pack(manifest, wasm, None).unwrap()).unwrap().digest;
    let first = digest(MANIFEST_TOML, &good());
    assert_ne!(first, digest(&MANIFEST_TOML.replace("1.2.0", "1.2.1"), &good()));
    assert_ne!(first, digest(MANIFEST_TOML, &component(&[], &[DESCRIPTOR, READER])));
}

#[test]
fn a_signature_holds_for_this_plugin_and_a_trusted_key_only() {
    let ours = signer("example-vendor", 7);
    let signed = Package::open(&pack(MANIFEST_TOML, &good(), Some(&ours)).unwrap()).unwrap();
    assert_eq!(signed.verify(&trusted(&ours)).unwrap(), Origin::Signed { by: "example-vendor".to_owned() });

    assert!(signed.verify(&[]).unwrap_err().to_string().contains("not trusted here"));
    let namesake = signer("example-vendor", 8);
    assert!(signed.verify(&trusted(&namesake)).unwrap_err().to_string().contains("does not fit"));

    // The same signature on other code, and on a manifest that asks for more.
    let line = ours.sign(&signed);
    for (manifest, wasm) in [
        (MANIFEST_TOML.to_owned(), component(&[], &[DESCRIPTOR, READER])),
        (MANIFEST_TOML.replace("\"/Users/*\"", "\"/*\""), good()),
    ] {
        let swapped = zip_of(&[(MANIFEST, manifest.as_bytes()), (WASM, &wasm), (SIGNATURE, line.as_bytes())]);
        assert!(Package::open(&swapped).unwrap().verify(&trusted(&ours)).is_err());
    }
}

#[test]
fn a_file_with_anything_else_in_it_is_refused() {
    let (toml, wasm) = (MANIFEST_TOML.as_bytes(), good());
    let refused = |bytes: &[u8]| assert!(matches!(Package::open(bytes), Err(PackageError::File(_))));
    refused(b"no zip");
    refused(&zip_of(&[(MANIFEST, toml)]));
    refused(&zip_of(&[(MANIFEST, toml), (WASM, &wasm), ("../plugin.sig", b"x")]));
    refused(&zip_of(&[(MANIFEST, toml), (WASM, &wasm), ("README.md", b"x")]));
    let mut prefixed = b"#!/bin/sh\n".to_vec();
    prefixed.extend(zip_of(&[(MANIFEST, toml), (WASM, &wasm)]));
    refused(&prefixed);
}

#[test]
fn a_zip_bomb_costs_no_more_than_the_limit() {
    let zeros = vec![0; usize::try_from(MANIFEST_BYTES_MAX).unwrap() * 64];
    let error = Package::open(&zip_of(&[(MANIFEST, &zeros), (WASM, &good())])).unwrap_err();
    assert!(error.to_string().contains("larger than 65536 bytes"), "{error}");
}

#[test]
fn every_fault_of_a_manifest_is_named_at_once() {
    let wrong = MANIFEST_TOML
        .replace("id = \"crm\"", "id = \"CRM!\"")
        .replace("1.2.0", "1.2")
        .replace("\"/Users/*\"", "\"/Users*\", \"/a/../b\"")
        .replace("default = 100", "default = \"many\"");
    let error = parse_manifest(&wrong).unwrap_err().to_string();
    for part in ["CRM!", "MAJOR.MINOR.PATCH", "only at its end", "`..` segment", "`page-size` must be an integer"] {
        assert!(error.contains(part), "{part} in: {error}");
    }
    let unknown = MANIFEST_TOML.replace("summary", "sumary");
    assert!(parse_manifest(&unknown).unwrap_err().to_string().contains("sumary"));
    let misplaced = MANIFEST_TOML.replace("kind = \"http\"", "kind = \"files\"");
    assert!(parse_manifest(&misplaced).unwrap_err().to_string().contains("`methods` is for http connections only"));
}

#[test]
fn settings_are_checked_and_defaults_filled_in() {
    let manifest = parse_manifest(MANIFEST_TOML).unwrap();
    let given = |name: &str, value: serde_json::Value| [(name.to_owned(), value)].into();
    assert_eq!(manifest.settle(&[].into()).unwrap().get("page-size"), Some(&100.into()));
    assert_eq!(manifest.settle(&given("page-size", 5.into())).unwrap().get("page-size"), Some(&5.into()));
    assert!(manifest.settle(&given("page-size", "5".into())).is_err());
    assert!(manifest.settle(&given("pagesize", 5.into())).unwrap_err().concat().contains("it has: page-size"));
}

#[test]
fn a_component_must_import_and_export_what_its_manifest_says() {
    let exports = &[DESCRIPTOR, READER];
    let cases: &[(&[&str], &[&str], &str)] = &[
        (&["reeve:connector/ldap@0.1.0"], exports, "kind = \"ldap\""),
        (&["reeve:connector/http@0.2.0"], exports, "of reeve:connector 0.2.0"),
        (&["wasi:http/outgoing-handler@0.2.0"], exports, "which no plugin gets"),
        (&["wasi:io/poll@0.3.0"], exports, "this host offers 0.2"),
        (&[], &[DESCRIPTOR], "lists the export \"reader\""),
        (&[], &[DESCRIPTOR, READER, "reeve:connector/writer@0.1.0"], "exports \"writer\""),
    ];
    for (imports, exports, part) in cases {
        let error = refusal(MANIFEST_TOML, &component(imports, exports));
        assert!(error.contains(part), "{part} in: {error}");
    }
    let other = MANIFEST_TOML.replace("contract = \"0.1.0\"", "contract = \"0.9.0\"");
    assert!(refusal(&other, &good()).contains("this host runs 0.1.0"));
    assert!(refusal(MANIFEST_TOML, b"not wasm").contains("no WebAssembly"));
}

#[test]
fn an_upgrade_that_asks_for_more_says_what() {
    let asks = |manifest: &str| Asks::of_manifest(&parse_manifest(manifest).unwrap());
    let old = asks(MANIFEST_TOML);
    assert!(old.to_string().contains("connection api (http): Reads users.\n  method: GET"), "{old}");
    assert!(old.more_in(&old).is_empty());
    let new = asks(&MANIFEST_TOML.replace("[\"GET\"]", "[\"GET\", \"DELETE\"]").replace("\"/Users/*\"", "\"/*\""));
    assert_eq!(old.more_in(&new), ["method DELETE on the http connection api", "path /* on the http connection api"]);
}

#[test]
fn a_path_stays_below_the_base_however_it_is_spelt() {
    for path in ["/", "/Users", "/Users/a%20b", "/Users/50%25", "/a.b/..c", "/Users/x%2Fy", "/Users/a%C3%A9"] {
        assert_eq!(parse::path_fault(path), None, "{path}");
    }
    for path in [
        "",
        "Users",
        "//host/x",
        "https://host/",
        "/a/../b",
        "/..",
        "/a/.",
        "/a/%2e%2e/b",
        "/a/%2E./b",
        "/a/..%2fb",
        "/a%2f..%2f..%2fb",
        "/a/%252e%252e/b",
        "/a/..;x/b",
        "/a\\b",
        "/a/%5c..%5cb",
        "/a b",
        "/a\tb",
        "/a%0d%0ab",
        "/a%00",
        "/a#b",
        "/a?b",
        "/a%2",
        "/a%zz",
        "/é",
    ] {
        assert!(parse::path_fault(path).is_some(), "{path}");
    }
    let below = PathPattern::Below("/Users/".to_owned());
    assert!(below.allows("/Users/1/groups") && !below.allows("/Users/") && !below.allows("/Usersx"));
}
