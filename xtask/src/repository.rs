//! The text files of the repository, as the rules see them; which of them are tests.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::tokens::Tokens;

/// The folder of the repository that this program was built from.
pub fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("the folder xtask stands in the repository")
}

/// Text files by their path from the repository's root, with `/` between the parts.
#[derive(Debug, Default)]
pub struct Repository {
    files: BTreeMap<String, File>,
}

/// One text file.
#[derive(Debug)]
pub struct File {
    /// The path from the repository's root.
    pub path: String,
    /// What stands in it.
    pub text: String,
    tokens: OnceCell<Option<Tokens>>,
}

impl File {
    /// The file as Rust tokens, read once; `None` where it is not Rust.
    pub fn tokens(&self) -> Option<&Tokens> {
        self.tokens.get_or_init(|| Tokens::read(&self.text)).as_ref()
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl Repository {
    /// Reads what git tracks, and what it would track if it were added. Files that are not UTF-8 are left out.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        // The checkout may belong to another user than the one who runs the checks.
        let listed = Command::new("git")
            .args(["-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("running git ls-files")?;
        ensure!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr).trim());
        let paths = String::from_utf8(listed.stdout).context("a path that is not UTF-8")?;
        // A file that was deleted and not yet committed is listed and cannot be read.
        let files = paths
            .split_terminator('\0')
            .filter_map(|path| Some((path.to_owned(), std::fs::read_to_string(root.join(path)).ok()?)));
        Ok(files.collect())
    }

    /// All files, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.files.values()
    }

    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// All files in a folder and below it.
    pub fn under(&self, folder: &str) -> impl Iterator<Item = &File> {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        self.files
            .range(prefix.clone()..)
            .map(|(_, file)| file)
            .take_while(move |file| file.path.starts_with(&prefix))
    }

    /// Whether any file stands in a folder or below it.
    pub fn has_folder(&self, folder: &str) -> bool {
        self.under(folder).next().is_some()
    }

    /// The Rust files in a folder and below it.
    pub fn rust_under(&self, folder: &str) -> impl Iterator<Item = &File> {
        self.under(folder).filter(|file| file.path.ends_with(".rs"))
    }

    /// All Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files().filter(|file| file.path.ends_with(".rs"))
    }

    /// Whether a Rust file is compiled for tests only: it stands in `tests` or `benches`, or the module that declares it says so.
    pub fn is_test(&self, path: &str) -> bool {
        let Some((folder, name)) = path.rsplit_once('/') else { return false };
        if folder.split('/').any(|part| part == "tests" || part == "benches") {
            return true;
        }
        let (folder, module) = match name {
            "lib.rs" | "main.rs" => return false,
            "mod.rs" => match folder.rsplit_once('/') {
                Some(parts) => parts,
                None => return false,
            },
            _ => (folder, name.trim_end_matches(".rs")),
        };
        let parents = ["mod.rs", "lib.rs", "main.rs"]
            .map(|parent| format!("{folder}/{parent}"))
            .into_iter()
            .chain([format!("{folder}.rs")]);
        parents.filter_map(|parent| self.file(&parent)).any(|parent| {
            let declared =
                parent.tokens().is_some_and(|tokens| tokens.test_modules.iter().any(|name| name == module));
            declared || self.is_test(&parent.path)
        })
    }
}

impl<P: Into<String>, T: Into<String>> FromIterator<(P, T)> for Repository {
    fn from_iter<I: IntoIterator<Item = (P, T)>>(files: I) -> Self {
        let files = files.into_iter().map(|(path, text)| {
            let path = path.into();
            (path.clone(), File { path, text: text.into(), tokens: OnceCell::new() })
        });
        Self { files: files.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_test_where_its_module_says_so() {
        let repository = Repository::from_iter([
            ("a/src/lib.rs", "mod money; #[cfg(test)] mod market;"),
            ("a/src/market.rs", "mod client;"),
            ("a/src/market/client.rs", ""),
            ("a/src/money.rs", "#[cfg(not(test))] mod cents;"),
            ("a/src/money/cents.rs", ""),
            ("a/tests/life.rs", ""),
        ]);
        let tests: Vec<_> = repository
            .files()
            .map(|file| file.path.as_str())
            .filter(|path| repository.is_test(path))
            .collect();
        assert_eq!(tests, ["a/src/market.rs", "a/src/market/client.rs", "a/tests/life.rs"]);
    }

    #[test]
    fn a_folder_ends_where_its_name_ends() {
        let repository = Repository::from_iter([("a/b.rs", ""), ("ab/c.rs", "")]);
        let paths: Vec<_> = repository.under("a").map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a/b.rs"]);
        assert!(!repository.has_folder("b"));
    }
}
