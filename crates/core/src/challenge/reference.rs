//! What a trusted worker has answered: with this the answers of others are compared.

use super::likeness::is_reference;
use crate::hash::Sha256;
use crate::id::{JobId, WorkerId};
use crate::time::{Millis, Timestamp};
use std::sync::Arc;

/// For so long a reference is good: what serves a model changes, and who sees a question too often knows it.
pub const GOOD_FOR: Millis = Millis::hours(30 * 24);

/// The longest answer that is kept, in bytes.
pub const LONGEST: usize = 64 << 10;

/// A question with its answer by a trusted worker. It never changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// The job by which it was made, and its name.
    pub job: JobId,
    /// The worker who answered.
    pub worker: WorkerId,
    /// The model.
    pub model: Arc<str>,
    /// The digest of the weights, if the worker declared one.
    pub weights: Option<Sha256>,
    /// What was asked.
    pub question: Arc<str>,
    /// What was answered.
    pub answer: Arc<str>,
    /// When.
    pub made_at: Timestamp,
}

impl Reference {
    /// Whether an answer can be one: long enough to say something, short enough to be kept, and a text that can be.
    pub fn is_fit(answer: &str) -> bool {
        answer.len() <= LONGEST && !answer.contains('\0') && is_reference(answer)
    }

    /// Whether it still counts.
    pub fn is_good(&self, now: Timestamp) -> bool {
        now < self.made_at + GOOD_FOR
    }

    /// Whether it speaks of a worker that declares these weights: who declares other weights is another model.
    pub fn speaks_of(&self, weights: Option<Sha256>) -> bool {
        are_alike(self.weights, weights)
    }
}

/// Whether two workers may have the same weights: those who declare none may have any.
pub fn are_alike(one: Option<Sha256>, other: Option<Sha256>) -> bool {
    one.is_none() || other.is_none() || one == other
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn reference(weights: Option<Sha256>) -> Reference {
        Reference {
            job: JobId(1),
            worker: WorkerId([1; 32]),
            model: "small".into(),
            weights,
            question: "Why?".into(),
            answer: "Because.".into(),
            made_at: NOW,
        }
    }

    #[test]
    fn only_other_weights_are_another_model() {
        let [one, other] = [b"one", b"two"].map(|weights| Some(Sha256::of(weights)));
        assert!(reference(one).speaks_of(one) && reference(one).speaks_of(None));
        assert!(reference(None).speaks_of(one));
        assert!(!reference(one).speaks_of(other));
    }

    #[test]
    fn a_reference_is_good_for_thirty_days() {
        assert!(reference(None).is_good(Timestamp((NOW + GOOD_FOR).0 - 1)));
        assert!(!reference(None).is_good(NOW + GOOD_FOR));
    }

    #[test]
    fn what_is_too_short_too_long_or_no_text_is_no_reference() {
        let long = "word ".repeat(20);
        assert!(Reference::is_fit(&long));
        assert!(!Reference::is_fit("Because."));
        assert!(!Reference::is_fit(&(long.clone() + "\0")));
        assert!(!Reference::is_fit(&long.repeat(1_000)));
    }
}
