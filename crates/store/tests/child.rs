//! A test that needs another process runs itself once more, in another role.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// Who has no rights.
pub(crate) const NOBODY: u32 = 65_534;

/// Holds the name of the test and what it is about.
const ROLE: &str = "DOCKET_STORE_TEST_CHILD";

/// One test of this program, to be run as a child.
pub(crate) struct Child {
    test: &'static str,
    about: String,
}

/// The child's side of a test about something.
pub(crate) fn child(test: &'static str, about: impl Into<String>) -> Child {
    Child { test, about: about.into() }
}

/// What it is about, if this process is the child of a test.
pub(crate) fn is_child_of(test: &str) -> Option<String> {
    let role = std::env::var(ROLE).ok()?;
    role.strip_prefix(test)?.strip_prefix(' ').map(str::to_owned)
}

/// Whether this process may do anything.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

impl Child {
    /// The child as the same user.
    pub(crate) fn command(&self) -> Command {
        self.run(std::env::current_exe().expect("this program has a file"), &[])
    }

    /// Runs the child as a user without rights. It gets a copy of the program, which may lie where he
    /// cannot reach it.
    pub(crate) fn as_nobody(&self) -> Nobody {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let copy = folder.path().join("child");
        std::fs::copy(std::env::current_exe().expect("this program has a file"), &copy)
            .expect("there is room");
        open_to_all(folder.path());
        let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()];
        let arguments = user.map(OsString::from);
        let command = self.run("setpriv".into(), &[&arguments[..], &[copy.into_os_string()]].concat());
        Nobody { command, _folder: folder }
    }

    fn run(&self, program: PathBuf, arguments: &[OsString]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).args(["--exact", self.test, "--nocapture"]);
        command.env(ROLE, format!("{} {}", self.test, self.about));
        command
    }
}

/// A child without rights.
pub(crate) struct Nobody {
    command: Command,
    _folder: tempfile::TempDir,
}

impl Nobody {
    pub(crate) fn status(mut self) -> std::io::Result<ExitStatus> {
        self.command.status()
    }
}

/// Lets everybody look into a folder.
pub(crate) fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("the folder is ours");
}
