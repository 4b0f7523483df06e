//! What a plugin may send to a directory, apart from where: bounded in size, number and depth.

use crate::limits::*;
use crate::outside::wire::{LdapAttribute, LdapChangeKind, LdapFault, LdapSearch, LdapWrite};

/// Parentheses inside parentheses of a filter. The library's parser recurses.
const FILTER_DEPTH_MAX: usize = 32;
/// A cursor is shorter than that, in bytes.
const CURSOR_BYTES_MAX: usize = 64;

pub(super) fn check_search(search: &LdapSearch) -> Result<(), LdapFault> {
    if search.attributes.len() > LDAP_ATTRIBUTES_MAX {
        return Err(LdapFault::TooLarge(LDAP_ATTRIBUTES_MAX as u64));
    }
    let names: usize = search.attributes.iter().map(String::len).sum();
    if names > LDAP_TEXT_BYTES_MAX || search.filter.len() > LDAP_TEXT_BYTES_MAX {
        return Err(LdapFault::TooLarge(LDAP_TEXT_BYTES_MAX as u64));
    }
    if search.cursor.as_ref().is_some_and(|cursor| cursor.len() > CURSOR_BYTES_MAX) {
        return Err(LdapFault::CursorExpired);
    }
    Ok(())
}

pub(super) fn check_filter(filter: &str) -> Result<(), &'static str> {
    let mut depth = 0_usize;
    for byte in filter.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > FILTER_DEPTH_MAX {
            return Err("it nests too deep");
        }
    }
    ldap3::parse_filter(filter).map(|_| ()).map_err(|()| "it is not a filter as of RFC 4515; escape what you put in")
}

pub(super) fn check_write(write: &LdapWrite) -> Result<(), LdapFault> {
    match write {
        LdapWrite::Add { attributes, .. } => {
            if attributes.iter().any(|attribute| attribute.values.is_empty()) {
                return Err(LdapFault::Denied("an attribute to add has no value; leave it out".to_owned()));
            }
            check_attributes(attributes.len(), attributes.iter())
        }
        LdapWrite::Modify { changes, .. } => {
            if changes.is_empty() {
                return Err(LdapFault::Denied("a modify without changes".to_owned()));
            }
            let adds_nothing = |kind: LdapChangeKind, attribute: &LdapAttribute| {
                kind == LdapChangeKind::Add && attribute.values.is_empty()
            };
            if changes.iter().any(|(kind, attribute)| adds_nothing(*kind, attribute)) {
                return Err(LdapFault::Denied("a change adds no value; leave it out".to_owned()));
            }
            check_attributes(changes.len(), changes.iter().map(|(_, attribute)| attribute))
        }
        LdapWrite::Delete { .. } => Ok(()),
    }
}

fn check_attributes<'a>(number: usize, attributes: impl Iterator<Item = &'a LdapAttribute>) -> Result<(), LdapFault> {
    if number > LDAP_ATTRIBUTES_MAX {
        return Err(LdapFault::TooLarge(LDAP_ATTRIBUTES_MAX as u64));
    }
    let size = |attribute: &LdapAttribute| attribute.name.len() + attribute.values.iter().map(Vec::len).sum::<usize>();
    let bytes: usize = attributes.map(size).sum();
    if bytes as u64 > LDAP_BYTES_MAX { Err(LdapFault::TooLarge(LDAP_BYTES_MAX)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_and_bounded_before_they_are_sent() {
        for filter in
            ["(cn=a)", "(&(objectClass=person)(|(uid=a)(mail=a@example.com)))", "(cn=a\\28b\\29)", "(!(cn=*))"]
        {
            assert_eq!(check_filter(filter), Ok(()), "{filter}");
        }
        for filter in ["", "(cn=a", "(cn=a))", "cn=a)(uid=*", "(cn=a)(uid=*)", "(&(cn=a)", "(cn=\\zz)", "(=a)"] {
            assert!(check_filter(filter).is_err(), "{filter}");
        }
        let deep = |levels: usize| format!("{}(cn=a){}", "(!".repeat(levels), ")".repeat(levels));
        assert_eq!(check_filter(&deep(FILTER_DEPTH_MAX - 1)), Ok(()));
        // Without the bound this one takes the stack.
        assert_eq!(check_filter(&deep(LDAP_TEXT_BYTES_MAX)), Err("it nests too deep"));
    }

    #[test]
    fn changes_are_bounded_in_number_and_size() {
        let attribute = |bytes: usize| LdapAttribute { name: "cn".to_owned(), values: vec![vec![0; bytes]] };
        let add = |attributes| check_write(&LdapWrite::Add { dn: "dc=a".to_owned(), attributes });
        assert_eq!(add(vec![attribute(1)]), Ok(()));
        let many = vec![attribute(1); LDAP_ATTRIBUTES_MAX + 1];
        assert_eq!(add(many), Err(LdapFault::TooLarge(LDAP_ATTRIBUTES_MAX as u64)));
        let large = usize::try_from(LDAP_BYTES_MAX).unwrap();
        assert_eq!(add(vec![attribute(large)]), Err(LdapFault::TooLarge(LDAP_BYTES_MAX)));
        let empty = LdapAttribute { name: "cn".to_owned(), values: Vec::new() };
        assert!(matches!(add(vec![empty]), Err(LdapFault::Denied(_))));
    }
}
