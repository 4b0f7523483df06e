//! Keys and signatures of another library: the program `openssl` makes the keys and checks what was signed with them.

use crate::testing::Folder;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::path::PathBuf;
use std::process::Command;

fn openssl(args: &[&str]) -> bool {
    Command::new("openssl").args(args).output().expect("the tests need the program openssl").status.success()
}

/// A private key in a file, with its public half beside it.
pub struct Key {
    folder: Folder,
    pub pem: String,
}

impl Key {
    /// `make` is what `openssl genpkey` and `openssl pkey` are told to make it and to write it.
    pub fn new(make: &[&str], write: &[&str]) -> Self {
        let folder = Folder::new();
        let path = |name: &str| folder.path(name).to_str().unwrap().to_owned();
        let (made, written, public) = (path("made.pem"), path("key.pem"), path("public.pem"));
        assert!(openssl(&[&["genpkey", "-out", &made][..], make].concat()));
        assert!(openssl(&[&["pkey", "-in", &made, "-out", &written][..], write].concat()));
        assert!(openssl(&["pkey", "-in", &made, "-pubout", "-out", &public]));
        let pem = std::fs::read_to_string(&written).unwrap();
        Self { folder, pem }
    }

    pub fn rsa(bits: u32) -> Self {
        Self::new(&["-algorithm", "RSA", "-pkeyopt", &format!("rsa_keygen_bits:{bits}")], &[])
    }

    pub fn ec(curve: &str, write: &[&str]) -> Self {
        Self::new(&["-algorithm", "EC", "-pkeyopt", &format!("ec_paramgen_curve:{curve}")], write)
    }

    pub fn public_pem(&self) -> String {
        std::fs::read_to_string(self.folder.path("public.pem")).unwrap()
    }

    /// Whether the signature of a JWT is of this key, by the algorithm of that name.
    pub fn signed(&self, jwt: &str, algorithm: &str) -> bool {
        let (message, signature) = jwt.rsplit_once('.').unwrap();
        let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        if algorithm == "ES256" {
            signature = der(&signature);
        }
        let file = |name: &str, bytes: &[u8]| {
            let path: PathBuf = self.folder.path(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (message, signature) = (file("message", message.as_bytes()), file("signature", &signature));
        let public = self.folder.path("public.pem").to_str().unwrap().to_owned();
        let pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"];
        let padding: &[&str] = if algorithm == "PS256" { &pss } else { &[] };
        let check = ["dgst", "-sha256", "-verify", &public, "-signature", &signature];
        openssl(&[&check[..], padding, &[&message]].concat())
    }
}

/// The two numbers of an ECDSA signature as a SEQUENCE of INTEGERs, as openssl wants them.
fn der(fixed: &[u8]) -> Vec<u8> {
    assert_eq!(fixed.len(), 64);
    let integer = |half: &[u8]| {
        let start = half.iter().position(|byte| *byte != 0).unwrap();
        let mut number = half[start..].to_vec();
        if number[0] >= 0x80 {
            number.insert(0, 0);
        }
        [vec![2, number.len() as u8], number].concat()
    };
    let numbers = [integer(&fixed[..32]), integer(&fixed[32..])].concat();
    [vec![0x30, numbers.len() as u8], numbers].concat()
}
