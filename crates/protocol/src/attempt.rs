//! The number under which a job was given to a worker. An answer under any other number is late.

use crate::fields::{decimal, parsed};
use docket_core::id::Attempt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// One giving of a job to a worker, written `EPOCH-NUMBER`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AttemptRef {
    /// Counts the starts of the coordinator, so that numbers never repeat after a crash.
    pub epoch: u32,
    /// Counts the attempts at the job.
    pub number: u32,
}

impl AttemptRef {
    /// From its written form, of which there is only one.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, number) = text.split_once('-')?;
        Some(Self { epoch: decimal::parse(epoch)?, number: decimal::parse(number)? })
    }
}

impl From<Attempt> for AttemptRef {
    fn from(Attempt { epoch, number }: Attempt) -> Self {
        Self { epoch, number }
    }
}

impl From<AttemptRef> for Attempt {
    fn from(AttemptRef { epoch, number }: AttemptRef) -> Self {
        Self { epoch, number }
    }
}

impl fmt::Display for AttemptRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.number)
    }
}

impl Serialize for AttemptRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AttemptRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "an attempt such as 3-1", Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_reads_back_as_it_is_written() {
        let attempt = AttemptRef { epoch: 7, number: u32::MAX };
        assert_eq!(attempt.to_string(), "7-4294967295");
        assert_eq!(AttemptRef::parse("7-4294967295"), Some(attempt));
        for text in ["", "-", "1", "1-", "-1", "01-1", "1-+1", "1-1-1", "1-4294967296", " 1-1"] {
            assert_eq!(AttemptRef::parse(text), None, "{text}");
        }
    }
}
