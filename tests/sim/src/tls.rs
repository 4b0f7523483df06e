//! Encryption for a stand-in, under an authority made at its start. The authority's key is gone once the one
//! certificate is signed, so that whoever trusts the authority trusts this stand-in and nothing else.

use crate::SimError;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// Names under which every stand-in can be reached.
const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// How a stand-in encrypts.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Where the authority's certificate goes, as PEM: what a client trusts.
    pub roots_out: Option<PathBuf>,
    /// Names in the certificate beside those of this machine.
    pub names: Vec<String>,
}

/// The certificate at work, and the authority that signed it.
pub(crate) struct Identity {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) roots_pem: String,
}

impl Tls {
    pub(crate) fn issue(&self) -> Result<Identity, SimError> {
        let identity = self.sign().map_err(|fault| SimError::Tls(fault.to_string()))?;
        if let Some(path) = &self.roots_out {
            // Whoever waits for the file finds it whole.
            let new = path.with_extension("new");
            let written = fs::write(&new, &identity.roots_pem).and_then(|()| fs::rename(&new, path));
            written.map_err(SimError::file(path))?;
        }
        Ok(identity)
    }

    fn sign(&self) -> Result<Identity, Box<dyn std::error::Error>> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.distinguished_name.push(DnType::CommonName, "throw-away authority of a stand-in");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate()?;
        let roots = authority.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority, authority_key);

        let names = LOOPBACK_NAMES.iter().map(|name| (*name).to_owned()).chain(self.names.iter().cloned());
        let mut own = CertificateParams::new(names.collect::<Vec<_>>())?;
        own.distinguished_name.push(DnType::CommonName, "stand-in");
        own.use_authority_key_identifier_extension = true;
        own.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let own_key = KeyPair::generate()?;
        let certificate = own.signed_by(&own_key, &issuer)?;

        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Identity { config: Arc::new(config), roots_pem: pem_of(roots.der()) })
    }
}

/// RFC 7468.
fn pem_of(der: &[u8]) -> String {
    const LINE_CHARS: usize = 64;
    let text = BASE64_STANDARD.encode(der);
    let lines = text.as_bytes().chunks(LINE_CHARS).map(|line| format!("{}\n", String::from_utf8_lossy(line)));
    format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", lines.collect::<String>())
}
