//! `docket job watch`: a job's states and its answer as they come.

use super::admin_path;
use crate::client::Operator;
use crate::show::{plain, short};
use anyhow::{Context, Result, bail};
use eventsource_stream::{Event, Eventsource};
use futures::{Stream, StreamExt};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use std::io::Write;
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
    let mut states = client.open(request).await?.bytes_stream().eventsource();
    let mut page = Page { json: args.operator.place.json, in_text: false };
    let mut begun = false;
    // Not every dialect shows an answer before it is whole.
    let text = client.request(Method::GET, &format!("v1/jobs/{}/stream", args.job))?;
    let mut text = client.open(text).await.ok().map(|answer| answer.bytes_stream().eventsource());
    loop {
        tokio::select! {
            biased;
            event = states.next() => {
                let Some(event) = event else { break };
                let event = event.context("the coordinator's events broke off")?;
                let change: Change = serde_json::from_str(&event.data).context("an event of another form")?;
                begun |= change.state != "funded";
                if change.is_final {
                    while let Some(Ok(event)) = next(&mut text).await {
                        page.text(&event)?;
                    }
                }
                page.state(&event.data, &change)?;
                if change.is_final {
                    let good = change.failure.is_none();
                    return Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE });
                }
            }
            // Who has the job is told before what he says.
            Some(event) = next(&mut text), if begun && text.is_some() => match event {
                Ok(event) => page.text(&event)?,
                Err(_) => text = None, // The states say what became of the job.
            },
        }
    }
    bail!("the coordinator ended before the job did; look at it with `docket job show {}`", args.job)
}

/// The next event of a stream that may have ended, or was never there.
async fn next<S: Stream + Unpin>(events: &mut Option<S>) -> Option<S::Item> {
    let event = events.as_mut()?.next().await;
    if event.is_none() {
        *events = None;
    }
    event
}

/// What was written so far.
struct Page {
    json: bool,
    /// The last line is text that may go on.
    in_text: bool,
}

impl Page {
    fn text(&mut self, event: &Event) -> Result<()> {
        let mut out = std::io::stdout().lock();
        match event.event.as_str() {
            "text" | "again" if self.json => {
                writeln!(out, "{}", json!({"event": event.event, "data": event.data}))?;
            }
            "text" => {
                let piece: Piece = serde_json::from_str(&event.data).context("an event of another form")?;
                self.in_text = true;
                write!(out, "{}", plain(&piece.text))?;
            }
            "again" => {
                self.in_text = false;
                writeln!(out, "\n(another worker begins again)")?;
            }
            _ => {} // The states tell the rest.
        }
        Ok(out.flush()?)
    }

    fn state(&mut self, data: &str, change: &Change) -> Result<()> {
        let mut out = std::io::stdout().lock();
        if std::mem::take(&mut self.in_text) {
            writeln!(out)?;
        }
        match self.json {
            true => writeln!(out, "{data}")?,
            false => writeln!(out, "{change}")?,
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Piece {
    text: String,
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
