//! Signed notes and checkpoints: whose word counts, and which bytes are a note at all.

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use reeve_core::audit::{Checkpoint, CheckpointError, NoteError, SigningKey, Tree, VerifierKey, leaf_hash, note};

const ORIGIN: &str = "reeve.example.com/audit";

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::new(name, &[seed; 32]).unwrap()
}

fn trusted(keys: &[&SigningKey]) -> Vec<VerifierKey> {
    keys.iter().map(|key| key.verifier().clone()).collect()
}

fn checkpoint() -> Checkpoint {
    let mut tree = Tree::new();
    tree.push(leaf_hash(b"the first entry"));
    Checkpoint::of(ORIGIN, &tree)
}

#[test]
fn a_checkpoint_opens_with_its_key_and_says_what_was_signed() {
    let ours = key(ORIGIN, 1);
    let signed = checkpoint().sign(&[&ours]).unwrap();
    assert_eq!(Checkpoint::open(signed.as_bytes(), &trusted(&[&ours])), Ok(checkpoint()));
    let lines: Vec<_> = signed.lines().collect();
    assert_eq!(lines[..2], [ORIGIN, "1"]);
    assert_eq!(lines[3], "");
    assert!(lines[4].starts_with("\u{2014} reeve.example.com/audit "), "{signed}");
}

#[test]
fn a_note_by_an_untrusted_key_is_refused_even_under_the_same_name() {
    let signed = checkpoint().sign(&[&key(ORIGIN, 1)]).unwrap();
    let refused = Checkpoint::open(signed.as_bytes(), &trusted(&[&key(ORIGIN, 2)]));
    let signed_by = vec![ORIGIN.to_owned()];
    assert_eq!(refused, Err(CheckpointError::Note(NoteError::NoTrustedSignature { signed_by })));
    assert!(matches!(
        Checkpoint::open(signed.as_bytes(), &[]),
        Err(CheckpointError::Note(NoteError::NoTrustedSignature { .. }))
    ));
}

#[test]
fn a_signature_of_one_text_does_not_pass_under_another() {
    let ours = key(ORIGIN, 1);
    let signed = checkpoint().sign(&[&ours]).unwrap().replacen("\n1\n", "\n2\n", 1);
    let refused = Checkpoint::open(signed.as_bytes(), &trusted(&[&ours]));
    assert_eq!(refused, Err(CheckpointError::Note(NoteError::WrongSignature { name: ORIGIN.to_owned() })));
}

/// A trusted witness's signature on a head does not make the head that of the log.
#[test]
fn a_key_of_another_name_neither_signs_nor_opens_a_checkpoint() {
    let (ours, witness) = (key(ORIGIN, 1), key("witness.example.com", 2));
    assert!(matches!(checkpoint().sign(&[&witness]), Err(CheckpointError::ForeignOrigin { .. })));
    let by_witness = note::sign(&checkpoint().text(), &[&witness]).unwrap();
    assert_eq!(
        Checkpoint::open(by_witness.as_bytes(), &trusted(&[&ours, &witness])),
        Err(CheckpointError::ForeignOrigin { origin: ORIGIN.to_owned(), signed_by: "witness.example.com".to_owned() })
    );
    let by_both = note::sign(&checkpoint().text(), &[&ours, &witness]).unwrap();
    assert_eq!(Checkpoint::open(by_both.as_bytes(), &trusted(&[&ours])), Ok(checkpoint()));
}

#[test]
fn one_wrong_signature_by_a_trusted_key_spoils_the_note() {
    let (old, new) = (key(ORIGIN, 1), key(ORIGIN, 2));
    let signed = checkpoint().sign(&[&old, &new]).unwrap();
    let mut lines: Vec<_> = signed.lines().map(str::to_owned).collect();
    let (start, base64) = lines[5].rsplit_once(' ').unwrap();
    let mut bytes = STANDARD.decode(base64).unwrap();
    bytes[20] ^= 1;
    lines[5] = format!("{start} {}", STANDARD.encode(bytes));
    let spoilt = lines.join("\n") + "\n";
    let opened = |keys: &[&SigningKey]| Checkpoint::open(spoilt.as_bytes(), &trusted(keys));
    assert_eq!(opened(&[&old, &new]), Err(CheckpointError::Note(NoteError::WrongSignature { name: ORIGIN.into() })));
    assert_eq!(opened(&[&old]), Ok(checkpoint()), "a signature by a key that is not trusted is passed over");
}

#[test]
fn texts_that_are_no_notes_are_refused() {
    let ours = key(ORIGIN, 1);
    for text in ["no newline at the end", "a\u{1b}[31mred\n", "a\ttab\n", "carriage\r\n", "nul\0\n"] {
        assert_eq!(note::sign(text, &[&ours]), Err(NoteError::BadText), "{text:?}");
    }
    assert_eq!(note::sign("a text\n", &[]), Err(NoteError::NothingToSignWith));

    let good = note::sign("a text\n", &[&ours]).unwrap();
    let keys = trusted(&[&ours]);
    let opened = |bytes: &[u8]| note::open(bytes, &keys);
    assert!(opened(good.as_bytes()).is_ok());
    for (bad, why) in [
        (good.replacen("\n\n", "\n", 1), "no empty line separates text and signatures"),
        (good.trim_end().to_owned(), "its last line does not end with a newline"),
        (good.replacen("a text", "a\ttext", 1), "it has control characters"),
        (good.clone() + "\u{2014} nobody\n", "a signature line is broken"),
        (good.clone() + "- reeve AAAAAAAA\n", "a signature line is broken"),
        (good.clone() + &"\u{2014} w AAAAAAAA\n".repeat(100), "it has more than 100 signatures"),
    ] {
        assert_eq!(opened(bad.as_bytes()), Err(NoteError::Malformed(why)));
    }
    assert_eq!(opened(b"\xff\xfe"), Err(NoteError::Malformed("it is not UTF-8 text")));
    assert_eq!(opened(&vec![b'a'; 1_000_001]), Err(NoteError::Malformed("it is larger than 1,000,000 bytes")));
}

#[test]
fn keys_have_names_without_spaces_and_plus_signs() {
    for name in ["", "two words", "a+b", "tab\t", "line\n"] {
        assert_eq!(SigningKey::new(name, &[1; 32]).map(|_| ()), Err(NoteError::BadName(name.to_owned())));
    }
}

#[test]
fn a_verifier_key_reads_back_and_a_changed_one_does_not() {
    let ours = key(ORIGIN, 1);
    let line = ours.verifier().to_string();
    assert_eq!(line.parse::<VerifierKey>().as_ref(), Ok(ours.verifier()));
    assert_eq!(format!("{line}\n").parse::<VerifierKey>().as_ref(), Ok(ours.verifier()));
    let renamed = line.replacen("example.com", "example.org", 1);
    let foreign = "its hash does not belong to its name and key";
    assert_eq!(renamed.parse::<VerifierKey>(), Err(NoteError::BadKey(foreign)));
    assert_eq!("name+00000000".parse::<VerifierKey>(), Err(NoteError::BadKey("it does not have three parts")));
    let mldsa = format!("name+00000000+{}", STANDARD.encode([6; 33]));
    assert_eq!(mldsa.parse::<VerifierKey>(), Err(NoteError::BadKey("it is not an Ed25519 key")));
    // The identity point verifies anything.
    let weak = format!("name+00000000+{}", STANDARD.encode([&[1, 1][..], &[0; 31][..]].concat()));
    assert_eq!(weak.parse::<VerifierKey>(), Err(NoteError::BadKey("its bytes are not a sound public key")));
    assert!(!format!("{ours:?}").contains(&hex::encode([1; 32])));
}

#[test]
fn a_checkpoint_has_one_spelling() {
    let root = STANDARD.encode([7; 32]);
    assert!(Checkpoint::parse(&format!("{ORIGIN}\n5\n{root}\nan extension\n")).is_ok());
    for (text, why) in [
        (format!("{ORIGIN}\n5\n{root}"), "its last line is cut off"),
        (format!("{ORIGIN}\n5\n"), "it has fewer than three lines"),
        (format!("\n5\n{root}\n"), "it has an empty line"),
        (format!("{ORIGIN}\n5\n{root}\n\n"), "it has an empty line"),
        (format!("{ORIGIN}\n05\n{root}\n"), "its second line is not a number of entries"),
        (format!("{ORIGIN}\n+5\n{root}\n"), "its second line is not a number of entries"),
        (format!("{ORIGIN}\n-5\n{root}\n"), "its second line is not a number of entries"),
        (format!("{ORIGIN}\n5\nAAAA\n"), "its third line is not a SHA-256 hash in base64"),
        (format!("{ORIGIN}\n5\n{root} \n"), "its third line is not a SHA-256 hash in base64"),
    ] {
        assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Malformed(why)), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_are_a_note_by_chance_and_none_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(note::open(&bytes, &trusted(&[&key(ORIGIN, 1)])).is_err());
    }

    #[test]
    fn a_note_with_one_other_byte_never_gives_another_text(place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let ours = key(ORIGIN, 1);
        let good = checkpoint().sign(&[&ours]).unwrap().into_bytes();
        let mut bad = good.clone();
        let place = place.index(bad.len());
        bad[place] ^= 1 << bit;
        prop_assert!(Checkpoint::open(&bad, &trusted(&[&ours])).is_err());
    }
}
