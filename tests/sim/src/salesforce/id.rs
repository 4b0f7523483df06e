//! Record ids: fifteen characters that tell upper from lower case, and three more that let an id be compared without.

use super::schema::Object;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Between the prefix of the object and the number of the record.
const INSTANCE: &str = "Ak0";
const NUMBER_CHARS: u32 = 9;
const SHORT_CHARS: usize = 15;

/// The id of the record that was made as number `order`.
pub(super) fn id_of(object: Object, order: u64) -> String {
    let digits = (0..NUMBER_CHARS).rev().map(|place| {
        let digit = order / 62_u64.pow(place) % 62;
        usize::try_from(digit).ok().and_then(|digit| DIGITS.get(digit)).map_or('0', |digit| char::from(*digit))
    });
    let short: String = object.prefix().chars().chain(INSTANCE.chars()).chain(digits).collect();
    lengthen(&short).unwrap_or_default()
}

/// An id in its long form, if it is one at all.
pub(super) fn lengthen(id: &str) -> Option<String> {
    let short = id.get(..SHORT_CHARS)?;
    if !short.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let check = short.as_bytes().chunks(5).map(|five| {
        let bits = five.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
        let letter = bits.fold(0, |sum, (place, _)| sum | 1_usize << place);
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345".get(letter).map_or('A', |letter| char::from(*letter))
    });
    let long: String = short.chars().chain(check).collect();
    (id.len() == SHORT_CHARS || id.eq_ignore_ascii_case(&long)).then_some(long)
}

/// Which record an id means, whether or not there is one.
pub(super) fn meaning(id: &str) -> Option<(Object, u64)> {
    lengthen(id).and_then(|long| meaning_of_ours(&long))
}

/// The same for an id that was made here, whose last characters need no proof.
pub(super) fn meaning_of_ours(long: &str) -> Option<(Object, u64)> {
    let object = Object::of_prefix(long.get(..3)?)?;
    let number = long.get(3..SHORT_CHARS)?.strip_prefix(INSTANCE)?;
    let order = number.bytes().try_fold(0_u64, |sum, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        };
        Some(sum * 62 + u64::from(digit))
    })?;
    Some((object, order))
}
