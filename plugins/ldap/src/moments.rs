//! Times as directories write them.

use reeve_sdk::time;

/// 100 ns units between 1601 and 1970.
const FILETIME_OF_1970: i64 = 116_444_736_000_000_000;
const FILETIME_UNITS_PER_S: i64 = 10_000_000;

/// Generalized time (RFC 4517 section 3.3.13), `20260331170000.123456Z`. None if it is none, or has no offset.
pub fn generalized(text: &str) -> Option<String> {
    let text = text.trim();
    let (digits, rest) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    let part = |range| digits.get(range);
    let date = format!("{}-{}-{}", part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute, second) = (part(8..10)?, part(10..12), part(12..14));
    if !matches!(digits.len(), 10 | 12 | 14) {
        return None;
    }
    let offset_at = rest.find(['Z', 'z', '+', '-'])?;
    let (fraction, offset) = rest.split_at(offset_at);
    // A fraction of an hour or a minute is legal, and nobody writes it.
    if second.is_none() && !fraction.is_empty() {
        return None;
    }
    let fraction = fraction.replace(',', ".");
    let (minute, second) = (minute.unwrap_or("00"), second.unwrap_or("00"));
    time::instant(&format!("{date}T{hour}:{minute}:{second}{fraction}{offset}"))
}

/// Active Directory's count of 100 ns since 1601. None for "never", which is 0 or the largest number.
pub fn filetime(text: &str) -> Option<String> {
    match text.trim().parse::<i64>() {
        Ok(units) if units > 0 && units < i64::MAX => {
            Some(time::from_unix((units - FILETIME_OF_1970).div_euclid(FILETIME_UNITS_PER_S)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generalized_times_become_moments_or_nothing() {
        let is = |text, moment: &str| assert_eq!(generalized(text).as_deref(), Some(moment), "{text}");
        is("20261125024920Z", "2026-11-25T02:49:20Z");
        is("20261125024920.504140Z", "2026-11-25T02:49:20.504140Z");
        is("20261125024920,5+0100", "2026-11-25T02:49:20.5+01:00");
        is("202611250249Z", "2026-11-25T02:49:00Z");
        is("2026112502-05", "2026-11-25T02:00:00-05:00");
        for bad in ["000001010000Z", "20261125024920", "20261325024920Z", "2026112502.5Z", "2026112Z", "", "é"] {
            assert_eq!(generalized(bad), None, "{bad}");
        }
    }

    #[test]
    fn file_times_count_from_1601_and_never_is_no_time() {
        assert_eq!(filetime("116444736000000000").as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(filetime("133500000000000000").as_deref(), Some("2024-01-17T21:20:00Z"));
        for never in ["0", "9223372036854775807", "-1", "x"] {
            assert_eq!(filetime(never), None, "{never}");
        }
    }
}
