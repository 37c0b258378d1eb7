//! `docket evaluate hybrid`: runs a program, has models score, and weighs both.

use super::{Work, program, rubric, verdict};
use anyhow::Result;
use docket_evaluation::hybrid::{NoProgramWeight, Verdict, weigh};
use serde::Serialize;
use std::fmt;
use std::process::ExitCode;

/// What came of both.
#[derive(Serialize)]
struct Report {
    strategy: &'static str,
    #[serde(flatten)]
    verdict: Verdict,
    program: program::Report,
    rubric: rubric::Report,
}

/// The program runs first: it costs nothing.
pub(super) fn run(
    work: &Work,
    by_program: &program::ProgramArgs,
    by_rubric: &rubric::RubricArgs,
) -> Result<ExitCode> {
    let deliverable = work.read()?;
    let rubric = by_rubric.read()?;
    rubric.program_weight().ok_or(NoProgramWeight)?;
    by_rubric.check()?;
    let program = program::judge(&deliverable, by_program)?;
    let judged = rubric::judge(&deliverable, by_rubric, &rubric)?;
    let verdict = weigh(&rubric, program.passed, &judged.judgement)?;
    let passed = verdict.passed;
    work.show(&Report { strategy: "hybrid", verdict, program, rubric: judged }, passed)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verdict { program_weight, score, passed, borderline, .. } = &self.verdict;
        let note = if *borderline { "; borderline: the models disagree" } else { "" };
        let pass = self.rubric.pass;
        writeln!(f, "{}: {score} points, {pass} suffice{note}", verdict(*passed))?;
        writeln!(f, "  the program counts for {program_weight} of 100")?;
        write!(f, "{}{}", self.program, self.rubric)
    }
}
