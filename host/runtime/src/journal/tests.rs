use super::*;
use crate::package::Method;

fn request(body: &[u8]) -> HttpRequest {
    HttpRequest {
        connection: "api".to_owned(),
        method: Method::Post,
        path: "/Users?q=hunter2-hunter2".to_owned(),
        headers: vec![("x-note".to_owned(), "hunter2-hunter2".to_owned())],
        body: Some(body.to_vec()),
    }
}

fn answer(body: Vec<u8>) -> Result<HttpAnswer, HttpFault> {
    Ok(HttpAnswer { status: 200, headers: vec![("x-echo".to_owned(), "hunter2-hunter2".to_owned())], body, rate: None })
}

fn knowing() -> Redactor {
    let redactor = Redactor::default();
    redactor.learn("hunter2-hunter2");
    redactor
}

#[test]
fn a_call_is_kept_in_order_without_secrets_and_reads_back_the_same() {
    let (mut journal, redactor) = (Journal::default(), knowing());
    journal.settings("{\"a\":1}");
    let slot = journal.http(&redactor, &request(b"hunter2-hunter2"));
    journal.http_came(slot, &redactor, &answer(b"\xff hunter2-hunter2".to_vec()));
    let slot = journal.http(&redactor, &request(b""));
    journal.http_came(slot, &redactor, &Err(HttpFault::AnswerLost("cut".to_owned())));
    journal.http(&redactor, &request(b"still under way"));
    journal.log("info", "done");
    let bytes = journal.bytes();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let read = Journal::parse(&bytes).unwrap();
    assert_eq!(read.entries, journal.entries);
    assert!(matches!(read.entries[2], Entry::Http { came: Came::Fault(HttpFault::AnswerLost(_)), .. }));
    assert!(matches!(read.entries[3], Entry::Http { came: Came::CutOff, .. }));
    let Entry::Http { came: Came::Answer(came), .. } = &read.entries[1] else { panic!("{:?}", read.entries[1]) };
    assert_eq!(came.body.kept.bytes().unwrap(), b"\xff [secret]");
}

#[test]
fn a_long_body_is_cut_and_named_by_its_digest() {
    let (mut journal, redactor) = (Journal::default(), Redactor::default());
    let body = vec![b'x'; JOURNAL_BODY_BYTES_MAX + 1];
    journal.http(&redactor, &request(&body));
    let Entry::Http { body: Some(kept), .. } = &journal.entries[0] else { panic!() };
    assert_eq!(kept.kept.bytes().unwrap().len(), JOURNAL_BODY_BYTES_MAX);
    assert_eq!(kept.whole.as_ref().unwrap(), &Digested::of(&body));
}

#[test]
fn bodies_heads_and_entries_are_bounded_together() {
    let (mut journal, redactor) = (Journal::default(), Redactor::default());
    for number in 0..JOURNAL_ENTRIES_MAX + 5 {
        // More than there is room for, and then small ones.
        let mut request =
            request(&[b'x'; JOURNAL_BODY_BYTES_MAX][..if number < 100 { JOURNAL_BODY_BYTES_MAX } else { 1 }]);
        request.headers = vec![("x-long".to_owned(), "y".repeat(if number < 100 { HTTP_HEADER_BYTES_MAX } else { 1 }))];
        let slot = journal.http(&redactor, &request);
        journal.http_came(slot, &redactor, &answer(Vec::new()));
    }
    assert_eq!(journal.not_kept, 5);
    assert!(matches!(journal.entries[99], Entry::LeftOut { .. }));
    let bytes = journal.bytes().len();
    assert!(bytes < JOURNAL_BYTES_MAX + HEADS_BYTES_MAX + 200 * JOURNAL_ENTRIES_MAX, "{bytes}");
}

#[test]
fn directory_pages_keep_binary_values() {
    use crate::outside::{LdapAttribute, LdapEntry};
    let (mut journal, redactor) = (Journal::default(), knowing());
    let attribute =
        LdapAttribute { name: "objectGUID".to_owned(), values: vec![vec![0xff, 0x00], b"hunter2-hunter2".to_vec()] };
    let page = LdapPage { entries: vec![LdapEntry { dn: "cn=a".to_owned(), attributes: vec![attribute] }], next: None };
    let search = LdapSearch {
        connection: "directory".to_owned(),
        base: "dc=example".to_owned(),
        scope: crate::outside::LdapScope::Subtree,
        filter: "(cn=*)".to_owned(),
        attributes: Vec::new(),
        page_size: 0,
        cursor: None,
    };
    let slot = journal.ldap_search(&redactor, &search);
    journal.ldap_search_came(slot, &redactor, &Ok(page));
    let Entry::LdapSearch { came: Came::Answer(body), .. } = &journal.entries[0] else { panic!() };
    let read: LdapPage = serde_json::from_slice(&body.kept.bytes().unwrap()).unwrap();
    assert_eq!(read.entries[0].attributes[0].values, [vec![0xff, 0x00], b"[secret]".to_vec()]);
}
