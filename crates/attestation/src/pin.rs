//! Measured code that an operator believes, as its configuration writes it.

use crate::Verifier;
use serde::{Deserialize, Serialize};

/// Code that is pinned: a virtual machine by `mr_td` and those registers that are given, a part of a process by
/// `mr_enclave`, or a product by `mr_signer` with `product` and `least_version`. All in hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PinnedCode {
    /// What the operator calls it.
    pub name: String,
    /// 96 digits.
    pub mr_td: Option<String>,
    /// 96 digits.
    pub rtmr0: Option<String>,
    /// 96 digits.
    pub rtmr1: Option<String>,
    /// 96 digits.
    pub rtmr2: Option<String>,
    /// 96 digits.
    pub rtmr3: Option<String>,
    /// 64 digits.
    pub mr_enclave: Option<String>,
    /// 64 digits.
    pub mr_signer: Option<String>,
    /// Which product of the signer.
    pub product: u16,
    /// The least version of the product.
    pub least_version: u16,
}

/// Pins that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// The program cannot judge quotes.
    #[error("code can be pinned only where Docket was built with the feature `dcap`")]
    NotBuilt,
    /// It does not say which code.
    #[error(
        "the pinned code `{0}` needs exactly one of mr_td, mr_enclave and mr_signer, in hexadecimal digits"
    )]
    NotCode(String),
}

/// Who judges quotes of this code; nobody where none is pinned.
///
/// # Errors
/// Pins that cannot be read, or any at all where the feature `dcap` is missing.
pub fn quote_verifier(pins: &[PinnedCode]) -> Result<Option<Box<dyn Verifier>>, PinError> {
    if pins.is_empty() {
        return Ok(None);
    }
    #[cfg(feature = "dcap")]
    {
        use crate::dcap::{DcapVerifier, Platforms};
        let pins: Result<Vec<_>, _> = pins.iter().map(PinnedCode::read).collect();
        Ok(Some(Box::new(DcapVerifier::pinning(pins?, Platforms::default()))))
    }
    #[cfg(not(feature = "dcap"))]
    Err(PinError::NotBuilt)
}

#[cfg(feature = "dcap")]
impl PinnedCode {
    /// The pin itself.
    fn read(&self) -> Result<crate::dcap::Pin, PinError> {
        use crate::dcap::{Pin, Pinned};
        let wrong = || PinError::NotCode(self.name.clone());
        let code = match (&self.mr_td, &self.mr_enclave, &self.mr_signer) {
            (Some(mr_td), None, None) => {
                let registers = [&self.rtmr0, &self.rtmr1, &self.rtmr2, &self.rtmr3];
                let mut rtmr = [None; 4];
                for (register, text) in rtmr.iter_mut().zip(registers) {
                    *register = text.as_deref().map(|text| digits(text).ok_or_else(wrong)).transpose()?;
                }
                Pinned::Tdx { mr_td: digits(mr_td).ok_or_else(wrong)?, rtmr }
            }
            (None, Some(image), None) => Pinned::SgxEnclave { mr_enclave: digits(image).ok_or_else(wrong)? },
            (None, None, Some(signer)) => Pinned::SgxSigner {
                mr_signer: digits(signer).ok_or_else(wrong)?,
                product: self.product,
                least_version: self.least_version,
            },
            _ => return Err(wrong()),
        };
        Ok(Pin { name: self.name.clone(), code })
    }
}

#[cfg(feature = "dcap")]
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex::decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(change: impl FnOnce(&mut PinnedCode)) -> Result<bool, PinError> {
        let mut pin = PinnedCode { name: "trader".to_owned(), ..PinnedCode::default() };
        change(&mut pin);
        quote_verifier(&[pin]).map(|verifier| verifier.is_some())
    }

    #[test]
    fn without_pins_nobody_judges_quotes() {
        assert!(quote_verifier(&[]).is_ok_and(|verifier| verifier.is_none()));
    }

    #[test]
    #[cfg(not(feature = "dcap"))]
    fn a_program_that_cannot_judge_quotes_takes_no_pins() {
        assert_eq!(pinned(|pin| pin.mr_td = Some("ab".repeat(48))), Err(PinError::NotBuilt));
    }

    #[test]
    #[cfg(feature = "dcap")]
    fn a_pin_names_exactly_one_code_in_digits() {
        let (long, short) = (|| Some("ab".repeat(48)), || Some("ab".repeat(32)));
        assert_eq!(pinned(|pin| pin.mr_td = long()), Ok(true));
        assert_eq!(pinned(|pin| (pin.mr_td, pin.rtmr3) = (long(), long())), Ok(true));
        assert_eq!(pinned(|pin| pin.mr_enclave = short()), Ok(true));
        assert_eq!(pinned(|pin| pin.mr_signer = short()), Ok(true));
        let wrong = Err(PinError::NotCode("trader".to_owned()));
        assert_eq!(pinned(|_| ()), wrong);
        assert_eq!(pinned(|pin| pin.mr_td = short()), wrong);
        assert_eq!(pinned(|pin| (pin.mr_td, pin.rtmr0) = (long(), short())), wrong);
        assert_eq!(pinned(|pin| pin.mr_enclave = Some("zz".repeat(32))), wrong);
        assert_eq!(pinned(|pin| (pin.mr_enclave, pin.mr_signer) = (short(), short())), wrong);
    }
}
