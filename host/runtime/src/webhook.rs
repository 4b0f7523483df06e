//! Messages that an HR system signs, as Standard Webhooks describes: HMAC-SHA-256 over `ID.TIMESTAMP.BODY` with a shared
//! key. The key is unsealed here and nowhere else.

use crate::vault::{SealedSecret, SecretName, Vault, VaultError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a key may begin with; the rest is base64.
const KEY_PREFIX: &str = "whsec_";
/// What a signature of this scheme begins with.
const SCHEME: &str = "v1,";
/// Signatures of one message that are looked at: while a key is changed there are two.
const SIGNATURES_MAX: usize = 8;

/// A message as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct SignedMessage<'a> {
    pub id: &'a str,
    pub timestamp: &'a str,
    pub body: &'a [u8],
    /// One or more signatures with spaces between.
    pub signatures: &'a str,
}

impl Vault {
    /// Whether the message was signed with the key that is kept under this name. How old it is, is the caller's to judge.
    pub fn signed(
        &self,
        name: &SecretName,
        sealed: &SealedSecret,
        message: SignedMessage<'_>,
    ) -> Result<bool, VaultError> {
        let secret = self.unseal(name, sealed)?;
        let text = secret.expose_secret();
        let encoded = text.strip_prefix(KEY_PREFIX).unwrap_or(text);
        // A key that is not base64 is taken as it stands.
        let key = Zeroizing::new(STANDARD.decode(encoded).unwrap_or_else(|_| text.as_bytes().to_vec()));
        let signatures = message.signatures.split(' ').take(SIGNATURES_MAX);
        Ok(signatures.filter_map(|one| STANDARD.decode(one.strip_prefix(SCHEME)?).ok()).any(|signature| {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
            mac.update(format!("{}.{}.", message.id, message.timestamp).as_bytes());
            mac.update(message.body);
            // In constant time.
            mac.verify_slice(&signature).is_ok()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    /// The example of the Standard Webhooks specification's reference libraries.
    #[test]
    fn the_published_example_verifies_and_a_changed_one_does_not() {
        let folder = Folder::new();
        let vault = Vault::create(&folder.path("key")).unwrap();
        let name = SecretName {
            tenant: "main".to_owned(),
            system: "hr".into(),
            connection: "webhook".to_owned(),
            field: "signing-key".to_owned(),
        };
        let sealed = vault.seal(&name, 1, &"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let good = SignedMessage {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: "1614265330",
            body: b"{\"test\": 2432232314}",
            signatures: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        };
        let signed = |message| vault.signed(&name, &sealed, message).unwrap();
        assert!(signed(good));
        assert!(signed(SignedMessage {
            signatures: "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ..good
        }));
        assert!(!signed(SignedMessage { body: b"{\"test\": 2432232315}", ..good }));
        assert!(!signed(SignedMessage { timestamp: "1614265331", ..good }));
        assert!(!signed(SignedMessage { id: "msg_other", ..good }));
        assert!(!signed(SignedMessage { signatures: "", ..good }));
        assert!(!signed(SignedMessage { signatures: "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", ..good }));
    }
}
