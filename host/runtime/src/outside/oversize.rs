//! Cuts what a plugin hands over to what a request may be, before anything looks at it.
//!
//! A plugin may pass tens of megabytes in one host call. The journal reads, redacts and hashes all that it is given, on the
//! thread that others wait for, so what is refused for its size must be small by then.

use super::headers::within_limits;
use super::wire::{HttpFault, HttpRequest, LdapFault, LdapSearch, LdapWrite};
use crate::limits::*;
use crate::package::NAME_BYTES_MAX;

/// A name that the journal keeps of what has no such name, in bytes.
const STRAY_NAME_BYTES_MAX: usize = 2 * NAME_BYTES_MAX;

/// The same name, but no longer than any name is.
pub(super) fn name(name: &str) -> &str {
    name.get(..name.floor_char_boundary(STRAY_NAME_BYTES_MAX)).unwrap_or_default()
}

fn cut(text: &mut String, bytes_max: usize) -> bool {
    let over = text.len() > bytes_max;
    text.truncate(text.floor_char_boundary(bytes_max));
    over
}

/// What is too large is taken off the request, and is why it is refused.
pub(super) fn http(request: &mut HttpRequest) -> Option<HttpFault> {
    let HttpRequest { connection, path, headers, body, .. } = request;
    cut(connection, STRAY_NAME_BYTES_MAX);
    let path_bytes = path.len();
    if cut(path, HTTP_PATH_BYTES_MAX) {
        headers.clear();
        *body = None;
        return Some(HttpFault::Denied(format!(
            "connection `{connection}`: a path of {path_bytes} bytes is too long; the limit is {HTTP_PATH_BYTES_MAX}"
        )));
    }
    if let Err(fault) = within_limits(headers.iter().map(|(name, value)| name.len() + value.len())) {
        headers.clear();
        *body = None;
        return Some(fault);
    }
    if body.as_ref().is_some_and(|body| body.len() > HTTP_BODY_BYTES_MAX) {
        *body = None;
        return Some(HttpFault::TooLarge(HTTP_BODY_BYTES_MAX as u64));
    }
    None
}

pub(super) fn ldap_search(search: &mut LdapSearch) -> Option<LdapFault> {
    let LdapSearch { connection, base, filter, attributes, cursor, .. } = search;
    cut(connection, STRAY_NAME_BYTES_MAX);
    let names: usize = attributes.iter().map(String::len).sum();
    let fault = if attributes.len() > LDAP_ATTRIBUTES_MAX {
        LdapFault::TooLarge(LDAP_ATTRIBUTES_MAX as u64)
    } else if [base.len(), filter.len(), names].iter().any(|bytes| *bytes > LDAP_TEXT_BYTES_MAX) {
        LdapFault::TooLarge(LDAP_TEXT_BYTES_MAX as u64)
    } else if cursor.as_ref().is_some_and(|cursor| cursor.len() > LDAP_TEXT_BYTES_MAX) {
        LdapFault::CursorExpired
    } else {
        return None;
    };
    attributes.clear();
    *cursor = None;
    cut(base, LDAP_TEXT_BYTES_MAX);
    cut(filter, LDAP_TEXT_BYTES_MAX);
    Some(fault)
}

pub(super) fn ldap_write(write: &mut LdapWrite) -> Option<LdapFault> {
    let (dn, number, bytes) = match write {
        LdapWrite::Add { dn, attributes } => (dn, attributes.len(), attributes.iter().map(|one| one.bytes()).sum()),
        LdapWrite::Modify { dn, changes } => (dn, changes.len(), changes.iter().map(|(_, one)| one.bytes()).sum()),
        LdapWrite::Delete { dn } => (dn, 0, 0_u64),
    };
    let fault = if number > LDAP_ATTRIBUTES_MAX {
        LdapFault::TooLarge(LDAP_ATTRIBUTES_MAX as u64)
    } else if bytes > LDAP_BYTES_MAX {
        LdapFault::TooLarge(LDAP_BYTES_MAX)
    } else if dn.len() > LDAP_TEXT_BYTES_MAX {
        LdapFault::TooLarge(LDAP_TEXT_BYTES_MAX as u64)
    } else {
        return None;
    };
    cut(dn, LDAP_TEXT_BYTES_MAX);
    match write {
        LdapWrite::Add { attributes, .. } => attributes.clear(),
        LdapWrite::Modify { changes, .. } => changes.clear(),
        LdapWrite::Delete { .. } => {}
    }
    Some(fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::{LdapAttribute, LdapScope};
    use crate::package::Method;

    fn request(change: impl FnOnce(&mut HttpRequest)) -> (HttpRequest, Option<HttpFault>) {
        let (connection, path) = ("api".to_owned(), "/Users".to_owned());
        let mut request = HttpRequest { connection, method: Method::Post, path, headers: vec![], body: None };
        change(&mut request);
        let fault = http(&mut request);
        (request, fault)
    }

    #[test]
    fn nothing_is_left_of_a_request_that_is_too_large() {
        let long = |bytes| "x".repeat(bytes);
        let (kept, fault) = request(|request| request.path = long(HTTP_PATH_BYTES_MAX + 1));
        assert!(matches!(fault, Some(HttpFault::Denied(why)) if why.contains("8193 bytes is too long")));
        assert_eq!(kept.path.len(), HTTP_PATH_BYTES_MAX);
        let (kept, fault) = request(|request| request.headers = vec![("x".to_owned(), long(HTTP_HEADER_BYTES_MAX))]);
        assert_eq!((kept.headers.len(), fault), (0, Some(HttpFault::TooLarge(HTTP_HEADER_BYTES_MAX as u64))));
        let (kept, fault) = request(|request| request.headers = vec![<_>::default(); HTTP_HEADERS_MAX + 1]);
        assert_eq!((kept.headers.len(), fault), (0, Some(HttpFault::TooLarge(HTTP_HEADER_BYTES_MAX as u64))));
        let (kept, fault) = request(|request| request.body = Some(vec![0; HTTP_BODY_BYTES_MAX + 1]));
        assert_eq!((kept.body, fault), (None, Some(HttpFault::TooLarge(HTTP_BODY_BYTES_MAX as u64))));
        let (kept, fault) = request(|request| request.connection = "é".repeat(1_000_000));
        assert_eq!((kept.connection.len(), fault), (STRAY_NAME_BYTES_MAX, None));
        let (kept, fault) = request(|request| request.body = Some(vec![0; HTTP_BODY_BYTES_MAX]));
        assert_eq!((kept.body.map(|body| body.len()), fault), (Some(HTTP_BODY_BYTES_MAX), None));
    }

    #[test]
    fn nothing_is_left_of_a_search_that_is_too_large() {
        let long = || "x".repeat(LDAP_TEXT_BYTES_MAX + 1);
        let text_fault = || Some(LdapFault::TooLarge(LDAP_TEXT_BYTES_MAX as u64));
        type Change = fn(&mut LdapSearch, String);
        let changes: [(Change, Option<LdapFault>); 5] = [
            (|search, long| search.base = long, text_fault()),
            (|search, long| search.filter = long, text_fault()),
            (|search, long| search.attributes = vec![long], text_fault()),
            (|search, long| search.cursor = Some(long), Some(LdapFault::CursorExpired)),
            (
                |search, _| search.attributes = vec![String::new(); LDAP_ATTRIBUTES_MAX + 1],
                Some(LdapFault::TooLarge(LDAP_ATTRIBUTES_MAX as u64)),
            ),
        ];
        for (change, wanted) in changes {
            let mut search = LdapSearch {
                connection: "directory".to_owned(),
                base: "dc=a".to_owned(),
                scope: LdapScope::Base,
                filter: "(cn=a)".to_owned(),
                attributes: vec![],
                page_size: 0,
                cursor: None,
            };
            assert_eq!(ldap_search(&mut search), None);
            change(&mut search, long());
            assert_eq!(ldap_search(&mut search), wanted);
            assert!(search.base.len().max(search.filter.len()) <= LDAP_TEXT_BYTES_MAX);
            assert!(search.attributes.is_empty() && search.cursor.is_none());
        }
    }

    #[test]
    fn changes_are_bounded_in_number_and_size() {
        let attribute = |bytes| LdapAttribute { name: "cn".to_owned(), values: vec![vec![0; bytes]] };
        let add = |attributes| {
            let mut write = LdapWrite::Add { dn: "dc=a".to_owned(), attributes };
            let fault = ldap_write(&mut write);
            assert!(fault.is_none() || matches!(write, LdapWrite::Add { attributes, .. } if attributes.is_empty()));
            fault
        };
        assert_eq!(add(vec![attribute(1)]), None);
        let many = vec![attribute(1); LDAP_ATTRIBUTES_MAX + 1];
        assert_eq!(add(many), Some(LdapFault::TooLarge(LDAP_ATTRIBUTES_MAX as u64)));
        let large = usize::try_from(LDAP_BYTES_MAX).unwrap();
        assert_eq!(add(vec![attribute(large)]), Some(LdapFault::TooLarge(LDAP_BYTES_MAX)));
        let mut write = LdapWrite::Delete { dn: "x".repeat(LDAP_TEXT_BYTES_MAX + 1) };
        assert_eq!(ldap_write(&mut write), Some(LdapFault::TooLarge(LDAP_TEXT_BYTES_MAX as u64)));
    }
}
