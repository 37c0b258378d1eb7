//! Every link in the documentation that stays in the repository leads somewhere.

use std::sync::LazyLock;

use regex::Regex;

use super::{Violation, line_of};
use crate::repository::{File, Repository};

const RULE: &str = "links";

/// `](target)`, `[name]: target`, and what HTML in Markdown points to.
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?mx)
        \]\( \s* <? ([^)>\s]+)
        | ^\s{0,3} \[ [^\]^]+ \]: \s* <? ([^>\s]+)
        | \b (?: src | href ) = \x22 ([^\x22]+) \x22",
    )
    .expect("the pattern is fixed")
});

static SCHEME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//)").expect("the pattern is fixed"));

/// Checks all Markdown files.
pub fn check(repository: &Repository) -> Vec<Violation> {
    let pages = repository.files().filter(|file| file.path.ends_with(".md"));
    pages
        .flat_map(|file| {
            let text = without_code(&file.text);
            LINK.captures_iter(&text)
                .filter_map(|captures| captures.iter().skip(1).flatten().next())
                .filter(|target| !SCHEME.is_match(target.as_str()))
                .filter(|target| !leads_somewhere(repository, file, target.as_str()))
                .map(|target| {
                    let line = line_of(&text, target.start());
                    Violation::new(RULE, &file.path, line, format!("`{}` leads nowhere", target.as_str()))
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

fn leads_somewhere(repository: &Repository, page: &File, target: &str) -> bool {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = resolve(&page.path, &path.replace("%20", " "));
    let Some(path) = path else { return false };
    match repository.file(&path) {
        Some(file) => heading.is_empty() || !path.ends_with(".md") || has_heading(&file.text, heading),
        None => path.is_empty() || repository.has_folder(&path),
    }
}

/// The path from the root that a link on a page means; `None` where it leads out of the repository.
fn resolve(page: &str, link: &str) -> Option<String> {
    if link.is_empty() {
        return Some(page.to_owned());
    }
    let mut parts: Vec<&str> = match link.strip_prefix('/') {
        Some(_) => vec![],
        None => page.rsplit_once('/').map_or(vec![], |(folder, _)| folder.split('/').collect()),
    };
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether a heading has this anchor: lower case, spaces as hyphens, other marks left out.
fn has_heading(text: &str, anchor: &str) -> bool {
    let kept = |letter: char| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ => letter.is_alphanumeric().then_some(letter),
    };
    without_fences(text)
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|heading| {
            heading.trim_start_matches('#').trim().to_lowercase().chars().filter_map(kept).collect()
        })
        .any(|own: String| own == anchor)
}

/// The text with its code blanked out, line by line, so that positions keep their lines.
fn without_code(text: &str) -> String {
    let blank = |line: &str| {
        let parts: Vec<_> = line.split('`').collect();
        // A line with an odd number of backquotes has no pair for the last.
        let outside = parts.iter().enumerate().filter(|(at, _)| at % 2 == 0).map(|(_, part)| *part);
        outside.collect::<Vec<_>>().join("`")
    };
    without_fences(text).lines().map(blank).collect::<Vec<_>>().join("\n")
}

/// The text with the lines of fenced blocks left empty.
fn without_fences(text: &str) -> String {
    let mut fenced = false;
    let mut lines = vec![];
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        lines.push(if fenced || fence { "" } else { line });
        fenced ^= fence;
    }
    lines.join("\n")
}
