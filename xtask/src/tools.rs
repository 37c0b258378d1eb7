//! The programs that the checks need, installed where that is possible.
//!
//! The C compiler is not among them: without it this program could not have been linked, so `.ci/run` sees to it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::child::{ask, command, show};
use crate::steps::Outcome;

/// Where Debian keeps each version of PostgreSQL.
const POSTGRESQL: &str = "/usr/lib/postgresql";

/// The runner of the tests; nothing can be said without it.
pub fn nextest(root: &Path) -> anyhow::Result<Outcome> {
    let version = || ask(command(root, "cargo", &["nextest", "--version"]));
    if version().is_none() {
        show(command(root, "cargo", &["install", "cargo-nextest", "--locked"]))?;
    }
    Ok(version().map_or_else(|| Outcome::failed("cannot be installed"), Outcome::ok))
}

/// The checker of licences and sources; a machine without it skips that check.
pub fn deny(root: &Path) -> anyhow::Result<Outcome> {
    if deny_version(root).is_none() {
        show(command(root, "cargo", &["install", "cargo-deny", "--locked"]))?;
    }
    Ok(deny_version(root).map_or_else(|| Outcome::skipped("cannot be installed"), Outcome::ok))
}

/// What cargo-deny says it is, where it is installed.
pub fn deny_version(root: &Path) -> Option<String> {
    ask(command(root, "cargo", &["deny", "--version"]))
}

/// What lists the files of the repository; a clone was made with it, a copy was not.
pub fn git(root: &Path) -> anyhow::Result<Outcome> {
    let version = || ask(command(root, "git", &["--version"]));
    if version().is_none() && is_root() {
        install(root, &["git"]);
    }
    Ok(version().map_or_else(|| Outcome::failed("not installed, and only root may"), Outcome::ok))
}

/// What runs the check of the API's description and those with the client for Python; a machine without it skips them.
pub fn python(root: &Path) -> anyhow::Result<Outcome> {
    // Debian keeps what makes an environment in a package of its own.
    let complete =
        || ask(command(root, "python3", &["-c", "import ensurepip, venv, sys; print(sys.version)"]));
    if complete().is_none() {
        if !is_root() {
            return Ok(Outcome::skipped(
                "not installed, and only root may: neither the API's description nor a client is checked",
            ));
        }
        install(root, &["python3", "python3-venv"]);
    }
    Ok(complete().map_or_else(|| Outcome::skipped("cannot be installed"), Outcome::ok))
}

/// What runs the checks with the client for Node; a machine without it skips them.
pub fn node(root: &Path) -> anyhow::Result<Outcome> {
    if node_version(root).is_none() {
        if !is_root() {
            return Ok(Outcome::skipped(
                "not installed, and only root may: the client for Node is not checked",
            ));
        }
        install(root, &["nodejs", "npm"]);
    }
    Ok(node_version(root).map_or_else(|| Outcome::skipped("cannot be installed"), Outcome::ok))
}

/// What Node says it is, where it is installed with npm.
pub fn node_version(root: &Path) -> Option<String> {
    ask(command(root, "npm", &["--version"]))?;
    ask(command(root, "node", &["--version"]))
}

/// The database's server; without it only the embedded store is tested.
pub fn postgresql(root: &Path) -> anyhow::Result<Outcome> {
    let installed = || newest_initdb(Path::new(POSTGRESQL));
    if installed().is_none() {
        if !is_root() {
            return Ok(Outcome::skipped("not installed, and only root may: no test runs on PostgreSQL"));
        }
        install(root, &["postgresql"]);
    }
    Ok(match installed() {
        Some(initdb) => Outcome::ok(initdb.display().to_string()),
        None => Outcome::skipped("cannot be installed: no test runs on PostgreSQL"),
    })
}

/// Whether tests can start a database server.
pub fn has_postgresql() -> bool {
    newest_initdb(Path::new(POSTGRESQL)).is_some()
}

/// Installs packages. Whatever goes wrong, a system without apt-get included, shows in what is found afterwards.
fn install(root: &Path, packages: &[&str]) {
    show(apt(root, &["update"])).ok();
    show(apt(root, &[&["install", "-y", "--no-install-recommends"], packages].concat())).ok();
}

fn apt(root: &Path, arguments: &[&str]) -> std::process::Command {
    let mut command = command(root, "apt-get", arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The `initdb` of the newest version below a folder.
fn newest_initdb(folder: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(folder).ok()?.flatten();
    let numbered =
        versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry)));
    let programs = numbered.map(|(version, entry)| (version, entry.path().join("bin/initdb")));
    programs.filter(|(_, initdb)| initdb.is_file()).max().map(|(_, initdb)| initdb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_database_that_is_complete_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["9", "15", "common"] {
            std::fs::create_dir_all(folder.path().join(version).join("bin")).unwrap();
            std::fs::write(folder.path().join(version).join("bin/initdb"), "").unwrap();
        }
        std::fs::create_dir_all(folder.path().join("17/bin")).unwrap();
        assert_eq!(newest_initdb(folder.path()), Some(folder.path().join("15/bin/initdb")));
    }

    #[test]
    fn a_machine_without_the_folder_has_no_database() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(newest_initdb(&folder.path().join("postgresql")), None);
    }
}
