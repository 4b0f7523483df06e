//! LDAP to a named connection, with the escaping that RFC 4514 and RFC 4515 ask for and result codes that mean the
//! right thing.

use crate::failure::Effect;
use crate::{Failure, LdapError, host};

pub use crate::bindings::host::reeve::connector::ldap::{
    Attribute, Change, ChangeKind, Entry, Refusal, Scope, SearchPage, SearchRequest,
};

/// Result codes of RFC 4511 appendix A that a connector cares about.
pub mod code {
    pub const SIZE_LIMIT_EXCEEDED: u32 = 4;
    pub const STRONGER_AUTH_REQUIRED: u32 = 8;
    pub const NO_SUCH_ATTRIBUTE: u32 = 16;
    pub const ATTRIBUTE_OR_VALUE_EXISTS: u32 = 20;
    pub const NO_SUCH_OBJECT: u32 = 32;
    pub const INVALID_CREDENTIALS: u32 = 49;
    pub const INSUFFICIENT_ACCESS: u32 = 50;
    pub const BUSY: u32 = 51;
    pub const UNAVAILABLE: u32 = 52;
    pub const UNWILLING_TO_PERFORM: u32 = 53;
    pub const OBJECT_CLASS_VIOLATION: u32 = 65;
    pub const ENTRY_ALREADY_EXISTS: u32 = 68;
}

pub fn search(request: &SearchRequest) -> Result<SearchPage, LdapError> {
    host::ldap_search(request)
}

pub fn add(connection: &str, dn: &str, attributes: &[Attribute]) -> Result<(), LdapError> {
    host::ldap_add(connection, dn, attributes)
}

pub fn modify(connection: &str, dn: &str, changes: &[Change]) -> Result<(), LdapError> {
    host::ldap_modify(connection, dn, changes)
}

pub fn delete(connection: &str, dn: &str) -> Result<(), LdapError> {
    host::ldap_delete(connection, dn)
}

/// What a result code means for an operation that has no better use for it.
pub(crate) fn failure(refusal: &Refusal, effect: Effect) -> Failure {
    let text = format!("the directory answered {} {}", refusal.code, refusal.message.trim());
    match (refusal.code, effect) {
        // Operations and protocol errors, unknown controls: this plugin asks in a way that this directory can't read.
        (1 | 2 | 12, _) => Failure::Protocol(text),
        (3 | 11, Effect::Read) => Failure::unavailable(text),
        (code::SIZE_LIMIT_EXCEEDED, _) => Failure::Protocol(format!("{text}; set a page size below its limit")),
        (7 | code::STRONGER_AUTH_REQUIRED | 13 | 48 | code::INVALID_CREDENTIALS, _) => Failure::AuthFailed(text),
        (code::INSUFFICIENT_ACCESS, _) => Failure::Forbidden(text),
        (code::BUSY | code::UNAVAILABLE, _) => Failure::unavailable(text),
        (code::NO_SUCH_OBJECT, _) => Failure::NotFound(text),
        (code::ENTRY_ALREADY_EXISTS | code::ATTRIBUTE_OR_VALUE_EXISTS | code::NO_SUCH_ATTRIBUTE, _) => {
            Failure::Conflict(text)
        }
        (17..=19 | 21 | 34 | 64 | 67, _) => Failure::invalid("", text),
        (10, _) => Failure::Protocol(format!("{text}: a referral; connect to the server that holds the entries")),
        (code::UNWILLING_TO_PERFORM | code::OBJECT_CLASS_VIOLATION | 66 | 69, _) => Failure::refused(text),
        (_, Effect::Read) => Failure::Protocol(text),
        (_, Effect::Write) => Failure::OutcomeUnknown(text),
    }
}

impl Attribute {
    pub fn text(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), values: vec![value.as_bytes().to_vec()] }
    }

    pub fn texts<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        Self { name: name.to_owned(), values: values.into_iter().map(|value| value.as_bytes().to_vec()).collect() }
    }

    /// Without a value: to delete or replace with nothing.
    pub fn empty(name: &str) -> Self {
        Self { name: name.to_owned(), values: vec![] }
    }
}

impl Change {
    pub fn add(name: &str, value: &str) -> Self {
        Self { kind: ChangeKind::Add, attribute: Attribute::text(name, value) }
    }

    pub fn delete(name: &str, value: &str) -> Self {
        Self { kind: ChangeKind::Delete, attribute: Attribute::text(name, value) }
    }

    pub fn replace(attribute: Attribute) -> Self {
        Self { kind: ChangeKind::Replace, attribute }
    }
}

impl Entry {
    /// The values of an attribute, whose name is compared without regard to case.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let attributes = self.attributes.iter().filter(move |attribute| attribute.name.eq_ignore_ascii_case(name));
        attributes.flat_map(|attribute| attribute.values.iter().map(Vec::as_slice))
    }

    pub fn texts(&self, name: &str) -> Result<Vec<String>, Failure> {
        let text = |bytes: &[u8]| {
            std::str::from_utf8(bytes)
                .map(str::to_owned)
                .map_err(|_| Failure::protocol(format!("{}: attribute {name} is not UTF-8 text", self.dn)))
        };
        self.values(name).map(text).collect()
    }

    /// The first value, as text.
    pub fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        Ok(self.texts(name)?.into_iter().next())
    }
}

/// Escapes a value for a search filter (RFC 4515 section 3).
pub fn escape_filter(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '*' | '(' | ')' | '\\' | '\0' => out.push_str(&format!("\\{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Escapes bytes for a search filter, for ids that are not text.
pub fn escape_filter_bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// Escapes a value for a distinguished name (RFC 4514 section 2.4).
pub fn escape_dn(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (index, c) in value.chars().enumerate() {
        match c {
            '\0' => out.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => out.extend(['\\', c]),
            ' ' if index == 0 || index == last => out.push_str("\\ "),
            '#' if index == 0 => out.push_str("\\#"),
            c if c.is_control() => {
                let mut utf8 = [0; 4];
                out.push_str(&escape_filter_bytes(c.encode_utf8(&mut utf8).as_bytes()));
            }
            c => out.push(c),
        }
    }
    out
}
