//! Plugin files that somebody has tampered with. None is taken for what it was before, none brings the reader down, and
//! none costs more than a plugin does.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;
use reeve_e2e::guests;
use reeve_e2e::plugin_file::{MANIFEST, SIGNATURE, WASM, with, zip_of};
use reeve_runtime::package::{Origin, Package, PackageError, PluginSigner, TrustedKey, check_contract, pack};
use std::sync::LazyLock;

struct Signed {
    bytes: Vec<u8>,
    package: Package,
    signature: String,
    trusted: Vec<TrustedKey>,
}

/// The toy, signed by a key that is trusted.
static SIGNED: LazyLock<Signed> = LazyLock::new(|| {
    let signer = PluginSigner::new("vendor", &[7; 32]).unwrap();
    let package = guests::toy().unwrap();
    let bytes = pack(&package.manifest_toml, &package.wasm, Some(&signer)).unwrap();
    let trusted = vec![TrustedKey::parse(&signer.trusted_line()).unwrap()];
    let signed = Package::open(&bytes).unwrap();
    assert_eq!(signed.verify(&trusted).unwrap(), Origin::Signed { by: "vendor".to_owned() });
    Signed { bytes, signature: signer.sign(&package), package, trusted }
});

#[track_caller]
fn refused(what: &str, bytes: &[u8], part: &str) {
    match Package::open(bytes) {
        Err(PackageError::File(why)) => assert!(why.contains(part), "{what}: {why}"),
        other => unreachable!("{what}: {other:?}"),
    }
}

#[test]
fn a_file_that_can_be_read_in_two_ways_is_read_in_none() {
    let Signed { bytes, package, signature, .. } = &*SIGNED;
    let (toml, wasm, sig) = (package.manifest_toml.as_bytes(), package.wasm.as_slice(), signature.as_bytes());
    let other = package.manifest_toml.replace("PATCH", "DELETE");
    // The library that writes zips refuses to write a name twice, so it is written under another and renamed.
    let twice = |name: &str, content: &[u8]| {
        let stand_in = "x".repeat(name.len());
        let file = zip_of(&[(MANIFEST, toml), (WASM, wasm), (&stand_in, content)]);
        with(&file, &stand_in, name)
    };
    refused("two manifests", &twice(MANIFEST, other.as_bytes()), "");
    refused("two components", &twice(WASM, b"\0asm\x0d\0\x01\0"), "");
    for name in ["../plugin.sig", "/plugin.sig", "./plugin.sig", "plugin.sig/", "PLUGIN.SIG", "plugin.sig\0", "a/b"] {
        refused(name, &zip_of(&[(MANIFEST, toml), (WASM, wasm), (name, sig)]), "");
    }
    refused(
        "four entries",
        &zip_of(&[(MANIFEST, toml), (WASM, wasm), (SIGNATURE, sig), ("README", b"x")]),
        "each once",
    );
    refused("no code", &zip_of(&[(MANIFEST, toml), (SIGNATURE, sig)]), "is missing");
    refused("data before", &[b"#!/bin/sh\n", bytes.as_slice()].concat(), "more than its entries");
    refused("a file behind", &[bytes.as_slice(), &zip_of(&[(MANIFEST, other.as_bytes()), (WASM, wasm)])].concat(), "");
    refused("data behind", &[bytes.as_slice(), b"x"].concat(), "");
    for cut in [0, 1, 22, bytes.len() / 2, bytes.len() - 23, bytes.len() - 1] {
        refused("half a file", &bytes[..cut], "");
    }
}

#[test]
fn a_bomb_is_not_unpacked() {
    let toml = SIGNED.package.manifest_toml.as_bytes();
    let zeros = vec![0; 64 * 1024 * 1024 + 1];
    let bomb = zip_of(&[(MANIFEST, toml), (WASM, &zeros)]);
    assert!(bomb.len() < 1024 * 1024);
    refused("a component of zeros", &bomb, "plugin.wasm is larger than 67108864 bytes");
    refused("a long signature", &zip_of(&[(MANIFEST, toml), (WASM, b"x"), (SIGNATURE, &zeros[..2000])]), "1024 bytes");
    // The size that the file states of itself is not believed: 100 in place of what it is.
    let size = u32::try_from(zeros.len()).unwrap().to_le_bytes();
    let lying: Vec<u8> = {
        let mut bytes = bomb;
        while let Some(at) = bytes.windows(4).position(|part| part == size) {
            bytes[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
        }
        bytes
    };
    refused("a component that says it is small", &lying, "");
}

#[test]
fn a_signature_is_for_one_manifest_and_one_component() {
    let Signed { package, signature, trusted, .. } = &*SIGNED;
    let (toml, wasm) = (package.manifest_toml.as_str(), package.wasm.as_slice());
    let rogue = guests::rogue().unwrap();
    let verified = |toml: &str, wasm: &[u8], signature: &str| {
        let file = zip_of(&[(MANIFEST, toml.as_bytes()), (WASM, wasm), (SIGNATURE, signature.as_bytes())]);
        Package::open(&file).and_then(|package| package.verify(trusted)).map_err(|error| error.to_string())
    };
    assert_eq!(verified(toml, wasm, signature), Ok(Origin::Signed { by: "vendor".to_owned() }));
    let stranger = PluginSigner::new("vendor", &[8; 32]).unwrap();
    for (what, toml, wasm, signature, part) in [
        ("other code", toml, rogue.wasm.as_slice(), signature.clone(), "does not fit: the plugin was changed"),
        ("another manifest", &toml.replace("PATCH", "DELETE"), wasm, signature.clone(), "does not fit"),
        ("another plugin", &rogue.manifest_toml, &rogue.wasm, signature.clone(), "does not fit"),
        ("another key of that name", toml, wasm, stranger.sign(package), "does not fit"),
        ("a key that nobody knows", toml, wasm, signature.replace("vendor", "stranger"), "not trusted here"),
        ("no signature", toml, wasm, "vendor ".to_owned(), "is not `KEY-NAME BASE64`"),
        ("an empty one", toml, wasm, String::new(), "is not `KEY-NAME BASE64`"),
        ("two", toml, wasm, format!("{signature}{signature}"), "is not `KEY-NAME BASE64`"),
    ] {
        let why = verified(toml, wasm, &signature).unwrap_err();
        assert!(why.contains(part), "{what}: {why}");
    }
}

#[test]
fn what_no_plugin_gets_is_refused_by_name() {
    let rogue = guests::rogue().unwrap();
    let log = "reeve:connector/log@0.1.0";
    for import in ["wasi:http/handler@0.2.100", "wasi:sockets/tcp@0.3.1000", "example:vault/log@1.0.100"] {
        let mut package = rogue.clone();
        package.wasm = with(&rogue.wasm, log, import);
        let why = check_contract(&package).unwrap_err().to_string();
        assert!(why.contains(&format!("It imports `{import}`")), "{why}");
    }
    for version in ["0.2.0", "0.0.9", "9.9.9"] {
        let mut package = rogue.clone();
        let (reader, other) = ("reeve:connector/reader@0.1.0", format!("reeve:connector/reader@{version}"));
        package.wasm = with(&rogue.wasm, reader, &other);
        let why = check_contract(&package).unwrap_err().to_string();
        assert!(why.contains(&format!("It exports `reader` of reeve:connector {version}")), "{why}");
    }
}

/// What somebody may do to a file's bytes, by places in thousandths of its length.
#[derive(Clone, Debug)]
enum Change {
    Turn { at: usize, mask: u8 },
    Cut { from: usize, to: usize },
    Repeat { from: usize, to: usize },
    Put { at: usize, bytes: Vec<u8> },
    Swap { one: usize, other: usize },
}

fn change() -> impl Strategy<Value = Change> {
    let place = 0..1000_usize;
    prop_oneof![
        4 => (place.clone(), 1..=255_u8).prop_map(|(at, mask)| Change::Turn { at, mask }),
        1 => (place.clone(), place.clone()).prop_map(|(from, to)| Change::Cut { from: from.min(to), to: from.max(to) }),
        1 => (place.clone(), place.clone()).prop_map(|(from, to)| Change::Repeat { from: from.min(to), to: from.max(to) }),
        1 => (place.clone(), prop::collection::vec(any::<u8>(), 1..64)).prop_map(|(at, bytes)| Change::Put { at, bytes }),
        1 => (place.clone(), place).prop_map(|(one, other)| Change::Swap { one, other }),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change], near_the_end: bool) -> Vec<u8> {
    for change in changes {
        // Zips are read from their end, where a few hundred bytes hold the directory.
        let length = bytes.len();
        let start = if near_the_end { length.saturating_sub(500) } else { 0 };
        let place = |thousandths: usize| (start + thousandths * (length - start) / 1000).min(length.saturating_sub(1));
        if bytes.is_empty() {
            return bytes;
        }
        match change {
            Change::Turn { at, mask } => bytes[place(*at)] ^= mask,
            Change::Cut { from, to } => drop(bytes.drain(place(*from)..place(*to))),
            Change::Repeat { from, to } => {
                let part = bytes[place(*from)..place(*to)].to_vec();
                bytes.splice(place(*to)..place(*to), part);
            }
            Change::Put { at, bytes: put } => drop(bytes.splice(place(*at)..place(*at), put.iter().copied())),
            Change::Swap { one, other } => bytes.swap(place(*one), place(*other)),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_change_to_a_signed_file_passes_for_signed(
        changes in prop::collection::vec(change(), 1..4),
        near_the_end in any::<bool>(),
    ) {
        let Signed { bytes, package, trusted, .. } = &*SIGNED;
        // What opens, and is still signed, is what was signed.
        if let Ok(opened) = Package::open(&changed(bytes.clone(), &changes, near_the_end))
            && let Ok(Origin::Signed { .. }) = opened.verify(trusted)
        {
            prop_assert_eq!(&opened.digest, &package.digest);
            prop_assert!(opened.wasm == package.wasm && opened.manifest_toml == package.manifest_toml);
        }
    }

    #[test]
    fn no_change_to_a_component_brings_its_reader_down(changes in prop::collection::vec(change(), 1..4)) {
        let mut package = SIGNED.package.clone();
        package.wasm = changed(package.wasm, &changes, false);
        // Refused or not: it comes back, and says so in a sentence.
        if let Err(error) = check_contract(&package) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
