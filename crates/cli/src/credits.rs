//! Credits, as clients count: a hundredth of a dollar each, of 10,000 minor units.

use std::fmt;
use std::str::FromStr;

/// Minor units of a credit, whose asset has 6 decimals.
const UNITS: u128 = 10_000;
/// How many digits stand behind the point at most.
const DIGITS: usize = 4;

/// A number of credits, exact to the minor unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Credits {
    /// In minor units.
    pub(crate) units: u128,
}

impl Credits {
    /// So many whole credits.
    pub(crate) const fn whole(credits: u128) -> Self {
        Self { units: credits * UNITS }
    }
}

impl FromStr for Credits {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = "credits are written like 250 or 12.5, with at most 4 digits behind the point";
        let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(rest) || rest.len() > DIGITS {
            return Err(words);
        }
        let units = format!("{whole}{rest:0<DIGITS$}").parse().map_err(|_| words)?;
        Ok(Self { units })
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.units / UNITS, self.units % UNITS);
        let rest = format!(".{rest:0DIGITS$}");
        write!(f, "{whole}{}", rest.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_read_back_as_they_are_written() {
        for (text, units) in [("0", 0), ("1", 10_000), ("12.5", 125_000), ("0.0001", 1), ("3.0405", 30_405)] {
            let credits: Credits = text.parse().unwrap();
            assert_eq!((credits.units, credits.to_string().as_str()), (units, text));
        }
        assert_eq!("7.50".parse(), Ok(Credits { units: 75_000 }));
        for wrong in ["", ".", "1.", ".5", "-1", "+1", "1e3", "0.00001", "1,5", "1.2.3", &"9".repeat(40)] {
            assert!(wrong.parse::<Credits>().is_err(), "{wrong}");
        }
    }
}
