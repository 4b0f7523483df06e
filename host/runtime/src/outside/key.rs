//! A private key that signs assertions: read from PEM, checked before it is kept, used at the last moment.
//!
//! No error repeats anything of the text, which may be a key all the same.

use reeve_core::inventory::JwtAlgorithm;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

pub(super) enum SigningKey {
    Rsa { pair: Box<RsaKeyPair>, encoding: &'static dyn RsaEncoding },
    Ec(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// Reads a key that can sign by `algorithm`. The error says what is there instead, and what to do.
    pub(super) fn from_pem(pem: &str, algorithm: JwtAlgorithm) -> Result<Self, String> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| format!("it is {}", instead(pem)))?;
        let der = Zeroizing::new(der);
        match (algorithm, &*der) {
            (JwtAlgorithm::RS256 | JwtAlgorithm::PS256, der) => {
                let pair = match der {
                    PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
                    PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
                    _ => return Err(format!("{} needs an RSA key, and it is another kind of key", algorithm.name())),
                };
                let pair = pair.map_err(|why| {
                    format!(
                        "{} needs an RSA key of 2048 to 4096 bits, and it is not one ({why}). Make one: `openssl \
                         genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out key.pem`",
                        algorithm.name()
                    )
                })?;
                let encoding: &'static dyn RsaEncoding = match algorithm {
                    JwtAlgorithm::PS256 => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                Ok(Self::Rsa { pair: Box::new(pair), encoding })
            }
            (JwtAlgorithm::ES256, PrivateKeyDer::Pkcs8(key)) => {
                let pair = EcdsaKeyPair::from_pkcs8(
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    key.secret_pkcs8_der(),
                    &SystemRandom::new(),
                );
                let pair =
                    pair.map_err(|why| format!("ES256 needs a key on the curve P-256, and it is not one ({why})"))?;
                Ok(Self::Ec(Box::new(pair)))
            }
            (JwtAlgorithm::ES256, PrivateKeyDer::Sec1(_)) => Err("it is an EC key in its older form (SEC 1). Turn it \
                 into PKCS#8: `openssl pkcs8 -topk8 -nocrypt -in key.pem`"
                .to_owned()),
            (JwtAlgorithm::ES256, _) => Err("ES256 needs a key on the curve P-256, and it is an RSA key".to_owned()),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let random = SystemRandom::new();
        let failed = |_| "the assertion can't be signed; the machine gives no randomness".to_owned();
        match self {
            Self::Rsa { pair, encoding } => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Self::Ec(pair) => Ok(pair.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
        }
    }
}

/// What stands where a private key should, as far as the marks of PEM tell.
fn instead(pem: &str) -> &'static str {
    let holds = |mark: &str| pem.contains(mark);
    if holds("-----BEGIN ENCRYPTED PRIVATE KEY") || holds("Proc-Type: 4,ENCRYPTED") {
        "a key under a passphrase, which nobody could type here. Take the passphrase off: `openssl pkcs8 -topk8 \
         -nocrypt -in key.pem`; Reeve seals it under its own key file"
    } else if holds("-----BEGIN OPENSSH PRIVATE KEY") {
        "a key of OpenSSH. Write it as PEM: `ssh-keygen -p -m PKCS8 -f FILE`"
    } else if holds("-----BEGIN CERTIFICATE-----") {
        "a certificate. The target gets that one, and Reeve the private key that belongs to it"
    } else if holds("-----BEGIN PUBLIC KEY-----") {
        "a public key. The target gets that one, and Reeve the private key that belongs to it"
    } else if holds("-----BEGIN ") {
        "damaged, or no private key. It must be one key in PEM, PKCS#8 or PKCS#1, from its `-----BEGIN` line to its \
         `-----END` line"
    } else {
        "no private key in PEM, which starts with a line `-----BEGIN PRIVATE KEY-----`. Give it as a file: `reeve \
         secret set NAME < key.pem`"
    }
}
