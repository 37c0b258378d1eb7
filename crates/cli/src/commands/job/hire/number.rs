//! The name of a job among agents.

use std::fmt;
use std::str::FromStr;

/// A job's number. Names of other jobs are no numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::commands::job) struct Number(u32);

impl FromStr for Number {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.parse().ok().filter(|number: &u32| number.to_string() == text);
        number.map(Self).ok_or("a job of agents is named by a number, such as 12")
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Number {
    /// The job's own path, with more after it.
    pub(super) fn path(self, rest: &str) -> String {
        format!("api/v1/jobs/{self}{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!("12".parse(), Ok(Number(12)));
        for text in ["", "012", "+12", "-1", "12 ", "4294967296", "job_12", "2f1c0e9e-6f0e-4b9c-8d2b-3f2a1d"]
        {
            assert!(text.parse::<Number>().is_err(), "{text}");
        }
    }
}
