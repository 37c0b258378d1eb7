//! `docket job watch`: a job's states as they come.

use super::admin_path;
use crate::client::Operator;
use crate::show::short;
use anyhow::{Context, Result, bail};
use eventsource_stream::Eventsource;
use futures::StreamExt;
use reqwest::Method;
use serde::Deserialize;
use std::process::ExitCode;

/// Which job.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    operator: Operator,
    /// The job's id.
    job: String,
}

#[derive(Deserialize)]
struct Change {
    state: String,
    #[serde(rename = "final")]
    is_final: bool,
    attempts: u32,
    worker: Option<String>,
    failure: Option<String>,
    deadline: Option<String>,
}

/// Follows the job until it is over; a job that ends without work is a failure.
pub(super) async fn run(args: &Args) -> Result<ExitCode> {
    let client = args.operator.client()?;
    let request = client.request(Method::GET, &format!("{}/events", admin_path(&args.job)))?;
    let mut events = client.open(request).await?.bytes_stream().eventsource();
    while let Some(event) = events.next().await {
        let event = event.context("the coordinator's events broke off")?;
        let change: Change = serde_json::from_str(&event.data).context("an event of another form")?;
        if args.operator.place.json {
            println!("{}", event.data);
        } else {
            println!("{change}");
        }
        if change.is_final {
            let good = change.failure.is_none();
            return Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    bail!("the coordinator ended before the job did; look at it with `docket job show {}`", args.job)
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:<10}", self.state)?;
        if let Some(worker) = &self.worker {
            write!(f, "  worker {}, attempt {}", short(worker), self.attempts)?;
        }
        if let Some(deadline) = &self.deadline {
            write!(f, "  until {deadline}")?;
        }
        if let Some(failure) = &self.failure {
            write!(f, "  {failure}")?;
        }
        Ok(())
    }
}
