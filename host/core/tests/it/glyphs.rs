//! Which characters are shown as marks.

use reeve_core::glyph::misleads;

#[test]
fn what_ends_a_line_or_turns_its_order_misleads_and_nothing_else_does() {
    let all: String =
        (char::MIN..=char::MAX).filter(|c| misleads(*c)).map(|c| format!("{:X} ", u32::from(c))).collect();
    let controls: String = (0..=0x1f).chain(0x7f..=0x9f).map(|c| format!("{c:X} ")).collect();
    let others = "61C 200E 200F 2028 2029 202A 202B 202C 202D 202E 2066 2067 2068 2069 ";
    assert_eq!(all, format!("{controls}{others}"));
    for text in ["Zoë Ørsted", "نجيب محفوظ", "王小明", "a\u{200d}b", "é"] {
        assert!(!text.chars().any(misleads), "{text}");
    }
}
