//! What comes along with a report so that it may be believed, and its wire form.

use crate::{Key, Report, Signed};
use docket_protocol::canonical;
use docket_protocol::keys::{self, PublicKey, SigningKey};
use docket_protocol::wallet::{self, Address, WalletKey};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The longest attestation in JSON, in bytes: a quote of 5 kB and collateral of 25 kB are usual.
pub const MAX_ATTESTATION: usize = 96 * 1024;

/// The longest quote or hardware report, in bytes.
const MAX_QUOTE: usize = 16 * 1024;

/// How deep an attestation's JSON may be nested.
const MAX_DEPTH: usize = 8;

/// A text is no attestation.
#[derive(Debug, thiserror::Error)]
pub enum AttestationError {
    /// Longer than [`MAX_ATTESTATION`], or a quote longer than 16 KiB.
    #[error("an attestation of more than 96 KiB, or a quote of more than 16 KiB")]
    TooLong,
    /// No JSON that everybody reads in the same way.
    #[error("not strict JSON: {0}")]
    NotStrict(#[from] canonical::StrictError),
    /// The scheme is unknown, or a field is missing, unknown or of another type.
    #[error("not an attestation: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A field has a value that it cannot have.
    #[error("the field `{0}` of an attestation cannot be read")]
    Field(&'static str),
}

/// What speaks for a report. Whether it is true is not yet known.
#[derive(Clone, PartialEq, Debug)]
pub enum Attestation {
    /// A key's signature, and nothing behind it.
    Software(Signed),
    /// A quote by Intel's TDX or SGX that binds the report and the key that signed it.
    Dcap {
        /// The key's signature.
        signed: Signed,
        /// The quote.
        quote: Vec<u8>,
        /// What Intel says of the platform, in the form that collateral services answer; signed by Intel, so it may
        /// come from anybody.
        collateral: Option<Map<String, Value>>,
    },
    /// An attestation report by AMD's SEV-SNP.
    SevSnp {
        /// The key's signature.
        signed: Signed,
        /// The report.
        report: Vec<u8>,
    },
}

impl Attestation {
    /// Signs a report with an Ed25519 key.
    pub fn by_key(key: &SigningKey, report: &Report) -> Self {
        Self::Software(Signed::by_key(key, report))
    }

    /// Signs a report with a wallet's key.
    pub fn by_wallet(key: &WalletKey, report: &Report) -> Self {
        Self::Software(Signed::by_wallet(key, report))
    }

    /// The name of its scheme.
    pub const fn scheme(&self) -> &'static str {
        match self {
            Self::Software(signed) => scheme(signed),
            Self::Dcap { .. } => "dcap",
            Self::SevSnp { .. } => "sev-snp",
        }
    }

    /// What the key signed, whatever stands behind the key.
    pub const fn signed(&self) -> &Signed {
        match self {
            Self::Software(signed) | Self::Dcap { signed, .. } | Self::SevSnp { signed, .. } => signed,
        }
    }

    /// The key that is said to have signed.
    pub fn key(&self) -> Key {
        self.signed().key()
    }

    /// Reads an attestation from JSON.
    pub fn parse(json: &[u8]) -> Result<Self, AttestationError> {
        if json.len() > MAX_ATTESTATION {
            return Err(AttestationError::TooLong);
        }
        Self::from_value(canonical::parse_strict(json, MAX_DEPTH)?)
    }

    /// Reads an attestation from a JSON value that somebody has parsed strictly and bounded.
    pub fn from_value(value: Value) -> Result<Self, AttestationError> {
        Ok(match serde_json::from_value(value)? {
            Wire::Ed25519(wire) => Self::Software(wire.ed25519()?),
            Wire::Secp256k1(wire) => Self::Software(wire.secp256k1()?),
            Wire::Dcap { signed, quote, collateral } => {
                Self::Dcap { signed: signed.read()?, quote: bytes(&quote, "quote")?, collateral }
            }
            Wire::SevSnp { signed, report } => {
                Self::SevSnp { signed: signed.read()?, report: bytes(&report, "report")? }
            }
        })
    }

    /// As JSON.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Software(signed) => write(signed),
            Self::Dcap { signed, quote, collateral } => json!({
                "scheme": self.scheme(),
                "signed": write(signed),
                "quote": format!("0x{}", hex::encode(quote)),
                "collateral": collateral,
            }),
            Self::SevSnp { signed, report } => json!({
                "scheme": self.scheme(),
                "signed": write(signed),
                "report": format!("0x{}", hex::encode(report)),
            }),
        }
    }

    /// As one text that a row of snapshots may show: `0x` and the JSON's bytes in hexadecimal.
    pub fn to_hex(&self) -> String {
        format!("0x{}", hex::encode(self.to_value().to_string()))
    }

    /// From the text that [`Self::to_hex`] writes.
    pub fn from_hex(text: &str) -> Result<Self, AttestationError> {
        if text.len() > 2 + 2 * MAX_ATTESTATION {
            return Err(AttestationError::TooLong);
        }
        let digits = text.strip_prefix("0x").ok_or(AttestationError::Field("attestation"))?;
        Self::parse(&hex::decode(digits).map_err(|_| AttestationError::Field("attestation"))?)
    }
}

const fn scheme(signed: &Signed) -> &'static str {
    match signed {
        Signed::Ed25519 { .. } => "ed25519",
        Signed::Secp256k1 { .. } => "secp256k1",
    }
}

fn write(signed: &Signed) -> Value {
    let key = match signed {
        Signed::Ed25519 { key, .. } => key.to_hex(),
        Signed::Secp256k1 { address, .. } => address.to_string(),
    };
    json!({ "scheme": scheme(signed), "key": key, "signature": signed.signature_text() })
}

fn bytes(text: &str, field: &'static str) -> Result<Vec<u8>, AttestationError> {
    if text.len() > 2 + 2 * MAX_QUOTE {
        return Err(AttestationError::TooLong);
    }
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(digits).map_err(|_| AttestationError::Field(field))
}

#[derive(Deserialize)]
#[serde(tag = "scheme", deny_unknown_fields)]
enum Wire {
    #[serde(rename = "ed25519")]
    Ed25519(WireSigned),
    #[serde(rename = "secp256k1")]
    Secp256k1(WireSigned),
    #[serde(rename = "dcap")]
    Dcap { signed: WireScheme, quote: String, collateral: Option<Map<String, Value>> },
    #[serde(rename = "sev-snp")]
    SevSnp { signed: WireScheme, report: String },
}

#[derive(Deserialize)]
#[serde(tag = "scheme")]
enum WireScheme {
    #[serde(rename = "ed25519")]
    Ed25519(WireSigned),
    #[serde(rename = "secp256k1")]
    Secp256k1(WireSigned),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSigned {
    key: String,
    signature: String,
}

impl WireScheme {
    fn read(self) -> Result<Signed, AttestationError> {
        match self {
            Self::Ed25519(wire) => wire.ed25519(),
            Self::Secp256k1(wire) => wire.secp256k1(),
        }
    }
}

impl WireSigned {
    fn ed25519(self) -> Result<Signed, AttestationError> {
        let key = PublicKey::from_hex(&self.key).map_err(|_| AttestationError::Field("key"))?;
        let signature = keys::Signature::parse(&self.signature);
        Ok(Signed::Ed25519 { key, signature: signature.ok_or(AttestationError::Field("signature"))? })
    }

    fn secp256k1(self) -> Result<Signed, AttestationError> {
        let address = Address::parse(&self.key).map_err(|_| AttestationError::Field("key"))?;
        let signature = wallet::Signature::parse(&self.signature);
        Ok(Signed::Secp256k1 {
            address,
            signature: signature.map_err(|_| AttestationError::Field("signature"))?,
        })
    }
}
