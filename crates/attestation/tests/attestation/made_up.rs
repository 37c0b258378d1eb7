//! A machine under a root of our own, so that a quote can say what we want and still be followed to its root.
//!
//! It is the machine of a published sample in all that stands in quote and collateral; every signature is made anew.

use dcap_qvl::intel;
use dcap_qvl::quote::Quote;
use docket_attestation::dcap::Measurement;
use docket_protocol::digest::Digest;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams, CustomExtension,
    DnType, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData, SerialNumber, SigningKey,
    date_time_ymd,
};
use serde_json::{Map, Value, json};

/// Where things stand in a quote of version 4 for TDX 1.0, in bytes.
mod at {
    pub(super) const REPORT_DATA: usize = 48 + 520;
    pub(super) const SIGNED_END: usize = 48 + 584;
    pub(super) const SIGNATURE: usize = SIGNED_END + 4;
    pub(super) const KEY: usize = SIGNATURE + 64;
    pub(super) const QE_REPORT: usize = KEY + 64 + 6;
    pub(super) const QE_REPORT_DATA: usize = QE_REPORT + 320;
    pub(super) const QE_SIGNATURE: usize = QE_REPORT + 384;
    pub(super) const QE_AUTHENTICATION: usize = QE_SIGNATURE + 64 + 2;
    pub(super) const CERTIFICATION: usize = QE_AUTHENTICATION + 32;
}

/// A platform with its root, its signer of collateral and its own key.
pub(crate) struct Platform {
    sample: Vec<u8>,
    root: Certificate,
    chain: String,
    platform_key: KeyPair,
    quoting_key: KeyPair,
    collateral: Map<String, Value>,
}

impl Platform {
    /// Made after a sample: a quote of version 4 for TDX 1.0 with its collateral.
    pub(crate) fn like(sample: Vec<u8>, collateral: &Map<String, Value>) -> Self {
        let [root_key, signer_key, platform_key, quoting_key] =
            [(); 4].map(|()| KeyPair::generate().unwrap());
        let mut authority = params("made-up root");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root = authority.self_signed(&root_key).unwrap();
        let issuer = Issuer::new(authority, root_key);
        let signer = params("made-up signer of collateral").signed_by(&signer_key, &issuer).unwrap();

        let genuine = intel::extract_cert_chain(&Quote::parse(&sample).unwrap()).unwrap();
        let extension = intel::parse_pck_extension(&genuine[0]).unwrap().raw_extension;
        let mut platform = params("made-up platform");
        let oid = [1, 2, 840, 113_741, 1, 13, 1];
        platform.custom_extensions = vec![CustomExtension::from_oid_content(&oid, extension)];
        let platform = platform.signed_by(&platform_key, &issuer).unwrap();

        let revoked = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(2040, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let revoked = hex::encode(revoked.signed_by(&issuer).unwrap().der());
        let signers = signer.pem() + &root.pem();
        let text = |field: &str| collateral[field].as_str().unwrap().to_owned();
        let sign = |field: &str| hex::encode(sign(&signer_key, text(field).as_bytes()));
        let collateral = json!({
            "pck_crl_issuer_chain": root.pem(),
            "root_ca_crl": revoked,
            "pck_crl": revoked,
            "tcb_info_issuer_chain": signers,
            "tcb_info": text("tcb_info"),
            "tcb_info_signature": sign("tcb_info"),
            "qe_identity_issuer_chain": signers,
            "qe_identity": text("qe_identity"),
            "qe_identity_signature": sign("qe_identity"),
        });
        let Value::Object(collateral) = collateral else { unreachable!() };
        let chain = platform.pem() + &root.pem();
        Self { sample, root, chain, platform_key, quoting_key, collateral }
    }

    /// What stands for Intel's root, in DER.
    pub(crate) fn root(&self) -> Vec<u8> {
        self.root.der().to_vec()
    }

    /// What the made-up Intel says of the platform.
    pub(crate) fn collateral(&self) -> Map<String, Value> {
        self.collateral.clone()
    }

    /// Which code runs on it.
    pub(crate) fn measurement(&self) -> Measurement {
        Measurement::parse(&self.sample).unwrap()
    }

    /// A quote over this report data.
    pub(crate) fn quote(&self, report_data: [u8; 64]) -> Vec<u8> {
        self.quote_with(report_data, |_| {})
    }

    /// A quote over this report data, of a machine that is changed before anything is signed.
    pub(crate) fn quote_with(&self, report_data: [u8; 64], change: impl FnOnce(&mut [u8])) -> Vec<u8> {
        let mut quote = self.sample[..at::CERTIFICATION].to_vec();
        quote[at::REPORT_DATA..at::SIGNED_END].copy_from_slice(&report_data);
        change(&mut quote[..at::SIGNED_END]);
        let quoting_key = &self.quoting_key.der_bytes()[1..];
        quote[at::KEY..at::KEY + 64].copy_from_slice(quoting_key);

        let bound = Digest::of(&[quoting_key, &quote[at::QE_AUTHENTICATION..]].concat());
        quote[at::QE_REPORT_DATA..at::QE_SIGNATURE].fill(0);
        quote[at::QE_REPORT_DATA..at::QE_REPORT_DATA + 32].copy_from_slice(&bound.0);
        let vouched = sign(&self.platform_key, &quote[at::QE_REPORT..at::QE_SIGNATURE]);
        quote[at::QE_SIGNATURE..at::QE_SIGNATURE + 64].copy_from_slice(&vouched);
        let signed = sign(&self.quoting_key, &quote[..at::SIGNED_END]);
        quote[at::SIGNATURE..at::KEY].copy_from_slice(&signed);

        quote.extend(5_u16.to_le_bytes());
        quote.extend(length(self.chain.len()));
        quote.extend(self.chain.as_bytes());
        // Two lengths stand before what has become longer or shorter: of all after the report, and of all after the key.
        let (all, inner) = (quote.len() - at::SIGNATURE, quote.len() - at::QE_REPORT);
        quote[at::SIGNED_END..at::SIGNATURE].copy_from_slice(&length(all));
        quote[at::QE_REPORT - 4..at::QE_REPORT].copy_from_slice(&length(inner));
        quote
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap().to_le_bytes()
}

/// Signs with P-256 and SHA-256. The library answers two whole numbers in DER; a quote has them at 32 bytes each.
fn sign(key: &KeyPair, message: &[u8]) -> [u8; 64] {
    let der = key.sign(message).unwrap();
    let mut rest = &der[2..];
    let mut signature = [0; 64];
    for half in signature.chunks_mut(32) {
        let (number, after) = rest[2..].split_at(usize::from(rest[1]));
        let digits = number.strip_prefix(&[0]).unwrap_or(number);
        half[32 - digits.len()..].copy_from_slice(digits);
        rest = after;
    }
    signature
}
