//! Distinguished names (RFC 4514) in a form in which every spelling of a name is the same: case, spaces, escapes and the
//! order inside a multi-valued RDN do not count.

use reeve_sdk::ldap::escape_dn;
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// From the entry up to the root. Comparable, and nothing to send to a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dn(Vec<Vec<(String, String)>>);

/// Other names that a server may write for an attribute type of RFC 4514 section 3.
const TYPE_NAMES: &[(&str, &str)] = &[
    ("2.5.4.3", "cn"),
    ("commonname", "cn"),
    ("2.5.4.7", "l"),
    ("2.5.4.8", "st"),
    ("2.5.4.10", "o"),
    ("2.5.4.11", "ou"),
    ("organizationalunitname", "ou"),
    ("2.5.4.6", "c"),
    ("0.9.2342.19200300.100.1.25", "dc"),
    ("domaincomponent", "dc"),
    ("0.9.2342.19200300.100.1.1", "uid"),
    ("userid", "uid"),
];

impl Dn {
    /// None if the text is no distinguished name. A trailing bit string, as `uniqueMember` may carry it (RFC 4517 section
    /// 3.3.21), does not belong to the name.
    pub fn parse(text: &str) -> Option<Self> {
        let mut chars = without_uid(text).trim().chars().peekable();
        let mut rdns = Vec::new();
        if chars.peek().is_none() {
            return Some(Self(rdns));
        }
        let mut rdn = Vec::new();
        loop {
            let (attribute, end) = assertion(&mut chars)?;
            rdn.push(attribute);
            if end != Some('+') {
                rdn.sort();
                rdns.push(std::mem::take(&mut rdn));
            }
            if end.is_none() {
                return Some(Self(rdns));
            }
        }
    }

    /// Whether it lies under `base`, at any depth.
    pub fn is_below(&self, base: &Self) -> bool {
        self.0.len() > base.0.len() && self.0.ends_with(&base.0)
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            for (index, (kind, value)) in rdn.iter().enumerate() {
                write!(f, "{}{kind}={}", if index == 0 { "" } else { "+" }, escape_dn(value))?;
            }
        }
        Ok(())
    }
}

/// The name without a bit string behind it.
pub fn without_uid(text: &str) -> &str {
    let Some((name, bits)) = text.rsplit_once("#'") else { return text };
    match bits.strip_suffix("'B") {
        Some(bits) if bits.bytes().all(|bit| matches!(bit, b'0' | b'1')) => name,
        _ => text,
    }
}

/// One `type=value`, and the separator behind it.
fn assertion(chars: &mut Peekable<Chars<'_>>) -> Option<((String, String), Option<char>)> {
    let mut kind = String::new();
    loop {
        match chars.next()? {
            '=' => break,
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ' ' | '_') => kind.push(c),
            _ => return None,
        }
    }
    let kind = kind.trim().to_ascii_lowercase();
    let kind = kind.strip_prefix("oid.").unwrap_or(&kind);
    if kind.is_empty() {
        return None;
    }
    let kind = TYPE_NAMES.iter().find(|(other, _)| *other == kind).map_or(kind, |(_, name)| name);
    let (value, end) = value(chars)?;
    Some(((kind.to_owned(), fold(&value)), end))
}

fn value(chars: &mut Peekable<Chars<'_>>) -> Option<(String, Option<char>)> {
    while chars.peek() == Some(&' ') {
        chars.next();
    }
    let hex = chars.peek() == Some(&'#');
    let mut quoted = false;
    let mut bytes = Vec::new();
    let end = loop {
        match chars.next() {
            None if quoted => return None,
            None => break None,
            Some('"') => quoted = !quoted,
            Some(c @ (',' | ';' | '+')) if !quoted => break Some(if c == ';' { ',' } else { c }),
            Some('\\') => escape(chars, &mut bytes)?,
            Some(c) => push(&mut bytes, c),
        }
    };
    let value = String::from_utf8_lossy(&bytes).into_owned();
    Some((if hex { from_ber(&value).unwrap_or(value) } else { value }, end))
}

fn escape(chars: &mut Peekable<Chars<'_>>, bytes: &mut Vec<u8>) -> Option<()> {
    let first = chars.next()?;
    let digits = first.to_digit(16).zip(chars.peek().and_then(|second| second.to_digit(16)));
    match digits {
        Some((high, low)) => {
            chars.next();
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        }
        None => push(bytes, first),
    }
    Some(())
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The text of `#0C03616263`: a string of BER, in hexadecimal digits. None for what is no short string.
fn from_ber(value: &str) -> Option<String> {
    let digits: Vec<u32> = value.trim().strip_prefix('#')?.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit));
    let bytes: Vec<u8> = pairs.map(|byte| u8::try_from(byte).ok()).collect::<Option<_>>()?;
    match bytes.as_slice() {
        // OCTET STRING, UTF8String, PrintableString, IA5String.
        [4 | 12 | 19 | 22, length, text @ ..] if usize::from(*length) == text.len() && *length < 128 => {
            String::from_utf8(text.to_vec()).ok()
        }
        _ => None,
    }
}

/// As `caseIgnoreMatch` compares (RFC 4518), as far as names of people and groups need it.
fn fold(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::Dn;

    fn same(one: &str, other: &str) -> bool {
        Dn::parse(one).unwrap() == Dn::parse(other).unwrap()
    }

    #[test]
    fn every_spelling_of_a_name_is_the_same_name() {
        for other in [
            "UID=Ann, OU=People,DC=example,DC=com",
            "uid = ann ,ou=people;dc=example;dc=com",
            "uid=\\61nn,ou=people,dc=example,dc=com",
            "0.9.2342.19200300.100.1.1=ann,2.5.4.11=people,dc=example,dc=com",
            "OID.0.9.2342.19200300.100.1.1=#0403616E6E,ou=\"people\",dc=example,dc=com",
            "uid=ann,ou=people,dc=example,dc=com#'0101'B",
        ] {
            assert!(same("uid=ann,ou=people,dc=example,dc=com", other), "{other}");
        }
        assert!(same("cn=Ann Lee+uid=a,dc=x", "uid=A+cn=ann  lee,dc=x"));
        assert!(same("cn=Lee\\, Ann,dc=x", "cn=\"Lee, Ann\",dc=x"));
        assert!(same("cn=Jos\\c3\\a9,dc=x", "cn=JOSÉ,dc=x"));
    }

    #[test]
    fn different_names_stay_apart() {
        assert!(!same("cn=Lee\\, Ann,dc=x", "cn=Lee,cn=Ann,dc=x"));
        assert!(!same("cn=a\\+uid=b,dc=x", "cn=a+uid=b,dc=x"));
        assert!(!same("cn=ab,dc=x", "cn=a b,dc=x"));
        for bad in ["ann", "uid=ann,", "=x", "uid=a,people", "cn=\"open", "cn=x\\"] {
            assert_eq!(Dn::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn below_means_below_and_the_written_form_reads_back() {
        let base = Dn::parse("ou=people,dc=x").unwrap();
        let below = |text: &str| Dn::parse(text).unwrap().is_below(&base);
        assert!(below("uid=a,ou=People, dc=X") && below("uid=a,ou=b,ou=people,dc=x"));
        assert!(!below("ou=people,dc=x") && !below("uid=a,ou=people,dc=y") && !below("uid=a\\,ou=people,dc=x"));
        for text in ["cn=a\\+b=c\\, d+uid=\\#x,dc=x", "cn=\\00\\0a\\\\,dc=x", ""] {
            let dn = Dn::parse(text).unwrap();
            assert_eq!(Dn::parse(&dn.to_string()).unwrap(), dn, "{text}");
        }
    }
}
