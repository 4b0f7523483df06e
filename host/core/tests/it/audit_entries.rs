//! Entries: one line of JSON, within the bound of a bundle, in words that keep their meaning.

use crate::given::at;
use reeve_core::audit::{Actor, ENTRY_BYTES_MAX, Entry, EntryError, Event, Evidence, Subject, TileError, TileWriter};
use serde_json::json;
use std::collections::BTreeSet;

fn entry() -> Entry {
    Entry::new(at("2026-06-01T09:00:00Z"), Actor::System, Event::PlanMade)
}

#[test]
fn an_entry_has_exactly_these_bytes() {
    let entry = entry()
        .about(Subject::Plan { hash: "ab12".into() })
        .with_data(json!({ "operations": 2 }))
        .with_evidence(Evidence::of("the plan", b"{}"));
    assert_eq!(
        String::from_utf8(entry.encode().unwrap()).unwrap(),
        concat!(
            r#"{"format":1,"at":"2026-06-01T09:00:00Z","actor":{"kind":"system"},"event":"plan.made","#,
            r#""subject":[{"kind":"plan","hash":"ab12"}],"data":{"operations":2},"evidence":[{"name":"the plan","#,
            r#""sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","bytes":2}]}"#
        )
    );
}

#[test]
fn an_entry_reads_back_as_it_was() {
    let named = entry().about(Subject::Account { system: "crm".into(), id: "line\nbreak \"quoted\"".into() });
    for entry in [entry(), named] {
        let bytes = entry.encode().unwrap();
        assert!(!bytes.contains(&b'\n'), "one line, whatever a target calls its things");
        assert_eq!(Entry::decode(&bytes).unwrap(), entry);
    }
}

#[test]
fn an_entry_of_another_format_or_with_more_fields_is_not_guessed_at() {
    let text = String::from_utf8(entry().encode().unwrap()).unwrap();
    let newer = text.replacen("\"format\":1", "\"format\":2", 1);
    let told = Entry::decode(newer.as_bytes()).unwrap_err().to_string();
    assert!(told.contains("it has format 2, and this version of Reeve reads format 1"), "{told}");
    let more = text.replacen("\"format\":1", "\"format\":1,\"approved\":true", 1);
    assert!(Entry::decode(more.as_bytes()).is_err());
}

/// Case 8: what does not fit is refused with the way out, and the digest of it fits.
#[test]
fn an_entry_larger_than_a_bundle_can_hold_is_refused_and_its_digest_is_not() {
    let filled = |bytes: usize| entry().with_data(json!("x".repeat(bytes)));
    let overhead = filled(0).encode().unwrap().len();
    let longest = filled(ENTRY_BYTES_MAX - overhead);
    assert_eq!(longest.encode().unwrap().len(), ENTRY_BYTES_MAX);
    let refused = filled(ENTRY_BYTES_MAX - overhead + 1).encode();
    assert!(matches!(refused, Err(EntryError::TooLarge { bytes: 65_536, .. })));
    let text = filled(70_000).encode().unwrap_err().to_string();
    assert!(text.ends_with("store its large parts apart and name them in the entry by their SHA-256"), "{text}");
    let apart = entry().with_evidence(Evidence::of("the large part", &[b'x'; 70_000]));
    assert!(apart.encode().is_ok());

    let mut writer = TileWriter::new();
    assert!(writer.push(&longest.encode().unwrap()).is_ok());
    assert_eq!(writer.push(&[0; 65_536]).unwrap_err(), TileError::EntryTooLarge { index: 1, bytes: 65_536 });
}

#[test]
fn every_event_has_a_name_of_its_own_and_a_meaning() {
    let names: BTreeSet<_> = Event::ALL.iter().map(|event| event.as_str()).collect();
    assert_eq!(names.len(), Event::ALL.len());
    for event in Event::ALL {
        let name = event.as_str();
        assert!(name.split('.').count() == 2 && name.bytes().all(|b| b.is_ascii_lowercase() || b".-".contains(&b)));
        assert!(event.meaning().ends_with('.') && !event.meaning().starts_with(' '), "{name}: {}", event.meaning());
        assert_eq!(serde_json::to_value(event).unwrap(), json!(name));
        assert_eq!(event.to_string(), name);
    }
}
