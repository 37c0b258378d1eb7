//! `cargo xtask`: the repository's tasks.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use clap::Parser;
use xtask::child::{command, show};
use xtask::repository::{self, Repository};
use xtask::rules::{self, refusals};
use xtask::{checks, clients, contract, steps};

/// The repository's tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Run every check that a change must pass.
    Test {
        /// Stop at the first step that fails.
        #[arg(long)]
        fail_fast: bool,
        /// Unix time in seconds from which the total is counted, where a caller began before this program.
        #[arg(long)]
        since: Option<u64>,
    },
    /// Check only the repository's own rules.
    Rules,
    /// Check only that a running coordinator does what its description says.
    Contract,
    /// Check only that the official clients of OpenAI and wallets' libraries can be used with a running coordinator.
    Clients,
    /// Write docs/errors.md from the refusals of the core.
    Errors,
    /// Play more simulated markets than the tests do.
    Simulate {
        /// How many.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        seeds: u64,
        /// The seed of the first.
        #[arg(long, default_value_t = 1)]
        from: u64,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let root = repository::root();
    match Task::parse() {
        Task::Test { fail_fast, since } => test(root, fail_fast, since),
        Task::Rules => check_rules(root),
        Task::Contract => Ok(alone(root, &[steps::Step { name: "contract", run: contract::check }])),
        Task::Clients => Ok(alone(root, &[clients::PYTHON, clients::NODE])),
        Task::Errors => write_errors(root),
        Task::Simulate { seeds, from } => simulate(root, seeds, from),
    }
}

fn test(root: &Path, fail_fast: bool, since: Option<u64>) -> anyhow::Result<ExitCode> {
    let begun = match since {
        Some(seconds) => UNIX_EPOCH + Duration::from_secs(seconds),
        None => SystemTime::now(),
    };
    let report = steps::run(root, checks::STEPS, fail_fast);
    // A clock that was set back in between costs the total, not the verdict.
    let total = begun.elapsed().unwrap_or_default();
    println!("\n{}", report.table(total));
    for line in report.closing() {
        println!("{line}");
    }
    Ok(verdict(report.passed()))
}

/// Some of the steps, and the table of how they went.
fn alone(root: &Path, steps: &[steps::Step]) -> ExitCode {
    let begun = Instant::now();
    let report = steps::run(root, steps, false);
    println!("\n{}", report.table(begun.elapsed()));
    verdict(report.passed())
}

fn check_rules(root: &Path) -> anyhow::Result<ExitCode> {
    let violations = rules::violations(&Repository::read(root)?);
    for violation in &violations {
        println!("{violation}");
    }
    println!("{} rules, {} violations", rules::RULES.len(), violations.len());
    Ok(verdict(violations.is_empty()))
}

fn write_errors(root: &Path) -> anyhow::Result<ExitCode> {
    let page =
        refusals::page(&Repository::read(root)?).map_err(|violation| anyhow::anyhow!("{violation}"))?;
    let path = root.join(refusals::PAGE);
    std::fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
    println!("wrote {}", refusals::PAGE);
    Ok(ExitCode::SUCCESS)
}

/// The markets print how far they have come, and the seed and the last steps of one that fails.
fn simulate(root: &Path, seeds: u64, from: u64) -> anyhow::Result<ExitCode> {
    let test = ["test", "--package", "docket-engine", "--test", "engine", "--locked", "--"];
    let name = ["simulation::two_hundred_seeds_hold", "--exact", "--nocapture"];
    let mut cargo = command(root, "cargo", &[&test[..], &name].concat());
    cargo.env("DOCKET_SIM_SEEDS", seeds.to_string()).env("DOCKET_SIM_FROM", from.to_string());
    Ok(verdict(show(cargo)?))
}

fn verdict(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
