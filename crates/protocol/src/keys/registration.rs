//! How a worker proves that it holds its key: it signs the coordinator's nonce.

use super::{PublicKey, Signature, SigningKey};

/// What a worker signs to register: three lines, which nothing else that keys sign can look like.
pub fn registration_text(nonce: &str, key: &PublicKey) -> String {
    format!("docket-register-v1\n{nonce}\n{key}")
}

impl SigningKey {
    /// Answers a challenge.
    pub fn sign_registration(&self, nonce: &str) -> Signature {
        self.sign(registration_text(nonce, &self.public_key()).as_bytes())
    }
}

impl PublicKey {
    /// Whether a challenge was answered by the holder of this key.
    #[must_use]
    pub fn verify_registration(&self, nonce: &str, signature: &Signature) -> bool {
        self.verify(registration_text(nonce, self).as_bytes(), signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_answered_by_one_key_for_one_nonce() {
        let (mine, other) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let key = mine.public_key();
        assert_eq!(registration_text("n0", &key), format!("docket-register-v1\nn0\n{}", key.to_hex()));
        assert!(key.verify_registration("n0", &mine.sign_registration("n0")));
        assert!(!key.verify_registration("n1", &mine.sign_registration("n0")));
        assert!(!key.verify_registration("n0", &other.sign_registration("n0")));
        assert!(!other.public_key().verify_registration("n0", &mine.sign_registration("n0")));
    }
}
