//! `docket job submit`: quote, commit, and perhaps wait.

use super::wait::wait;
use crate::client::{Client, Place, Refused, segment};
use crate::commands::quote::{self, Kind, Policy};
use crate::data::random;
use crate::show::Progress;
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use docket_core::hash::Sha256;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::process::ExitCode;

/// The longest input that is read from a file.
const LONGEST: u64 = 1 << 20;

/// What to commit: a prompt or a task.
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("work").required(true).args(["prompt", "task"])))]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// A prompt for a language model; `@FILE` reads a file, `-` the standard input.
    #[arg(long)]
    prompt: Option<String>,
    /// The most tokens of the answer.
    #[arg(long, requires = "prompt")]
    max_tokens: Option<u32>,
    /// A built-in task.
    #[arg(long, value_enum, requires = "input")]
    task: Option<Task>,
    /// The task's input; `@FILE` reads a file, `-` the standard input.
    #[arg(long, requires = "task")]
    input: Option<String>,
    /// Whether speed or price counts.
    #[arg(long, value_enum, default_value_t = Policy::Auto)]
    policy: Policy,
    /// Who asks.
    #[arg(long, default_value = "cli")]
    user: String,
    /// Only workers that the user trusts may see it.
    #[arg(long)]
    private: bool,
    /// A key under which a repeat of this command finds the same job [default: a new one].
    #[arg(long)]
    key: Option<String>,
    /// Wait for the result, and fail if the job fails.
    #[arg(long)]
    wait: bool,
}

/// A built-in task.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
enum Task {
    /// The first sentences that carry the most.
    Summarize,
    /// Positive, negative or neutral.
    Classify,
    /// The JSON that stands in a text.
    ExtractJson,
}

#[derive(Serialize)]
struct Commit<'a> {
    job_type: &'static str,
    user_id: &'a str,
    privacy_class: &'static str,
    payload: Payload,
}

#[derive(Serialize)]
#[serde(tag = "job_type")]
enum Payload {
    #[serde(rename = "LLM_INFER")]
    Prompt {
        prompt: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        max_tokens: Option<u32>,
    },
    #[serde(rename = "TASK")]
    Task { task_type: Task, input: String },
}

#[derive(Deserialize)]
struct Committed {
    job_id: String,
}

/// Commits the job.
pub(super) async fn run(args: &Args) -> Result<ExitCode> {
    let client = args.place.client()?;
    let (kind, payload) = work(args)?;
    let (quote, _) = quote::ask(&client, kind, args.policy).await?;
    let key = match &args.key {
        Some(key) => key.clone(),
        None => Sha256(random()?).to_string(),
    };
    let commit = Commit {
        job_type: kind.name(),
        user_id: &args.user,
        privacy_class: if args.private { "PRIVATE" } else { "PUBLIC" },
        payload,
    };
    let (committed, raw) = commit_once(&client, &quote.endpoint, &commit, &key).await?;
    if args.wait {
        let mut progress = Progress::new(args.place.json);
        let job = wait(&client, &committed.job_id, &mut progress).await?;
        progress.end();
        return Ok(job.print(args.place.json));
    }
    if args.place.json {
        println!("{raw}");
    } else {
        println!("{}", committed.job_id);
        eprintln!("{}: docket job show {}", quote.price, segment(&committed.job_id));
    }
    Ok(ExitCode::SUCCESS)
}

/// Commits; when nobody answers, once more under the same key, which makes no second job.
async fn commit_once(
    client: &Client,
    endpoint: &str,
    commit: &Commit<'_>,
    key: &str,
) -> Result<(Committed, String)> {
    let request = || {
        let request = client.request(Method::POST, endpoint.trim_start_matches('/'))?;
        anyhow::Ok(request.header("idempotency-key", key).json(commit))
    };
    let answer = match client.send(request()?).await {
        Err(error) if !error.is::<Refused>() => client.send(request()?).await?,
        Err(error) if refused_as_private(&error) => bail!(
            "no worker that {} trusts could take this private job; pair one first (POST /v1/trust/create)",
            commit.user_id
        ),
        answer => answer?,
    };
    Ok((answer.parse()?, answer.text()?.to_owned()))
}

fn refused_as_private(error: &anyhow::Error) -> bool {
    let refused = error.downcast_ref::<Refused>();
    refused.is_some_and(|refused| {
        refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.words == "no_trusted_worker"
    })
}

fn work(args: &Args) -> Result<(Kind, Payload)> {
    match (&args.prompt, args.task, &args.input) {
        (Some(prompt), _, _) => {
            Ok((Kind::Llm, Payload::Prompt { prompt: text(prompt)?, max_tokens: args.max_tokens }))
        }
        (None, Some(task_type), Some(input)) => {
            Ok((Kind::Task, Payload::Task { task_type, input: text(input)? }))
        }
        _ => bail!("give --prompt, or --task with --input"),
    }
}

/// The text itself, or what stands in the file that it names.
pub(in crate::commands) fn text(argument: &str) -> Result<String> {
    let mut text = String::new();
    match argument.strip_prefix('@') {
        _ if argument == "-" => {
            std::io::stdin().take(LONGEST).read_to_string(&mut text).context("the standard input")?;
        }
        Some(path) => {
            let file = std::fs::File::open(path).with_context(|| path.to_owned())?;
            file.take(LONGEST).read_to_string(&mut text).with_context(|| path.to_owned())?;
        }
        None => argument.clone_into(&mut text),
    }
    Ok(text)
}
