//! The list of checks that a change must pass.

use std::path::Path;

use crate::child::{ask, command, show, show_and_keep};
use crate::repository::Repository;
use crate::steps::{Outcome, Step};
use crate::{clients, contract, rules, tools};

/// All checks, in the order in which they run. A new one is a new line here.
pub const STEPS: &[Step] = &[
    Step { name: "tools: git", run: tools::git },
    Step { name: "tools: cargo-nextest", run: tools::nextest },
    Step { name: "tools: cargo-deny", run: tools::deny },
    Step { name: "tools: postgresql", run: tools::postgresql },
    Step { name: "tools: python", run: tools::python },
    Step { name: "tools: node", run: tools::node },
    Step { name: "fmt", run: fmt },
    Step { name: "clippy", run: clippy },
    Step { name: "docs", run: docs },
    Step { name: "rules", run: rules },
    Step { name: "tests", run: tests },
    Step { name: "dcap", run: dcap },
    Step { name: "contract", run: contract::check },
    clients::PYTHON,
    clients::NODE,
    Step { name: "deny", run: deny },
];

/// The features that the default build leaves out.
const WITH: &str = "docket/wasm";

/// How many lines to show again of a test run that came to no summary.
const LAST_LINES: usize = 5;

fn fmt(root: &Path) -> anyhow::Result<Outcome> {
    cargo(root, &["fmt", "--all", "--check"])
}

/// With what the default build leaves out.
fn clippy(root: &Path) -> anyhow::Result<Outcome> {
    let all = ["clippy", "--workspace", "--all-targets", "--features", WITH, "--locked"];
    cargo(root, &[&all[..], &["--", "-D", "warnings"]].concat())
}

/// Every link of the documentation leads somewhere.
fn docs(root: &Path) -> anyhow::Result<Outcome> {
    if ask(command(root, "rustdoc", &["--version"])).is_none() {
        return Ok(Outcome::skipped("rustdoc is not installed"));
    }
    let mut doc = command(root, "cargo", &["doc", "--workspace", "--lib", "--no-deps", "--locked"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    Ok(if show(doc)? { Outcome::ok("") } else { Outcome::failed("see above") })
}

fn rules(root: &Path) -> anyhow::Result<Outcome> {
    let violations = rules::violations(&Repository::read(root)?);
    for violation in &violations {
        println!("{violation}");
    }
    Ok(match violations.len() {
        0 => Outcome::ok(""),
        count => Outcome::failed(format!("violations: {count}")),
    })
}

/// With what the default build leaves out; the steps after this one run the default build.
fn tests(root: &Path) -> anyhow::Result<Outcome> {
    let all = ["nextest", "run", "--workspace", "--features", WITH, "--locked", "--no-fail-fast"];
    let mut nextest = command(root, "cargo", &all);
    // The embedded engine's threads spin; on a busy machine more than one is far slower than one.
    nextest.env("CANDLE_NUM_THREADS", "1");
    if !tools::has_postgresql() {
        // The step that was to install it has said why; without this, tests that find no server fail.
        nextest.env("DOCKET_TEST_POSTGRES", "skip");
    }
    let (good, lines) = show_and_keep(nextest)?;
    let outcome = if good { Outcome::ok("") } else { Outcome::failed("see above") };
    Ok(outcome.closing_with(closing(&lines).to_vec()))
}

/// The feature `dcap`, which is off by default: its lints and its tests, and the program with it.
fn dcap(root: &Path) -> anyhow::Result<Outcome> {
    const CRATE: [&str; 5] = ["-p", "docket-attestation", "--features", "dcap", "--locked"];
    let lints = [&["clippy"][..], &CRATE, &["--all-targets", "--", "-D", "warnings"]].concat();
    let tests = [&["nextest", "run", "--no-fail-fast"][..], &CRATE].concat();
    let program = ["clippy", "-p", "docket-api", "--features", "dcap", "--locked", "--", "-D", "warnings"];
    for lints in [&lints[..], &program] {
        if !show(command(root, "cargo", lints))? {
            return Ok(Outcome::failed("see above"));
        }
    }
    cargo(root, &tests)
}

fn deny(root: &Path) -> anyhow::Result<Outcome> {
    if tools::deny_version(root).is_none() {
        return Ok(Outcome::skipped("cargo-deny is not installed"));
    }
    let good = show(command(root, "cargo", &["deny", "--locked", "check", "bans", "licenses", "sources"]))?;
    Ok(match good {
        true => Outcome::ok("advisories are not checked: their database is fetched from outside"),
        false => Outcome::failed("see above"),
    })
}

fn cargo(root: &Path, arguments: &[&str]) -> anyhow::Result<Outcome> {
    let good = show(command(root, "cargo", arguments))?;
    Ok(if good { Outcome::ok("") } else { Outcome::failed("see above") })
}

/// The summary of a test run with all that follows it, or its last lines where there is none.
fn closing(lines: &[String]) -> &[String] {
    let summary = lines.iter().rposition(|line| line.trim_start().starts_with("Summary ["));
    &lines[summary.unwrap_or(lines.len().saturating_sub(LAST_LINES))..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn the_summary_is_shown_again_with_the_failures_below_it() {
        let all = lines(&[
            "        PASS [   0.004s] (1/2) docket-core money::a_fee_is_rounded_down",
            "------------",
            "     Summary [   0.005s] 2 tests run: 1 passed, 1 failed, 0 skipped",
            "        FAIL [   0.004s] (2/2) docket-core money::parts_sum_to_the_whole",
        ]);
        assert_eq!(closing(&all), &all[2..]);
    }

    #[test]
    fn a_run_that_did_not_compile_shows_its_last_lines() {
        let all = lines(&["1", "2", "3", "4", "5", "6", "error: could not compile"]);
        assert_eq!(closing(&all), &all[2..]);
        assert!(closing(&[]).is_empty());
    }
}
