//! Every statement that writes stands in the writer of its database, and one place there uses it.

use std::sync::LazyLock;

use regex::Regex;

use super::Violation;
use crate::repository::{File, Repository};
use crate::tokens::{Kind, Token};

const RULE: &str = "writers";

/// The only files that may hold statements that write.
const WRITERS: [&str; 2] = ["crates/store/src/sqlite/write.rs", "crates/store/src/postgres/write.rs"];

static WRITE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)
        \b insert \s+ (?: or \s+ \w+ \s+ )? into \b
        | \b replace \s+ into \b
        | \b update \s+ \S+ \s+ (?: as \s+ \S+ \s+ )? set \b
        | \b delete \s+ from \b
        | ^\s* (?: insert | update | delete | truncate ) \s",
    )
    .expect("the pattern is fixed")
});

/// Checks the store's program; its tests may write behind its back.
pub fn check(repository: &Repository) -> Vec<Violation> {
    repository
        .rust_under("crates/store")
        .filter(|file| !repository.is_test(&file.path))
        .flat_map(|file| {
            let list: Vec<_> = file.tokens().into_iter().flat_map(|tokens| tokens.program()).collect();
            if WRITERS.contains(&file.path.as_str()) { used_once(file, &list) } else { none(file, &list) }
        })
        .collect()
}

fn is_write(token: &Token) -> bool {
    matches!(&token.kind, Kind::Text(text) if WRITE.is_match(text))
}

fn none(file: &File, list: &[&Token]) -> Vec<Violation> {
    let message = format!("a statement that writes may stand only in {}", WRITERS.join(" or "));
    list.iter()
        .filter(|token| is_write(token))
        .map(|token| Violation::at(RULE, file, token, &message))
        .collect()
}

/// A named statement is private to its file and used exactly once; one without a name is used where it stands.
fn used_once(file: &File, list: &[&Token]) -> Vec<Violation> {
    let mut violations = vec![];
    for (at, token) in list.iter().enumerate().filter(|(_, token)| is_write(token)) {
        let Some(named) = named(&list[..at]) else { continue };
        let Kind::Word(name) = &list[named].kind else { continue };
        let uses = list.iter().filter(|other| other.is_word(name)).count() - 1;
        if uses != 1 {
            violations.push(Violation::at(
                RULE,
                file,
                token,
                format!("`{name}` has {uses} callers and not one"),
            ));
        }
        let before = named.checked_sub(2).map(|before| list[before]);
        if before.is_some_and(|before| before.is_word("pub") || before.is_mark(')')) {
            violations.push(Violation::at(
                RULE,
                file,
                token,
                format!("`{name}` must be private to its file"),
            ));
        }
    }
    violations
}

/// Where the name stands of the constant that the last of these tokens belong to: `const NAME: .. =`.
fn named(before: &[&Token]) -> Option<usize> {
    let mut inside = 0_usize;
    let end_of_last = before.iter().rposition(|token| {
        match token.kind {
            Kind::Mark(')' | ']') => inside += 1,
            Kind::Mark('(' | '[') => inside = inside.saturating_sub(1),
            Kind::Mark(_) | Kind::Word(_) | Kind::Text(_) => {}
        }
        inside == 0 && [';', '{', '}'].into_iter().any(|mark| token.is_mark(mark))
    });
    let start = end_of_last.map_or(0, |end| end + 1);
    let keyword =
        before[start..].iter().position(|token| token.is_word("const") || token.is_word("static"))?;
    Some(start + keyword + 1)
}
