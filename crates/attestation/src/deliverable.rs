//! What a provider of capital delivers, as one hash.

use docket_protocol::wallet::keccak256;

/// The deliverable's hash: keccak-256 of the closing report's signature as it is written, `|`, and the final balance in
/// minor units in decimal.
///
/// Documented as `enclave_signature|final_balance`; that the two are texts with the bar between them is our reading.
pub fn deliverable_hash(enclave_signature: &str, final_balance: u128) -> [u8; 32] {
    keccak256(format!("{enclave_signature}|{final_balance}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_of_signature_bar_and_balance() {
        assert_eq!(deliverable_hash("0xab", 1_050_000_000), keccak256(b"0xab|1050000000"));
        assert_ne!(deliverable_hash("0xab", 1_050_000_000), deliverable_hash("0xab", 1_050_000_001));
    }
}
