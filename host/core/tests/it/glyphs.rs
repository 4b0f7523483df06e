//! Which characters are shown as marks.

use reeve_core::glyph::misleads;
use std::collections::BTreeSet;

#[test]
fn what_ends_a_line_or_turns_its_order_misleads_and_nothing_else_does() {
    let found: BTreeSet<u32> = (char::MIN..=char::MAX).filter(|c| misleads(*c)).map(u32::from).collect();
    let controls = (0..=0x1f).chain(0x7f..=0x9f);
    let others = [0x61c, 0x200e, 0x200f].into_iter().chain(0x2028..=0x202e).chain(0x2066..=0x2069);
    let misleading: BTreeSet<u32> = controls.chain(others).collect();
    let differing: Vec<_> = found.symmetric_difference(&misleading).map(|c| format!("U+{c:04X}")).collect();
    assert!(differing.is_empty(), "these are shown as marks and should not be, or the other way round: {differing:?}");
    for text in ["Zoë Ørsted", "نجيب محفوظ", "王小明", "a\u{200d}b", "é"] {
        assert!(!text.chars().any(misleads), "{text}");
    }
}
