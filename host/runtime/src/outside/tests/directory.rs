//! A directory written by hand, so that it can break every rule. A real one is a matter for the tests of the plugin.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const MANIFEST: &str = r#"
id = "ldap"
version = "0.1.0"
contract = "0.1.0"
name = "LDAP"
summary = "A sample."
exports = ["descriptor", "reader"]

[[connection]]
name = "directory"
kind = "ldap"
purpose = "Reads people."
operations = ["search", "modify"]
auth = ["none", "simple-bind"]
"#;

const SEQUENCE: u8 = 0x30;
const BIND: u8 = 0x60;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const MODIFY: u8 = 0x66;
const PAGED: &[u8] = b"1.2.840.113556.1.4.319";

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82][..], &length, content].concat()
}

fn message(id: u8, operation: u8, content: &[u8], controls: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[&tlv(2, &[id])[..], &tlv(operation, content), controls].concat())
}

fn result(code: u8, text: &[u8]) -> Vec<u8> {
    [tlv(0x0a, &[code]), tlv(4, b""), tlv(4, text)].concat()
}

fn person(name: &[u8]) -> Vec<u8> {
    let value = tlv(0x31, &tlv(4, &[0xff, 0x00]));
    let attribute = tlv(SEQUENCE, &[tlv(4, b"guid"), value].concat());
    [tlv(4, &[b"cn=", name, b",dc=example"].concat()), tlv(SEQUENCE, &attribute)].concat()
}

fn paged(cookie: &[u8]) -> Vec<u8> {
    let value = tlv(SEQUENCE, &[tlv(2, &[0]), tlv(4, cookie)].concat());
    tlv(0xa0, &tlv(SEQUENCE, &[tlv(4, PAGED), tlv(4, &value)].concat()))
}

/// What the directory does with an operation: bytes to send, or none to hang up. It gets the message id, the
/// operation's tag, the whole request, and the connection's number.
type Answer = dyn Fn(u8, u8, &[u8], usize) -> Vec<u8> + Send + Sync;

struct Directory {
    port: u16,
    connections: Arc<AtomicUsize>,
    operations: Arc<AtomicUsize>,
}

impl Directory {
    async fn start(answer: impl Fn(u8, u8, &[u8], usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, operations) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (opened, done, answer) = (connections.clone(), operations.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = opened.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, number, done.clone(), answer.clone()));
            }
        });
        Self { port, connections, operations }
    }

    fn outside(&self, world: &World, auth: &str) -> Outside {
        let text = format!(
            "[connections.directory]\nkind = \"ldap\"\nurl = \"ldap://127.0.0.1:{}\"\nbase = \"dc=example\"\n\
             private-addresses = true\n{auth}",
            self.port
        );
        world.bind_to(MANIFEST, &text, Patience::default()).unwrap()
    }
}

async fn serve(mut stream: TcpStream, number: usize, operations: Arc<AtomicUsize>, answer: Arc<Answer>) {
    loop {
        // The requests of these tests are short, so their lengths take one byte.
        let mut head = [0; 2];
        if stream.read_exact(&mut head).await.is_err() {
            return;
        }
        let mut content = vec![0; usize::from(head[1])];
        stream.read_exact(&mut content).await.unwrap();
        operations.fetch_add(1, Ordering::SeqCst);
        let bytes = answer(content[2], content[3], &content, number);
        if bytes.is_empty() || stream.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

fn search(page_size: u32, cursor: Option<String>) -> LdapSearch {
    LdapSearch {
        connection: "directory".to_owned(),
        base: "dc=example".to_owned(),
        scope: LdapScope::Subtree,
        filter: "(cn=*)".to_owned(),
        attributes: vec!["guid".to_owned()],
        page_size,
        cursor,
    }
}

fn change() -> LdapWrite {
    let attribute = LdapAttribute { name: "l".to_owned(), values: vec![b"x".to_vec()] };
    LdapWrite::Modify { dn: "cn=a,dc=example".to_owned(), changes: vec![(LdapChangeKind::Replace, attribute)] }
}

/// Two pages, and a cookie that only the connection that it was given on knows.
fn two_pages(id: u8, operation: u8, request: &[u8], connection: usize) -> Vec<u8> {
    assert_eq!(operation, SEARCH);
    let cookie = [b"cookie-", connection.to_string().as_bytes()].concat();
    let second = request.windows(cookie.len()).any(|part| part == cookie);
    let (name, cookie): (&[u8], &[u8]) = if second { (b"b", b"") } else { (b"a", &cookie) };
    [message(id, ENTRY, &person(name), b""), message(id, SEARCH_DONE, &result(0, b""), &paged(cookie))].concat()
}

#[tokio::test]
async fn a_listing_stays_on_its_connection_from_page_to_page() {
    let directory = Directory::start(two_pages).await;
    let outside = directory.outside(&World::new(), "");
    // Two listings at once, so that a cookie on the wrong connection would be noticed.
    let first = outside.ldap_search(&mut Spent::new(), search(1, None)).await.unwrap();
    let other = outside.ldap_search(&mut Spent::new(), search(1, None)).await.unwrap();
    for page in [&first, &other] {
        assert_eq!(page.entries[0].dn, "cn=a,dc=example");
        assert_eq!(page.entries[0].attributes[0].values, [vec![0xff, 0x00]]);
    }
    for page in [other, first] {
        let last = outside.ldap_search(&mut Spent::new(), search(1, page.next.clone())).await.unwrap();
        assert_eq!((last.entries[0].dn.as_str(), last.next), ("cn=b,dc=example", None));
        // A cursor is good for one use.
        let again = outside.ldap_search(&mut Spent::new(), search(1, page.next)).await;
        assert_eq!(again, Err(LdapFault::CursorExpired));
    }
    assert_eq!(directory.connections.load(Ordering::SeqCst), 2);
    outside.ldap_search(&mut Spent::new(), search(1, None)).await.unwrap();
    assert_eq!(directory.connections.load(Ordering::SeqCst), 2, "a connection that is free is used again");
}

#[tokio::test]
async fn a_cursor_of_another_search_or_of_nobody_has_expired() {
    let directory = Directory::start(two_pages).await;
    let outside = directory.outside(&World::new(), "");
    for cursor in ["", "made up", &"0".repeat(32), &"x".repeat(100_000)] {
        let page = outside.ldap_search(&mut Spent::new(), search(1, Some(cursor.to_owned()))).await;
        assert_eq!(page, Err(LdapFault::CursorExpired));
    }
    let page = outside.ldap_search(&mut Spent::new(), search(1, None)).await.unwrap();
    let other = LdapSearch { filter: "(uid=*)".to_owned(), ..search(1, page.next) };
    assert_eq!(outside.ldap_search(&mut Spent::new(), other).await, Err(LdapFault::CursorExpired));
}

#[tokio::test]
async fn listings_that_nobody_goes_on_with_give_way_to_new_ones() {
    let directory = Directory::start(two_pages).await;
    let outside = directory.outside(&World::new(), "");
    let mut cursors = Vec::new();
    for _ in 0..=crate::limits::LDAP_SESSIONS_MAX {
        cursors.push(outside.ldap_search(&mut Spent::new(), search(1, None)).await.unwrap().next);
    }
    let oldest = outside.ldap_search(&mut Spent::new(), search(1, cursors.remove(0))).await;
    assert_eq!(oldest, Err(LdapFault::CursorExpired));
    assert!(outside.ldap_search(&mut Spent::new(), search(1, cursors.remove(0))).await.is_ok());
}

#[tokio::test]
async fn what_is_outside_of_the_base_or_not_asked_for_never_leaves() {
    let directory = Directory::start(two_pages).await;
    let outside = directory.outside(&World::new(), "");
    let mut spent = Spent::new();
    for base in ["", "dc=other", "dc=example,dc=org", "cn=x\\,dc=example", "dc=example;dc=org", "nonsense"] {
        let page = outside.ldap_search(&mut spent, LdapSearch { base: base.to_owned(), ..search(0, None) }).await;
        assert!(matches!(page, Err(LdapFault::Denied(_))), "{base}: {page:?}");
    }
    for filter in ["cn=*)(x=*", &"(!".repeat(8_000)] {
        let page = outside.ldap_search(&mut spent, LdapSearch { filter: filter.to_owned(), ..search(0, None) }).await;
        assert!(matches!(page, Err(LdapFault::Denied(_))), "{page:?}");
    }
    let write = LdapWrite::Delete { dn: "cn=a,dc=example".to_owned() };
    match outside.ldap_write(&mut spent, "directory", write).await {
        Err(LdapFault::Denied(why)) => assert!(why.contains("\"delete\" in `operations`"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(directory.connections.load(Ordering::SeqCst), 0);
    assert!(!spent.reached());
}

#[tokio::test]
async fn a_refusal_is_the_directorys_own_words() {
    let directory = Directory::start(|id, operation, _, _| {
        assert_eq!(operation, MODIFY);
        message(id, MODIFY + 1, &result(65, b"object class 'x' requires 'y'"), b"")
    })
    .await;
    let outside = directory.outside(&World::new(), "");
    let mut spent = Spent::new();
    let refused = outside.ldap_write(&mut spent, "directory", change()).await;
    let message = "object class 'x' requires 'y'".to_owned();
    assert_eq!(refused, Err(LdapFault::Refused { code: 65, message }));
    assert!(spent.reached());
}

#[tokio::test]
async fn a_sign_in_comes_first_and_its_refusal_names_no_secret() {
    let directory = Directory::start(|id, operation, request, _| {
        assert_eq!(operation, BIND);
        assert!(request.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));
        message(id, BIND + 1, &result(49, CANARY.as_bytes()), b"")
    })
    .await;
    let world = World::new();
    let auth = "[connections.directory.auth]\nscheme = \"simple-bind\"\nbind-dn = \"cn=reeve\"";
    let outside = directory.outside(&world, auth);
    let unset = outside.ldap_write(&mut Spent::new(), "directory", change()).await;
    assert!(matches!(unset, Err(LdapFault::AuthFailed(why)) if why.contains("crm/directory/password")));
    assert_eq!(directory.connections.load(Ordering::SeqCst), 0);
    world.sealed.set("directory", "password", CANARY);
    let mut spent = Spent::new();
    let refused = outside.ldap_write(&mut spent, "directory", change()).await;
    assert!(matches!(&refused, Err(LdapFault::AuthFailed(why)) if why.contains("49")), "{refused:?}");
    let journal = String::from_utf8(spent.journal().bytes()).unwrap();
    assert!(!spent.reached() && !format!("{refused:?}{journal}").contains(CANARY));
    assert_eq!(directory.operations.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn answers_that_are_cut_off_or_make_no_sense_are_lost_and_harm_nobody() {
    let deep = || (0..2_000).fold(Vec::new(), |inner, _| tlv_long(&inner));
    for bytes in [
        Vec::new(),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        message(2, MODIFY + 1, b"", b"")[..5].to_vec(),
        // Sound as BER, and no answer: these make the library's parser panic.
        message(1, MODIFY + 1, b"", b""),
        message(1, ENTRY, b"", b""),
        message(1, 0x78, &[], &tlv(0xa0, &tlv(SEQUENCE, b""))),
        tlv(SEQUENCE, b""),
        tlv(SEQUENCE, &tlv(4, b"x")),
        deep(),
    ] {
        let sent = bytes.clone();
        let once = AtomicUsize::new(0);
        // It hangs up after its answer.
        let directory = Directory::start(move |_, _, _, _| match once.fetch_add(1, Ordering::SeqCst) {
            0 => sent.clone(),
            _ => Vec::new(),
        })
        .await;
        let patience = Patience { request: Duration::from_millis(300), ..Patience::default() };
        let text = format!(
            "[connections.directory]\nkind = \"ldap\"\nurl = \"ldap://127.0.0.1:{}\"\nbase = \"dc=example\"\n\
             private-addresses = true",
            directory.port
        );
        let outside = World::new().bind_to(MANIFEST, &text, patience).unwrap();
        let mut spent = Spent::new();
        let lost = outside.ldap_write(&mut spent, "directory", change()).await;
        assert!(matches!(lost, Err(LdapFault::AnswerLost(_))), "{:?}: {lost:?}", &bytes[..bytes.len().min(20)]);
        assert!(spent.reached());
    }
}

fn tlv_long(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[SEQUENCE, 0x84][..], &length, content].concat()
}

#[tokio::test]
async fn a_directory_that_nobody_runs_or_that_is_private_is_told_apart() {
    let world = World::new();
    let bind = |more: &str| {
        let text = format!("[connections.directory]\nkind = \"ldap\"\nbase = \"dc=example\"\n{more}");
        world.bind_to(MANIFEST, &text, Patience::default()).unwrap()
    };
    let mut spent = Spent::new();
    let nobody = bind(&format!("url = \"ldap://127.0.0.1:{NOBODY}\"\nprivate-addresses = true"));
    let fault = nobody.ldap_write(&mut spent, "directory", change()).await;
    assert!(matches!(fault, Err(LdapFault::Unreachable(_))), "{fault:?}");
    let fault = bind("url = \"ldaps://localhost\"").ldap_write(&mut spent, "directory", change()).await;
    assert!(matches!(&fault, Err(LdapFault::Denied(why)) if why.contains("private-addresses")), "{fault:?}");
    assert!(!spent.reached());
}
