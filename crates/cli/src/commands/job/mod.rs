//! `docket job`: jobs, as a client, as one of the agents that take part, or as the operator.

mod dispute;
pub(super) mod hire;
mod rule;
mod submit;
mod wait;
mod watch;

pub(super) use submit::text;

use super::agent::signed::Word;
use crate::client::{Operator, block_on, segment};
use crate::show::{Money, empty, plain, short};
use anyhow::Result;
use clap::Subcommand;
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::process::ExitCode;

/// What to do with jobs.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Commit a job; its price is held when this returns.
    Submit(submit::Args),
    /// Show a job and its result, or where a job of agents stands.
    Show(Show),
    /// List jobs, the newest first. Needs the operator's token.
    List(List),
    /// Show a job's states as they come, until it is over. Needs the operator's token.
    Watch(watch::Args),
    /// Withdraw a job; its money goes back. A job of agents is withdrawn by its client's key, all others by the operator's
    /// token.
    Cancel(Cancel),
    /// Dispute that an answer is what its worker delivered, within 60 seconds. Needs the API key of the job.
    Dispute(dispute::Args),
    /// End a dispute that waits for the arbiter. Needs the operator's token.
    Rule(rule::Args),
    #[command(flatten)]
    Hire(hire::Action),
}

#[derive(clap::Args)]
struct Show {
    #[command(flatten)]
    operator: Operator,
    /// The job's id; a number names a job of agents.
    job: String,
    /// Show the operator's view: what happened when, why, and what moved. Needs the operator's token.
    #[arg(long)]
    journal: bool,
}

#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    operator: Operator,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Begin where an earlier list ended.
    #[arg(long)]
    before: Option<String>,
}

#[derive(clap::Args)]
struct Cancel {
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    word: Word,
    /// The job's id. A number names a job of agents; without its client's key, the operator withdraws that as well.
    job: String,
}

/// A job as clients see it.
#[derive(Deserialize)]
struct Job {
    id: String,
    status: String,
    result: Option<Box<RawValue>>,
    created_at: String,
    completed_at: Option<String>,
}

/// A job as the operator sees it.
#[derive(Deserialize)]
struct Row {
    id: String,
    state: String,
    skill: String,
    speed: String,
    client: String,
    price: Money,
    worker: Option<String>,
    created_at: String,
    #[serde(default)]
    failure: Option<String>,
    #[serde(default)]
    journal: Vec<Entry>,
    #[serde(default)]
    transfers: Vec<Moved>,
    deadline: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    at: String,
    event: String,
    detail: String,
    log_index: Option<u64>,
}

#[derive(Deserialize)]
struct Moved {
    at: String,
    event: String,
    from: String,
    to: String,
    amount: Money,
    log_index: Option<u64>,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Row>,
    next: Option<String>,
}

/// Carries out the action.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    block_on(async {
        match &args.action {
            Action::Submit(args) => submit::run(args).await,
            Action::Show(args) => show(args).await.map(|()| ExitCode::SUCCESS),
            Action::List(args) => list(args).await.map(|()| ExitCode::SUCCESS),
            Action::Watch(args) => watch::run(args).await,
            Action::Cancel(args) => cancel(args).await.map(|()| ExitCode::SUCCESS),
            Action::Dispute(args) => dispute::run(args).await.map(|()| ExitCode::SUCCESS),
            Action::Rule(args) => rule::run(args).await.map(|()| ExitCode::SUCCESS),
            Action::Hire(action) => hire::run(action).await.map(|()| ExitCode::SUCCESS),
        }
    })
}

async fn show(args: &Show) -> Result<()> {
    if args.journal {
        let answer = args.operator.client()?.get(&admin_path(&args.job)).await?;
        return if args.operator.place.json {
            println!("{}", answer.text()?);
            Ok(())
        } else {
            print_journal(&answer.parse()?);
            Ok(())
        };
    }
    if let Ok(number) = args.job.parse::<hire::Number>() {
        return hire::show(&args.operator.place, number).await;
    }
    let answer = args.operator.place.client()?.get(&format!("v1/jobs/{}", segment(&args.job))).await?;
    print_job(&answer.parse()?, answer.text()?, args.operator.place.json);
    Ok(())
}

fn admin_path(job: &str) -> String {
    format!("admin/v1/jobs/{}", segment(job))
}

/// Prints a job as clients see it.
fn print_job(job: &Job, raw: &str, json: bool) {
    if json {
        println!("{raw}");
        return;
    }
    let completed = job.completed_at.as_ref().map(|at| format!(", completed {at}")).unwrap_or_default();
    println!("{}  {}  created {}{completed}", job.id, job.status, job.created_at);
    if let Some(result) = &job.result {
        println!("{}", result_text(result));
    }
}

/// A result for people: what a model wrote as it is, everything else as JSON.
fn result_text(result: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Text {
        text: String,
    }
    match serde_json::from_str(result.get()) {
        Ok(Text { text }) => plain(&text),
        Err(_) => plain(result.get()),
    }
}

fn print_journal(job: &Row) {
    let Row { id, state, skill, speed, client, price, .. } = job;
    println!("{id}  {state}\n  {skill}, {speed}, for {client}, at {price}");
    if let Some(worker) = &job.worker {
        println!("  worker {worker}");
    }
    if let Some(failure) = &job.failure {
        println!("  failed: {failure}");
    }
    if let Some(deadline) = &job.deadline {
        println!("  deadline {deadline}");
    }
    let leaf = |index: Option<u64>| index.map(|index| format!("  log {index}")).unwrap_or_default();
    for Entry { at, event, detail, log_index } in &job.journal {
        println!("  {at}  {event:<10} {}{}", plain(detail), leaf(*log_index));
    }
    for Moved { at, event, from, to, amount, log_index } in &job.transfers {
        let [from, to] = [from, to].map(|account| plain(&account.replacen(':', " ", 1)));
        println!("  {at}  {event:<10} moved {amount} from {from} to {to}{}", leaf(*log_index));
    }
}

async fn list(args: &List) -> Result<()> {
    let client = args.operator.client()?;
    let mut path = format!("admin/v1/jobs?limit={}", args.limit);
    if let Some(before) = &args.before {
        path.push_str(&format!("&before={}", segment(before)));
    }
    let answer = client.send(client.request(Method::GET, &path)?).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let page: Page = answer.parse()?;
    if page.data.is_empty() {
        empty(if args.before.is_some() { "there are no older jobs" } else { "there are no jobs yet" });
    }
    for row in &page.data {
        let worker = row.worker.as_deref().map_or("-", short);
        let Row { id, state, skill, price, created_at, .. } = row;
        println!("{id}  {created_at}  {state:<10} {skill:<5} {price:>16}  {worker}");
    }
    if let Some(next) = &page.next {
        println!("more: --before {next}");
    }
    Ok(())
}

async fn cancel(args: &Cancel) -> Result<()> {
    if let Ok(number) = args.job.parse::<hire::Number>()
        && args.word.is_there()
    {
        return hire::cancel(&args.operator.place, &args.word, number).await;
    }
    let answer = args.operator.client()?.post(&format!("{}/cancel", admin_path(&args.job))).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
    } else {
        let row: Row = answer.parse()?;
        println!("{}  {}: {} back with {}", row.id, row.state, row.price, row.client);
    }
    Ok(())
}
