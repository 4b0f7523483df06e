//! The exported log: it verifies as it is, and no change of it goes unseen.

use proptest::prelude::*;
use reeve_core::audit::{CHECKPOINT_PATH, Checkpoint, SigningKey, Tile, TileKind, TileWriter, VerifyError, verify};
use std::collections::BTreeMap;

type Log = BTreeMap<String, Vec<u8>>;

const ORIGIN: &str = "reeve.example.com/audit";

fn key(seed: u8) -> SigningKey {
    SigningKey::new(ORIGIN, &[seed; 32]).unwrap()
}

fn export(entries: &[Vec<u8>], keys: &[&SigningKey]) -> Log {
    let mut writer = TileWriter::new();
    let mut files: Vec<_> = entries.iter().flat_map(|entry| writer.push(entry).unwrap()).collect();
    let rest = writer.finish();
    files.extend(rest.files);
    let mut log: Log = files.into_iter().map(|file| (file.path, file.bytes)).collect();
    let checkpoint = Checkpoint::of(ORIGIN, &rest.tree).sign(keys).unwrap();
    log.insert(CHECKPOINT_PATH.to_owned(), checkpoint.into_bytes());
    log
}

fn check(log: &Log, pinned: Option<&[u8]>) -> Result<String, VerifyError> {
    let read = |path: &str| log.get(path).cloned().ok_or("there is no such file");
    verify(&[key(1).verifier().clone()], pinned, read).map(|report| report.to_string())
}

fn entries(size: usize) -> Vec<Vec<u8>> {
    (0..size).map(|n| format!("{{\"entry\":{n}}}").into_bytes()).collect()
}

fn refusal(log: &Log, pinned: Option<&[u8]>) -> String {
    check(log, pinned).unwrap_err().to_string()
}

#[test]
fn a_log_of_700_entries_has_the_files_that_the_format_asks_for() {
    let log = export(&entries(700), &[&key(1)]);
    let paths: Vec<_> = log.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "checkpoint",
            "tile/0/000",
            "tile/0/001",
            "tile/0/002.p/188",
            "tile/1/000.p/2",
            "tile/entries/000",
            "tile/entries/001",
            "tile/entries/002.p/188",
        ]
    );
    let listed = Tile::all_of(700).map(|tile| tile.to_string()).chain([CHECKPOINT_PATH.to_owned()]);
    assert_eq!(listed.collect::<std::collections::BTreeSet<_>>(), log.keys().cloned().collect());
    let text = check(&log, None).unwrap();
    assert!(text.starts_with("the log reeve.example.com/audit is whole: 700 entries in 8 files"), "{text}");
}

#[test]
fn a_large_index_is_spelt_in_groups_of_three() {
    let tile = Tile { kind: TileKind::Entries, index: 1_234_067, width: 5 };
    assert_eq!(tile.to_string(), "tile/entries/x001/x234/067.p/5");
    assert_eq!(Tile { kind: TileKind::Hashes { level: 2 }, index: 1_000, width: 256 }.to_string(), "tile/2/x001/000");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_entries_make_a_log_that_verifies(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..600),
        pin in any::<prop::sample::Index>(),
    ) {
        let log = export(&entries, &[&key(1)]);
        prop_assert!(check(&log, None).is_ok());
        let pinned = export(&entries[..pin.index(entries.len() + 1)], &[&key(1)]);
        let pinned = pinned[CHECKPOINT_PATH].as_slice();
        prop_assert!(check(&log, Some(pinned)).is_ok());
    }
}

/// Case 1, with every bit of a log small enough for it: one full bundle and a partial one would be 100,000 bits, so the
/// entries are short and few, and the next test walks over a log of two levels.
#[test]
fn every_flipped_bit_of_every_file_is_refused() {
    let good = export(&entries(5), &[&key(1)]);
    for (path, bytes) in &good {
        for bit in 0..bytes.len() * 8 {
            let mut log = good.clone();
            log.get_mut(path).unwrap()[bit / 8] ^= 1 << (bit % 8);
            let Err(error) = check(&log, None) else { panic!("bit {bit} of {path} was flipped and nobody saw it") };
            let text = error.to_string();
            match path.as_str() {
                CHECKPOINT_PATH => assert!(text.starts_with("the file checkpoint is not to be trusted"), "{text}"),
                "tile/entries/000.p/5" => {
                    let length = good[path].len() / 5;
                    let entry = bit / 8 / length;
                    assert!(text.contains(&format!("entry {entry}")), "bit {bit} is in entry {entry}: {text}");
                }
                _ => {
                    let hash = bit / 8 / 32;
                    assert!(text.contains(&format!("the file {path} is damaged at hash {hash}")), "{text}");
                }
            }
        }
    }
}

#[test]
fn one_flipped_byte_in_a_log_of_two_levels_names_the_entry_or_the_tile() {
    let good = export(&entries(700), &[&key(1)]);
    for (path, bytes) in good.iter().filter(|(path, _)| *path != CHECKPOINT_PATH) {
        for byte in (0..bytes.len()).step_by(211) {
            let mut log = good.clone();
            log.get_mut(path).unwrap()[byte] ^= 0x20;
            let text = refusal(&log, None);
            let named = if path.contains("entries") { text.contains("entry ") } else { text.contains(path.as_str()) };
            assert!(named, "byte {byte} of {path}: {text}");
        }
    }
    let mut log = good.clone();
    let place = 300 - 256;
    let bundle = log.get_mut("tile/entries/001").unwrap();
    let at = place * (2 + "{\"entry\":300}".len()) + 2 + 9;
    assert_eq!(bundle[at], b'3');
    bundle[at] = b'4';
    assert_eq!(
        refusal(&log, None),
        "entry 300 in tile/entries/001 does not match its tile tile/0/001: the entry was changed after it was signed"
    );
}

#[test]
fn a_missing_file_and_a_cut_one_are_named() {
    let good = export(&entries(300), &[&key(1)]);
    for path in good.keys() {
        let mut log = good.clone();
        log.remove(path);
        assert_eq!(refusal(&log, None), format!("the file {path} can't be read: there is no such file"));
        let mut log = good.clone();
        log.get_mut(path).unwrap().pop();
        assert!(check(&log, None).is_err(), "{path} was cut");
    }
}

/// Case 3: the tiles fit the forged entries, and the head is signed with the real key. Only the pinned head tells.
#[test]
fn a_log_rewritten_with_the_real_key_is_caught_by_a_pinned_checkpoint() {
    let old = export(&entries(300), &[&key(1)]);
    let mut forged = entries(400);
    forged[17] = b"{\"entry\":\"another\"}".to_vec();
    let forged = export(&forged, &[&key(1)]);
    assert!(check(&forged, None).is_ok());
    let text = refusal(&forged, Some(&old[CHECKPOINT_PATH]));
    assert!(text.starts_with("the log was rewritten: its first 300 entries are not those of the pinned"), "{text}");
}

/// Case 4.
#[test]
fn a_log_restored_from_an_old_copy_is_caught_by_a_pinned_checkpoint() {
    let newer = export(&entries(300), &[&key(1)]);
    let restored = export(&entries(200), &[&key(1)]);
    assert_eq!(
        refusal(&restored, Some(&newer[CHECKPOINT_PATH])),
        "the log has 200 entries, fewer than the 300 of the pinned checkpoint: it was cut, or restored from an old copy"
    );
}

/// Tiles and entries changed together agree with each other, and not with what was signed.
#[test]
fn a_forged_log_under_an_old_signature_is_refused() {
    let good = export(&entries(300), &[&key(1)]);
    let mut forged = entries(300);
    forged[299] = b"{\"entry\":\"x\"}".to_vec();
    let mut forged = export(&forged, &[&key(1)]);
    forged.insert(CHECKPOINT_PATH.to_owned(), good[CHECKPOINT_PATH].clone());
    let text = refusal(&forged, None);
    assert!(text.starts_with("the log agrees with itself and not with its checkpoint: its 300 entries"), "{text}");
}

/// Case 13.
#[test]
fn while_a_key_is_changed_either_key_opens_the_head_and_afterwards_the_old_one_does_not() {
    let (old, new) = (key(1), key(2));
    let both = export(&entries(10), &[&old, &new]);
    let after = export(&entries(20), &[&new]);
    let with = |trusted: &SigningKey, log: &Log| {
        verify(&[trusted.verifier().clone()], None, |path: &str| log.get(path).cloned().ok_or("missing")).is_ok()
    };
    assert!(with(&old, &both));
    assert!(with(&new, &both));
    assert!(with(&new, &after));
    assert!(!with(&old, &after));
    assert!(!with(&new, &export(&entries(30), &[&old])), "a head that the old key signed after the change");
}
