//! What is printed: one line for each measured round, or all of it as JSON.

use super::limits::Syncs;
use super::load::{Driven, percentile};
use super::stages::Stage;
use super::usage::Usage;
use serde::Serialize;
use std::time::Duration;

/// One measured round.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Round {
    /// How many jobs were under way at a time.
    pub(super) in_flight: usize,
    /// How many were completed.
    pub(super) jobs: usize,
    /// How many were completed in a second.
    pub(super) jobs_per_s: f64,
    /// From a commit to its acknowledgement, milliseconds.
    pub(super) commit_p50_ms: f64,
    /// The same, all but one in a hundred.
    pub(super) commit_p99_ms: f64,
    /// From a commit to its result, milliseconds.
    pub(super) result_p50_ms: f64,
    /// The same, all but one in a hundred.
    pub(super) result_p99_ms: f64,
    /// Processor time of this process for each job: load and workers, microseconds.
    pub(super) load_cpu_us: f64,
    /// Receipts that were verified as a client would.
    pub(super) checked: u64,
    /// What the coordinator used, where it is a child of this process.
    pub(super) coordinator: Option<Costs>,
}

/// What a coordinator used in a round.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Costs {
    /// Processor time for each job, microseconds.
    pub(super) cpu_us: f64,
    /// Resident memory at the end, MiB.
    pub(super) resident_mib: f64,
}

/// What was used before and after a round.
pub(super) struct Span {
    /// This process.
    pub(super) load: [Usage; 2],
    /// The coordinator, where it is a child of this process.
    pub(super) coordinator: Option<[Usage; 2]>,
}

/// All that a run found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Round by round.
    pub(super) rounds: Vec<Round>,
    /// The size of the store at rest for each job in it.
    pub(super) bytes_per_job: Option<u64>,
    /// Bare syncs in the same folder.
    pub(super) bare_sync: Option<Syncs>,
    /// What each part of a life costs by itself.
    pub(super) stages: Option<Vec<Stage>>,
}

impl Round {
    pub(super) fn of(in_flight: usize, driven: &Driven, span: &Span) -> Self {
        let jobs = driven.lives.len();
        let each =
            |[before, after]: [Usage; 2]| (after.cpu - before.cpu).as_secs_f64() * 1e6 / jobs.max(1) as f64;
        Self {
            in_flight,
            jobs,
            jobs_per_s: jobs as f64 / driven.elapsed.as_secs_f64(),
            commit_p50_ms: millis(percentile(&driven.commits, 50)),
            commit_p99_ms: millis(percentile(&driven.commits, 99)),
            result_p50_ms: millis(percentile(&driven.lives, 50)),
            result_p99_ms: millis(percentile(&driven.lives, 99)),
            load_cpu_us: each(span.load),
            checked: driven.checked,
            coordinator: span
                .coordinator
                .map(|usage| Costs { cpu_us: each(usage), resident_mib: mib(usage[1].resident) }),
        }
    }
}

impl std::fmt::Display for Round {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { in_flight, jobs, jobs_per_s, checked, load_cpu_us, .. } = self;
        write!(
            f,
            "{in_flight:>4} in flight  {jobs_per_s:>7.0} jobs/s  commit {:.2} / {:.2} ms  result {:.2} / {:.2} ms",
            self.commit_p50_ms, self.commit_p99_ms, self.result_p50_ms, self.result_p99_ms,
        )?;
        if let Some(Costs { cpu_us, resident_mib }) = self.coordinator {
            write!(f, "  coordinator {cpu_us:.0} us/job, {resident_mib:.0} MiB")?;
        }
        write!(f, "  load+workers {load_cpu_us:.0} us/job  ({jobs} jobs, {checked} receipts checked)")
    }
}

/// The round in the middle, by throughput; `None` if there are none.
pub(super) fn median(rounds: &[Round]) -> Option<Round> {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(|a, b| a.jobs_per_s.total_cmp(&b.jobs_per_s));
    sorted.get(sorted.len() / 2).copied()
}

/// In milliseconds.
pub(super) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// In MiB.
pub(super) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
