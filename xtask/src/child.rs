//! Other programs, run in the repository's root without input, their output shown as it comes.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;

/// A program that is not asked anything and sees the environment of a shell.
///
/// `cargo run` describes the package it runs in the environment. Left there, it would make build scripts that look at it
/// run again.
pub fn command(root: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// Runs a program in view of the user; says whether it succeeded.
pub fn show(mut command: Command) -> anyhow::Result<bool> {
    println!("$ {}", line(&command));
    let status = command.status().with_context(|| line(&command))?;
    Ok(status.success())
}

/// Runs a program in view of the user; says whether it succeeded and gives all lines that it wrote, errors among them.
pub fn show_and_keep(mut command: Command) -> anyhow::Result<(bool, Vec<String>)> {
    println!("$ {}", line(&command));
    let (reader, writer) = std::io::pipe().context("a pipe")?;
    command.stdout(writer.try_clone().context("a pipe")?).stderr(writer);
    let mut child = command.spawn().with_context(|| line(&command))?;
    // The ends that are written to must be closed here, or the reading would never end.
    drop(command);
    let mut lines = vec![];
    for bytes in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&bytes.context("reading output")?).into_owned();
        println!("{line}");
        lines.push(line);
    }
    Ok((child.wait().context("waiting for a program")?.success(), lines))
}

/// The first line that a program answers, if it is there and succeeds.
pub fn ask(mut command: Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
}

fn line(command: &Command) -> String {
    let parts = std::iter::once(command.get_program()).chain(command.get_args());
    parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        command(Path::new("."), "sh", &["-c", script])
    }

    #[test]
    fn errors_and_output_are_kept_in_order() {
        let (good, lines) = show_and_keep(shell("echo one; echo two >&2; echo three; exit 3")).unwrap();
        assert!(!good);
        assert_eq!(lines, ["one", "two", "three"]);
    }

    #[test]
    fn a_program_has_no_input_and_no_package() {
        assert_eq!(ask(shell("cat; echo \"${CARGO_PKG_NAME-none}\"")).unwrap(), "none");
    }

    #[test]
    fn a_program_that_fails_answers_nothing() {
        assert_eq!(ask(shell("echo 1.0; exit 1")), None);
        assert_eq!(ask(command(Path::new("."), "no-such-program", &[])), None);
    }
}
