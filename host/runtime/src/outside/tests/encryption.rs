//! TLS as a client must do it: the right authority, the right name, and nothing believed that came before it.

use super::*;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::PathBuf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// An answer to StartTLS: success.
const START_TLS_ANSWER: &[u8] = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
/// An answer to the modify that follows on message 1: success.
const MODIFY_ANSWER: &[u8] = b"\x30\x0c\x02\x01\x01\x67\x07\x0a\x01\x00\x04\x00\x04\x00";

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/outside/tests/certificates").join(name)
}

fn acceptor(certificate: &str) -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_file(file(certificate)).unwrap()];
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()))
}

/// Serves every connection with `serve`, and says on which port.
async fn listen<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    port
}

/// A target that has this certificate, and says on which port.
async fn target(certificate: &'static str) -> u16 {
    listen(move |stream| async move {
        let Ok(mut stream) = acceptor(certificate).accept(stream).await else { return };
        let mut head = [0; 1024];
        if stream.read(&mut head).await.is_ok_and(|bytes| bytes > 0) {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.ok();
            stream.shutdown().await.ok();
        }
    })
    .await
}

#[tokio::test]
async fn only_the_connections_own_authority_the_right_name_and_the_right_time_will_do() {
    for (certificate, host, roots, why) in [
        ("server.pem", "localhost", Some("authority.pem"), None),
        ("server.pem", "127.0.0.1", Some("authority.pem"), None),
        ("server.pem", "localhost", Some("other-authority.pem"), Some("UnknownIssuer")),
        ("server.pem", "localhost", None, Some("UnknownIssuer")),
        ("server.pem", "[::ffff:127.0.0.1]", Some("authority.pem"), Some("not valid for name")),
        ("self-signed.pem", "localhost", Some("authority.pem"), Some("UnknownIssuer")),
        ("expired.pem", "localhost", Some("authority-of-times.pem"), Some("expired")),
        ("early.pem", "localhost", Some("authority-of-times.pem"), Some("not valid yet")),
    ] {
        let port = target(certificate).await;
        let roots = roots.map(|name| format!("tls-roots = \"{}\"", file(name).display())).unwrap_or_default();
        let text = format!("base-url = \"https://{host}:{port}\"\nprivate-addresses = true\n{roots}");
        let mut spent = Spent::new();
        let outside = World::new().bind(&text).unwrap();
        let answer = outside.http(&mut spent, request(Method::Post, "/Users")).await;
        match (answer, why) {
            (Ok(answer), None) => assert_eq!(answer.body, b"{}"),
            (Err(HttpFault::Unreachable(text)), Some(why)) => assert!(text.contains(why), "{certificate}: {text}"),
            (answer, _) => panic!("{certificate}, {host}, {roots}: {answer:?}"),
        }
        assert_eq!(spent.reached(), why.is_none());
    }
}

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
operations = ["modify"]
auth = ["none"]
"#;

/// A modify through StartTLS, at a directory that answers in clear with `clear`.
async fn modify_after(clear: &'static [u8]) -> (Result<(), LdapFault>, bool) {
    let port = listen(move |mut stream| async move {
        let mut request = [0; 31];
        stream.read_exact(&mut request).await.unwrap();
        assert!(request.ends_with(b"1.3.6.1.4.1.1466.20037"));
        stream.write_all(clear).await.unwrap();
        let Ok(mut stream) = acceptor("server.pem").accept(stream).await else { return };
        let mut request = [0; 1024];
        if stream.read(&mut request).await.is_ok_and(|bytes| bytes > 0) {
            stream.write_all(MODIFY_ANSWER).await.ok();
            stream.flush().await.ok();
        }
        // Until the client hangs up.
        while stream.read(&mut request).await.is_ok_and(|bytes| bytes > 0) {}
    })
    .await;
    let text = format!(
        "[connections.directory]\nkind = \"ldap\"\nurl = \"ldap://localhost:{port}\"\nbase = \"dc=example\"\n\
         start-tls = true\nprivate-addresses = true\ntls-roots = \"{}\"",
        file("authority.pem").display()
    );
    let outside = World::new().bind_to(MANIFEST, &text, Patience::default()).unwrap();
    let attribute = LdapAttribute { name: "l".to_owned(), values: vec![b"x".to_vec()] };
    let changes = vec![(LdapChangeKind::Replace, attribute)];
    let mut spent = Spent::new();
    let write = LdapWrite::Modify { dn: "cn=a,dc=example".to_owned(), changes };
    let outcome = outside.ldap_write(&mut spent, "directory", write).await;
    (outcome, spent.reached())
}

#[tokio::test]
async fn nothing_goes_to_a_directory_before_tls_has_started() {
    assert_eq!(modify_after(START_TLS_ANSWER).await, (Ok(()), true));
    // Refused, no answer to it, no LDAP, and an answer to a later request smuggled in before the encryption.
    for clear in [
        b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00".as_slice(),
        b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00\x30\x0c\x02\x01\x01\x67\x07\x0a\x01\x00\x04\x00\x04\x00",
    ] {
        let (outcome, reached) = modify_after(clear).await;
        assert!(matches!(outcome, Err(LdapFault::Unreachable(_))), "{clear:?}: {outcome:?}");
        assert!(!reached);
    }
}
