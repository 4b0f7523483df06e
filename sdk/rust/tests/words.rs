//! Cursors, moments and escaping: small things that break large listings.

use reeve_sdk::{Failure, LdapError, Page, PageRequest, ldap, time};

#[test]
fn a_cursor_comes_back_as_it_was_given_and_a_foreign_one_restarts_the_listing() {
    let page = Page::more(vec![1], &(7_u64, "x")).unwrap();
    let next = PageRequest { cursor: page.state().next.clone(), size: 1 };
    assert_eq!(next.cursor::<(u64, String)>().unwrap(), Some((7, "x".to_owned())));
    assert_eq!(next.cursor::<Vec<bool>>(), Err(Failure::CursorExpired));
    assert!(!page.state().complete && Page::<u8>::last(vec![]).state().complete);
}

#[test]
fn moments_get_an_offset_or_are_refused() {
    assert_eq!(time::instant("2026-01-01T10:00:00.000+0000").as_deref(), Some("2026-01-01T10:00:00.000+00:00"));
    assert_eq!(time::instant("2026-01-01 10:00:00z").as_deref(), Some("2026-01-01T10:00:00Z"));
    for bad in ["2026-01-01T10:00:00", "2026-02-30T10:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T10:00:00.Z", "now"] {
        assert_eq!(time::instant(bad), None, "{bad}");
    }
}

#[test]
fn seconds_become_dates_over_leap_years_and_before_1970() {
    assert_eq!(time::from_unix(951_782_400), "2000-02-29T00:00:00Z");
    assert_eq!(time::from_unix(-1), "1969-12-31T23:59:59Z");
    assert_eq!(time::days_from_date(1601, 1, 1), -134_774);
    assert!(time::is_date(2024, 2, 29) && !time::is_date(2023, 2, 29) && !time::is_date(1900, 2, 29));
}

#[test]
fn a_name_cannot_break_out_of_a_filter_or_a_dn() {
    assert_eq!(ldap::escape_filter("*)(uid=\\"), "\\2a\\29\\28uid=\\5c");
    assert_eq!(ldap::escape_dn(" #a,b+c=\"d\";\\<é> "), "\\ #a\\,b\\+c\\=\\\"d\\\"\\;\\\\\\<é\\>\\ ");
    assert_eq!(ldap::escape_dn("#x"), "\\#x");
}

#[test]
fn directory_codes_keep_their_meaning() {
    let refused = |code| Failure::from(LdapError::Refused(ldap::Refusal { code, message: "x".into() }));
    assert!(matches!(refused(50), Failure::Forbidden(_)));
    assert!(matches!(refused(68), Failure::Conflict(_)));
    assert!(matches!(refused(65), Failure::RefusedByTarget(_)));
    assert!(matches!(refused(8), Failure::AuthFailed(_)));
    assert!(matches!(refused(80), Failure::OutcomeUnknown(_)));
    assert!(matches!(Failure::from(LdapError::AnswerLost("x".into())), Failure::OutcomeUnknown(_)));
}
