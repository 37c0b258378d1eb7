//! Whether two answers to one question come from one model, and what several such answers say of a worker.
//!
//! Models that run at temperature 0 on different hardware, or at another precision, say the same until two words are
//! nearly as likely; from there on nothing can be compared. Other models part almost at once. So only beginnings are
//! compared, and no single question decides. What was measured stands in `docs/challenges.md`; how a question reaches a
//! worker, and what a verdict costs it, is left to others.

/// How many tokens two answers must have in common from the beginning. A reference with fewer says nothing.
pub const PREFIX: usize = 16;
/// A challenge is passed with so many answers that agree.
pub const PASSES_WITH: usize = 2;
/// A challenge is failed with so many that do not.
pub const FAILS_WITH: usize = 4;
/// So many questions are enough for every challenge.
pub const MOST_QUESTIONS: usize = PASSES_WITH + FAILS_WITH - 1;

/// Letters from here on (radicals of Chinese, kana, Hangul and what follows) are tokens each: between words of most of
/// these scripts there are no spaces.
const ALONE_FROM: char = '\u{2e80}';

/// How an answer is compared with its reference.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Comparison {
    /// Every byte is the same: for engines that declare determinism, compared with one of their own kind.
    Exact,
    /// The first [`PREFIX`] tokens are the same.
    Tolerant,
}

/// What the comparison of two answers found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Likeness {
    /// How many tokens the answers have in common from the beginning.
    pub agreed: usize,
    /// How many tokens the reference has.
    pub of: usize,
    /// Whether the answer agrees with the reference.
    pub agrees: bool,
}

/// Whether an answer is long enough to be a reference.
pub fn is_reference(text: &str) -> bool {
    tokens(text).nth(PREFIX - 1).is_some()
}

/// Compares an answer with the reference; `None` if that is too short to say anything (see [`is_reference`]).
///
/// The time it takes grows with the length of the longer text, and it allocates nothing.
pub fn compare(reference: &str, answer: &str, comparison: Comparison) -> Option<Likeness> {
    let of = tokens(reference).count();
    if of < PREFIX {
        return None;
    }
    let agreed = tokens(reference).zip(tokens(answer)).take_while(|(own, other)| own == other).count();
    let agrees = match comparison {
        Comparison::Exact => reference == answer,
        Comparison::Tolerant => agreed >= PREFIX,
    };
    Some(Likeness { agreed, of, agrees })
}

/// How a challenge ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// The worker's answers are those of the model.
    Passed,
    /// They are not.
    Failed,
}

/// What the answers up to now say, each `true` if it agreed; `None` if one more question must be put.
///
/// The challenge is over as soon as this says so: what comes later changes nothing. It is over after
/// [`MOST_QUESTIONS`].
pub fn verdict(answers: &[bool]) -> Option<Verdict> {
    let (mut agree, mut differ) = (0, 0);
    answers.iter().find_map(|agrees| {
        let (count, enough, verdict) = if *agrees {
            (&mut agree, PASSES_WITH, Verdict::Passed)
        } else {
            (&mut differ, FAILS_WITH, Verdict::Failed)
        };
        *count += 1;
        (*count == enough).then_some(verdict)
    })
}

/// The tokens of a text, which no model has a say in: runs of letters and digits as long as they go, and every other
/// mark alone, as is a letter from U+2E80 on, where Chinese begins. White space only separates.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let end =
            if joins(first) { rest.find(|c| !joins(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (token, after) = rest.split_at(end);
        rest = after;
        Some(token)
    })
}

/// Whether a character is part of a longer token.
fn joins(c: char) -> bool {
    c.is_alphanumeric() && c < ALONE_FROM
}

#[cfg(test)]
mod tests;
