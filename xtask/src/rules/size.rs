//! A Rust file has one subject, so it is not long; its tests do not count.

use super::Violation;
use crate::repository::Repository;

const RULE: &str = "size";

/// The longest program that one file may hold, in lines.
pub const LONGEST: usize = 500;

/// Checks all Rust files, and that they can be read, on which the other rules rely.
pub fn check(repository: &Repository) -> Vec<Violation> {
    repository
        .rust()
        .filter_map(|file| {
            let Some(tokens) = file.tokens() else {
                return Some(Violation::new(RULE, &file.path, 0, "cannot be read as Rust"));
            };
            let lines = file.text.lines().count() - tokens.test_lines;
            let too_long = lines > LONGEST && !repository.is_test(&file.path);
            too_long.then(|| {
                let message = format!("{lines} lines without its tests: look for a second subject");
                Violation::new(RULE, &file.path, 0, message)
            })
        })
        .collect()
}
