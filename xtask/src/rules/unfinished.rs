//! Nothing is left for later: no stub, no test that is switched off, no note to come back.

use std::sync::LazyLock;

use regex::Regex;

use super::{Violation, line_of};
use crate::repository::{File, Repository};

const RULE: &str = "unfinished";

/// What stands for work that was not done. A token run with an open bracket cannot be written as Rust: see `ignored`.
const STUBS: [&str; 2] = ["todo!", "unimplemented!"];

/// The brackets keep this line from finding itself.
static NOTE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:FIXM[E]|XX[X])\b").expect("the pattern is fixed"));

/// Checks Rust code for stubs and ignored tests, and all text but lock files for notes.
pub fn check(repository: &Repository) -> Vec<Violation> {
    let code = repository.rust().flat_map(|file| stubs(file).into_iter().chain(ignored(file)));
    let notes = repository.files().filter(|file| !is_lock(file)).flat_map(|file| {
        NOTE.find_iter(&file.text).map(|found| {
            let message = format!("`{}`: do it now or write it into the plan", found.as_str());
            Violation::new(RULE, &file.path, line_of(&file.text, found.start()), message)
        })
    });
    code.chain(notes).collect()
}

fn stubs(file: &File) -> Vec<Violation> {
    let Some(tokens) = file.tokens() else { return vec![] };
    let of = |stub: &&str| tokens.find(stub);
    STUBS.iter().flat_map(of).map(|token| Violation::at(RULE, file, token, "a stub is not done")).collect()
}

/// The attribute `ignore`, also with a reason or behind a `cfg_attr`.
fn ignored(file: &File) -> Vec<Violation> {
    let Some(tokens) = file.tokens() else { return vec![] };
    let mut within = false;
    let mut violations = vec![];
    for pair in tokens.list.windows(2) {
        within = (within || (pair[0].is_mark('#') && pair[1].is_mark('['))) && !pair[0].is_mark(']');
        if within && pair[1].is_word("ignore") && (pair[0].is_mark('[') || pair[0].is_mark(',')) {
            violations.push(Violation::at(RULE, file, &pair[1], "a test that is switched off tests nothing"));
        }
    }
    violations
}

/// Hashes may contain any letters.
fn is_lock(file: &File) -> bool {
    ["Cargo.lock", "package-lock.json"].contains(&file.name())
}
