//! SQL stands in the store and nowhere else.

use std::sync::LazyLock;

use regex::Regex;

use super::Violation;
use crate::repository::Repository;

const RULE: &str = "sql";

/// A statement in capitals, which is not the method of an HTTP request, or the shape of one in any letters.
static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        ^\s* (?: SELECT | INSERT | UPDATE | DELETE | CREATE\s+TABLE ) \s+ [^/\s]
        | ^\s* (?i:
            select \s .* \s from \s
          | insert \s+ (?: or \s+ \w+ \s+ )? into \s
          | update \s+ \S+ \s+ set \s
          | delete \s+ from \s
          | create \s+ (?: temp \s+ | temporary \s+ )? table \s
        )",
    )
    .expect("the pattern is fixed")
});

/// Checks the string literals of all Rust files, and where files of SQL stand.
pub fn check(repository: &Repository) -> Vec<Violation> {
    let outside = |path: &str| !path.starts_with("crates/store/");
    let files = repository
        .files()
        .filter(|file| file.path.ends_with(".sql") && outside(&file.path))
        .map(|file| Violation::new(RULE, &file.path, 0, "SQL belongs to crates/store"));
    let literals = repository
        .rust()
        .filter(|file| outside(&file.path) && !file.path.starts_with("xtask/"))
        .flat_map(|file| {
            file.tokens().into_iter().flat_map(|tokens| tokens.texts()).map(move |text| (file, text))
        })
        .filter(|(_, (_, text))| STATEMENT.is_match(text))
        .map(|(file, (token, _))| Violation::at(RULE, file, token, "SQL belongs to crates/store"));
    files.chain(literals).collect()
}
