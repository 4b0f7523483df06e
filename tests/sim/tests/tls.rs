//! Stand-ins over TLS: trusted through the authority that they hand out, and through nothing else.
#![expect(clippy::unwrap_used, reason = "tests")]

use reeve_sim::misbehaviour::{Act, Rule, Work};
use reeve_sim::scim::{Options, Scim};
use reeve_sim::{Setup, StandIn, Tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

async fn stand_in(names: &[&str]) -> StandIn {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let setup = Setup { tls: Some(Tls { names, roots_out: None }), ..Setup::default() };
    StandIn::start(Scim::new(Options::default()).unwrap(), setup).await.unwrap()
}

/// One request, by a client that trusts these roots and expects this name.
fn ask(of: &StandIn, roots: &str, name: &str) -> std::io::Result<String> {
    ask_at(of.address(), roots, name)
}

fn ask_at(address: SocketAddr, roots: &str, name: &str) -> std::io::Result<String> {
    let mut trusted = RootCertStore::empty();
    trusted.add(CertificateDer::from_pem_slice(roots.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(trusted).with_no_client_auth());
    let client = ClientConnection::new(config, ServerName::try_from(name.to_owned()).unwrap()).unwrap();
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut stream = StreamOwned::new(client, socket);
    write!(stream, "GET /scim/v2/ServiceProviderConfig HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_reaches_it_by_each_of_its_names_and_links_lead_back() {
    let stand_in = stand_in(&["login.salesforce.com"]).await;
    let roots = stand_in.roots_pem().unwrap();
    for name in ["127.0.0.1", "localhost", "::1", "login.salesforce.com"] {
        let answer = ask(&stand_in, roots, name).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains(&format!("{}/ServiceProviderConfig", stand_in.url())), "{answer}");
    }
    assert!(stand_in.url().starts_with("https://127.0.0.1:"));
    assert!(ask(&stand_in, roots, "example.com").unwrap_err().to_string().contains("certificate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_stand_ins_authority_is_not_enough_and_neither_is_no_tls() {
    let (one, other) = (stand_in(&[]).await, stand_in(&[]).await);
    let refused = ask(&one, other.roots_pem().unwrap(), "127.0.0.1").unwrap_err();
    assert!(refused.to_string().contains("certificate"), "{refused}");
    let mut socket = TcpStream::connect(one.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    let _ = socket.read_to_end(&mut bytes);
    assert!(!bytes.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&bytes));
    // A client that is stuck in its handshake holds up nobody.
    let _idle = TcpStream::connect(one.address()).unwrap();
    assert!(ask(&one, one.roots_pem().unwrap(), "localhost").is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn its_connections_are_cut_as_those_in_the_clear_are() {
    let stand_in = stand_in(&[]).await;
    stand_in.rules().add([Rule::new(Act::Close { work: Work::Done })]);
    let cut = ask(&stand_in, stand_in.roots_pem().unwrap(), "127.0.0.1").unwrap_err();
    assert_eq!(cut.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn the_program_writes_its_authority_before_it_says_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    let mut program = Command::new(env!("CARGO_BIN_EXE_reeve-sim"))
        .args(["scim", "--tls-names", "scim.example.com", "--tls-roots-out"])
        .arg(&roots)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("serving https://").and_then(|rest| rest.strip_suffix("/scim/v2"));
    let pem = fs::read_to_string(&roots).unwrap();
    let answer = ask_at(address.unwrap().parse().unwrap(), &pem, "scim.example.com");
    program.kill().unwrap();
    program.wait().unwrap();
    assert!(answer.unwrap().starts_with("HTTP/1.1 200"));
}
