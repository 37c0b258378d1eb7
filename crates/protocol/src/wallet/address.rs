//! An Ethereum address, written with the checksum of EIP-55.

use super::keccak256;
use crate::fields::parsed;
use docket_core::agent::identity::Wallet;
use k256::ecdsa::VerifyingKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A text is no address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddressError {
    /// Too short, too long, without `0x`, or with something that is no digit.
    #[error("an address is 0x and 40 hexadecimal digits")]
    Malformed,
}

/// The address of an account: twenty bytes.
///
/// Written with the checksum of EIP-55, read in every case: clients do not agree on the case, and an address is always
/// sent along with a signature or looked up, so that a mistyped one does no harm.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(pub [u8; 20]);

/// In the core a wallet is known by the same bytes.
impl From<Address> for Wallet {
    fn from(address: Address) -> Self {
        Self(address.0)
    }
}

impl From<Wallet> for Address {
    fn from(wallet: Wallet) -> Self {
        Self(wallet.0)
    }
}

impl Address {
    /// From `0x` and 40 hexadecimal digits in any case.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        Wallet::parse(text).map(Self::from).ok_or(AddressError::Malformed)
    }

    /// The last twenty bytes of the hash of the key's two coordinates.
    pub(super) fn of_key(key: &VerifyingKey) -> Self {
        let point = key.to_sec1_point(false);
        let hash = keccak256(&point.as_bytes()[1..]);
        let mut bytes = [0; 20];
        bytes.copy_from_slice(&hash[12..]);
        Self(bytes)
    }

    /// As it is written: a letter is upper case where the hash of the lower-case digits has 8 or more.
    fn written(&self) -> [u8; 42] {
        let mut text = *b"0x0000000000000000000000000000000000000000";
        let digits = &mut text[2..];
        hex::encode_to_slice(self.0, digits).expect("20 bytes are 40 digits");
        let hash = keccak256(digits);
        for (at, digit) in digits.iter_mut().enumerate() {
            let nibble = if at % 2 == 0 { hash[at / 2] >> 4 } else { hash[at / 2] & 15 };
            if nibble >= 8 {
                digit.make_ascii_uppercase();
            }
        }
        text
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.written()).unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "0x and 40 hexadecimal digits", |text| Self::parse(text).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples in EIP-55.
    const CHECKSUMMED: [&str; 8] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn an_address_is_written_with_its_checksum_and_read_in_every_case() {
        for text in CHECKSUMMED {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.to_string(), text);
            let digits = &text[2..];
            let swapped = digits.chars().map(|digit| {
                if digit.is_lowercase() { digit.to_ascii_uppercase() } else { digit.to_ascii_lowercase() }
            });
            for spelling in
                [digits.to_lowercase(), digits.to_uppercase(), swapped.collect(), digits.to_owned()]
            {
                assert_eq!(Address::parse(&format!("0x{spelling}")), Ok(address), "{spelling}");
            }
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let digits = "52908400098527886E0F7030069857D2E4169EE7";
        for text in [
            String::new(),
            "0x".to_owned(),
            digits.to_owned(),
            format!("0X{digits}"),
            format!(" 0x{digits}"),
            format!("0x{digits} "),
            format!("0x{digits}0"),
            format!("0x{digits}00"),
            format!("0x{}", &digits[1..]),
            format!("0x{}g", &digits[1..]),
            format!("0x{}é", &digits[2..]),
            format!("0x0x{}", &digits[2..]),
        ] {
            assert_eq!(Address::parse(&text), Err(AddressError::Malformed), "{text}");
        }
    }

    #[test]
    fn an_address_is_a_text_in_json() {
        let address = Address([0xab; 20]);
        let json = serde_json::to_string(&address).unwrap();
        assert_eq!(json, format!("\"{address}\""));
        assert_eq!(serde_json::from_str::<Address>(&json.to_lowercase()).unwrap(), address);
        let refused = serde_json::from_str::<Address>("\"0x12\"").unwrap_err().to_string();
        assert!(refused.starts_with("expected 0x and 40 hexadecimal digits"), "{refused}");
    }
}
