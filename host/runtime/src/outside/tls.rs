//! Whom a connection trusts: the platform's authorities, or those of the connection's own PEM file and no others.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::{Arc, OnceLock};

static PLATFORM: OnceLock<Result<Arc<RootCertStore>, String>> = OnceLock::new();

/// A client configuration for TLS 1.2 and 1.3 that checks names and chains.
pub(super) fn config(roots_file: Option<&Path>) -> Result<ClientConfig, String> {
    let roots = match roots_file {
        Some(path) => Arc::new(from_file(path)?),
        None => PLATFORM.get_or_init(platform).clone()?,
    };
    Ok(builder()?.with_root_certificates(roots).with_no_client_auth())
}

/// For a connection without TLS: it trusts nobody.
pub(super) fn none() -> Result<ClientConfig, String> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, String> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS can't be set up: {error}"))
}

fn platform() -> Result<Arc<RootCertStore>, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(format!(
            "this machine has no certificate authorities{why}; install its package `ca-certificates`, or name a PEM \
             file as `tls-roots` of the connection"
        ));
    }
    Ok(Arc::new(roots))
}

fn from_file(path: &Path) -> Result<RootCertStore, String> {
    let wrong = |why: String| format!("the file of `tls-roots`, {}, can't be used: {why}", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it holds no certificate in PEM".to_owned()));
    }
    Ok(roots)
}
