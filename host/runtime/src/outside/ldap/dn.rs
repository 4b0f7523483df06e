//! Distinguished names (RFC 4514), as far as it takes to know whether one lies below another.
//!
//! What can't be read without doubt is refused: a name that we and the directory read in different ways would be a way
//! out of the connection's base.

use std::collections::BTreeSet;

/// From the entry up to the root. An RDN is a set, because `cn=a+uid=b` and `uid=b+cn=a` are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dn(Vec<BTreeSet<(String, String)>>);

impl Dn {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut rest = text;
        let mut rdns = Vec::new();
        let mut rdn = BTreeSet::new();
        if text.trim().is_empty() {
            return Err("it is empty");
        }
        loop {
            let (name, after) = rest.split_once('=').ok_or("a part of it has no `=`")?;
            let (value, end, after) = value(after)?;
            if !rdn.insert((attribute(name)?, value)) {
                return Err("a part of it is there twice");
            }
            match end {
                Some('+') => {}
                Some(_) => rdns.push(std::mem::take(&mut rdn)),
                None => {
                    rdns.push(rdn);
                    return Ok(Self(rdns));
                }
            }
            rest = after;
        }
    }

    /// Whether it is `base`, or an entry below.
    pub(super) fn is_within(&self, base: &Self) -> bool {
        self.0.ends_with(&base.0)
    }
}

fn attribute(name: &str) -> Result<String, &'static str> {
    let name = name.trim_matches(' ').to_ascii_lowercase();
    let name = name.strip_prefix("oid.").unwrap_or(&name);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if name.is_empty() || !name.bytes().all(plain) {
        return Err("a part of it has a name that no attribute can have");
    }
    Ok(name.to_owned())
}

/// The value up to an unescaped `,` or `+`, that character, and what follows it.
fn value(text: &str) -> Result<(String, Option<char>, &str), &'static str> {
    let mut bytes = Vec::new();
    // How much of it stays when spaces at the end are cut off; escaped ones count.
    let mut solid = 0;
    let mut chars = text.char_indices();
    let mut end = (None, "");
    while let Some((at, letter)) = chars.next() {
        match letter {
            ',' | '+' => {
                end = (Some(letter), text.get(at + 1..).unwrap_or_default());
                break;
            }
            '\\' => {
                bytes.extend(escaped(&mut chars)?);
                solid = bytes.len();
            }
            '#' if bytes.is_empty() => return Err("a value in `#` hexadecimal form is not supported"),
            ';' | '"' | '<' | '>' | '\0' => return Err("one of ; \" < > or NUL in it must be escaped"),
            ' ' if bytes.is_empty() => {}
            ' ' => bytes.push(b' '),
            letter => {
                bytes.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
                solid = bytes.len();
            }
        }
    }
    bytes.truncate(solid);
    let value = String::from_utf8(bytes).map_err(|_| "an escaped value in it is not UTF-8")?;
    // Directories compare these without regard to case and to the number of spaces.
    let value = value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase();
    if value.is_empty() {
        return Err("a part of it has no value");
    }
    Ok((value, end.0, end.1))
}

/// What follows a backslash: two hexadecimal digits, or a special character.
fn escaped(chars: &mut std::str::CharIndices<'_>) -> Result<Vec<u8>, &'static str> {
    const WRONG: &str = "a backslash in it must be followed by two hexadecimal digits or a special character";
    let (_, first) = chars.next().ok_or(WRONG)?;
    if let Some(high) = first.to_digit(16) {
        let low = chars.next().and_then(|(_, second)| second.to_digit(16)).ok_or(WRONG)?;
        return match u8::try_from(high * 16 + low) {
            Ok(0) | Err(_) => Err("it holds an escaped NUL"),
            Ok(byte) => Ok(vec![byte]),
        };
    }
    if matches!(first, ' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\') {
        return Ok(first.to_string().into_bytes());
    }
    Err(WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(dn: &str, base: &str) -> bool {
        Dn::parse(dn).unwrap().is_within(&Dn::parse(base).unwrap())
    }

    #[test]
    fn what_is_at_or_below_the_base_is_within() {
        let base = "ou=People,dc=example,dc=com";
        for dn in [
            "ou=People,dc=example,dc=com",
            "OU=people, DC=Example , dc=COM",
            "uid=jo,ou=people,dc=example,dc=com",
            "cn=Jo\\, Ann,ou=people,dc=example,dc=com",
            "cn=Jo\\2c Ann+uid=jo,ou=people,dc=example,dc=com",
            "cn=a,cn=b,ou=Peop\\6ce,dc=example,dc=com",
            "oid.2.5.4.3=x,ou=people,dc=example,dc=com",
            "cn=J\\c3\\b6,ou=people,dc=example,dc=com",
            "cn=a=b,ou=people,dc=example,dc=com",
        ] {
            assert!(within(dn, base), "{dn}");
        }
        assert!(within("cn=x,ou=two  words,dc=a", "ou=two words,dc=a"));
        assert!(within("cn=x,uid=2+cn=1,dc=a", "CN=1+UID=2,dc=a"));
    }

    #[test]
    fn what_only_looks_like_it_is_not() {
        let base = "ou=people,dc=example,dc=com";
        for dn in [
            "dc=example,dc=com",
            "ou=groups,dc=example,dc=com",
            "ou=people,dc=example,dc=org",
            "ou=people,dc=example,dc=com,dc=evil",
            "xou=people,dc=example,dc=com",
            // An escaped comma is no boundary.
            "cn=x\\,ou=people,dc=example,dc=com",
            "cn=x\\2cou=people,dc=example,dc=com",
            "cn=x\\,ou\\=people\\,dc=example\\,dc=com,dc=evil",
            "ou=people+cn=x,dc=example,dc=com",
        ] {
            assert!(!within(dn, base), "{dn}");
        }
        assert!(!within("cn=b,dc=a", "cn=ab,dc=a"));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for dn in [
            "",
            "   ",
            "ou",
            "=x,dc=a",
            "cn=,dc=a",
            "cn=x,",
            "cn=x,,dc=a",
            ",dc=a",
            "cn=x;dc=a",
            "cn=\"x,dc=b\",dc=a",
            "cn=#04024869,dc=a",
            "cn=x\\,dc=a\\",
            "cn=x\\zz,dc=a",
            "cn=x\\4,dc=a",
            "cn=x\\00,dc=a",
            "cn=x\0,dc=a",
            "cn=\\ff,dc=a",
            "cn=a+cn=a,dc=a",
            "c n=x,dc=a",
            "cn=<x>,dc=a",
        ] {
            assert!(Dn::parse(dn).is_err(), "{dn:?}");
        }
    }
}
