//! Points of 100, counted without fractions of a machine's making.

use std::fmt;

/// Hundredths of a point. A score lies between 0 and 10,000 of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(transparent)]
pub struct Points(u32);

impl Points {
    /// All that can be reached: 100 points.
    pub const FULL: Self = Self(10_000);

    /// So many hundredths.
    pub const fn from_hundredths(hundredths: u32) -> Self {
        Self(hundredths)
    }

    /// How many hundredths.
    pub const fn hundredths(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Points {
    /// Two digits behind the point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:02}", self.0 / 100, self.0 % 100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_have_two_digits_behind_the_point() {
        let words = [0, 7, 100, 7_250].map(|count| Points::from_hundredths(count).to_string());
        assert_eq!(words, ["0.00", "0.07", "1.00", "72.50"]);
        assert_eq!(Points::FULL.to_string(), "100.00");
    }
}
