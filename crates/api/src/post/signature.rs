//! Signs what is sent, as Standard Webhooks says: HMAC-SHA256 over id, timestamp and body with points between them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docket_core::hook::HookSecret;
use docket_engine::SECRET_PREFIX;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How many bytes the key of a secret has.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 16..=256;

/// The key behind a hook's secret.
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// Reads a secret: of `whsec_…` the base64 is the key, of any other text the text itself. `None` if that is no
    /// base64, or not of 16 to 256 bytes, or has control characters.
    pub(crate) fn parse(secret: &HookSecret) -> Option<Self> {
        let key = match secret.0.strip_prefix(SECRET_PREFIX) {
            Some(encoded) => STANDARD.decode(encoded).ok()?,
            None if secret.0.chars().any(char::is_control) => return None,
            None => secret.0.as_bytes().to_vec(),
        };
        if !KEY_BYTES.contains(&key.len()) {
            return None;
        }
        Hmac::new_from_slice(&key).ok().map(Self)
    }

    /// A signature for the header `webhook-signature`, which may have several with spaces between them.
    pub(crate) fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(secret: &str) -> Option<SigningKey> {
        SigningKey::parse(&HookSecret(secret.into()))
    }

    /// The example that the libraries of Standard Webhooks are tested with.
    #[test]
    fn a_signature_is_the_one_that_others_expect() {
        let key = parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_text_without_the_prefix_is_the_key_itself() {
        let key = parse("0123456789abcdef").unwrap();
        let same = parse("whsec_MDEyMzQ1Njc4OWFiY2RlZg==").unwrap();
        assert_eq!(key.sign("a", 1, "b"), same.sign("a", 1, "b"));
    }

    #[test]
    fn short_long_and_unsound_secrets_are_refused() {
        let long = "x".repeat(257);
        for unsound in [
            "",
            "0123456789abcde",
            "whsec_",
            "whsec_c2hvcnQ=",
            "whsec_not_base64_at_all!",
            "0123456789abcdef\n",
            &long,
        ] {
            assert!(parse(unsound).is_none(), "{unsound}");
        }
        assert!(parse(&long[1..]).is_some());
    }
}
