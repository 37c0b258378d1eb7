//! What a quote says of the code it was made for, and which code the operator believes.

use crate::Refusal;
use dcap_qvl::quote;

/// What stands in a quote about the code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Measurement {
    /// Which code.
    pub code: Measured,
    /// What the code wanted to have bound: see [`crate::report_data`].
    pub report_data: [u8; 64],
}

/// Which code a quote was made for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Measured {
    /// A virtual machine.
    Tdx {
        /// Its image at launch.
        mr_td: [u8; 48],
        /// What was loaded since: mostly configuration and firmware, kernel, what the kernel was told, programs.
        rtmr: [[u8; 48]; 4],
    },
    /// A part of a process.
    Sgx {
        /// Its image.
        mr_enclave: [u8; 32],
        /// Who signed the image.
        mr_signer: [u8; 32],
        /// Which product of the signer it is.
        product: u16,
        /// Which version of the product.
        version: u16,
    },
}

impl Measurement {
    /// Reads a quote. Nothing of it is proven.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let quote = quote::Quote::parse(bytes).map_err(|error| Refusal::BadQuote(format!("{error:#}")))?;
        Ok(Self::of(&quote.report))
    }

    pub(super) fn of(report: &quote::Report) -> Self {
        match report {
            quote::Report::SgxEnclave(enclave) => Self {
                code: Measured::Sgx {
                    mr_enclave: enclave.mr_enclave,
                    mr_signer: enclave.mr_signer,
                    product: enclave.isv_prod_id,
                    version: enclave.isv_svn,
                },
                report_data: enclave.report_data,
            },
            quote::Report::TD10(domain) => Self::of_domain(domain),
            quote::Report::TD15(domain) => Self::of_domain(&domain.base),
            quote::Report::TD15Ex(domain) => Self::of_domain(&domain.base.base),
        }
    }

    fn of_domain(domain: &quote::TDReport10) -> Self {
        let rtmr = [domain.rt_mr0, domain.rt_mr1, domain.rt_mr2, domain.rt_mr3];
        Self { code: Measured::Tdx { mr_td: domain.mr_td, rtmr }, report_data: domain.report_data }
    }
}

/// Code that the operator believes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pin {
    /// What the operator calls it.
    pub name: String,
    /// Which code.
    pub code: Pinned,
}

/// How code is pinned.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::large_enum_variant, reason = "an operator has a handful of pins")]
pub enum Pinned {
    /// A virtual machine by its image, and by those registers that are given. Without the first three, anything may
    /// have been started on that image.
    Tdx {
        /// Its image at launch.
        mr_td: [u8; 48],
        /// The registers 0 to 3.
        rtmr: [Option<[u8; 48]>; 4],
    },
    /// A part of a process, by its image.
    SgxEnclave {
        /// Its image.
        mr_enclave: [u8; 32],
    },
    /// A product from some version on, by who signed it.
    SgxSigner {
        /// Who signed the image.
        mr_signer: [u8; 32],
        /// Which product.
        product: u16,
        /// The least version.
        least_version: u16,
    },
}

impl Pin {
    /// Whether this is the code that a quote was made for.
    pub fn covers(&self, measurement: &Measurement) -> bool {
        match (&self.code, &measurement.code) {
            (Pinned::Tdx { mr_td: pinned, rtmr: registers }, Measured::Tdx { mr_td, rtmr }) => {
                let same = |(pin, value): (&Option<_>, &_)| pin.as_ref().is_none_or(|pin| pin == value);
                pinned == mr_td && registers.iter().zip(rtmr).all(same)
            }
            (Pinned::SgxEnclave { mr_enclave: pinned }, Measured::Sgx { mr_enclave, .. }) => {
                pinned == mr_enclave
            }
            (
                Pinned::SgxSigner { mr_signer: signer, product: pinned, least_version },
                Measured::Sgx { mr_signer, product, version, .. },
            ) => signer == mr_signer && pinned == product && version >= least_version,
            (Pinned::Tdx { .. }, Measured::Sgx { .. })
            | (Pinned::SgxEnclave { .. } | Pinned::SgxSigner { .. }, Measured::Tdx { .. }) => false,
        }
    }
}
