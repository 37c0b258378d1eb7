//! `docket evaluate`: judges delivered work as an evaluator does, so that anybody can see whether a verdict stands.

mod hybrid;
mod models;
mod program;
mod rubric;

use super::read;
use crate::show::words;
use anyhow::{Result, bail};
use clap::Subcommand;
use docket_evaluation::{Digest, MAX_DELIVERABLE_BYTES};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// By what to judge. The exit code is 0 if the work passes, 1 if it fails, 2 if it could not be judged.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Run a WebAssembly command over the work, in a sandbox: it passes if that exits with 0. Comes out alike everywhere.
    Program {
        #[command(flatten)]
        work: Work,
        #[command(flatten)]
        program: program::ProgramArgs,
    },
    /// Have at least three models score the work by a rubric: the medians count.
    Rubric {
        #[command(flatten)]
        work: Work,
        #[command(flatten)]
        rubric: rubric::RubricArgs,
    },
    /// Do both, and weigh them by the rubric's `program_weight`.
    Hybrid {
        #[command(flatten)]
        work: Work,
        #[command(flatten)]
        program: program::ProgramArgs,
        #[command(flatten)]
        rubric: rubric::RubricArgs,
    },
}

/// The work that is judged.
#[derive(clap::Args)]
struct Work {
    /// The file with the delivered work, or `-` for the standard input.
    #[arg(long, value_name = "FILE")]
    deliverable: PathBuf,
    /// Refuse any other work than that with this Keccak-256 hash.
    #[arg(long, value_name = "HASH")]
    expect_deliverable: Option<Digest>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Work that was read, and what names it.
struct Deliverable {
    bytes: Vec<u8>,
    digest: Digest,
}

impl Work {
    fn read(&self) -> Result<Deliverable> {
        let bytes = read(&self.deliverable, MAX_DELIVERABLE_BYTES)?;
        if bytes.len() > MAX_DELIVERABLE_BYTES {
            bail!("{} has more than {MAX_DELIVERABLE_BYTES} bytes", self.deliverable.display());
        }
        let digest = expect(self.expect_deliverable, Digest::of(&bytes), &self.deliverable)?;
        Ok(Deliverable { bytes, digest })
    }

    /// Prints what came of it; answers with the exit code.
    fn show(&self, report: &(impl Serialize + fmt::Display), passed: bool) -> Result<ExitCode> {
        match self.json {
            true => println!("{}", serde_json::to_string(report)?),
            false => print!("{report}"),
        }
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The hash of what was read, if it is the one that was expected.
fn expect(expected: Option<Digest>, found: Digest, path: &Path) -> Result<Digest> {
    match expected {
        Some(expected) if expected != found => {
            bail!("{} has the hash {found}, and {expected} was expected", path.display())
        }
        _ => Ok(found),
    }
}

/// Judges. What keeps from judging is said on standard error.
pub(crate) fn run(args: &Args) -> ExitCode {
    let done = match &args.action {
        Action::Program { work, program } => program::run(work, program),
        Action::Rubric { work, rubric } => rubric::run(work, rubric),
        Action::Hybrid { work, program, rubric } => hybrid::run(work, program, rubric),
    };
    done.unwrap_or_else(|error| {
        eprintln!("docket: {}", words(&error));
        ExitCode::from(2)
    })
}

/// The first word of a report.
fn verdict(passed: bool) -> &'static str {
    if passed { "passed" } else { "failed" }
}
