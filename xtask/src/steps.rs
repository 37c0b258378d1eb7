//! A list of steps, carried out one after another, and the table of how each went.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// One check.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What the table calls it.
    pub name: &'static str,
    /// Carries it out in the repository's root. An error is a failure like any other.
    pub run: fn(&Path) -> anyhow::Result<Outcome>,
}

/// How a step went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    verdict: Verdict,
    why: String,
    closing: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Ok,
    Failed,
    Skipped,
}

impl Outcome {
    /// All is well. The remark, which may be empty, says what the step does not cover.
    pub fn ok(remark: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, why: remark.into(), closing: vec![] }
    }

    /// Something is wrong, and the change must not go on.
    pub fn failed(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Failed, why: why.into(), closing: vec![] }
    }

    /// The step could not be carried out here, which is no fault of the change.
    pub fn skipped(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skipped, why: why.into(), closing: vec![] }
    }

    /// Adds lines that are to be seen again after everything else.
    #[must_use]
    pub fn closing_with(self, closing: Vec<String>) -> Self {
        Self { closing, ..self }
    }
}

/// How all steps went.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    took: Duration,
    outcome: Outcome,
}

/// Carries out the steps in order. With `fail_fast`, those after a failure are skipped.
pub fn run(root: &Path, steps: &[Step], fail_fast: bool) -> Report {
    let mut report = Report::default();
    for step in steps {
        let begun = Instant::now();
        let outcome = match report.first_failure().filter(|_| fail_fast) {
            Some(failed) => Outcome::skipped(format!("{failed} failed")),
            None => {
                println!("\n== {}", step.name);
                (step.run)(root).unwrap_or_else(|error| Outcome::failed(format!("{error:#}")))
            }
        };
        report.rows.push(Row { name: step.name, took: begun.elapsed(), outcome });
    }
    report
}

impl Report {
    /// Whether no step failed.
    pub fn passed(&self) -> bool {
        self.first_failure().is_none()
    }

    /// The lines to be seen last.
    pub fn closing(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().flat_map(|row| &row.outcome.closing).map(String::as_str)
    }

    /// One line a step: its name, its seconds and how it went; the total at the end.
    pub fn table(&self, total: Duration) -> String {
        let width = self.rows.iter().map(|row| row.name.len()).fold("total".len(), usize::max);
        let mut table = format!("{:width$}  {:>8}  result\n", "step", "seconds");
        for Row { name, took, outcome } in &self.rows {
            let verdict = match outcome.verdict {
                Verdict::Ok => "ok",
                Verdict::Failed => "FAILED",
                Verdict::Skipped => "skipped",
            };
            let colon = if outcome.why.is_empty() { "" } else { ": " };
            let seconds = took.as_secs_f64();
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{name:width$}  {seconds:8.1}  {verdict}{colon}{}", outcome.why);
        }
        let verdict = if self.passed() { "ok" } else { "FAILED" };
        let _ = writeln!(table, "{:width$}  {:8.1}  {verdict}", "total", total.as_secs_f64());
        table
    }

    fn first_failure(&self) -> Option<&'static str> {
        self.rows.iter().find(|row| row.outcome.verdict == Verdict::Failed).map(|row| row.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Step =
        Step { name: "good", run: |_| Ok(Outcome::ok("").closing_with(vec!["2 passed".into()])) };
    const BAD: Step = Step { name: "bad", run: |_| Ok(Outcome::failed("3 violations")) };
    const BROKEN: Step = Step { name: "broken", run: |_| anyhow::bail!("no such program") };
    const AWAY: Step = Step { name: "away", run: |_| Ok(Outcome::skipped("offline")) };

    fn run(steps: &[Step], fail_fast: bool) -> Report {
        let mut report = super::run(Path::new("."), steps, fail_fast);
        for row in &mut report.rows {
            row.took = Duration::from_millis(1250);
        }
        report
    }

    #[test]
    fn the_table_says_how_each_step_went_and_why() {
        let report = run(&[GOOD, BAD, BROKEN, AWAY], false);
        let table = "\
step     seconds  result
good         1.2  ok
bad          1.2  FAILED: 3 violations
broken       1.2  FAILED: no such program
away         1.2  skipped: offline
total       75.0  FAILED
";
        assert_eq!(report.table(Duration::from_secs(75)), table);
        assert!(!report.passed());
    }

    #[test]
    fn what_was_skipped_does_not_fail_the_whole() {
        let report = run(&[GOOD, AWAY], false);
        assert!(report.passed());
        assert!(report.table(Duration::ZERO).ends_with("total       0.0  ok\n"));
    }

    #[test]
    fn failing_fast_leaves_the_later_steps_out() {
        let report = run(&[BAD, GOOD], true);
        assert!(report.table(Duration::ZERO).contains("good        1.2  skipped: bad failed\n"));
        assert_eq!(report.closing().count(), 0);
    }

    #[test]
    fn closing_lines_survive_a_later_failure() {
        let report = run(&[GOOD, BAD], false);
        assert_eq!(report.closing().collect::<Vec<_>>(), ["2 passed"]);
    }
}
