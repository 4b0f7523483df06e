//! How the three kinds of directory differ: the immutable id, what stops a sign-in, and the names of attributes.

use reeve_sdk::ldap::{Entry, escape_filter, escape_filter_bytes};
use reeve_sdk::prelude::*;
use serde::Deserialize;

/// Bytes of an `objectGUID`.
const GUID_BYTES: usize = 16;
/// The order in which Active Directory's own tools print the bytes of an `objectGUID`.
const GUID_ORDER: [usize; GUID_BYTES] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
/// Bytes of a text id; a UUID has 36.
const ID_BYTES_MAX: usize = 64;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Flavour {
    #[default]
    #[serde(rename = "openldap")]
    OpenLdap,
    #[serde(rename = "389ds")]
    Ds389,
    #[serde(rename = "active-directory")]
    ActiveDirectory,
}

impl Flavour {
    pub fn id_attribute(self) -> &'static str {
        match self {
            Self::OpenLdap => "entryUUID",
            Self::Ds389 => "nsUniqueId",
            Self::ActiveDirectory => "objectGUID",
        }
    }

    /// The attribute that a filter can find an entry by its name with, which the name itself is not one of.
    pub fn dn_attribute(self) -> &'static str {
        match self {
            Self::OpenLdap | Self::Ds389 => "entryDN",
            Self::ActiveDirectory => "distinguishedName",
        }
    }

    pub fn created_attribute(self) -> &'static str {
        match self {
            Self::OpenLdap | Self::Ds389 => "createTimestamp",
            Self::ActiveDirectory => "whenCreated",
        }
    }

    pub fn last_login_attribute(self) -> &'static str {
        match self {
            Self::OpenLdap => "pwdLastSuccess",
            Self::Ds389 => "lastLoginTime",
            Self::ActiveDirectory => "lastLogonTimestamp",
        }
    }

    /// What the state is read from. The first one is what `disable` sets.
    pub fn state_attributes(self) -> &'static [&'static str] {
        match self {
            Self::OpenLdap => &["pwdAccountLockedTime", "pwdPolicySubentry"],
            Self::Ds389 => &["nsAccountLock", "accountUnlockTime"],
            Self::ActiveDirectory => &["userAccountControl", "lockoutTime"],
        }
    }

    pub fn login_attribute(self) -> &'static str {
        match self {
            Self::OpenLdap | Self::Ds389 => "uid",
            Self::ActiveDirectory => "sAMAccountName",
        }
    }

    pub fn naming_attribute(self) -> &'static str {
        match self {
            Self::OpenLdap | Self::Ds389 => "uid",
            Self::ActiveDirectory => "cn",
        }
    }

    pub fn user_classes(self) -> &'static [&'static str] {
        match self {
            Self::OpenLdap | Self::Ds389 => &["top", "person", "organizationalPerson", "inetOrgPerson"],
            Self::ActiveDirectory => &["top", "person", "organizationalPerson", "user"],
        }
    }

    pub fn people_filter(self) -> &'static str {
        match self {
            Self::OpenLdap | Self::Ds389 => "(objectClass=person)",
            Self::ActiveDirectory => "(&(objectCategory=person)(objectClass=user))",
        }
    }

    /// The entry's immutable id.
    pub fn id(self, entry: &Entry) -> Result<String, Failure> {
        let attribute = self.id_attribute();
        let missing = || {
            Failure::protocol(format!(
                "{}: {attribute} cannot be read; allow the connector's account to read operational attributes, and check \
                 the setting `flavour`",
                entry.dn
            ))
        };
        match self {
            Self::OpenLdap | Self::Ds389 => entry.text(attribute)?.ok_or_else(missing),
            Self::ActiveDirectory => guid_text(entry.values(attribute).next().ok_or_else(missing)?)
                .ok_or_else(|| Failure::protocol(format!("{}: objectGUID is not {GUID_BYTES} bytes long", entry.dn))),
        }
    }

    /// A filter for the entry with an id. An id of another form is refused: a server would call such a filter undefined
    /// and find nothing, which must not read as "does not exist".
    pub fn id_filter(self, id: &str) -> Result<String, Failure> {
        let attribute = self.id_attribute();
        let wrong = || Failure::invalid("id", format!("{id:?} has not the form of {attribute}"));
        match self {
            Self::OpenLdap | Self::Ds389 => {
                let plain = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
                if id.is_empty() || id.len() > ID_BYTES_MAX || !id.bytes().all(plain) {
                    return Err(wrong());
                }
                Ok(format!("({attribute}={})", escape_filter(id)))
            }
            Self::ActiveDirectory => {
                let bytes = guid_bytes(id).ok_or_else(wrong)?;
                Ok(format!("({attribute}={})", escape_filter_bytes(&bytes)))
            }
        }
    }
}

fn guid_text(bytes: &[u8]) -> Option<String> {
    if bytes.len() != GUID_BYTES {
        return None;
    }
    let mut text = String::new();
    for (place, from) in GUID_ORDER.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{:02x}", bytes.get(from)?));
    }
    Some(text)
}

fn guid_bytes(text: &str) -> Option<[u8; GUID_BYTES]> {
    let digits: Vec<u32> = text.chars().filter(|c| *c != '-').map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    if digits.len() != GUID_BYTES * 2 {
        return None;
    }
    let mut bytes = [0; GUID_BYTES];
    for (pair, to) in digits.chunks_exact(2).zip(GUID_ORDER) {
        let byte = pair.iter().fold(0, |byte, digit| byte * 16 + digit);
        *bytes.get_mut(to)? = u8::try_from(byte).ok()?;
    }
    Some(bytes)
}

/// What a group is, as the directory's schema has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum GroupClass {
    #[serde(rename = "groupOfNames")]
    GroupOfNames,
    #[serde(rename = "groupOfUniqueNames")]
    GroupOfUniqueNames,
    #[serde(rename = "group")]
    Group,
}

impl GroupClass {
    pub fn object_class(self) -> &'static str {
        match self {
            Self::GroupOfNames => "groupOfNames",
            Self::GroupOfUniqueNames => "groupOfUniqueNames",
            Self::Group => "group",
        }
    }

    pub fn member_attribute(self) -> &'static str {
        match self {
            Self::GroupOfNames | Self::Group => "member",
            Self::GroupOfUniqueNames => "uniqueMember",
        }
    }
}
