//! The repository's rules: each reads the repository and says what offends it.

use std::fmt;

use crate::repository::{File, Repository};
use crate::tokens::Token;

pub mod ambient;
pub mod arrows;
pub mod dialects;
pub mod hygiene;
pub mod links;
pub mod neutrality;
pub mod refusals;
pub mod size;
pub mod sql;
pub mod unfinished;
pub mod writers;

/// One place that offends a rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The path from the repository's root.
    pub file: String,
    /// The line, from 1; 0 where the file as a whole offends.
    pub line: usize,
    /// The rule's name.
    pub rule: &'static str,
    /// What is wrong, and what to do instead.
    pub message: String,
}

impl Violation {
    fn new(rule: &'static str, file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, rule, message: message.into() }
    }

    fn at(rule: &'static str, file: &File, token: &Token, message: impl Into<String>) -> Self {
        Self::new(rule, &file.path, token.line, message)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {} ({})", self.file, self.message, self.rule),
            line => write!(f, "{}:{line}: {} ({})", self.file, self.message, self.rule),
        }
    }
}

/// What is checked: a function from the repository to everything in it that offends.
pub type Rule = fn(&Repository) -> Vec<Violation>;

/// All rules.
pub const RULES: [Rule; 11] = [
    arrows::check,
    sql::check,
    writers::check,
    dialects::check,
    refusals::check,
    neutrality::check,
    ambient::check,
    size::check,
    unfinished::check,
    hygiene::check,
    links::check,
];

/// Everything that offends any rule.
pub fn violations(repository: &Repository) -> Vec<Violation> {
    RULES.iter().flat_map(|check| check(repository)).collect()
}

/// The line, from 1, on which a byte of a text stands.
fn line_of(text: &str, position: usize) -> usize {
    text[..position].matches('\n').count() + 1
}
