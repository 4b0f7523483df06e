//! What a plugin may send to a directory, apart from where and how much: changes that change something, filters of a bounded
//! depth.

use crate::outside::wire::{LdapAttribute, LdapChangeKind, LdapFault, LdapWrite};

/// Parentheses inside parentheses of a filter. The library's parser recurses.
const FILTER_DEPTH_MAX: usize = 32;

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
            Ok(())
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
            Ok(())
        }
        LdapWrite::Delete { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::LDAP_TEXT_BYTES_MAX;

    #[test]
    fn filters_are_read_and_bounded_before_they_are_sent() {
        for filter in
            ["(cn=a)", "(&(objectClass=person)(|(uid=a)(mail=a@example.com)))", "(cn=a\\28b\\29)", "(!(cn=*))"]
        {
            assert_eq!(check_filter(filter), Ok(()), "{filter}");
        }
        for filter in ["", "(cn=a", "(cn=a))", "cn=a)(uid=*", "(cn=a)(uid=*)", "(&(cn=a)", "(cn=\\zz)", "(=a)"] {
            assert!(check_filter(filter).is_err(), "{filter:?}");
        }
        let deep = |levels: usize| format!("{}(cn=a){}", "(!".repeat(levels), ")".repeat(levels));
        assert_eq!(check_filter(&deep(FILTER_DEPTH_MAX - 1)), Ok(()));
        // Without the bound this one takes the stack.
        assert_eq!(check_filter(&deep(LDAP_TEXT_BYTES_MAX)), Err("it nests too deep"));
    }

    #[test]
    fn a_change_that_changes_nothing_is_refused() {
        let attribute = |values| LdapAttribute { name: "cn".to_owned(), values };
        let add = |attribute| check_write(&LdapWrite::Add { dn: "dc=a".to_owned(), attributes: vec![attribute] });
        assert_eq!(add(attribute(vec![vec![0]])), Ok(()));
        assert!(matches!(add(attribute(Vec::new())), Err(LdapFault::Denied(_))));
    }
}
