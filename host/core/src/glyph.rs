//! Characters that make a line show something else than it says.

/// Whether a character is to be shown as a mark or an escape wherever somebody else's text stands in a line of ours: it
/// ends the line, moves the cursor, or turns the order of what is around it.
///
/// These are the control characters (general category Cc), the line and paragraph separators (Zl, Zp), and the characters
/// with the property `Bidi_Control` (`PropList.txt` of the Unicode Character Database; UAX #9, section 2).
pub fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
