//! The text of the repository says nothing about the machines it was written on.

use std::sync::LazyLock;

use regex::Regex;

use super::{Violation, line_of};
use crate::repository::{File, Repository};

const RULE: &str = "hygiene";

/// The source of every crate in a lock file, whatever it was in truth downloaded from.
const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The first sign of an absolute path, whose parts before are neither a variable nor another folder.
static HOME: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[^\w.*~})>$-])(/(?:root\b|home/|work/))"));

static REGISTRY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)
        \b (?: index\.crates\.io | static\.crates\.io | registry\.npmjs\.org | registry\.yarnpkg\.com
             | files\.pythonhosted\.org | pypi\.org/simple | proxy\.golang\.org )
        | \b registry \s* = \s* [\x22']? (?: sparse\+ )? https?:
        | -index[-]url \b | \b index[-]url \s* =
        | \b replace[-]with \s* =",
    )
});

static RESOLVED: LazyLock<Regex> = LazyLock::new(|| pattern(r"\x22resolved\x22\s*:"));

static SOURCE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^source = \x22([^\x22]*)\x22"));

/// Checks all text files.
pub fn check(repository: &Repository) -> Vec<Violation> {
    repository
        .files()
        .flat_map(|file| {
            let mut violations = found(file, &HOME, "a path of one machine");
            violations.extend(found(file, &REGISTRY, "the address of a registry is the user's own setting"));
            if file.name() == "package-lock.json" {
                violations.extend(found(file, &RESOLVED, "lock the hash and not the address"));
            }
            if file.name() == "Cargo.lock" {
                violations.extend(foreign_sources(file));
            }
            violations
        })
        .collect()
}

fn found(file: &File, pattern: &Regex, message: &str) -> Vec<Violation> {
    let lines = file.text.lines().zip(1..);
    lines
        .filter(|(text, _)| pattern.is_match(text))
        .map(|(_, line)| Violation::new(RULE, &file.path, line, message))
        .collect()
}

fn foreign_sources(file: &File) -> Vec<Violation> {
    SOURCE
        .captures_iter(&file.text)
        .filter_map(|captures| captures.get(1))
        .filter(|source| source.as_str() != CRATES)
        .map(|source| {
            let line = line_of(&file.text, source.start());
            Violation::new(
                RULE,
                &file.path,
                line,
                format!("`{}` is not the crates' registry", source.as_str()),
            )
        })
        .collect()
}

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is fixed")
}
