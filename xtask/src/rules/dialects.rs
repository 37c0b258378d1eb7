//! The dialects' folders look alike, and none knows another.

use super::Violation;
use crate::repository::{File, Repository};
use crate::tokens::{Kind, Token};

const RULE: &str = "dialects";

const API: &str = "crates/api/src";
/// The one file that knows more than one dialect.
const ROUTER: &str = "crates/api/src/router.rs";

/// The modules of the dialects; no other code may know these words as names of something.
pub const DIALECTS: [&str; 4] = ["quotes", "credits", "agents", "registry"];

/// What each dialect's folder holds.
const SHAPE: [&str; 5] = ["mod.rs", "routes.rs", "wire.rs", "status.rs", "errors.rs"];

/// Checks the folders' files and the paths in their code.
pub fn check(repository: &Repository) -> Vec<Violation> {
    let missing = DIALECTS
        .iter()
        .map(|dialect| format!("{API}/{dialect}"))
        .filter(|folder| repository.has_folder(folder))
        .flat_map(|folder| SHAPE.map(|name| format!("{folder}/{name}")))
        .filter(|path| repository.file(path).is_none())
        .map(|path| Violation::new(RULE, &path, 0, "is missing: all dialects have the same files"));
    let mixed = repository
        .rust_under(API)
        .filter(|file| file.path != ROUTER && !repository.is_test(&file.path))
        .flat_map(strangers);
    missing.chain(mixed).collect()
}

/// Where a file names a dialect after another, its own folder being the first.
fn strangers(file: &File) -> Vec<Violation> {
    let own = file.path[API.len() + 1..].split(['/', '.']).next();
    let mut known = own.and_then(|own| DIALECTS.into_iter().find(|dialect| *dialect == own));
    let mut violations = vec![];
    for (dialect, token) in named(file) {
        match known {
            None => known = Some(dialect),
            Some(first) if first == dialect => {}
            Some(first) => violations.push(Violation::at(
                RULE,
                file,
                token,
                format!("names `{dialect}` beside `{first}`: only {ROUTER} may know more than one dialect"),
            )),
        }
    }
    violations
}

/// The dialects' modules where they are part of a path, with their tokens.
fn named(file: &File) -> Vec<(&'static str, &Token)> {
    let list: Vec<_> = file.tokens().into_iter().flat_map(|tokens| tokens.program()).collect();
    let mut importing = false;
    let mut found = vec![];
    for (at, token) in list.iter().enumerate() {
        let Kind::Word(word) = &token.kind else {
            importing &= !token.is_mark(';');
            continue;
        };
        importing |= word == "use";
        let beside =
            |at: Option<usize>| at.and_then(|at| list.get(at)).is_some_and(|token| token.is_mark(':'));
        let two = |near: Option<usize>, far: Option<usize>| beside(near) && beside(far);
        let in_path =
            importing || two(at.checked_sub(1), at.checked_sub(2)) || two(Some(at + 1), Some(at + 2));
        let dialect = DIALECTS.into_iter().find(|dialect| dialect == word);
        found.extend(dialect.filter(|_| in_path).map(|dialect| (dialect, *token)));
    }
    found
}
