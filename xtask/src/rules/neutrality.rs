//! The core treats all dialects alike: what differs is a policy, which is a value.

use super::Violation;
use super::dialects::DIALECTS;
use crate::repository::{File, Repository};
use crate::tokens::{Kind, Token};

const RULE: &str = "neutrality";

/// Checks the core's program.
pub fn check(repository: &Repository) -> Vec<Violation> {
    repository
        .rust_under("crates/core/src")
        .filter(|file| !repository.is_test(&file.path))
        .flat_map(|file| {
            let list: Vec<_> = file.tokens().into_iter().flat_map(|tokens| tokens.program()).collect();
            let mut violations = words(file, &list);
            violations.extend(cases(file, &list));
            violations
        })
        .collect()
}

/// Names that have a dialect's word in them.
fn words(file: &File, list: &[&Token]) -> Vec<Violation> {
    let offends = |word: &str| word.split('_').any(|part| DIALECTS.contains(&part));
    list.iter()
        .filter_map(|token| match &token.kind {
            Kind::Word(word) if offends(word) => {
                Some(Violation::at(RULE, file, token, format!("`{word}` is a dialect's word")))
            }
            Kind::Word(_) | Kind::Text(_) | Kind::Mark(_) => None,
        })
        .collect()
}

/// Places that name a case of `Dialect`, or rename it, outside its own `impl` blocks.
fn cases(file: &File, list: &[&Token]) -> Vec<Violation> {
    let mut violations = vec![];
    let mut rest = list;
    while let [token, after @ ..] = rest {
        rest = match own_block(rest) {
            Some(length) => &rest[length..],
            None => after,
        };
        let names_a_case = match after {
            [a, b, ..] if a.is_mark(':') && b.is_mark(':') => true,
            [a, ..] => a.is_word("as"),
            [] => false,
        };
        if token.is_word("Dialect") && names_a_case {
            violations.push(Violation::at(RULE, file, token, "the core may not tell dialects apart"));
        }
    }
    violations
}

/// How long the `impl` block of `Dialect` is that begins here, if one does.
fn own_block(list: &[&Token]) -> Option<usize> {
    list.first().filter(|token| token.is_word("impl"))?;
    let open = list.iter().position(|token| token.is_mark('{'))?;
    list[..open].last().filter(|token| token.is_word("Dialect"))?;
    // `x: impl Trait) -> Dialect {` is a function.
    if list[..open].iter().any(|token| token.is_mark(')')) {
        return None;
    }
    let mut depth = 0_usize;
    list.iter()
        .skip(open)
        .position(|token| {
            depth += usize::from(token.is_mark('{'));
            depth -= usize::from(token.is_mark('}'));
            depth == 0
        })
        .map(|length| open + length + 1)
}
