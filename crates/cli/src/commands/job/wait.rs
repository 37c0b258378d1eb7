//! Waits for a job's result, without asking more often than needed.

use super::{Job, print_job};
use crate::client::{Client, segment};
use crate::show::Progress;
use anyhow::Result;
use reqwest::Method;
use std::process::ExitCode;
use std::time::Instant;

/// How long one question may wait for its answer, in seconds; short enough to show that time passes.
const AT_A_TIME: u32 = 1;

/// A job that is over.
pub(super) struct Over {
    job: Job,
    raw: String,
}

/// Asks until the job is over.
pub(super) async fn wait(client: &Client, job: &str, progress: &mut Progress) -> Result<Over> {
    let path = format!("v1/jobs/{}?wait={AT_A_TIME}", segment(job));
    let begun = Instant::now();
    loop {
        let answer = client.send(client.request(Method::GET, &path)?).await?;
        let shown: Job = answer.parse()?;
        if shown.status != "pending" {
            return Ok(Over { job: shown, raw: answer.text()?.to_owned() });
        }
        progress.show(&format!("{job}  {}  {} s", shown.status, begun.elapsed().as_secs()));
    }
}

impl Over {
    /// Prints it; a job that failed is a failure.
    pub(super) fn print(&self, json: bool) -> ExitCode {
        print_job(&self.job, &self.raw, json);
        if self.job.status == "completed" { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
