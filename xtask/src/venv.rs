//! Environments of Python, each with the pinned packages of one check.

use std::path::{Path, PathBuf};

use crate::child::{ask, command, show};

/// An environment that has its packages.
#[derive(Debug)]
pub struct Venv {
    bin: PathBuf,
}

impl Venv {
    /// Makes the environment at a place, unless it is there, and installs what a list of packages names; or says why
    /// that cannot be done here. Both paths are seen from the root.
    ///
    /// # Errors
    /// If the environment was made and cannot be run.
    pub fn install(root: &Path, place: &str, packages: &str) -> anyhow::Result<Result<Self, String>> {
        let root = &std::fs::canonicalize(root)?;
        let venv = Self { bin: root.join(place).join("bin") };
        let python = venv.program("python");
        // Its programs name the place where it was made: one that was moved is made anew.
        let said = ask(command(root, &venv.program("pip"), &["--version"]));
        if !said.is_some_and(|said| is_of(&said, &root.join(place))) {
            let made = show(command(root, "python3", &["-m", "venv", "--clear", place]));
            if !matches!(made, Ok(true)) {
                return Ok(Err("python3 with its module venv is not installed".to_owned()));
            }
        }
        let quiet =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", packages];
        if !show(command(root, &python, &quiet))? {
            return Ok(Err(format!("the packages of {packages} cannot be installed")));
        }
        Ok(Ok(venv))
    }

    /// Where one of its programs is.
    pub fn program(&self, name: &str) -> String {
        self.bin.join(name).display().to_string()
    }
}

/// Whether pip, which says its version and from where it is, is that of an environment.
fn is_of(said: &str, venv: &Path) -> bool {
    said.contains(&format!(" from {}/", venv.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_known_by_the_whole_of_its_place() {
        let said = |root: &str| {
            format!("pip 23.2.1 from {root}/target/x/lib/python3.11/site-packages/pip (python 3.11)")
        };
        let here = Path::new("/a/docket/target/x");
        assert!(is_of(&said("/a/docket"), here));
        for elsewhere in ["/a/docket-old", "/old/a/docket", "/a/docket/copy"] {
            assert!(!is_of(&said(elsewhere), here), "{elsewhere}");
        }
    }
}
