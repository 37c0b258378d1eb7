//! `docket evaluate program`: runs a program over the work.

use super::{Deliverable, Work, expect, verdict};
use crate::commands::read;
use crate::show::plain;
use anyhow::{Context, Result};
use docket_evaluation::Digest;
use docket_evaluation::program::{ENVIRONMENT, End, Limits, MAX_MODULE_BYTES, Outcome, Output};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

/// Which program, and how much it may use up.
#[derive(clap::Args)]
pub(super) struct ProgramArgs {
    /// The program's file: a WebAssembly command in its binary form.
    #[arg(long, value_name = "FILE")]
    module: PathBuf,
    /// Refuse any other program than that with this Keccak-256 hash.
    #[arg(long, value_name = "HASH")]
    expect: Option<Digest>,
    /// How much fuel it has: about one unit an instruction, and one a byte that is moved at once.
    #[arg(long, value_name = "UNITS", default_value_t = Limits::default().fuel)]
    fuel: u64,
    /// How much memory it may have.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().memory_bytes)]
    memory: u64,
}

/// What came of it.
#[derive(Serialize)]
pub(super) struct Report {
    strategy: &'static str,
    pub(super) passed: bool,
    deliverable: Digest,
    module: Digest,
    environment: &'static str,
    #[serde(flatten)]
    end: End,
    fuel_used: u64,
    fuel: u64,
    memory_bytes: u64,
    stdout: Text,
    stderr: Text,
}

/// An output as text. What is no UTF-8 is replaced.
#[derive(Serialize)]
struct Text {
    text: String,
    truncated: bool,
}

impl From<Output> for Text {
    fn from(output: Output) -> Self {
        let text = String::from_utf8_lossy(&output.bytes).into_owned();
        Self { text, truncated: output.truncated }
    }
}

pub(super) fn run(work: &Work, args: &ProgramArgs) -> Result<ExitCode> {
    let report = judge(&work.read()?, args)?;
    work.show(&report, report.passed)
}

/// Runs the program over the work.
pub(super) fn judge(work: &Deliverable, args: &ProgramArgs) -> Result<Report> {
    let limits = Limits { fuel: args.fuel, memory_bytes: args.memory }.check()?;
    let module = read(&args.module, MAX_MODULE_BYTES)?;
    let digest = expect(args.expect, Digest::of(&module), &args.module)?;
    let outcome = execute(&module, &work.bytes, limits).with_context(|| args.module.display().to_string())?;
    Ok(Report {
        strategy: "program",
        passed: outcome.passed(),
        deliverable: work.digest,
        module: digest,
        environment: ENVIRONMENT,
        end: outcome.end,
        fuel_used: outcome.fuel_used,
        fuel: limits.fuel,
        memory_bytes: limits.memory_bytes,
        stdout: outcome.stdout.into(),
        stderr: outcome.stderr.into(),
    })
}

#[cfg(feature = "wasm")]
fn execute(module: &[u8], work: &[u8], limits: Limits) -> Result<Outcome> {
    Ok(docket_evaluation::program::Program::compile(module)?.run(work, limits)?)
}

#[cfg(not(feature = "wasm"))]
fn execute(_: &[u8], _: &[u8], _: Limits) -> Result<Outcome> {
    anyhow::bail!("this docket cannot run programs; one that can is made by `cargo build --features wasm`")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = plain(&self.end.to_string());
        writeln!(f, "{}: the program {end}", verdict(self.passed))?;
        writeln!(f, "  module       {}", self.module)?;
        writeln!(f, "  deliverable  {}", self.deliverable)?;
        writeln!(f, "  fuel         {} of {}", self.fuel_used, self.fuel)?;
        writeln!(f, "  memory       at most {} bytes", self.memory_bytes)?;
        writeln!(f, "  environment  {}", self.environment)?;
        for (name, output) in [("output", &self.stdout), ("errors", &self.stderr)] {
            let more = if output.truncated { ", the beginning" } else { "" };
            let text = plain(&output.text);
            if !text.is_empty() {
                writeln!(f, "  its {name}{more}:")?;
            }
            for line in text.lines() {
                writeln!(f, "    {line}")?;
            }
        }
        Ok(())
    }
}
